/*
 * resolve_zone - see resolve.h. Here: comparing, finding who is responsible
 * for a name, and waiting until servers agree.
 */
#include "net/resolve.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "net/resolve_reply.h"

enum {
	ROUND_MS = 3000,	/* one round of questions while waiting */
	PAUSE_MS = 250,		/* between two rounds */
	WORDS_MAX = 1500,	/* of the servers that lag, for one error */
	MAX_LABELS = 127,
};

bool
dns_same(const char *const *a, size_t na, const char *const *b, size_t nb)
{
	if (na != nb)
		return false;
	for (size_t i = 0; i < na; i++) {
		bool found = false;

		for (size_t k = 0; k < nb && !found; k++)
			found = text_same_fold(a[i], b[k]);
		if (!found)
			return false;
	}
	return true;
}

void
dns_words(struct buf *b, const struct dns_answer *a)
{
	if (a->found == DNS_ALIAS) {
		buf_printf(b, "a CNAME to %s, whose end it does not know",
		    a->hops > 0 ? a->hop[a->hops - 1].target : "nowhere");
		return;
	}
	if (a->found != DNS_ANSWER) {
		buf_puts(b, a->why);
		return;
	}
	for (size_t i = 0; i < a->n; i++)
		buf_printf(b, "%s%s", i > 0 ? ", " : "", a->value[i]);
	buf_printf(b, " (TTL %ld%s)", a->ttl,
	    a->mixed_ttl ? ", not the same for all" : "");
}

static bool
is_address(const char *s)
{
	unsigned char addr[16];

	return inet_pton(AF_INET, s, addr) == 1
	    || inet_pton(AF_INET6, s, addr) == 1;
}

static bool
is_no_word(const struct dns_answer *a)
{
	return a->found == DNS_SILENT || a->found == DNS_FAILED
	    || a->found == DNS_REFUSED;
}

/* One of the name servers given, for all that are still without a word. */
static size_t
ask_server(struct resolve *r, struct pool *p, const char *server,
    struct dns_question *q, struct dns_answer *a, size_t n, bool first,
    clock_ms deadline)
{
	struct pool *work = pool_new();
	struct dns_question *sub = pool_alloc(work, (n + 1) * sizeof *sub);
	struct dns_answer *got = pool_alloc(work, (n + 1) * sizeof *got);
	size_t *at = pool_alloc(work, (n + 1) * sizeof *at), k = 0, left = 0;

	for (size_t i = 0; i < n; i++) {
		if (!first && !is_no_word(&a[i]))
			continue;
		q[i].server = server;
		at[k] = i;
		sub[k++] = q[i];
	}
	resolve_ask(r, p, sub, got, k, deadline);
	for (size_t i = 0; i < k; i++) {
		a[at[i]] = got[i];
		left += is_no_word(&got[i]);
	}
	pool_free(work);
	return left;
}

/* Ask the name servers given, in their order, until one knows. */
static void
ask_client(struct resolve *r, struct pool *p, struct dns_question *q,
    struct dns_answer *a, size_t n, clock_ms deadline)
{
	size_t servers, left = n;
	const char *const *server = resolve_servers(r, &servers);

	for (size_t s = 0; s < servers && left > 0; s++)
		left = ask_server(r, p, server[s], q, a, n, s == 0,
		    clock_sooner(deadline, clock_now() + ROUND_MS));
}

const char *
resolve_address(struct resolve *r, struct pool *p, const char *host,
    clock_ms deadline, struct err *e)
{
	struct dns_question q[] = {
		{ .name = host, .type = "A", .recursive = true },
		{ .name = host, .type = "AAAA", .recursive = true },
	};
	struct dns_answer a[2];

	if (is_address(host))
		return pool_strdup(p, host);
	ask_client(r, p, q, a, 2, deadline);
	for (int i = 0; i < 2; i++)
		if (a[i].found == DNS_ANSWER)
			return a[i].value[0];
	if (a[0].found == DNS_NXDOMAIN || a[0].found == DNS_NODATA)
		err_set(e, ERR_NOT_FOUND, "%s has no address: %s", host,
		    a[0].why);
	else
		err_set(e, ERR_NETWORK, "the address of %s can't be asked: %s",
		    host, a[0].why);
	return NULL;
}

/* Has this machine a way to the address at all? (No packet is sent.) */
static bool
has_route(const char *address)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(53) };
	int s;
	bool ok;

	if (inet_pton(AF_INET6, address, &v6.sin6_addr) != 1)
		return true;
	s = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return false;
	ok = connect(s, (const struct sockaddr *)&v6, sizeof v6) == 0;
	close(s);
	return ok;
}

/* The name and each parent of it, longest first. */
static size_t
list_parents(struct pool *p, const char *name, struct dns_question *q)
{
	const char *s = resolve_plain_name(p, name);
	size_t n = 0;

	while (n < MAX_LABELS && s != NULL && s[0] != '\0') {
		q[n++] = (struct dns_question){ .name = s, .type = "NS",
			.recursive = true };
		s = strchr(s, '.');
		if (s != NULL)
			s++;
	}
	return n;
}

/* The first name that has name servers of its own. */
static const struct dns_answer *
pick_apex(const struct dns_question *q, const struct dns_answer *a, size_t n,
    struct dns_zone *z, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (a[i].found == DNS_ANSWER && a[i].hops == 0) {
			z->name = q[i].name;
			return &a[i];
		}
		if (is_no_word(&a[i])) {
			err_set(e, ERR_NETWORK, "the name servers of %s can't "
			    "be asked for: %s", q[i].name, a[i].why);
			return NULL;
		}
	}
	err_set(e, ERR_NOT_FOUND, "no zone holds %s", n > 0 ? q[0].name : "");
	return NULL;
}

/* For each name the answer that lists its zone's name servers, or NULL. */
static void
find_apexes(struct resolve *r, struct pool *p, const char *const *name,
    size_t n, clock_ms deadline, struct dns_zone *z,
    const struct dns_answer **apex, struct err *e)
{
	struct dns_question *q;
	size_t *count = pool_alloc(p, (n + 1) * sizeof *count), total = 0;
	size_t most = 0;
	struct dns_answer *a;

	for (size_t i = 0; i < n; i++)
		most += strlen(name[i]) / 2 + 1;
	q = pool_alloc(p, (most + 1) * sizeof *q);
	for (size_t i = 0; i < n; i++) {
		count[i] = list_parents(p, name[i], q + total);
		total += count[i];
	}
	a = pool_alloc(p, (total + 1) * sizeof *a);
	ask_client(r, p, q, a, total, deadline);
	for (size_t i = 0, k = 0; i < n; k += count[i++])
		apex[i] = pick_apex(q + k, a + k, count[i], &z[i], &e[i]);
}

/* Add the addresses of one name server. */
static bool
add_ns(struct pool *p, struct dns_zone *z, struct dns_ns *v, const char *name,
    const struct dns_answer *a, struct err *e)
{
	if (a[0].n + a[1].n == 0)
		return err_set(e, ERR_NETWORK, "name server %s of zone %s has "
		    "no address: %s", name, z->name, a[0].why);
	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < a[k].n; i++) {
			if (!has_route(a[k].value[i])) {
				z->unreachable = pool_printf(p, "%s%s%s",
				    z->unreachable,
				    z->unreachable[0] != '\0' ? ", " : "",
				    a[k].value[i]);
				continue;
			}
			v[z->n++] = (struct dns_ns){ name, a[k].value[i] };
		}
	return true;
}

/* a: of each name server, A and AAAA. */
static bool
fill_zone(struct pool *p, struct dns_zone *z, const struct dns_answer *apex,
    const struct dns_answer *a, struct err *e)
{
	struct dns_ns *v;
	size_t total = 0;

	for (size_t i = 0; i < 2 * apex->n; i++)
		total += a[i].n;
	v = pool_alloc(p, (total + 1) * sizeof *v);
	z->ns = v;
	for (size_t i = 0; i < apex->n; i++)
		if (!add_ns(p, z, v, apex->value[i], a + 2 * i, e))
			return false;
	if (z->n == 0)
		return err_set(e, ERR_NETWORK, "no name server of zone %s can "
		    "be reached from here", z->name);
	return true;
}

void
resolve_find_zones(struct resolve *r, struct pool *p, const char *const *name,
    size_t n, clock_ms deadline, struct dns_zone *z, struct err *e)
{
	const struct dns_answer **apex = pool_alloc(p, (n + 1)
	    * sizeof(void *));
	struct dns_question *q;
	struct dns_answer *a;
	size_t most = 0, k = 0;

	for (size_t i = 0; i < n; i++)
		z[i] = (struct dns_zone){ .unreachable = "" };
	find_apexes(r, p, name, n, deadline, z, apex, e);
	for (size_t i = 0; i < n; i++)
		most += apex[i] != NULL ? 2 * apex[i]->n : 0;
	q = pool_alloc(p, (most + 1) * sizeof *q);
	a = pool_alloc(p, (most + 1) * sizeof *a);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; apex[i] != NULL && j < 2 * apex[i]->n; j++)
			q[k++] = (struct dns_question){ .recursive = true,
				.name = apex[i]->value[j / 2],
				.type = j % 2 == 0 ? "A" : "AAAA" };
	ask_client(r, p, q, a, k, deadline);
	k = 0;
	for (size_t i = 0; i < n; i++) {
		if (apex[i] == NULL)
			continue;
		z[i].found = fill_zone(p, &z[i], apex[i], a + k, &e[i]);
		k += 2 * apex[i]->n;
	}
}

bool
resolve_find_zone(struct resolve *r, struct pool *p, const char *name,
    clock_ms deadline, struct dns_zone *z, struct err *e)
{
	resolve_find_zones(r, p, &name, 1, deadline, z, e);
	return z->found;
}

/* A cache counts a TTL down; an authority gives it as the zone has it. */
static bool
is_wanted_ttl(const struct dns_want *w, const struct dns_answer *a,
    bool recursive)
{
	long ttl = a->hops > 0 ? a->hop[0].ttl : a->ttl;

	if (w->ttl == 0)
		return true;
	return !a->mixed_ttl && (recursive ? ttl <= w->ttl : ttl == w->ttl);
}

static bool
is_wanted(const struct dns_want *w, const struct dns_answer *a, bool recursive)
{
	bool here = recursive || a->hops == 0;	/* at the name itself */

	if (!recursive && !a->authoritative)
		return false;
	if (w->value != NULL && w->n == 0)
		return !here || a->found == DNS_NXDOMAIN
		    || a->found == DNS_NODATA;
	if (w->value != NULL && !here)
		return false;
	if (w->value == NULL && a->found == DNS_ALIAS)
		return is_wanted_ttl(w, a, recursive);
	return a->found == DNS_ANSWER && is_wanted_ttl(w, a, recursive)
	    && (w->value == NULL || dns_same(w->value, w->n, a->value, a->n));
}

/* One round: how many servers are not there yet, and their words. */
static size_t
count_lagging(struct resolve *r, const char *const *servers, size_t nserver,
    bool recursive, const struct dns_want *want, size_t nwant,
    clock_ms deadline, struct buf *words)
{
	struct pool *p = pool_new();
	size_t n = nserver * nwant, lagging = 0;
	struct dns_question *q = pool_alloc(p, (n + 1) * sizeof *q);
	struct dns_answer *a = pool_alloc(p, (n + 1) * sizeof *a);

	for (size_t i = 0; i < n; i++)
		q[i] = (struct dns_question){ .server = servers[i / nwant],
			.name = want[i % nwant].name,
			.type = want[i % nwant].type, .recursive = recursive };
	resolve_ask(r, p, q, a, n, clock_sooner(deadline,
	    clock_now() + ROUND_MS));
	buf_clear(words);
	for (size_t i = 0; i < n; i++) {
		if (is_wanted(&want[i % nwant], &a[i], recursive))
			continue;
		buf_printf(words, "%s%s says of %s %s: ", lagging > 0
		    ? "; " : "", q[i].server, q[i].name, q[i].type);
		dns_words(words, &a[i]);
		if (a[i].found == DNS_ANSWER && !recursive
		    && !a[i].authoritative)
			buf_puts(words, " without authority");
		lagging++;
	}
	pool_free(p);
	return lagging;
}

bool
resolve_await(struct resolve *r, const char *const *servers, size_t nserver,
    bool recursive, const struct dns_want *want, size_t nwant, int times,
    clock_ms deadline, struct err *e)
{
	struct buf words = buf_new(WORDS_MAX), look = buf_new(WORDS_MAX);
	int good = 0;

	do {
		good = count_lagging(r, servers, nserver, recursive, want,
		    nwant, deadline, &look) > 0 ? 0 : good + 1;
		/* A round that the deadline cut short tells no cause. */
		if (words.len == 0 || !clock_over(deadline)) {
			struct buf last = words;

			words = look;
			look = last;
		}
	} while (good < times && clock_pause_until(deadline, PAUSE_MS));
	if (good < times && buf_str(&words)[0] == '\0')
		err_set(e, ERR_TIMEOUT, "only %d of %d good answers in a row "
		    "before the deadline", good, times);
	else if (good < times)
		err_set(e, ERR_TIMEOUT, "not everywhere in time: %s",
		    buf_str(&words));
	buf_free(&words);
	buf_free(&look);
	return good >= times;
}
