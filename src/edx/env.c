/*
 * env - see env.h.
 */
#include "edx/env.h"

#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"

/* drydock renders jobs.yml in any case; what counts is whether the
 * kustomization names it, for that is what is deployed. */
bool
env_find(struct pool *pool, const char *dir, struct env *env, struct err *e)
{
	struct err why = { 0 };
	struct yaml *y = yaml_read(pool_printf(pool,
	    "%s/env/kustomization.yml", dir), &why);

	*env = (struct env){ .rendered = y != NULL };
	for (int i = 0; y != NULL && i < yaml_len(y, "resources"); i++)
		if (text_same(yaml_item(y, "resources", i),
		    "plugins/drydock/k8s/jobs.yml"))
			env->init_jobs = true;
	yaml_close(y);
	if (env->rendered || why.kind == ERR_NOT_FOUND)
		return true;
	*e = why;
	return false;
}
