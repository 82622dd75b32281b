/*
 * check_pages - what the sides show besides their health; see judge.h.
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "site/health.h"
#include "verify/facts.h"
#include "verify/judge.h"

enum { WORDS_MAX = 2000, SAID_MAX = 160, NAMED_MOST = 5 };

static struct opinion
skip(struct opinion o, const char *why)
{
	o.verdict = VERIFY_SKIP;
	o.found = why;
	return o;
}

/* How far a page came, where it is no page. */
static const char *
page_words(struct pool *p, const struct tls_facts *f)
{
	return f->stage == TLS_ANSWERED ? pool_printf(p, "HTTP %ld",
	    f->status) : f->why;
}

static struct json *
page_json(const struct tls_facts *f)
{
	struct err ignored;

	return f->stage == TLS_ANSWERED && f->status == 200
	    ? json_parse(f->body, f->body_len, "page", &ignored) : NULL;
}

/* Each part that is not well, appended. */
static void
name_sick_parts(const char *whose, const struct json *beat, struct buf *b)
{
	for (const struct json *part = json_first(beat); part != NULL;
	    part = json_next(part)) {
		const char *said = json_str(part, "message");
		bool ok = false;

		if (json_bool(part, "status", &ok) && ok)
			continue;
		buf_printf(b, "%s%s: %s: %.*s", b->len > 0 ? "; " : "",
		    whose, json_name(part), SAID_MAX,
		    said != NULL ? said : "not well");
	}
}

struct opinion
check_heartbeat_extended(struct pool *p, const struct subject *s)
{
	static const struct {
		enum page page;
		const char *whose;
	} beats[] = { { PAGE_LMS_EXTENDED, "LMS" },
		{ PAGE_CMS_EXTENDED, "Studio" } };
	const struct side *v = &s->facts->fresh;
	struct opinion o = { .expected = "workers answer, too, and whatever "
	    "else the platform asks of itself" };
	struct buf b = buf_new(WORDS_MAX);
	size_t asked = 0;

	for (size_t i = 0; i < 2; i++) {
		const struct tls_facts *f = &v->page[beats[i].page];
		struct json *j = page_json(f);

		if (!v->asked[beats[i].page])
			continue;
		asked++;
		if (json_len(j) > 0)
			name_sick_parts(beats[i].whose, j, &b);
		else
			buf_printf(&b, "%s%s: %s, no heartbeat",
			    b.len > 0 ? "; " : "", beats[i].whose,
			    page_words(p, f));
		json_free(j);
	}
	o.verdict = b.len > 0 ? VERIFY_FAIL : VERIFY_PASS;
	o.found = b.len > 0 ? pool_strdup(p, buf_str(&b)) : "all is well";
	buf_free(&b);
	return asked > 0 ? o : skip(o, "not asked for (input extended)");
}

struct opinion
check_search(struct pool *p, const struct subject *s)
{
	const struct side *v = &s->facts->fresh;
	struct opinion o = { .verdict = VERIFY_PASS,
		.expected = "Meilisearch is available" };
	size_t asked = 0;

	for (size_t i = 0; i < v->hosts->n * v->addresses; i++) {
		const struct host *h = &v->hosts->v[i % v->hosts->n];
		const char *words;

		if (!text_same(h->kind, "meilisearch"))
			continue;
		asked++;
		if (!health_is_good(p, h, v->hosts, &v->visit[i], &words))
			o.verdict = VERIFY_FAIL;
		if (o.found == NULL || o.verdict == VERIFY_FAIL)
			o.found = pool_printf(p, "%s: %s", h->name, words);
	}
	return asked > 0 ? o : skip(o, "the plan's hosts have none of kind "
	    "meilisearch");
}

/* If any name is answered by the application, its answers prove nothing. */
struct opinion
check_wrong_host(struct pool *p, const struct subject *s)
{
	static const struct host lms = { .kind = "lms", .name = "" };
	const struct side *v = &s->facts->fresh;
	const struct tls_facts *f = &v->page[PAGE_STRANGER];
	struct opinion o = { .verdict = VERIFY_PASS, .expected = "a name that "
	    "nobody has is not answered as the instance" };
	const char *words;

	if (!v->asked[PAGE_STRANGER])
		return skip(o, "the plan has no new.address");
	o.found = page_words(p, f);
	if (f->stage == TLS_ANSWERED
	    && health_is_good(p, &lms, v->hosts, f, &words)) {
		o.verdict = VERIFY_FAIL;
		o.found = "the LMS answers to a host that is not there";
	}
	return o;
}

struct opinion
check_static_asset(struct pool *p, const struct subject *s)
{
	const struct side *v = &s->facts->fresh;
	const struct tls_facts *home = &v->page[PAGE_HOME];
	struct opinion o = { .verdict = VERIFY_PASS, .expected = "a file that "
	    "the LMS's page names is there" };

	if (!v->asked[PAGE_HOME])
		return skip(o, "there is no LMS to look at");
	if (home->stage == TLS_ANSWERED && home->status >= 300
	    && home->status < 400)
		return skip(o, "the LMS's page sends visitors elsewhere");
	if (home->stage != TLS_ANSWERED || home->status != 200) {
		o.verdict = VERIFY_FAIL;
		o.found = pool_printf(p, "the LMS's page: %s",
		    page_words(p, home));
		return o;
	}
	if (v->asset_path == NULL)
		return skip(o, "the LMS's page names nothing under /static/");
	if (!hosts_has(v->hosts, v->asset_host))
		return skip(o, pool_printf(p, "its files are on %s",
		    v->asset_host));
	if (v->asset.stage != TLS_ANSWERED || v->asset.status != 200
	    || v->asset.body_len == 0)
		o.verdict = VERIFY_FAIL;
	o.found = pool_printf(p, "%s: %s%s", v->asset_path, page_words(p,
	    &v->asset), o.verdict == VERIFY_FAIL && v->asset.status == 200
	    ? " with an empty body" : "");
	return o;
}

/* A page that was fetched by HTTPS may name nothing by HTTP. */
struct opinion
check_mixed_content(struct pool *p, const struct subject *s)
{
	static const char *const marks[] = { "src=\"http://",
		"src='http://", "action=\"http://" };
	const struct tls_facts *home = &s->facts->fresh.page[PAGE_HOME];
	struct opinion o = { .verdict = VERIFY_PASS, .expected = "the LMS's "
	    "page loads nothing by HTTP", .found = "nothing" };

	if (home->stage != TLS_ANSWERED || home->status != 200)
		return skip(o, "there is no page to look at");
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		const char *at = strstr(home->body, marks[i]);

		if (at == NULL)
			continue;
		at = strstr(at, "http://");
		o.verdict = VERIFY_FAIL;
		o.found = pool_printf(p, "the page loads %.*s",
		    (int)strcspn(at, "\"' <>\n"), at);
	}
	return o;
}

static const char *
hsts_of(const struct side *v)
{
	for (size_t i = 0; i < v->hosts->n * v->addresses; i++)
		if (text_same(v->hosts->v[i % v->hosts->n].kind, "lms")
		    && v->visit[i].stage == TLS_ANSWERED)
			return v->visit[i].hsts;
	return "";
}

/* Browsers that once saw it do without the site rather than without HTTPS. */
struct opinion
check_hsts(struct pool *p, const struct subject *s)
{
	const char *was = json_str(s->snapshot, "hsts");
	const char *now = hsts_of(&s->facts->fresh);
	struct opinion o = { .verdict = VERIFY_PASS, .expected = "browsers "
	    "are told to use HTTPS only, if the old side told them" };

	if (s->snapshot == NULL)
		return skip(o, "there is no snapshot of the old side");
	o.found = pool_printf(p, "%s, on the old side %s", now[0] != '\0'
	    ? now : "nothing", text_empty(was) ? "nothing" : was);
	if (!text_empty(was) && now[0] == '\0')
		o.verdict = VERIFY_FAIL;
	return o;
}

/* ---- courses ---- */

static bool
has_course(const struct json *catalogue, const char *id)
{
	for (const struct json *c = json_first(json_get(catalogue,
	    "results")); c != NULL; c = json_next(c))
		if (text_same(json_str(c, "course_id"), id))
			return true;
	return false;
}

/* What one side shows and the other does not; how many. */
static size_t
name_missing(const struct json *here, const struct json *there,
    const char *where, struct buf *b)
{
	size_t n = 0;

	for (const struct json *c = json_first(json_get(here, "results"));
	    c != NULL; c = json_next(c)) {
		const char *id = json_str(c, "course_id");

		if (has_course(there, id))
			continue;
		if (n++ < NAMED_MOST)
			buf_printf(b, "%s%s is not on the %s side",
			    b->len > 0 ? "; " : "", id != NULL ? id : "one",
			    where);
	}
	return n;
}

static void
compare_courses(struct pool *p, const struct json *old,
    const struct json *fresh, struct opinion *o)
{
	struct buf b = buf_new(WORDS_MAX);
	double was = -1, now = -1;
	size_t missing;

	(void)json_num(old, "pagination.count", &was);
	(void)json_num(fresh, "pagination.count", &now);
	if (was != now)
		buf_printf(&b, "%.0f courses on the old side, %.0f on the "
		    "new one", was, now);
	missing = name_missing(old, fresh, "new", &b)
	    + name_missing(fresh, old, "old", &b);
	o->verdict = was < 0 || now < 0 ? VERIFY_UNKNOWN
	    : b.len > 0 || missing > 0 ? VERIFY_FAIL : VERIFY_PASS;
	o->found = was < 0 || now < 0 ? "the catalogue says no number"
	    : b.len > 0 ? pool_strdup(p, buf_str(&b)) : pool_printf(p,
	    "%.0f courses on both sides", was);
	buf_free(&b);
}

struct opinion
check_courses(struct pool *p, const struct subject *s)
{
	const struct side *old = &s->facts->old, *fresh = &s->facts->fresh;
	const struct tls_facts *was = &old->page[PAGE_COURSES];
	const struct tls_facts *now = &fresh->page[PAGE_COURSES];
	struct opinion o = { .expected = "the catalogues of both sides show "
	    "the same courses" };
	struct json *a, *b;

	if (!old->asked[PAGE_COURSES] || !fresh->asked[PAGE_COURSES])
		return skip(o, "one side can't be looked at");
	if (was->stage == TLS_ANSWERED && was->status != 200
	    && was->status == now->status)
		return skip(o, pool_printf(p, "neither shows a catalogue: "
		    "HTTP %ld", was->status));
	a = page_json(was);
	b = page_json(now);
	if (a != NULL && b != NULL) {
		compare_courses(p, a, b, &o);
	} else {
		o.verdict = was->stage == TLS_ANSWERED && was->status == 200
		    && now->stage == TLS_ANSWERED && now->status != 200
		    ? VERIFY_FAIL : VERIFY_UNKNOWN;
		o.found = pool_printf(p, "the old side's catalogue: %s; the "
		    "new one's: %s", page_words(p, was), page_words(p, now));
	}
	json_free(a);
	json_free(b);
	return o;
}

/* ---- what must look wrong until the switch ---- */

/* Before the switch the new side has hosts of its own, and the old side's
 * data: so its rows name the final hosts. */
static const char *
temporary_host(const struct subject *s)
{
	const char *have = hosts_name(s->facts->fresh.hosts, "lms");
	const char *want = hosts_name(&s->final, "lms");

	return have != NULL && want != NULL && !text_same_fold(have, want)
	    ? have : NULL;
}

struct opinion
check_site(struct pool *p, const struct subject *s)
{
	const char *have = temporary_host(s);
	const char *want = hosts_name(&s->final, "lms");
	struct opinion o = { .verdict = VERIFY_PASS };

	o.expected = pool_printf(p, "the site's row in the shared database "
	    "is that of %s: on another host its name, theme and links may "
	    "look wrong", want);
	if (have == NULL)
		return skip(o, "the new side has its final hosts");
	o.found = pool_printf(p, "%s is no site of the database: what looks "
	    "wrong there is as it must be until the switch", have);
	return o;
}

struct opinion
check_lti(struct pool *p, const struct subject *s)
{
	const char *have = temporary_host(s);
	struct opinion o = { .verdict = VERIFY_PASS };

	o.expected = pool_printf(p, "LTI tools and consumers know %s, and "
	    "refuse any other host", hosts_name(&s->final, "lms"));
	if (have == NULL)
		return skip(o, "the new side has its final hosts");
	o.found = pool_printf(p, "%s is unknown to them: launches from there "
	    "fail, as they must until the switch", have);
	return o;
}

/* The value of an attribute of the first such element; NULL: none. */
static const char *
attribute(struct pool *p, const char *xml, const char *element,
    const char *name)
{
	const char *at = strstr(xml, element);
	const char *end = at != NULL ? strchr(at, '>') : NULL;
	const char *key = pool_printf(p, " %s=\"", name);
	const char *s = end != NULL ? strstr(at, key) : NULL;

	if (s == NULL || s > end)
		return NULL;
	s += strlen(key);
	return pool_strndup(p, s, strcspn(s, "\""));
}

static const char *
entity_of(struct pool *p, const struct tls_facts *f)
{
	return f->stage == TLS_ANSWERED && f->status == 200
	    ? attribute(p, f->body, "EntityDescriptor", "entityID") : NULL;
}

/* After the switch providers must be sent back to the final host. */
static void
judge_return(struct pool *p, const struct subject *s, const char *entity,
    struct opinion *o)
{
	const char *back = attribute(p,
	    s->facts->fresh.page[PAGE_SAML].body,
	    "AssertionConsumerService", "Location");
	const char *want = pool_printf(p, "https://%s/",
	    hosts_name(&s->final, "lms"));

	o->found = pool_printf(p, "entity %s, back to %s", entity,
	    back != NULL ? back : "nowhere");
	if (back != NULL && text_starts(back, want))
		return;
	o->verdict = VERIFY_FAIL;
}

struct opinion
check_sso(struct pool *p, const struct subject *s)
{
	const struct side *old = &s->facts->old, *fresh = &s->facts->fresh;
	const char *was = entity_of(p, &old->page[PAGE_SAML]);
	const char *now = entity_of(p, &fresh->page[PAGE_SAML]);
	const char *have = temporary_host(s);
	struct opinion o = { .verdict = VERIFY_PASS, .expected = "SAML's "
	    "entity is that of the old side, and providers send visitors "
	    "back to the final host" };

	if (!fresh->asked[PAGE_SAML])
		return skip(o, "there is no LMS to look at");
	if (now == NULL && was == NULL) {
		o.found = "no side offers SAML";
		return o;
	}
	if (now == NULL || (was != NULL && !text_same(was, now))) {
		o.verdict = VERIFY_FAIL;
		o.found = pool_printf(p, "entity %s, on the old side %s",
		    now != NULL ? now : "none", was != NULL ? was : "none");
	} else if (have != NULL) {
		o.found = pool_printf(p, "entity %s; providers refuse %s, as "
		    "they must until the switch", now, have);
	} else {
		judge_return(p, s, now, &o);
	}
	return o;
}
