/*
 * live - Applications as Argo CD has them; see facts.h.
 */
#include "api/argocd.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "verify/facts.h"
#include "verify/verify.h"

/* The first version that knows automated.enabled. */
enum { KNOWS_MAJOR = 3, KNOWS_MINOR = 1 };

/* Does it know automated.enabled? */
static bool
find_version(struct argocd *a, bool *knows, struct err *e)
{
	int major, minor;

	if (!argocd_find_version(a, &major, &minor, e))
		return false;
	*knows = major > KNOWS_MAJOR
	    || (major == KNOWS_MAJOR && minor >= KNOWS_MINOR);
	return true;
}

static void
fill(struct pool *p, struct argocd *a, const struct json *app, bool knows,
    struct live *l)
{
	const char *health = json_str(app, "status.health.status");
	const char *sync = json_str(app, "status.sync.status");
	const char *unwell = argocd_unwell(a, 0);

	l->known = true;
	l->healthy = text_same(health, "Healthy");
	l->synced = text_same(sync, "Synced");
	l->sync_on = argocd_is_automated(app, knows);
	l->words = pool_printf(p, "%s, %s%s%s",
	    health != NULL ? health : "no health",
	    sync != NULL ? sync : "not synced",
	    l->healthy || unwell == NULL ? "" : ": ",
	    l->healthy || unwell == NULL ? "" : unwell);
}

static bool
look(struct pool *p, struct argocd *a, struct live *l, struct err *e)
{
	const struct json *app;
	bool knows;

	if (!find_version(a, &knows, e))
		return false;
	app = argocd_find(a, false, e);
	if (app != NULL)
		fill(p, a, app, knows, l);
	return app != NULL;
}

void
live_find(struct pool *p, const struct subject *s, struct live *l)
{
	struct err e = { 0 };
	struct argocd *a;

	*l = (struct live){ .asked = true };
	a = argocd_open(&s->application, &e);
	if (a == NULL || !look(p, a, l, &e))
		l->words = pool_strdup(p, e.text);
	argocd_close(a);
}

bool
live_can_ask(const struct subject *s)
{
	return s->application.server != NULL && s->application.token != NULL;
}

bool
live_is_together(const struct subject *a, const struct subject *b)
{
	const struct argocd_open *x = &a->application, *y = &b->application;

	return text_same(x->server, y->server)
	    && text_same(x->token, y->token)
	    && text_same(x->project, y->project);
}

static void
pick(struct pool *p, const struct subject *s, const struct json *all,
    bool knows, struct live *l)
{
	struct err unseen;
	struct argocd *a = argocd_open(&s->application, &unseen);
	const struct json *app = a != NULL ? argocd_find_in(a, all) : NULL;

	if (app != NULL)
		fill(p, a, app, knows, l);
	argocd_close(a);
}

void
live_find_all(struct pool *p, const struct subject *const *s, size_t n,
    struct live *l)
{
	struct err e = { 0 };
	struct argocd *a = argocd_open(&s[0]->application, &e);
	struct json *all = NULL;
	bool knows;

	if (a != NULL && find_version(a, &knows, &e))
		all = argocd_find_all(a, &e);
	for (size_t i = 0; i < n; i++)
		l[i] = (struct live){ .asked = true, .words = all == NULL
		    ? pool_strdup(p, e.text) : "" };
	for (size_t i = 0; all != NULL && i < n; i++)
		pick(p, s[i], all, knows, &l[i]);
	json_free(all);
	argocd_close(a);
}
