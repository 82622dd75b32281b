/*
 * live - the Application as Argo CD has it; see facts.h.
 */
#include "api/argocd.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "verify/facts.h"
#include "verify/verify.h"

/* The first version that knows automated.enabled. */
enum { KNOWS_MAJOR = 3, KNOWS_MINOR = 1 };

static bool
look(struct pool *p, struct argocd *a, struct live *l, struct err *e)
{
	const struct json *app;
	const char *health, *sync;
	int major, minor;
	bool knows;

	if (!argocd_find_version(a, &major, &minor, e))
		return false;
	app = argocd_find(a, false, e);
	if (app == NULL)
		return false;
	knows = major > KNOWS_MAJOR
	    || (major == KNOWS_MAJOR && minor >= KNOWS_MINOR);
	health = json_str(app, "status.health.status");
	sync = json_str(app, "status.sync.status");
	l->healthy = text_same(health, "Healthy");
	l->synced = text_same(sync, "Synced");
	l->sync_on = argocd_is_automated(app, knows);
	l->words = pool_printf(p, "%s, %s%s%s",
	    health != NULL ? health : "no health",
	    sync != NULL ? sync : "not synced",
	    l->healthy || argocd_unwell(a, 0) == NULL ? "" : ": ",
	    l->healthy || argocd_unwell(a, 0) == NULL ? ""
	    : argocd_unwell(a, 0));
	return true;
}

void
live_find(struct pool *p, const struct subject *s, struct live *l)
{
	struct err e = { 0 };
	struct argocd *a;

	if (s->application.server == NULL || s->application.token == NULL) {
		l->words = "no argocd-server and argocd-token given";
		return;
	}
	l->asked = true;
	a = argocd_open(&s->application, &e);
	l->known = a != NULL && look(p, a, l, &e);
	if (!l->known)
		l->words = pool_strdup(p, e.text);
	argocd_close(a);
}
