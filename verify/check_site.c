/*
 * check_site - certificates and applications on both sides; see judge.h.
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "verify/facts.h"
#include "site/health.h"
#include "verify/judge.h"

enum { WORDS_MAX = 3000, SOON_DAYS = 2 };

static const char NO_OLD[] = "the plan has no old.address",
    NO_NEW[] = "the plan has no new.address";

/* A side that can't be looked at. */
static bool
is_blind(const struct side *v, struct opinion *o, const char *which)
{
	if (v->addresses > 0 && v->hosts->n > 0)
		return false;
	o->verdict = VERIFY_SKIP;
	o->found = v->addresses == 0 ? which
	    : "config.yml names no host that can be read";
	return true;
}

static void
add(struct buf *b, const struct side *v, size_t i, const char *words)
{
	buf_printf(b, "%s%s at %s: %s", b->len > 0 ? "; " : "",
	    v->hosts->v[i % v->hosts->n].name,
	    v->address[i / v->hosts->n], words);
}

static struct opinion
finish(struct pool *p, struct opinion o, struct buf *b, const char *good)
{
	o.verdict = b->len == 0 ? VERIFY_PASS : VERIFY_FAIL;
	o.found = b->len == 0 ? good : pool_strdup(p, buf_str(b));
	buf_free(b);
	return o;
}

static struct opinion
judge_answers(struct pool *p, const struct side *v, const char *which)
{
	struct opinion o = { .expected = "every host takes connections at "
	    "every address, and speaks TLS" };
	struct buf b = buf_new(WORDS_MAX);

	if (is_blind(v, &o, which))
		return o;
	for (size_t i = 0; i < v->hosts->n * v->addresses; i++)
		if (v->visit[i].stage < TLS_SHAKEN)
			add(&b, v, i, v->visit[i].why);
	return finish(p, o, &b, pool_printf(p, "%zu hosts at %zu addresses",
	    v->hosts->n, v->addresses));
}

struct opinion
check_answers_old(struct pool *p, const struct subject *s)
{
	return judge_answers(p, &s->facts->old, NO_OLD);
}

struct opinion
check_answers_new(struct pool *p, const struct subject *s)
{
	return judge_answers(p, &s->facts->fresh, NO_NEW);
}

static struct opinion
judge_certificates(struct pool *p, const struct side *v, const char *which)
{
	struct opinion o = { .expected = "a trusted certificate for each "
	    "host, good for two days or more" };
	struct buf b = buf_new(WORDS_MAX);
	long least = 100000;

	if (is_blind(v, &o, which))
		return o;
	for (size_t i = 0; i < v->hosts->n * v->addresses; i++) {
		const struct tls_facts *f = &v->visit[i];

		if (!tls_is_good(f))
			add(&b, v, i, tls_words(p, f));
		else if (f->days_left < SOON_DAYS)
			add(&b, v, i, pool_printf(p, "it expires in %ld days "
			    "and was not renewed", f->days_left));
		else if (f->days_left < least)
			least = f->days_left;
	}
	return finish(p, o, &b, pool_printf(p, "%zu hosts, %ld days or more "
	    "left", v->hosts->n, least));
}

struct opinion
check_certificate_old(struct pool *p, const struct subject *s)
{
	return judge_certificates(p, &s->facts->old, NO_OLD);
}

struct opinion
check_certificate_new(struct pool *p, const struct subject *s)
{
	return judge_certificates(p, &s->facts->fresh, NO_NEW);
}

/* Of the host that took longest, where the time went. */
static const char *
slowest_words(struct pool *p, const struct side *v)
{
	size_t k = 0;

	for (size_t i = 0; i < v->hosts->n * v->addresses; i++)
		if (v->visit[i].ms > v->visit[k].ms)
			k = i;
	return pool_printf(p, "slowest %s: connected after %ld ms, TLS %ld, "
	    "first byte %ld, all %ld", v->hosts->v[k % v->hosts->n].name,
	    v->visit[k].connected_ms, v->visit[k].shaken_ms,
	    v->visit[k].first_ms, v->visit[k].ms);
}

static struct opinion
judge_health(struct pool *p, const struct side *v, const char *which)
{
	struct opinion o = { .expected = "every host answers as the right "
	    "application, and its databases answer it" };
	struct buf b = buf_new(WORDS_MAX);

	if (is_blind(v, &o, which))
		return o;
	for (size_t i = 0; i < v->hosts->n * v->addresses; i++) {
		const struct host *h = &v->hosts->v[i % v->hosts->n];
		const char *words;

		/* Of Meilisearch speaks check_search. */
		if (!text_same(h->kind, "meilisearch")
		    && !health_is_good(p, h, v->hosts, &v->visit[i], &words))
			add(&b, v, i, words);
	}
	return finish(p, o, &b, pool_printf(p, "%zu hosts at %s; %s",
	    v->hosts->n, v->address[0], slowest_words(p, v)));
}

struct opinion
check_heartbeat_old(struct pool *p, const struct subject *s)
{
	return judge_health(p, &s->facts->old, NO_OLD);
}

struct opinion
check_heartbeat_new(struct pool *p, const struct subject *s)
{
	return judge_health(p, &s->facts->fresh, NO_NEW);
}

/* The host in a URL, in the pool; "" if there is none. */
static const char *
url_host(struct pool *p, const char *url)
{
	const char *s = url != NULL ? strstr(url, "://") : NULL;

	return s != NULL ? pool_strndup(p, s + 3, strcspn(s + 3, "/:?#"))
	    : "";
}

struct opinion
check_studio_redirect(struct pool *p, const struct subject *s)
{
	const struct tls_facts *f = &s->facts->fresh.page[PAGE_STUDIO];
	const char *lms = hosts_name(s->facts->fresh.hosts, "lms");
	struct opinion o = { .expected = pool_printf(p, "Studio sends who is "
	    "not logged in to %s", lms != NULL ? lms : "the LMS") };
	const char *to;

	if (is_blind(&s->facts->fresh, &o, NO_NEW))
		return o;
	if (hosts_name(s->facts->fresh.hosts, "cms") == NULL) {
		o.verdict = VERIFY_SKIP;
		o.found = "the instance has no Studio";
		return o;
	}
	if (f->stage != TLS_ANSWERED) {
		o.verdict = VERIFY_FAIL;
		o.found = f->why;
		return o;
	}
	to = url_host(p, f->location);
	o.verdict = f->status >= 300 && f->status < 400
	    && text_same_fold(to, lms)
	    ? VERIFY_PASS : VERIFY_FAIL;
	o.found = pool_printf(p, "HTTP %ld%s%s%s", f->status,
	    to[0] != '\0' ? " to " : "", to, o.verdict == VERIFY_FAIL
	    && to[0] != '\0' ? ": its settings name another LMS" : "");
	return o;
}

/* Is the URL's host this one; or, until the switch, the one that the shared
 * database's site configuration names? *final is set then. */
static bool
is_own(struct pool *p, const struct subject *s, const char *url,
    const char *kind, bool *final)
{
	const char *host = url_host(p, url);
	const char *own = hosts_name(s->facts->fresh.hosts, kind);
	const char *later = hosts_name(&s->final, kind);

	if (own == NULL || text_same_fold(host, own))
		return true;
	*final = *final || (later != NULL && text_same_fold(host, later));
	return !subject_is_after(s, PHASE_SWITCH) && later != NULL
	    && text_same_fold(host, later);
}

static void
judge_mfe_config(struct pool *p, const struct subject *s,
    const struct json *j, struct opinion *o)
{
	const char *lms = json_str(j, "LMS_BASE_URL");
	const char *cms = json_str(j, "STUDIO_BASE_URL");
	const char *site = json_str(j, "SITE_NAME");
	const char *name = s->facts->deployed.platform;
	bool final = false;
	bool own = is_own(p, s, lms, "lms", &final)
	    && is_own(p, s, cms, "cms", &final);

	o->found = pool_printf(p, "LMS %s, Studio %s, name %s%s",
	    url_host(p, lms), url_host(p, cms), site != NULL ? site : "none",
	    own && final ? ": the shared database's site configuration "
	    "names the final hosts, as it must until the switch" : "");
	o->verdict = own && !text_empty(site) && (final || name == NULL
	    || text_same(site, name)) ? VERIFY_PASS : VERIFY_FAIL;
}

struct opinion
check_mfe_config(struct pool *p, const struct subject *s)
{
	const struct tls_facts *f = &s->facts->fresh.page[PAGE_MFE_CONFIG];
	struct opinion o = { .verdict = VERIFY_FAIL,
		.expected = "the micro-frontends' configuration names the "
		    "instance's own hosts and name" };
	struct err ignored;
	struct json *j;

	if (is_blind(&s->facts->fresh, &o, NO_NEW))
		return o;
	j = f->stage == TLS_ANSWERED && f->status == 200
	    ? json_parse(f->body, f->body_len, "mfe_config", &ignored) : NULL;
	if (j != NULL)
		judge_mfe_config(p, s, j, &o);
	else
		o.found = f->stage == TLS_ANSWERED ? pool_printf(p, "HTTP %ld"
		    ", no JSON", f->status) : f->why;
	json_free(j);
	return o;
}

/* Any authority that is trusted will do, unless one is named. */
struct opinion
check_issuer(struct pool *p, const struct subject *s)
{
	const struct side *v = &s->facts->fresh;
	struct opinion o = { .expected = pool_printf(p, "certificates are "
	    "from %s", s->issuer_words != NULL ? s->issuer_words : "anybody")
	};
	struct buf b = buf_new(WORDS_MAX);

	if (s->issuer_words == NULL) {
		o.verdict = VERIFY_SKIP;
		o.found = "no issuer is named";
		return o;
	}
	if (is_blind(v, &o, NO_NEW))
		return o;
	for (size_t i = 0; i < v->hosts->n * v->addresses; i++)
		if (v->visit[i].issuer == NULL
		    || strstr(v->visit[i].issuer, s->issuer_words) == NULL)
			add(&b, v, i, v->visit[i].issuer != NULL
			    ? v->visit[i].issuer : v->visit[i].why);
	return finish(p, o, &b, v->visit[0].issuer);
}
