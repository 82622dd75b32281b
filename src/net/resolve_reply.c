/*
 * resolve_reply - see resolve_reply.h.
 */
#include "net/resolve_reply.h"

#include <arpa/inet.h>
#include <ares.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "net/resolve.h"

/* RFC 1035, 3596 and 8659. */
enum {
	TYPE_A = 1, TYPE_NS = 2, TYPE_CNAME = 5, TYPE_SOA = 6, TYPE_TXT = 16,
	TYPE_AAAA = 28, TYPE_CAA = 257,
	HEADER = 12,
	RCODE_OK = 0, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5,
	RCODE_NOTAUTH = 9,
	MAX_RECORDS = 4096,	/* 64 KiB hold no more */
	MAX_HOPS = 16,		/* resolvers give up earlier */
	MAX_RDATA_TEXT = 65536,
};

static const struct {
	const char *name;
	int type;
} types[] = {
	{ "A", TYPE_A }, { "AAAA", TYPE_AAAA }, { "CNAME", TYPE_CNAME },
	{ "NS", TYPE_NS }, { "SOA", TYPE_SOA }, { "TXT", TYPE_TXT },
	{ "CAA", TYPE_CAA },
};

struct record {
	const char *owner;
	int type;
	long ttl;
	size_t data, len;	/* where its data are in the reply */
};

struct reply {
	struct pool *pool;
	const unsigned char *bytes;
	size_t len, at;
	int rcode;
	bool authoritative, recursive;
	size_t answers, authorities;
	struct record *answer, *authority;
};

int
resolve_type(const char *name)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (text_same_fold(types[i].name, name))
			return types[i].type;
	return 0;
}

const char *
resolve_plain_name(struct pool *p, const char *name)
{
	size_t n = strlen(name);
	char *s;

	if (n > 1 && name[n - 1] == '.')
		n--;
	s = pool_strndup(p, name, n);
	for (size_t i = 0; i < n; i++)
		if (s[i] >= 'A' && s[i] <= 'Z')
			s[i] = (char)(s[i] - 'A' + 'a');
	return s;
}

static unsigned
number16(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static unsigned long
number32(const unsigned char *p)
{
	return (unsigned long)number16(p) << 16 | number16(p + 2);
}

/* The name at an offset; *next is what follows it. NULL: broken. */
static const char *
name_at(const struct reply *r, size_t at, size_t *next)
{
	char *s = NULL;
	long used = 0;
	const char *name;

	if (at >= r->len || ares_expand_name(r->bytes + at, r->bytes,
	    (int)r->len, &s, &used) != ARES_SUCCESS)
		return NULL;
	name = resolve_plain_name(r->pool, s);
	ares_free_string(s);
	*next = at + (size_t)used;
	return name;
}

static bool
read_record(struct reply *r, struct record *rec)
{
	size_t at;

	rec->owner = name_at(r, r->at, &at);
	if (rec->owner == NULL || r->len - at < 10)
		return false;
	rec->type = (int)number16(r->bytes + at);
	/* RFC 2181: a TTL with the top bit set is 0. */
	rec->ttl = (long)number32(r->bytes + at + 4);
	if (rec->ttl > 0x7fffffffL)
		rec->ttl = 0;
	rec->len = number16(r->bytes + at + 8);
	rec->data = at + 10;
	if (r->len - rec->data < rec->len)
		return false;
	r->at = rec->data + rec->len;
	return true;
}

static struct record *
read_records(struct reply *r, size_t n)
{
	struct record *v = pool_alloc(r->pool, (n + 1) * sizeof *v);

	for (size_t i = 0; i < n; i++)
		if (!read_record(r, &v[i]))
			return NULL;
	return v;
}

static bool
read_reply(struct reply *r)
{
	size_t questions;

	if (r->len < HEADER || r->len > 65535)
		return false;
	r->authoritative = (r->bytes[2] & 0x04) != 0;
	r->recursive = (r->bytes[3] & 0x80) != 0;
	r->rcode = r->bytes[3] & 0x0f;
	questions = number16(r->bytes + 4);
	r->answers = number16(r->bytes + 6);
	r->authorities = number16(r->bytes + 8);
	if (r->answers > MAX_RECORDS || r->authorities > MAX_RECORDS)
		return false;
	r->at = HEADER;
	for (size_t i = 0; i < questions; i++) {
		if (name_at(r, r->at, &r->at) == NULL || r->len - r->at < 4)
			return false;
		r->at += 4;
	}
	r->answer = read_records(r, r->answers);
	if (r->answer == NULL)
		return false;
	r->authority = read_records(r, r->authorities);
	return r->authority != NULL;
}

/* SOA as "primary mailbox serial refresh retry expire minimum". */
static const char *
soa_text(const struct reply *r, const struct record *rec)
{
	size_t at = rec->data;
	const char *primary = name_at(r, at, &at);
	const char *mailbox = primary != NULL ? name_at(r, at, &at) : NULL;
	const unsigned char *p = r->bytes + at;

	if (mailbox == NULL || at + 20 > rec->data + rec->len)
		return NULL;
	return pool_printf(r->pool, "%s %s %lu %lu %lu %lu %lu", primary,
	    mailbox, number32(p), number32(p + 4), number32(p + 8),
	    number32(p + 12), number32(p + 16));
}

/* The strings of a TXT record, one after the other. */
static const char *
txt_text(const struct reply *r, const struct record *rec)
{
	struct buf b = buf_new(MAX_RDATA_TEXT);
	size_t at = rec->data, end = rec->data + rec->len;
	const char *s;

	while (at < end && r->bytes[at] <= end - at - 1) {
		buf_add(&b, r->bytes + at + 1, r->bytes[at]);
		at += r->bytes[at] + 1U;
	}
	s = at == end ? pool_strdup(r->pool, buf_str(&b)) : NULL;
	buf_free(&b);
	return s;
}

/* CAA as "flags tag value". */
static const char *
caa_text(const struct reply *r, const struct record *rec)
{
	const unsigned char *p = r->bytes + rec->data;
	size_t tag;

	if (rec->len < 2 || p[1] > rec->len - 2)
		return NULL;
	tag = p[1];
	return pool_printf(r->pool, "%u %.*s %.*s", p[0], (int)tag,
	    (const char *)p + 2, (int)(rec->len - 2 - tag),
	    (const char *)p + 2 + tag);
}

/* The data of a record in the words of a zone file. NULL: broken. */
static const char *
data_text(const struct reply *r, const struct record *rec)
{
	char text[INET6_ADDRSTRLEN];
	size_t next;

	switch (rec->type) {
	case TYPE_A:
		return rec->len == 4 && inet_ntop(AF_INET,
		    r->bytes + rec->data, text, sizeof text) != NULL
		    ? pool_strdup(r->pool, text) : NULL;
	case TYPE_AAAA:
		return rec->len == 16 && inet_ntop(AF_INET6,
		    r->bytes + rec->data, text, sizeof text) != NULL
		    ? pool_strdup(r->pool, text) : NULL;
	case TYPE_NS:
	case TYPE_CNAME:
		return name_at(r, rec->data, &next);
	case TYPE_SOA:
		return soa_text(r, rec);
	case TYPE_TXT:
		return txt_text(r, rec);
	case TYPE_CAA:
		return caa_text(r, rec);
	default:
		return NULL;
	}
}

static const struct record *
find_cname(const struct reply *r, const char *owner)
{
	for (size_t i = 0; i < r->answers; i++)
		if (r->answer[i].type == TYPE_CNAME
		    && text_same(r->answer[i].owner, owner))
			return &r->answer[i];
	return NULL;
}

/*
 * Follow the CNAMEs from the name asked for. The name at the end, or NULL:
 * broken, or a loop.
 */
static const char *
follow(const struct reply *r, const char *name, struct dns_answer *a)
{
	struct dns_hop *hop = pool_alloc(r->pool, MAX_HOPS * sizeof *hop);
	const struct record *rec;

	a->hop = hop;
	for (rec = find_cname(r, name); rec != NULL;
	    rec = find_cname(r, name)) {
		if (a->hops == MAX_HOPS)
			return NULL;
		hop[a->hops] = (struct dns_hop){ .name = name,
			.target = data_text(r, rec), .ttl = rec->ttl };
		name = hop[a->hops].target;
		if (name == NULL)
			return NULL;
		if (a->hops == 0 || rec->ttl < a->keep)
			a->keep = rec->ttl;
		a->hops++;
	}
	return name;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
sort_values(struct dns_answer *a)
{
	size_t kept = 0;

	qsort(a->value, a->n, sizeof *a->value, by_text);
	for (size_t i = 0; i < a->n; i++)
		if (kept == 0 || strcmp(a->value[kept - 1], a->value[i]) != 0)
			a->value[kept++] = a->value[i];
	a->n = kept;
}

/* Take the values of this owner and type. false: one is broken. */
static bool
take_values(const struct reply *r, const char *owner, int type,
    struct dns_answer *a)
{
	a->value = pool_alloc(r->pool, (r->answers + 1) * sizeof *a->value);
	for (size_t i = 0; i < r->answers; i++) {
		const struct record *rec = &r->answer[i];

		if (rec->type != type || !text_same(rec->owner, owner))
			continue;
		a->value[a->n] = data_text(r, rec);
		if (a->value[a->n] == NULL)
			return false;
		a->mixed_ttl = a->mixed_ttl
		    || (a->n > 0 && rec->ttl != a->ttl);
		if (a->n == 0 || rec->ttl > a->ttl)
			a->ttl = rec->ttl;
		if ((a->n == 0 && a->hops == 0) || rec->ttl < a->keep)
			a->keep = rec->ttl;
		a->n++;
	}
	sort_values(a);
	return true;
}

/* RFC 2308: the lesser of the SOA's TTL and its last field; -1: no SOA. */
static long
negative_ttl(const struct reply *r)
{
	for (size_t i = 0; i < r->authorities; i++) {
		const struct record *rec = &r->authority[i];
		long minimum;

		if (rec->type != TYPE_SOA || rec->len < 22)
			continue;
		minimum = (long)number32(r->bytes + rec->data + rec->len - 4);
		return minimum < rec->ttl ? minimum : rec->ttl;
	}
	return -1;
}

/* It has no values: say which kind of nothing it is. */
static void
name_nothing(const struct reply *r, const struct dns_question *q,
    struct dns_answer *a)
{
	long keep = negative_ttl(r);

	if (r->rcode == RCODE_NXDOMAIN) {
		a->found = DNS_NXDOMAIN;
		a->why = "no such name";
	} else if (!q->recursive && !r->authoritative) {
		a->found = DNS_LAME;
		a->why = "the server has no authority over this name";
	} else if (!r->authoritative && !r->recursive && keep < 0) {
		a->found = DNS_REFUSED;
		a->why = "the server asks no other for its clients";
	} else if (a->hops > 0 && keep < 0) {
		a->found = DNS_ALIAS;
		a->why = "";
		return;
	} else {
		a->found = DNS_NODATA;
		a->why = "no record of this type";
	}
	a->keep = keep > 0 ? keep : 0;
}

static bool
is_refusal(const struct reply *r, struct dns_answer *a)
{
	if (r->rcode == RCODE_OK || r->rcode == RCODE_NXDOMAIN)
		return false;
	if (r->rcode == RCODE_REFUSED || r->rcode == RCODE_NOTAUTH) {
		a->found = DNS_REFUSED;
		a->why = "the server refuses to answer";
	} else {
		a->found = DNS_FAILED;
		a->why = pool_printf(r->pool, "the server failed (%s)",
		    r->rcode == 2 ? "SERVFAIL" : r->rcode == 1 ? "FORMERR"
		    : r->rcode == 4 ? "NOTIMP" : "unusual code");
	}
	return true;
}

void
resolve_read_reply(struct pool *p, const struct dns_question *q,
    const unsigned char *bytes, size_t len, struct dns_answer *a)
{
	struct reply r = { .pool = p, .bytes = bytes, .len = len };
	int type = resolve_type(q->type);
	const char *end = resolve_plain_name(p, q->name);

	*a = (struct dns_answer){ .found = DNS_GARBLED,
		.why = "the reply can't be understood" };
	if (!read_reply(&r))
		return;
	a->authoritative = r.authoritative;
	if (is_refusal(&r, a))
		return;
	if (type != TYPE_CNAME)
		end = follow(&r, end, a);
	if (end == NULL) {
		a->why = "its CNAMEs go round in a circle";
		return;
	}
	if (!take_values(&r, end, type, a))
		return;
	if (a->n == 0) {
		name_nothing(&r, q, a);
		return;
	}
	a->found = DNS_ANSWER;
	a->why = "";
}
