/*
 * Applications that come from files.
 */
#include "world_apply.h"

#include <stdlib.h>

#include <cjson/cJSON.h>

#include "argocd.h"
#include "world_child.h"
#include "world_http.h"
#include "world_text.h"

bool
world_is_full(void)
{
	return getenv("SB_APPLY") != NULL;
}

static bool
apply_to_double(const char *path, bool lock)
{
	struct text t = { 0 };
	cJSON *app = NULL;

	if (child_render(&t, "to-json", path, NULL, NULL))
		app = cJSON_Parse(text_str(&t));
	text_free(&t);
	if (app == NULL)
		return false;
	if (lock)
		world_lock();
	argocd_apply(app);
	if (lock)
		world_unlock();
	return true;
}

bool
application_apply(const char *path, bool lock)
{
	const char *argv[] = { getenv("SB_APPLY"), path, NULL };

	return world_is_full() ? child_run(NULL, argv, NULL)
	    : apply_to_double(path, lock);
}
