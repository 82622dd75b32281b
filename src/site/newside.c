/*
 * newside - see newside.h.
 */
#include "site/newside.h"

#include "api/kube.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "edx/settings.h"
#include "site/cluster.h"
#include "site/generation.h"
#include "site/running.h"
#include "step/step.h"

enum { PROBLEMS_MAX = 1800 };

static struct json *
read_settings(struct err *e)
{
	struct buf problems = buf_new(PROBLEMS_MAX);
	struct kube *k = cluster_open(CLUSTER_NEW, e);
	struct json *settings = NULL;
	struct generation g;

	if (k != NULL && generation_find(k, &g, &problems, e))
		settings = running_read(k, &g, false, &problems, e);
	if (settings == NULL && k != NULL && e->kind == ERR_DENIED)
		running_name_missing_rights(k, cluster_space(CLUSTER_NEW),
		    false, e);
	kube_close(k);
	buf_free(&problems);
	return settings;
}

bool
newside_find_mongodb_user(const char **user, struct err *e)
{
	struct json *settings;

	if (!cluster_given(CLUSTER_NEW))
		return err_set(e, ERR_INPUT, "new-kube-token: as whom the "
		    "running site uses MongoDB can't be told without a login "
		    "for the new cluster");
	settings = read_settings(e);
	if (settings == NULL)
		return err_within(e, "as whom the new side uses MongoDB");
	settings_mask(settings);
	*user = settings_value(step_common()->pool, settings,
	    "MONGODB_USERNAME");
	json_free(settings);
	return !text_empty(*user) || err_set(e, ERR_HAND, "the new side uses "
	    "MongoDB as nobody: it has no MONGODB_USERNAME");
}
