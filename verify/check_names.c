/*
 * check_names - what of a zone is not an address: serials, wildcards, who may
 * issue certificates. See judge.h.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "verify/facts.h"
#include "verify/judge.h"

enum { WORDS_MAX = 2000, CRITICAL = 128 };

/* The third word of "primary mailbox serial ..."; NULL: there is none. */
static const char *
serial_of(struct pool *p, const struct dns_answer *a)
{
	const char *s = a->found == DNS_ANSWER && a->n == 1 ? a->value[0]
	    : NULL;

	for (int i = 0; s != NULL && i < 2; i++) {
		s = strchr(s, ' ');
		s = s != NULL ? s + 1 : NULL;
	}
	return s != NULL ? pool_strndup(p, s, strcspn(s, " ")) : NULL;
}

struct opinion
check_dns_serials(struct pool *p, const struct subject *s)
{
	const struct facts *f = s->facts;
	const char *const *who = dns_authorities(p, f);
	struct opinion o = { .verdict = VERIFY_PASS, .expected = "every name "
	    "server has the same version of the zone" };
	const char *first = NULL;
	size_t at = 0;

	if (!dns_has_server(p, s, &o))
		return o;
	for (size_t i = 0; i < f->zone.n; i++) {
		const char *serial = serial_of(p, &f->names.soa[i]);

		if (dns_server_fault(p, s, i) != NULL)
			continue;
		if (serial == NULL) {
			o.verdict = VERIFY_UNKNOWN;
			o.found = pool_printf(p, "%s gives no SOA of %s",
			    who[i], f->zone.name);
			return o;
		}
		if (first == NULL) {
			first = serial;
			at = i;
		} else if (!text_same(first, serial)) {
			o.verdict = VERIFY_FAIL;
			o.found = pool_printf(p, "serial %s on %s, %s on %s: "
			    "one of them is behind", first, who[at], serial,
			    who[i]);
			return o;
		}
	}
	o.found = pool_printf(p, "serial %s", first);
	return o;
}

static bool
is_made_up(const struct dns_answer *a)
{
	return a->found == DNS_ANSWER || a->found == DNS_ALIAS;
}

/*
 * A wildcard answers also for what is below a name that is not there, and not
 * for what is below one that is. So if a name that nobody has is answered
 * beside the host and below it, the host itself may not be there.
 */
struct opinion
check_dns_wildcard(struct pool *p, const struct subject *s)
{
	const struct names *f = &s->facts->names;
	struct opinion o = { .verdict = VERIFY_PASS, .expected = "every host "
	    "has a record of its own, which no wildcard hides",
	    .found = "no wildcard stands in for a host" };

	if (!dns_has_server(p, s, &o))
		return o;
	if (dns_server_fault(p, s, 0) != NULL) {
		o.verdict = VERIFY_SKIP;
		o.found = "not judged: the first name server is none";
		return o;
	}
	for (size_t i = 0; i < s->final.n; i++) {
		const char *host = s->final.v[i].name;

		if (f->below[i].found == DNS_SILENT
		    || f->beside[i].found == DNS_SILENT) {
			o.verdict = VERIFY_UNKNOWN;
			o.found = pool_printf(p, "no answer beside %s",
			    host);
			return o;
		}
		if (!is_made_up(&f->below[i]) || !is_made_up(&f->beside[i]))
			continue;
		o.verdict = VERIFY_FAIL;
		o.found = pool_printf(p, "%s may have no record: *%s answers "
		    "for it", host, strchr(host, '.') != NULL
		    ? strchr(host, '.') : "");
		return o;
	}
	return o;
}

/* ---- CAA ---- */

/* Does one record, "flags tag value", let the issuer issue? *issue: it is
 * about issuing at all. What is critical and not known forbids. */
static bool
allows(struct pool *p, const char *record, const char *issuer, bool *issue)
{
	const char *tag = strchr(record, ' ');
	size_t n = tag != NULL ? strcspn(tag + 1, " ") : 0;
	const char *name = tag != NULL ? pool_strndup(p, tag + 1, n) : "";
	const char *value = tag != NULL && tag[n + 1] != '\0' ? tag + n + 2
	    : "";

	*issue = text_same_fold(name, "issue");
	if (*issue) {
		value += strspn(value, " \t");
		return text_same_fold(pool_strndup(p, value,
		    strcspn(value, "; \t")), issuer);
	}
	*issue = (strtol(record, NULL, 10) & CRITICAL) != 0
	    && !text_same_fold(name, "issuewild")
	    && !text_same_fold(name, "iodef");
	return false;
}

/* A set that says nothing about issuing allows everybody. */
static bool
set_allows(struct pool *p, const struct dns_answer *a, const char *issuer)
{
	bool asked = false, allowed = false, issue;

	for (size_t i = 0; i < a->n; i++) {
		allowed = allows(p, a->value[i], issuer, &issue) || allowed;
		asked = asked || issue;
	}
	return allowed || !asked;
}

static const struct dns_answer *
caa_of(const struct names *f, const char *name)
{
	for (size_t i = 0; i < f->caas; i++)
		if (text_same(f->caa_name[i], name))
			return &f->caa[i];
	return NULL;
}

/* The set that counts for a host is the first one on the way up. */
static void
judge_host(struct pool *p, const struct subject *s, const char *host,
    struct opinion *o)
{
	for (const char *name = host; name != NULL; name = strchr(name, '.')
	    != NULL ? strchr(name, '.') + 1 : NULL) {
		const struct dns_answer *a = caa_of(&s->facts->names, name);
		struct buf words = buf_new(WORDS_MAX);

		if (a == NULL || a->found == DNS_NODATA
		    || a->found == DNS_NXDOMAIN || a->found == DNS_ALIAS) {
			buf_free(&words);
			continue;
		}
		dns_words(&words, a);
		if (a->found != DNS_ANSWER) {
			o->verdict = VERIFY_UNKNOWN;
			o->found = pool_printf(p, "CAA of %s can't be asked "
			    "for: %s; an issuer would refuse for that", name,
			    buf_str(&words));
		} else if (!set_allows(p, a, s->issuer)) {
			o->verdict = VERIFY_FAIL;
			o->found = pool_printf(p, "CAA of %s forbids it for "
			    "%s: %s", name, host, buf_str(&words));
		}
		buf_free(&words);
		return;
	}
}

struct opinion
check_dns_caa(struct pool *p, const struct subject *s)
{
	struct opinion o = { .verdict = VERIFY_PASS };

	o.expected = pool_printf(p, "CAA lets %s issue certificates for "
	    "every host", s->issuer != NULL ? s->issuer : "the issuer");
	o.found = "nothing forbids it";
	if (s->issuer == NULL) {
		o.verdict = VERIFY_SKIP;
		o.found = "no issuer is named";
		return o;
	}
	for (size_t i = 0; i < s->final.n && o.verdict != VERIFY_FAIL; i++)
		judge_host(p, s, s->final.v[i].name, &o);
	return o;
}
