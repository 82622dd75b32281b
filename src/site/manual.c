/*
 * manual - see manual.h.
 */
#include "site/manual.h"

#include "api/dnshost.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/resolve.h"
#include "site/zone.h"
#include "step/step.h"

enum {
	LOOK_SECONDS = 5,
	PAUSE_MS = 3000,	/* people take longer than that */
	MESSAGE_MAX = 16 * 1024,
};

static const char *const types[] = { "A", "AAAA", "CNAME" };
enum { TYPES = sizeof types / sizeof types[0] };

static struct dns_set
set_of(struct pool *p, const struct dns_question *q,
    const struct dns_answer *a)
{
	struct dns_value *v = pool_alloc(p, (a->n + 1) * sizeof *v);

	for (size_t i = 0; i < a->n; i++)
		v[i].text = a->value[i];
	return (struct dns_set){ .name = q->name, .type = q->type,
		.ttl = a->ttl, .value = v, .n = a->n };
}

bool
manual_find(struct zone *z, struct dns_set **sets, size_t *n, struct err *e)
{
	size_t count = z->hosts * TYPES;
	struct dns_question *q = pool_alloc(z->pool, count * sizeof *q);
	struct dns_answer *a = pool_alloc(z->pool, count * sizeof *a);

	for (size_t i = 0; i < count; i++)
		q[i] = (struct dns_question){ .server = z->server[0],
			.name = z->host[i / TYPES],
			.type = types[i % TYPES] };
	resolve_ask(z->resolve, z->pool, q, a, count,
	    clock_deadline(LOOK_SECONDS));
	*sets = pool_alloc(z->pool, (count + 1) * sizeof **sets);
	*n = 0;
	for (size_t i = 0; i < count; i++) {
		if (a[i].found > DNS_NXDOMAIN)
			return err_set(e, ERR_NETWORK, "%s %s, asked of %s: "
			    "%s", q[i].name, q[i].type, z->server[0],
			    a[i].why);
		/* what a CNAME leads to is not the host's own */
		if (a[i].found == DNS_ANSWER && a[i].hops == 0)
			(*sets)[(*n)++] = set_of(z->pool, &q[i], &a[i]);
	}
	return true;
}

/* Does the zone have it so already? */
static bool
is_done(struct zone *z, const struct dns_set *now, size_t n)
{
	struct dns_set *is;
	struct err ignored;
	size_t count, same = 0;

	if (!manual_find(z, &is, &count, &ignored))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct dns_set found = { .name = now[i].name };

		for (size_t k = 0; k < count; k++)
			if (text_same(is[k].name, now[i].name)
			    && text_same(is[k].type, now[i].type))
				found = is[k];
		same += dns_set_same(&found, &now[i]);
	}
	return same == n;
}

/* A message that can be sent as it is. */
static void
tell(struct zone *z, const struct dns_set *was, const struct dns_set *now,
    size_t n, long hours)
{
	struct buf b = buf_new(MESSAGE_MAX);

	buf_printf(&b, "Please change these records of the zone %s, all at "
	    "once:\n\n", z->name);
	for (size_t i = 0; i < n; i++)
		if (!dns_set_same(&was[i], &now[i]))
			buf_printf(&b, "  %s\n    now:  %s\n    then: %s\n",
			    now[i].name, dns_set_words(z->pool, &was[i]),
			    dns_set_words(z->pool, &now[i]));
	log_info("To be sent to whoever keeps the zone:\n\n%s", buf_str(&b));
	log_info("the name servers are asked for up to %ld h", hours);
	step_summary("To be sent to whoever keeps the zone:\n\n```\n%s```\n",
	    buf_str(&b));
	buf_free(&b);
}

bool
manual_tell(struct zone *z, const struct dns_set *was,
    const struct dns_set *now, size_t n, long hours)
{
	if (is_done(z, now, n)) {
		log_info("zone %s, which others keep: all is so already",
		    z->name);
		return false;
	}
	tell(z, was, now, n, hours);
	return true;
}

bool
manual_await(struct zone *z, const struct dns_set *now, size_t n, long hours,
    clock_ms deadline, struct err *e)
{
	struct err last = { 0 };

	do {
		last = (struct err){ 0 };
		if (zone_await(z, now, n, clock_deadline(LOOK_SECONDS),
		    &last))
			return true;
	} while (clock_pause_until(deadline, PAUSE_MS));
	return err_set(e, ERR_CONFLICT, "who keeps the zone has not made the "
	    "change within %ld h: %s", hours, last.text);
}
