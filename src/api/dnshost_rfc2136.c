/*
 * dnshost_rfc2136 - zones whose primary name server takes dynamic updates
 * (RFC 2136) signed by TSIG: BIND, Knot, PowerDNS and others. The only user
 * of ldns.
 *
 * A change is one message, which the server does as a whole or not at all.
 * Its prerequisites are the sets as they were found, so the server itself
 * refuses a change that somebody else has overtaken: no interface over HTTP
 * offers that. Always by TCP, whatever the size; questions are signed, too,
 * and an answer counts only if its signature is good.
 *
 * dns-token is ALGORITHM:NAME:SECRET, the secret in base64.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <ldns/ldns.h>

#include "api/dnshost.h"
#include "api/dnshost_company.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum {
	CALL_SECONDS = 20,
	FUDGE = 300,		/* seconds that two clocks may differ */
	DNS_PORT = 53,
	TSIG_TIME = 1, TSIG_MAC = 3, TSIG_ERROR = 5,	/* of its data */
	BADSIG = 16, BADKEY = 17, BADTIME = 18,
};

static const char *const algorithms[] = { "hmac-sha256", "hmac-sha512" };
static const char *const types[] = { "A", "AAAA", "CNAME" };

struct login {
	const char *algorithm, *key, *secret;
	struct sockaddr_storage to;
	socklen_t to_len;
};

/* ---- who and where ---- */

static bool
is_base64(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm"
	    "nopqrstuvwxyz0123456789+/");

	n += strspn(s + n, "=");
	return n > 0 && n % 4 == 0 && s[n] == '\0';
}

static bool
read_token(struct dnshost_account *a, struct login *l, struct err *e)
{
	const char *first = strchr(a->token, ':');
	const char *second = first != NULL ? strchr(first + 1, ':') : NULL;
	size_t known = sizeof algorithms / sizeof algorithms[0], i = 0;

	while (second != NULL && i < known && !(strlen(algorithms[i])
	    == (size_t)(first - a->token) && text_starts(a->token,
	    algorithms[i])))
		i++;
	if (second == NULL || i == known || second == first + 1
	    || !is_base64(second + 1))
		return err_set(e, ERR_INPUT, "dns-token is not "
		    "ALGORITHM:NAME:SECRET, with hmac-sha256 or hmac-sha512, "
		    "the key's name, and its secret in base64");
	l->algorithm = pool_printf(a->pool, "%s.", algorithms[i]);
	l->key = pool_printf(a->pool, "%s.", dnshost_plain_name(a->pool,
	    pool_strndup(a->pool, first + 1, (size_t)(second - first - 1))));
	l->secret = pool_strdup(a->pool, second + 1);
	log_mask(l->secret);
	return true;
}

/* "192.0.2.1", "192.0.2.1:53", "[2001:db8::1]:53", "2001:db8::1" */
static bool
read_server(const struct dnshost_account *a, struct login *l, struct err *e)
{
	const char *s = a->server, *colon = strrchr(s, ':');
	bool four = colon == strchr(s, ':');
	bool port = colon != NULL && (four || colon[-1] == ']');
	size_t n = port ? (size_t)(colon - s) : strlen(s);
	bool braced = n > 2 && s[0] == '[' && s[n - 1] == ']';
	const char *address = pool_strndup(a->pool, s + braced,
	    n - 2 * (size_t)braced);
	long number = port ? strtol(colon + 1, NULL, 10) : DNS_PORT;
	struct sockaddr_in *in4 = (struct sockaddr_in *)&l->to;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&l->to;

	if (number > 0 && number <= 65535
	    && inet_pton(AF_INET, address, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons((unsigned short)number);
		l->to_len = sizeof *in4;
		return true;
	}
	if (number > 0 && number <= 65535
	    && inet_pton(AF_INET6, address, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((unsigned short)number);
		l->to_len = sizeof *in6;
		return true;
	}
	return err_set(e, ERR_INPUT, "dns-server %s is not the address of a "
	    "name server, such as 192.0.2.1 or [2001:db8::1]:53", s);
}

/* ---- one message and its answer ---- */

/* What a server says by its code. */
static bool
judge_code(int code, struct err *e)
{
	switch (code) {
	case LDNS_RCODE_NOERROR:
		return true;
	case LDNS_RCODE_NXDOMAIN:
	case LDNS_RCODE_YXDOMAIN:
	case LDNS_RCODE_YXRRSET:
	case LDNS_RCODE_NXRRSET:
		return err_set(e, ERR_CONFLICT, "the server refused the "
		    "change: the records are not as they were found, "
		    "somebody changed them meanwhile");
	case LDNS_RCODE_REFUSED:
		return err_set(e, ERR_DENIED, "the server refuses it: may "
		    "this key read and update the zone from here?");
	case LDNS_RCODE_NOTAUTH:
		return err_set(e, ERR_NOT_FOUND, "the server is no authority "
		    "for this zone");
	case LDNS_RCODE_NOTZONE:
		return err_set(e, ERR_INPUT, "a name lies outside the zone");
	case LDNS_RCODE_NOTIMPL:
		return err_set(e, ERR_INPUT, "the server takes no updates");
	case LDNS_RCODE_SERVFAIL:
		return err_set(e, ERR_NETWORK, "the server failed "
		    "(SERVFAIL)");
	}
	return err_set(e, ERR_OTHER, "the server answers with code %d", code);
}

/* What is wrong with our signature, as the server says. */
static bool
judge_signature(const ldns_rr *tsig, struct err *e)
{
	int code = tsig != NULL && ldns_rr_rd_count(tsig) > TSIG_ERROR
	    ? ldns_rdf2native_int16(ldns_rr_rdf(tsig, TSIG_ERROR)) : 0;

	switch (code) {
	case 0:
		return true;
	case BADSIG:
		return err_set(e, ERR_DENIED, "the key of dns-token is not "
		    "the server's: its secret is another");
	case BADKEY:
		return err_set(e, ERR_DENIED, "the server has no key of the "
		    "name and algorithm that dns-token says");
	case BADTIME:
		return err_set(e, ERR_DENIED, "the clocks of the server and "
		    "of this machine differ by more than %d s", FUDGE);
	}
	return err_set(e, ERR_DENIED, "the server refuses the key (%d)", code);
}

static bool
judge(const ldns_pkt *asked, ldns_pkt *reply, const uint8_t *wire,
    size_t len, const struct login *l, struct err *e)
{
	const ldns_rr *tsig = ldns_pkt_tsig(reply);
	const ldns_rdf *mac = ldns_rr_rdf(ldns_pkt_tsig(asked), TSIG_MAC);
	int code = ldns_pkt_get_rcode(reply);

	if (ldns_pkt_id(reply) != ldns_pkt_id(asked) || !ldns_pkt_qr(reply))
		return err_set(e, ERR_NETWORK, "an answer to something else");
	if (!judge_signature(tsig, e))
		return false;
	if (tsig == NULL && code == LDNS_RCODE_NOERROR)
		return err_set(e, ERR_DENIED, "the answer is not signed: it "
		    "may be anybody's");
	if (tsig != NULL && !ldns_pkt_tsig_verify_next(reply, wire, len,
	    l->key, l->secret, mac, 0))
		return err_set(e, ERR_DENIED, "the answer's signature is "
		    "wrong: it may be anybody's");
	return true;
}

/* The whole of it; *reply is the caller's to free. A code that is an error
 * is left to the caller. */
static bool
exchange(const struct dnshost_account *a, ldns_pkt *q, ldns_pkt **reply,
    struct err *e)
{
	const struct login *l = a->own;
	ldns_buffer *out = ldns_buffer_new(LDNS_MAX_PACKETLEN);
	struct timeval limit = { .tv_sec = CALL_SECONDS };
	uint8_t *wire = NULL;
	size_t len = 0;
	bool ok = false;

	*reply = NULL;
	ldns_pkt_set_random_id(q);
	if (ldns_pkt_tsig_sign(q, l->key, l->secret, FUDGE, l->algorithm,
	    NULL) != LDNS_STATUS_OK || ldns_pkt2buffer_wire(out, q)
	    != LDNS_STATUS_OK)
		err_set(e, ERR_INPUT, "the message can't be made: has "
		    "dns-token a good name and secret?");
	else if (ldns_tcp_send(&wire, out, &l->to, l->to_len, limit, &len)
	    != LDNS_STATUS_OK)
		err_set(e, ERR_NETWORK, "%s does not answer by TCP",
		    a->server);
	else if (ldns_wire2pkt(reply, wire, len) != LDNS_STATUS_OK)
		err_set(e, ERR_NETWORK, "%s answers with something else than "
		    "DNS", a->server);
	else
		ok = judge(q, *reply, wire, len, l, e);
	if (!ok && *reply != NULL) {
		ldns_pkt_free(*reply);
		*reply = NULL;
	}
	free(wire);
	ldns_buffer_free(out);
	return ok;
}

/* ---- questions ---- */

static ldns_rdf *
name_of(struct pool *p, const char *name)
{
	return ldns_dname_new_frm_str(pool_printf(p, "%s.", name));
}

/* Ask the server itself, not who it knows. */
static bool
ask(const struct dnshost_account *a, struct pool *p, const char *name,
    ldns_rr_type type, ldns_pkt **reply, struct err *e)
{
	ldns_pkt *q = ldns_pkt_query_new(name_of(p, name), type,
	    LDNS_RR_CLASS_IN, 0);
	bool ok = exchange(a, q, reply, e);
	int code = ok ? ldns_pkt_get_rcode(*reply) : 0;

	ldns_pkt_free(q);
	if (ok && code != LDNS_RCODE_NXDOMAIN && !judge_code(code, e)) {
		ldns_pkt_free(*reply);
		*reply = NULL;
		return false;
	}
	return ok;
}

/* Without a key: has it the zone? PowerDNS says NOTAUTH, and no more, also
 * where it does not know the key. */
static bool
serves_zone(const struct dnshost_account *a)
{
	const struct login *l = a->own;
	ldns_pkt *q = ldns_pkt_query_new(name_of(a->pool, a->zone),
	    LDNS_RR_TYPE_SOA, LDNS_RR_CLASS_IN, 0), *reply = NULL;
	ldns_buffer *out = ldns_buffer_new(LDNS_MAX_PACKETLEN);
	struct timeval limit = { .tv_sec = CALL_SECONDS };
	uint8_t *wire = NULL;
	size_t len = 0;
	bool serves = ldns_pkt2buffer_wire(out, q) == LDNS_STATUS_OK
	    && ldns_tcp_send(&wire, out, &l->to, l->to_len, limit, &len)
	    == LDNS_STATUS_OK
	    && ldns_wire2pkt(&reply, wire, len) == LDNS_STATUS_OK
	    && ldns_pkt_aa(reply)
	    && ldns_pkt_get_rcode(reply) == LDNS_RCODE_NOERROR;

	if (reply != NULL)
		ldns_pkt_free(reply);
	ldns_pkt_free(q);
	free(wire);
	ldns_buffer_free(out);
	return serves;
}

/* An answer of its own: not what it knows of a zone above. */
static bool
check_soa(const struct dnshost_account *a, const ldns_pkt *reply,
    struct err *e)
{
	ldns_rdf *zone = name_of(a->pool, a->zone);
	ldns_rr_list *soa = ldns_pkt_rr_list_by_name_and_type(reply, zone,
	    LDNS_RR_TYPE_SOA, LDNS_SECTION_ANSWER);
	bool ok = ldns_pkt_aa(reply) && soa != NULL;

	ldns_rr_list_deep_free(soa);
	ldns_rdf_deep_free(zone);
	return ok || err_set(e, ERR_NOT_FOUND, "the server is no authority "
	    "for this zone");
}

static bool
check(struct dnshost_account *a, struct err *e)
{
	struct login *l = pool_alloc(a->pool, sizeof *l);
	ldns_pkt *reply;
	bool ok;

	a->own = l;
	ok = read_token(a, l, e) && read_server(a, l, e)
	    && ask(a, a->pool, a->zone, LDNS_RR_TYPE_SOA, &reply, e);
	if (ok) {
		ok = check_soa(a, reply, e);
		ldns_pkt_free(reply);
	} else if (e->kind == ERR_NOT_FOUND && serves_zone(a)) {
		err_set(e, ERR_DENIED, "the server has the zone, but does not "
		    "take the key of dns-token");
	}
	return ok;
}

/* The data of a record in our form. */
static const char *
value_of(struct pool *p, const ldns_rr *rr, const char *type)
{
	char *s = ldns_rdf2str(ldns_rr_rdf(rr, 0));
	const char *text = text_same(type, "CNAME") ? dnshost_plain_name(p, s)
	    : pool_strdup(p, s);

	free(s);
	return text;
}

/* The set of this name and type itself, without what a CNAME leads to. */
static void
take_set(struct pool *p, const ldns_pkt *reply, const char *name,
    const char *type, struct dns_set *s)
{
	ldns_rdf *owner = name_of(p, name);
	ldns_rr_list *found = ldns_pkt_rr_list_by_name_and_type(reply, owner,
	    ldns_get_rr_type_by_name(type), LDNS_SECTION_ANSWER);
	size_t n = found != NULL ? ldns_rr_list_rr_count(found) : 0;
	struct dns_value *v = pool_alloc(p, (n + 1) * sizeof *v);

	*s = (struct dns_set){ .name = name, .type = type, .value = v,
		.n = n };
	for (size_t i = 0; i < n; i++) {
		const ldns_rr *rr = ldns_rr_list_rr(found, i);

		v[i].text = value_of(p, rr, type);
		s->ttl = (long)ldns_rr_ttl(rr);
	}
	if (found != NULL)
		ldns_rr_list_deep_free(found);
	ldns_rdf_deep_free(owner);
}

/* A record without data, which stands for a whole set: class ANY all of it
 * (as a condition: that there is one), NONE that there is none. */
static void
add_whole(struct pool *p, ldns_rr_list *list, const struct dns_set *s,
    ldns_rr_class class)
{
	ldns_rr *rr = ldns_rr_new();

	ldns_rr_set_owner(rr, name_of(p, s->name));
	ldns_rr_set_type(rr, ldns_get_rr_type_by_name(s->type));
	ldns_rr_set_class(rr, class);
	ldns_rr_set_ttl(rr, 0);
	ldns_rr_set_question(rr, false);
	ldns_rr_list_push_rr(list, rr);
}

static bool
send_change(const struct dnshost_account *a, struct pool *p,
    ldns_rr_list *must, ldns_rr_list *change, struct err *e)
{
	ldns_rr_list *more = ldns_rr_list_new();
	ldns_pkt *q = ldns_update_pkt_new(name_of(p, a->zone),
	    LDNS_RR_CLASS_IN, must, change, more), *reply;
	bool ok = exchange(a, q, &reply, e);

	if (ok) {
		ok = judge_code(ldns_pkt_get_rcode(reply), e);
		ldns_pkt_free(reply);
	}
	ldns_pkt_free(q);
	ldns_rr_list_deep_free(more);
	return ok;
}

/* Does the set stand in the zone, or did a wildcard answer? Only the server
 * knows: it is given a condition, and nothing to change. A key that may not
 * ask so learns nothing, and changes nothing either. */
static bool
is_its_own(const struct dnshost_account *a, struct pool *p,
    const struct dns_set *s, bool *own, struct err *e)
{
	ldns_rr_list *must = ldns_rr_list_new();
	ldns_rr_list *nothing = ldns_rr_list_new();
	struct err said = { 0 };
	bool ok;

	add_whole(p, must, s, LDNS_RR_CLASS_ANY);
	ok = send_change(a, p, must, nothing, &said);
	ldns_rr_list_deep_free(must);
	ldns_rr_list_deep_free(nothing);
	*own = ok || said.kind != ERR_CONFLICT;
	if (ok || said.kind != ERR_NETWORK)
		return true;
	*e = said;
	return false;
}

static bool
find(const struct dnshost_account *a, struct pool *p,
    const char *const *names, struct dns_set **sets, size_t *n,
    struct err *e)
{
	enum { TYPES = sizeof types / sizeof types[0] };
	size_t count = 0;

	while (names[count] != NULL)
		count++;
	*sets = pool_alloc(p, (count * TYPES + 1) * sizeof **sets);
	*n = 0;
	for (size_t i = 0; i < count * TYPES; i++) {
		const char *name = names[i / TYPES], *type = types[i % TYPES];
		struct dns_set *s = &(*sets)[*n];
		ldns_pkt *reply;
		bool own = true;

		if (!ask(a, p, name, ldns_get_rr_type_by_name(type), &reply,
		    e))
			return err_within(e, "%s", name);
		take_set(p, reply, name, type, s);
		ldns_pkt_free(reply);
		if (s->n > 0 && !is_its_own(a, p, s, &own, e))
			return err_within(e, "%s", name);
		*n += s->n > 0 && own;
	}
	return true;
}

/* ---- the change ---- */

/* Each value as a record with this TTL. */
static bool
add_values(struct pool *p, ldns_rr_list *list, const struct dns_set *s,
    long ttl, struct err *e)
{
	const char *dot = text_same(s->type, "CNAME") ? "." : "";

	for (size_t i = 0; i < s->n; i++) {
		ldns_rr *rr;

		if (ldns_rr_new_frm_str(&rr, pool_printf(p,
		    "%s. %ld IN %s %s%s", s->name, ttl, s->type,
		    s->value[i].text, dot), 0, NULL, NULL) != LDNS_STATUS_OK)
			return err_set(e, ERR_INPUT, "%s: %s is no %s record",
			    s->name, s->value[i].text, s->type);
		ldns_rr_set_ttl(rr, (uint32_t)ttl);
		ldns_rr_list_push_rr(list, rr);
	}
	return true;
}

/* A set must be as it was found; those that go, go first, or a CNAME would
 * meet its successor. */
static bool
fill(struct pool *p, ldns_rr_list *must, ldns_rr_list *change,
    const struct dns_set *is, const struct dns_set *now, size_t n,
    struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (is[i].n == 0)
			add_whole(p, must, &is[i], LDNS_RR_CLASS_NONE);
		else if (!add_values(p, must, &is[i], 0, e))
			return false;
		add_whole(p, change, &now[i], LDNS_RR_CLASS_ANY);
	}
	for (size_t i = 0; i < n; i++)
		if (!add_values(p, change, &now[i], now[i].ttl, e))
			return false;
	return true;
}

static bool
write_sets(const struct dnshost_account *a, const struct dns_set *is,
    const struct dns_set *now, size_t n, struct err *e)
{
	struct pool *p = pool_new();
	ldns_rr_list *must = ldns_rr_list_new();
	ldns_rr_list *change = ldns_rr_list_new();
	bool ok = fill(p, must, change, is, now, n, e)
	    && send_change(a, p, must, change, e);

	ldns_rr_list_deep_free(must);
	ldns_rr_list_deep_free(change);
	pool_free(p);
	return ok;
}

const struct dnshost_company dnshost_rfc2136 = {
	.name = "rfc2136", .needs_server = true, .check = check,
	.find = find, .write = write_sets,
};
