/*
 * move - which record sets lead visitors to the new side, for each way in
 * which a host can be in the zone.
 */
#include <string.h>

#include "api/dnshost.h"
#include "base/mem.h"
#include "site/move.h"
#include "site/zones.h"
#include "tests/kit/kit.h"

enum { LOW = 300, VALUES = 3, SETS = 3 };

#define NEW4 "192.0.2.20"
#define NEW6 "2001:db8::20"

static const struct host hosts[] = {
	{ "lms", "a.example.test" }, { "mfe", "b.example.test" },
};

/* What a host has, and what it must become: "A 192.0.2.20 TTL 60; ...". */
static const struct {
	const char *addresses;
	struct {
		const char *type;
		struct dns_value value[VALUES];
	} set[SETS];
	const char *becomes;
} rows[] = {
	{ NEW4, { { "A", { { "192.0.2.10", false } } } },
	  "A " NEW4 " TTL 60" },
	{ NEW4, { { "A", { { "192.0.2.10", false }, { "192.0.2.11", true } }
	  } }, "A " NEW4 ", 192.0.2.11 (disabled) TTL 60" },
	{ NEW4, { { "A", { { "192.0.2.10", false }, { NEW4, true } } } },
	  "A " NEW4 " TTL 60" },
	{ NEW4 " " NEW4, { { "A", { { "192.0.2.10", false } } } },
	  "A " NEW4 " TTL 60" },
	{ NEW4 ",2001:DB8:0:0::20", { { "AAAA", { { "2001:db8::1", false } } },
	  { "A", { { "192.0.2.10", false } } } },
	  "AAAA " NEW6 " TTL 60; A " NEW4 " TTL 60" },
	{ NEW4, { { "AAAA", { { "2001:db8::1", false } } },
	  { "A", { { "192.0.2.10", false } } } },
	  "no AAAA record; A " NEW4 " TTL 60" },
	{ NEW4, { { "AAAA", { { "2001:db8::1", false } } } },
	  "no AAAA record; A " NEW4 " TTL 60" },
	{ NEW4 "," NEW6, { { "A", { { "192.0.2.10", false } } },
	  { "AAAA", { { "2001:db8::1", true } } } },
	  "A " NEW4 " TTL 60" },
	{ NEW4, { { "CNAME", { { "b.example.test", false } } } }, "" },
	{ NEW4, { { "CNAME", { { "lb.example.org", false } } } },
	  "no CNAME record; A " NEW4 " TTL 60" },
	{ NEW4, { { "CNAME", { { "lb.example.org", true } } },
	  { "A", { { "192.0.2.10", false } } } }, "A " NEW4 " TTL 60" },
	{ NEW4, { { "CNAME", { { "b.example.test", true } } } },
	  "A " NEW4 " TTL 300" },
	{ NEW4 "," NEW6, { { "A", { { "192.0.2.11", true } } },
	  { "AAAA", { { "2001:db8::1", true } } },
	  { "CNAME", { { "lb.example.org", false } } } },
	  "no CNAME record; A " NEW4 ", 192.0.2.11 (disabled) TTL 60; "
	  "AAAA " NEW6 ", 2001:db8::1 (disabled) TTL 60" },
	{ NEW4, { { NULL, { { NULL, false } } } }, "A " NEW4 " TTL 300" },
	{ NEW4 "," NEW6, { { NULL, { { NULL, false } } } },
	  "A " NEW4 " TTL 300; AAAA " NEW6 " TTL 300" },
};
enum { ROWS = sizeof rows / sizeof rows[0] };

START_TEST(each_host_leads_to_the_new_side_and_nothing_else_changes)
{
	struct pool *p = pool_new();
	struct dns_set set[SETS];
	static const char *const names[] = { "a.example.test",
		"b.example.test", NULL };
	struct zone zone = { .name = "example.test", .host = names,
		.hosts = 2 };
	struct zone_host zh[2] = { { &hosts[0], set, 0, &zone },
		{ &hosts[0], set, 0, &zone } };
	struct zones z = { .pool = p, .hosts = { hosts, 2 }, .host = zh,
		.v = &zone, .n = 1 };
	struct buf got = buf_new(4096);
	struct move m;

	for (size_t i = 0; i < SETS && rows[_i].set[i].type != NULL; i++) {
		set[i] = (struct dns_set){ .name = hosts[0].name,
			.type = rows[_i].set[i].type, .ttl = 60,
			.value = rows[_i].set[i].value };
		while (set[i].n < VALUES
		    && rows[_i].set[i].value[set[i].n].text != NULL)
			set[i].n++;
		zh[0].n = zh[1].n = i + 1;
	}
	/* The host twice, so that too many sets would be noticed. */
	move_find(&z, rows[_i].addresses, LOW, &m);
	ck_assert_uint_eq(m.n % 2, 0);
	for (size_t i = 0; i < m.n / 2; i++) {
		buf_printf(&got, "%s%s", i > 0 ? "; " : "",
		    dns_set_words(p, &m.to[i]));
		ck_assert_str_eq(m.from[i].type, m.to[i].type);
	}
	ck_assert_str_eq(buf_str(&got), rows[_i].becomes);
	buf_free(&got);
	pool_free(p);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("move");
	TCase *t = tcase_create("move");

	tcase_add_loop_test(t,
	    each_host_leads_to_the_new_side_and_nothing_else_changes, 0,
	    ROWS);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return kit_main(suite(), (Suite *)NULL);
}
