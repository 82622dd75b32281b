/*
 * Proves what dynamic updates have beyond what all companies promise (see
 * tests/contract/dnshost.c), on two real name servers, PowerDNS and Knot: the
 * server itself refuses a change that was overtaken, and a wrong key, a wrong
 * clock, a zone of others and an answer that nobody signed are named.
 *
 * Starts both on addresses of its own; takes seconds.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/dnshost.h"
#include "api/dnshost_company.h"
#include "base/mem.h"
#include "tests/kit/kit.h"
#include "tests/kit/updates.h"

#define SECRET UPDATES_SECRET
#define OTHER "YW5vdGhlciBzZWNyZXQgdGhhdCBub2JvZHkga25vd3MgLg=="

enum { MANY = 120, MESSAGE = 4096 };

static struct pool *pool;
static struct err e;

static void
set_up(void)
{
	e = (struct err){ 0 };
	pool = pool_new();
	for (int i = 0; i < UPDATES_SERVERS; i++)
		updates_begin(i);
}

static void
tear_down(void)
{
	for (int i = 0; i < UPDATES_SERVERS; i++)
		updates_end(i);
	pool_free(pool);
}

static struct dnshost *
open_with(int i, const char *key, const char *secret, const char *zone)
{
	return dnshost_open(NULL, &(struct dnshost_open){
		.company = "rfc2136", .server = updates_address(i),
		.zone = zone, .token = updates_token(i, key, secret) }, &e);
}

static struct dnshost *
open_one(int i)
{
	struct dnshost *h = open_with(i, "upd", SECRET, "example.test");

	ck_assert_msg(h != NULL, "%s: %s", updates_address(i), e.text);
	return h;
}

/* "A 192.0.2.10, 192.0.2.11 TTL 5; ..." of a name */
static const char *
has(struct dnshost *h, const char *name)
{
	const char *names[] = { name, NULL }, *words = "";
	struct dns_set *s;
	size_t n;

	ck_assert_msg(dnshost_find(h, pool, names, &s, &n, &e), "%s", e.text);
	for (size_t i = 0; i < n; i++)
		words = kit_text("%s%s%s", words, i > 0 ? "; " : "",
		    dns_set_words(pool, &s[i]));
	return words;
}

static const struct dns_value old_values[] = { { .text = "192.0.2.10" },
	{ .text = "192.0.2.11" } }, new_value = { .text = "192.0.2.20" },
	alias = { .text = "lb.example.net" };
#define A "a.example.test"
#define B "b.example.test"
#define C "c.example.test"
static const struct dns_set was[] = {
	{ .name = A, .type = "A", .ttl = 5, .value = old_values, .n = 2 },
	{ .name = B, .type = "CNAME", .ttl = 5, .value = &alias, .n = 1 },
	{ .name = B, .type = "A" },
	{ .name = C, .type = "A" },
}, now[] = {
	{ .name = A, .type = "A", .ttl = 7, .value = &new_value, .n = 1 },
	{ .name = B, .type = "CNAME" },
	{ .name = B, .type = "A", .ttl = 5, .value = &new_value, .n = 1 },
	{ .name = C, .type = "A", .ttl = 9, .value = &new_value, .n = 1 },
};
enum { SETS = sizeof was / sizeof was[0] };

/* ---- the tests ---- */

START_TEST(sets_of_all_kinds_change_at_once_and_back)
{
	struct dnshost *h = open_one(_i);

	ck_assert_str_eq(has(h, B), "CNAME lb.example.net TTL 5");
	ck_assert_str_eq(has(h, C), "");
	ck_assert_msg(dnshost_replace(h, was, now, SETS, &e), "%s", e.text);
	ck_assert_str_eq(has(h, A), "A 192.0.2.20 TTL 7");
	ck_assert_str_eq(has(h, B), "A 192.0.2.20 TTL 5");
	ck_assert_str_eq(has(h, C), "A 192.0.2.20 TTL 9");
	ck_assert_msg(dnshost_replace(h, now, was, SETS, &e), "%s", e.text);
	ck_assert_str_eq(has(h, B), "CNAME lb.example.net TTL 5");
	ck_assert_str_eq(has(h, C), "");
	dnshost_close(h);
}
END_TEST

START_TEST(only_the_ttl_changes)
{
	struct dnshost *h = open_one(_i);
	struct dns_set low = dns_set_with_ttl(was[0], 3);

	ck_assert_msg(dnshost_replace(h, &was[0], &low, 1, &e), "%s", e.text);
	kit_contains(has(h, A), "192.0.2.11");
	kit_contains(has(h, A), "TTL 3");
	dnshost_close(h);
}
END_TEST

/* Past our own look: what the server makes of an older view. */
START_TEST(the_server_refuses_a_change_that_was_overtaken)
{
	struct dnshost *h = open_one(_i);
	struct dns_set stale[] = { was[3], was[0] }, to[] = { now[3], now[0] };
	struct dnshost_account a = { .pool = pool, .server =
		updates_address(_i), .zone = "example.test",
		.token = updates_token(_i, "upd", SECRET) };

	ck_assert(dnshost_rfc2136.check(&a, &e));
	ck_assert_msg(dnshost_replace(h, &was[0], &now[0], 1, &e), "%s",
	    e.text);
	to[1] = dns_set_with_ttl(now[0], 99);
	ck_assert(!dnshost_rfc2136.write(&a, stale, to, 2, &e));
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	kit_contains(e.text, "somebody changed them meanwhile");
	ck_assert_str_eq(has(h, C), "");
	ck_assert_str_eq(has(h, A), "A 192.0.2.20 TTL 7");
	/* And one that is thought not to be there. */
	stale[0] = (struct dns_set){ .name = A, .type = "A" };
	ck_assert(!dnshost_rfc2136.write(&a, stale, to, 1, &e));
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	dnshost_close(h);
}
END_TEST

START_TEST(a_wrong_key_is_refused_and_named)
{
	ck_assert_ptr_null(open_with(_i, "upd", OTHER, "example.test"));
	ck_assert_int_eq(e.kind, ERR_DENIED);
	kit_contains(e.text, "dns-token");
	kit_lacks(e.text, OTHER);
	ck_assert_ptr_null(open_with(_i, "nobody", SECRET, "example.test"));
	ck_assert_int_eq(e.kind, ERR_DENIED);
}
END_TEST

START_TEST(a_key_that_may_only_read_changes_nothing)
{
	struct dnshost *h = open_with(_i, "reader", SECRET, "example.test");

	ck_assert_msg(h != NULL, "%s", e.text);
	ck_assert(!dnshost_replace(h, was, now, SETS, &e));
	ck_assert_msg(e.kind == ERR_DENIED, "%s", e.text);
	kit_contains(has(h, A), "192.0.2.10");
	dnshost_close(h);
}
END_TEST

START_TEST(a_zone_of_others_is_refused)
{
	ck_assert_ptr_null(open_with(_i, "upd", SECRET, "other.test"));
	ck_assert_msg(e.kind == ERR_NOT_FOUND || e.kind == ERR_DENIED, "%s",
	    e.text);
}
END_TEST

START_TEST(a_change_larger_than_a_datagram_arrives)
{
	struct dnshost *h = open_one(_i);
	struct dns_value v[MANY];
	struct dns_set from = { .name = C, .type = "A" }, to = {
		.name = C, .type = "A", .ttl = 5, .value = v, .n = MANY };

	for (int i = 0; i < MANY; i++)
		v[i] = (struct dns_value){ .text = kit_text("192.0.2.%d",
		    i + 1) };
	ck_assert_msg(dnshost_replace(h, &from, &to, 1, &e), "%s", e.text);
	kit_contains(has(h, C), "192.0.2.120");
	ck_assert_msg(dnshost_replace(h, &to, &from, 1, &e), "%s", e.text);
	dnshost_close(h);
}
END_TEST

/* ---- answers that no server here gives ---- */

/* What becomes of a question: its length as the answer. */
typedef size_t (*twist)(unsigned char *, size_t);

/* NOTAUTH, with the error BADTIME and the server's time behind it. */
static size_t
late(unsigned char *m, size_t n)
{
	m[3] = (unsigned char)((m[3] & 0xf0) | 9);
	m[n - 3] = 18;
	return n;
}

/* No error, and nothing behind the question. */
static size_t
unsigned_one(unsigned char *m, size_t n)
{
	size_t end = 12;

	(void)n;
	while (m[end] != 0)
		end += m[end] + 1U;
	m[11] = 0;
	return end + 5;
}

static size_t
somebody_elses(unsigned char *m, size_t n)
{
	m[0] ^= 0x55;
	return n;
}

/* Signed for the question, not for this. */
static size_t
forged(unsigned char *m, size_t n)
{
	m[2] |= 0x04;
	return n;
}

static pid_t
serve(twist t, struct sockaddr_in *at)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof *at;
	unsigned char m[MESSAGE];
	pid_t pid;

	*at = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	ck_assert(bind(s, (struct sockaddr *)at, len) == 0
	    && listen(s, 1) == 0
	    && getsockname(s, (struct sockaddr *)at, &len) == 0);
	pid = fork();
	if (pid != 0) {
		close(s);
		return pid;
	}
	alarm(30);
	for (;;) {
		int c = accept(s, NULL, NULL);
		ssize_t n = recv(c, m, 2, MSG_WAITALL);
		size_t want = n == 2 ? (size_t)m[0] << 8 | m[1] : 0;

		if (want > 12 && want < MESSAGE - 8
		    && recv(c, m + 2, want, MSG_WAITALL) == (ssize_t)want) {
			m[2 + 2] |= 0x80;
			want = t(m + 2, want);
			m[0] = (unsigned char)(want >> 8);
			m[1] = (unsigned char)want;
			(void)!send(c, m, want + 2, 0);
		}
		close(c);
	}
}

static const struct {
	twist t;
	enum err_kind kind;
	const char *says;
} twists[] = {
	{ late, ERR_DENIED, "clocks" },
	{ unsigned_one, ERR_DENIED, "not signed" },
	{ somebody_elses, ERR_NETWORK, "something else" },
	{ forged, ERR_DENIED, "signature is wrong" },
};

START_TEST(answers_that_can_not_be_trusted_are_not)
{
	struct sockaddr_in at;
	pid_t pid = serve(twists[_i].t, &at);

	e = (struct err){ 0 };
	ck_assert_ptr_null(dnshost_open(NULL, &(struct dnshost_open){
		.company = "rfc2136", .zone = "example.test",
		.server = kit_text("127.0.0.1:%d", ntohs(at.sin_port)),
		.token = "hmac-sha256:upd:" SECRET }, &e));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_msg(e.kind == twists[_i].kind, "%s", e.text);
	kit_contains(e.text, twists[_i].says);
}
END_TEST

START_TEST(a_wrong_token_or_address_says_what_would_be_right)
{
	static const struct { const char *token, *server, *says; } rows[] = {
		{ "hmac-md5:upd:" SECRET, "127.0.0.1", "hmac-sha256" },
		{ "upd:" SECRET, "127.0.0.1", "ALGORITHM:NAME:SECRET" },
		{ "hmac-sha256::" SECRET, "127.0.0.1", "ALGORITHM" },
		{ "hmac-sha256:upd:" SECRET, "ns1.example.test", "192.0.2.1" },
		{ "hmac-sha256:upd:" SECRET, NULL, "dns-server" },
		{ "hmac-sha256:upd:***", "127.0.0.1:9", "base64" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		e = (struct err){ 0 };
		ck_assert_ptr_null(dnshost_open(NULL, &(struct dnshost_open){
			.company = "rfc2136", .zone = "example.test",
			.server = rows[i].server, .token = rows[i].token },
			&e));
		ck_assert_msg(e.kind == ERR_INPUT, "%s", e.text);
		kit_contains(e.text, rows[i].says);
		kit_lacks(e.text, SECRET);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("rfc2136");
	TCase *t = tcase_create("servers"), *o = tcase_create("answers");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, sets_of_all_kinds_change_at_once_and_back, 0,
	    UPDATES_SERVERS);
	tcase_add_loop_test(t, only_the_ttl_changes, 0, UPDATES_SERVERS);
	tcase_add_loop_test(t, the_server_refuses_a_change_that_was_overtaken,
	    0, UPDATES_SERVERS);
	tcase_add_loop_test(t, a_wrong_key_is_refused_and_named, 0,
	    UPDATES_SERVERS);
	tcase_add_loop_test(t, a_key_that_may_only_read_changes_nothing, 0,
	    UPDATES_SERVERS);
	tcase_add_loop_test(t, a_zone_of_others_is_refused, 0,
	    UPDATES_SERVERS);
	tcase_add_loop_test(t, a_change_larger_than_a_datagram_arrives, 0,
	    UPDATES_SERVERS);
	suite_add_tcase(s, t);
	tcase_add_loop_test(o, answers_that_can_not_be_trusted_are_not, 0,
	    sizeof twists / sizeof twists[0]);
	tcase_add_test(o,
	    a_wrong_token_or_address_says_what_would_be_right);
	suite_add_tcase(s, o);
	return s;
}

int
main(void)
{
	if (!updates_are_there())
		return kit_skip_all("no PowerDNS or Knot here");
	return kit_main(suite(), (Suite *)NULL);
}
