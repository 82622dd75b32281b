/*
 * snapshot - what the healthy old site is like, for the record; see verify.h.
 *
 * {"taken": "2026-11-23T19:00:00Z", "hsts": "max-age=...", "site": {...},
 *  "courses": 12, "saml": ..., "certificates": {host: {...}}, "names": {host:
 *  {...}}, "deployments": {name: {...}}}
 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "verify/facts.h"
#include "verify/observe.h"
#include "verify/verify.h"

enum { DATE_MAX = 40 };

static void
add_certificates(const struct side *v, struct json *out)
{
	struct json *all = json_add(out, "certificates", json_object());

	for (size_t i = 0; i < v->hosts->n && v->addresses > 0; i++) {
		const struct tls_facts *f = &v->visit[i];
		struct json *one;

		if (f->stage < TLS_SHAKEN)
			continue;
		one = json_add(all, v->hosts->v[i].name, json_object());
		json_set_str(one, "subject", f->subject);
		json_set_str(one, "issuer", f->issuer);
		json_set_str(one, "names", f->names);
		json_set_num(one, "days-left", (double)f->days_left);
	}
}

/* As the zone's first server has them. */
static void
add_names(const struct subject *s, struct json *all)
{
	const struct facts *f = s->facts;

	for (size_t i = 0; i < f->parts; i++)
		add_names(&f->part[i], all);
	for (size_t i = 0; f->zone_known && f->zone.n > 0
	    && i < s->final.n; i++) {
		const struct dns_answer *a = &f->authority[i];
		struct json *one = json_add(all, s->final.v[i].name,
		    json_object());
		struct json *values = json_add(one, "addresses",
		    json_array());

		for (size_t k = 0; k < a->n; k++)
			json_add(values, NULL, json_string(a->value[k]));
		if (a->hops > 0)
			json_set_str(one, "cname", a->hop[0].target);
		json_set_num(one, "ttl", (double)(a->hops > 0
		    ? a->hop[0].ttl : a->ttl));
	}
}

static void
add_deployments(const struct workloads *w, struct json *out)
{
	struct json *all;

	if (!w->known)
		return;
	all = json_add(out, "deployments", json_object());
	for (size_t i = 0; i < w->n; i++) {
		struct json *one = json_add(all, w->v[i].name,
		    json_object());

		json_set_str(one, "template", w->v[i].template);
		json_set_num(one, "replicas", w->v[i].replicas);
	}
}

static void
add_courses(const struct side *v, struct json *out)
{
	const struct tls_facts *f = &v->page[PAGE_COURSES];
	struct err ignored;
	struct json *j = f->stage == TLS_ANSWERED && f->status == 200
	    ? json_parse(f->body, f->body_len, "courses", &ignored) : NULL;
	double n;

	if (json_num(j, "pagination.count", &n))
		json_set_num(out, "courses", n);
	json_free(j);
}

static const char *
hsts_of(const struct side *v)
{
	const struct tls_facts *home = &v->page[PAGE_HOME];

	return home->stage == TLS_ANSWERED ? home->hsts : "";
}

struct json *
verify_snapshot(struct pool *p, const struct subject *s, time_t now,
    struct err *e)
{
	const struct side *v = &s->facts->old;
	const struct workloads *w = &s->facts->old_workloads;
	struct json *site = observe(p, v, NULL);
	struct buf date = buf_new(DATE_MAX);
	struct json *out;

	if (w->asked && !w->known) {
		json_free(site);
		err_set(e, ERR_OTHER, "the old cluster: %s", w->words);
		return NULL;
	}
	if (json_len(site) == 0) {
		json_free(site);
		err_set(e, ERR_OTHER, "the old site's page: %s",
		    v->page[PAGE_HOME].why);
		return NULL;
	}
	out = json_object();
	clock_date(&date, now);
	json_set_str(out, "taken", buf_str(&date));
	buf_free(&date);
	json_set_str(out, "hsts", hsts_of(v));
	json_add(out, "site", site);
	add_courses(v, out);
	add_certificates(v, out);
	add_names(s, json_add(out, "names", json_object()));
	add_deployments(w, out);
	return out;
}
