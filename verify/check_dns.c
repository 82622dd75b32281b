/*
 * check_dns - do the names lead where they should, for as long as they
 * should? See judge.h.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "verify/facts.h"
#include "verify/judge.h"

/* Resolvers follow eight links or more. */
enum { WORDS_MAX = 2000, CHAIN_MOST = 8 };

static size_t
count(const char *const *list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

/* IPv4 addresses of a list, as an A record can hold them. */
static size_t
only_v4(struct pool *p, const char *const *list, const char ***v4)
{
	size_t n = 0;

	*v4 = pool_alloc(p, (count(list) + 1) * sizeof **v4);
	for (size_t i = 0; i < count(list); i++)
		if (strchr(list[i], ':') == NULL)
			(*v4)[n++] = list[i];
	return n;
}

static const char *
list_words(struct pool *p, const char *const *v)
{
	struct buf b = buf_new(WORDS_MAX);
	const char *words;

	for (size_t i = 0; v != NULL && v[i] != NULL; i++)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "", v[i]);
	words = pool_strdup(p, buf_str(&b));
	buf_free(&b);
	return words;
}

static bool
leads_to(struct pool *p, const struct dns_answer *a, const char *const *list)
{
	const char **v4;
	size_t n = only_v4(p, list, &v4);

	return a->found == DNS_ANSWER && dns_same(v4, n, a->value, a->n);
}

/* Where visitors must be led at this moment: before the switch to the old
 * side, after it to the new one; right before the switch either is right. */
static bool
is_right(struct pool *p, const struct subject *s, const struct dns_answer *a)
{
	bool to_new = s->new_address != NULL
	    && leads_to(p, a, s->new_address);
	bool to_old = s->old_address == NULL ? a->found == DNS_ANSWER
	    && !to_new : leads_to(p, a, s->old_address);

	if (subject_is_after(s, PHASE_SWITCH))
		return to_new;
	return to_old || (s->phase == PHASE_SWITCH && to_new);
}

static const char *
expected_side(struct pool *p, const struct subject *s)
{
	if (subject_is_after(s, PHASE_SWITCH))
		return pool_printf(p, "the new side (%s)",
		    list_words(p, s->new_address));
	return pool_printf(p, "the old side%s%s%s%s",
	    s->old_address != NULL ? " (" : "",
	    s->old_address != NULL ? list_words(p, s->old_address) : "",
	    s->old_address != NULL ? ")" : "",
	    s->phase == PHASE_SWITCH ? ", or already the new one" : "");
}

/* What one server says of one host, appended. */
static void
add_words(struct buf *b, const char *server, const char *host,
    const struct dns_answer *a)
{
	buf_printf(b, "%s%s says of %s: ", b->len > 0 ? "; " : "", server,
	    host);
	dns_words(b, a);
}

const char *
dns_server_fault(struct pool *p, const struct subject *s, size_t server)
{
	const struct dns_answer *a = s->facts->authority
	    + server * s->final.n;
	size_t silent = 0;

	for (size_t i = 0; i < s->final.n; i++) {
		silent += a[i].found == DNS_SILENT;
		if (a[i].found == DNS_LAME || a[i].found == DNS_REFUSED)
			return pool_printf(p, "is lame: asked for %s, %s",
			    s->final.v[i].name, a[i].why);
		if (a[i].found == DNS_ANSWER && !a[i].authoritative)
			return pool_printf(p, "answers for %s without "
			    "authority: it is no server of the zone, or a "
			    "cache", s->final.v[i].name);
	}
	return silent == s->final.n ? "does not answer" : NULL;
}

bool
dns_has_server(struct pool *p, const struct subject *s, struct opinion *o)
{
	for (size_t i = 0; s->facts->zone_known && i < s->facts->zone.n; i++)
		if (dns_server_fault(p, s, i) == NULL)
			return true;
	o->verdict = VERIFY_SKIP;
	o->found = "not judged: dns-delegation found no server to judge by";
	return false;
}

/* Put every server that says otherwise into words. Is any of them more than
 * silent? Of who did not answer at all, nothing is known. */
static bool
find_wrong(struct pool *p, const struct subject *s,
    const struct dns_answer *a, const char *const *server, size_t servers,
    bool authority, struct buf *b)
{
	bool said = false;

	for (size_t i = 0; i < servers * s->final.n; i++) {
		if (is_right(p, s, &a[i]) || (authority
		    && dns_server_fault(p, s, i / s->final.n) != NULL))
			continue;
		add_words(b, server[i / s->final.n],
		    s->final.v[i % s->final.n].name, &a[i]);
		said = said || a[i].found != DNS_SILENT;
	}
	return said;
}

static bool
is_listed6(const char *const *list, const char *value)
{
	struct in6_addr a, b;

	for (size_t i = 0; i < count(list); i++)
		if (inet_pton(AF_INET6, list[i], &a) == 1
		    && inet_pton(AF_INET6, value, &b) == 1
		    && memcmp(&a, &b, sizeof a) == 0)
			return true;
	return false;
}

/* After the switch no IPv6 address may lead elsewhere; none is needed. */
static bool
find_wrong6(struct pool *p, const struct subject *s,
    const char *const *server, struct buf *b)
{
	const struct facts *f = s->facts;
	bool said = false;

	if (!subject_is_after(s, PHASE_SWITCH))
		return false;
	for (size_t i = 0; i < f->zone.n * s->final.n; i++) {
		const struct dns_answer *a = &f->authority6[i];
		bool right = a->found == DNS_NODATA
		    || a->found == DNS_NXDOMAIN || a->found == DNS_ANSWER;

		for (size_t k = 0; right && k < a->n; k++)
			right = is_listed6(s->new_address, a->value[k]);
		if (right || dns_server_fault(p, s, i / s->final.n) != NULL)
			continue;
		add_words(b, server[i / s->final.n], pool_printf(p,
		    "%s AAAA", s->final.v[i % s->final.n].name), a);
		said = said || a->found != DNS_SILENT;
	}
	return said;
}

/* Silence alone is unknown; it is no better, but says where to look. */
static void
decide(struct pool *p, struct opinion *o, bool said, struct buf *wrong,
    const char *good)
{
	o->verdict = wrong->len == 0 ? VERIFY_PASS : said ? VERIFY_FAIL
	    : VERIFY_UNKNOWN;
	o->found = wrong->len > 0 ? pool_strdup(p, buf_str(wrong)) : good;
	buf_free(wrong);
}

const char *const *
dns_authorities(struct pool *p, const struct facts *f)
{
	const char **v = pool_alloc(p, (f->zone.n + 1) * sizeof *v);

	for (size_t i = 0; i < f->zone.n; i++)
		v[i] = pool_printf(p, "%s (%s)", f->zone.ns[i].name,
		    f->zone.ns[i].address);
	return v;
}

/* Do all name the same name servers as the first that answers? */
static bool
name_same_servers(struct pool *p, const struct subject *s,
    const char *const *who, struct buf *wrong)
{
	const struct dns_answer *ns = s->facts->names.ns, *first = NULL;
	size_t n = ns != NULL ? s->facts->zone.n : 0;
	bool same = true;

	for (size_t i = 0; i < n; i++) {
		if (ns[i].found != DNS_ANSWER
		    || dns_server_fault(p, s, i) != NULL)
			continue;
		if (first == NULL)
			first = &ns[i];
		if (dns_same(first->value, first->n, ns[i].value, ns[i].n))
			continue;
		buf_printf(wrong, "%s%s names other name servers than %s: ",
		    wrong->len > 0 ? "; " : "", who[i], who[first - ns]);
		dns_words(wrong, &ns[i]);
		same = false;
	}
	return same;
}

/* Every name server is one, and every one says the same of itself. */
struct opinion
check_dns_delegation(struct pool *p, const struct subject *s)
{
	const struct facts *f = s->facts;
	const char *const *who = dns_authorities(p, f);
	struct opinion o = { .expected = "the zone is found, and each of its "
	    "name servers answers with authority" };
	struct buf wrong = buf_new(WORDS_MAX);
	bool said = false;

	if (!f->zone_known) {
		o.verdict = VERIFY_UNKNOWN;
		o.found = f->zone_why;
		return o;
	}
	for (size_t i = 0; i < f->zone.n; i++) {
		const char *fault = dns_server_fault(p, s, i);

		if (fault == NULL)
			continue;
		buf_printf(&wrong, "%s%s %s", wrong.len > 0 ? "; " : "",
		    who[i], fault);
		said = said || !text_same(fault, "does not answer");
	}
	said = !name_same_servers(p, s, who, &wrong) || said;
	decide(p, &o, said, &wrong, pool_printf(p, "%zu servers of %s",
	    f->zone.n, f->zone.name));
	return o;
}

/* One host's way from link to link: "a -> b -> c". */
static const char *
chain_words(struct pool *p, const struct dns_answer *a)
{
	struct buf b = buf_new(WORDS_MAX);
	const char *words;

	buf_puts(&b, a->hops > 0 ? a->hop[0].name : "");
	for (size_t i = 0; i < a->hops; i++)
		buf_printf(&b, " -> %s", a->hop[i].target);
	words = pool_strdup(p, buf_str(&b));
	buf_free(&b);
	return words;
}

/* Why a chain leads nowhere; NULL: it leads to an address. */
static const char *
chain_fault(const struct dns_answer *a)
{
	if (a->found == DNS_GARBLED)
		return a->why;
	if (a->found == DNS_ALIAS)
		return "where it ends nobody has an address for";
	if (a->hops > CHAIN_MOST)
		return "that is too long a way for some resolvers";
	return NULL;
}

struct opinion
check_dns_chain(struct pool *p, const struct subject *s)
{
	const struct facts *f = s->facts;
	const char *const *who = dns_authorities(p, f);
	struct opinion o = { .expected = pool_printf(p, "CNAMEs lead every "
	    "host to an address, over %d links at most", CHAIN_MOST) };
	struct buf wrong = buf_new(WORDS_MAX);
	size_t chains = 0;

	if (!dns_has_server(p, s, &o))
		return o;
	for (size_t i = 0; i < f->zone.n * s->final.n; i++) {
		const struct dns_answer *a = &f->authority[i];
		const char *fault = chain_fault(a);

		chains += i < s->final.n && a->hops > 0;
		if (fault != NULL)
			buf_printf(&wrong, "%s%s says of %s: %s%s%s",
			    wrong.len > 0 ? "; " : "",
			    who[i / s->final.n],
			    s->final.v[i % s->final.n].name,
			    chain_words(p, a), a->hops > 0 ? ": " : "",
			    fault);
	}
	decide(p, &o, true, &wrong, chains == 0 ? "no host is an alias"
	    : pool_printf(p, "%zu of %zu hosts are aliases, and lead to an "
	    "address", chains, s->final.n));
	return o;
}

struct opinion
check_dns_authorities(struct pool *p, const struct subject *s)
{
	const struct facts *f = s->facts;
	struct opinion o = { .expected = pool_printf(p, "every name server "
	    "of the zone leads every host to %s", expected_side(p, s)) };
	struct buf wrong = buf_new(WORDS_MAX);
	const char *const *who = dns_authorities(p, f);
	bool said;

	if (!dns_has_server(p, s, &o))
		return o;
	said = find_wrong(p, s, f->authority, who, f->zone.n, true, &wrong);
	said = find_wrong6(p, s, who, &wrong) || said;
	decide(p, &o, said, &wrong, pool_printf(p, "%zu servers of %s agree "
	    "on %zu hosts", f->zone.n, f->zone.name, s->final.n));
	return o;
}

struct opinion
check_dns_resolvers(struct pool *p, const struct subject *s)
{
	const struct facts *f = s->facts;
	struct opinion o = { .expected = pool_printf(p, "the resolvers lead "
	    "every host to %s", expected_side(p, s)) };
	struct buf wrong = buf_new(WORDS_MAX);
	bool said;

	if (f->nresolvers == 0) {
		o.verdict = VERIFY_SKIP;
		o.found = "no resolvers are named in the plan";
		return o;
	}
	said = find_wrong(p, s, f->resolver, f->resolvers, f->nresolvers,
	    false, &wrong);
	decide(p, &o, said, &wrong, pool_printf(p, "%zu asked, all agree",
	    f->nresolvers));
	return o;
}

/* TTL of the record that visitors ask for: the first on the way. */
static long
ttl_of(const struct dns_answer *a)
{
	return a->hops > 0 ? a->hop[0].ttl : a->ttl;
}

struct opinion
check_dns_ttl(struct pool *p, const struct subject *s)
{
	const struct facts *f = s->facts;
	bool high = subject_is_after(s, PHASE_SETTLE);
	long want = high ? s->high_ttl : s->low_ttl;
	struct opinion o = { .verdict = VERIFY_PASS,
		.expected = pool_printf(p, high ? "a TTL of %ld s"
		    : "a TTL of at most %ld s", want),
		.found = pool_printf(p, "so on %zu servers", f->zone.n) };
	size_t silent = 0;

	if (!dns_has_server(p, s, &o))
		return o;
	for (size_t i = 0; i < f->zone.n * s->final.n; i++) {
		const struct dns_answer *a = &f->authority[i];

		if (dns_server_fault(p, s, i / s->final.n) != NULL)
			continue;
		if (a->found != DNS_ANSWER && a->found != DNS_ALIAS) {
			silent++;
			continue;
		}
		if (!a->mixed_ttl
		    && (high ? ttl_of(a) == want : ttl_of(a) <= want))
			continue;
		o.verdict = VERIFY_FAIL;
		o.found = pool_printf(p, "%s gives %s a TTL of %ld s%s",
		    f->zone.ns[i / s->final.n].address,
		    s->final.v[i % s->final.n].name, ttl_of(a),
		    a->mixed_ttl ? ", not the same for all values" : "");
	}
	if (o.verdict == VERIFY_PASS && silent > 0) {
		o.verdict = VERIFY_UNKNOWN;
		o.found = pool_printf(p, "%zu answers of %zu hold no record",
		    silent, f->zone.n * s->final.n);
	}
	return o;
}

/* One server that leads there is enough: some visitors are there. */
bool
facts_dns_moved(const struct subject *s)
{
	const struct facts *f = s->facts;
	const char *lms = hosts_name(&s->final, "lms");
	struct pool *p = pool_new();
	bool moved = false;

	for (size_t i = 0; i < f->parts; i++)
		if (lms == NULL || hosts_has(&f->part[i].final, lms))
			moved = moved || facts_dns_moved(&f->part[i]);
	for (size_t i = 0; f->zone_known && s->new_address != NULL
	    && i < f->zone.n * s->final.n; i++) {
		const char *host = s->final.v[i % s->final.n].name;

		if (lms == NULL || text_same(host, lms))
			moved = moved || leads_to(p, &f->authority[i],
			    s->new_address);
	}
	pool_free(p);
	return moved;
}
