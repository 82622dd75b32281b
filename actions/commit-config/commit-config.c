/*
 * commit-config - commit and push what the steps before changed.
 *
 * Guide: every "build" item begins with the change being in the cluster
 * repository. One commit on top of the branch's newest state; what others
 * pushed meanwhile is merged, and the push is tried again while they push.
 * The same lines changed by somebody else: it fails and names the file.
 * Run it as often as you like: without changes it tells the commit that
 * an earlier run made under the same message, since a build must contain
 * that one, and not what others (the build itself) committed after it.
 */
#include <stddef.h>

#include "api/repo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "edx/config.h"
#include "step/step.h"
#include "site/configfile.h"

static struct {
	const char *message, *paths;
} in;

static bool
check_paths(const char *text, struct err *e)
{
	struct pool *pool = pool_new();
	const char **path = text_split(pool, text, NULL);
	bool ok = true;

	for (; ok && *path != NULL; path++)
		ok = text_check_path(*path, e);
	pool_free(pool);
	return ok;
}

static const struct input inputs[] = {
	{ .name = "message", .str = &in.message,
	  .dflt = "chore: update the configuration",
	  .help = "First line of the commit message" },
	{ .name = "paths", .str = &in.paths, .dflt = "",
	  .check = check_paths,
	  .help = "Files or folders to commit, separated by commas, blanks "
	    "or line ends; if empty, instances/ and the instance's name" },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "commit", .help = "Commit that made this change; without "
	    "one, the last that touched the paths" },
	{ 0 }
};

static const char *const *
paths_to_commit(void)
{
	struct pool *pool = step_common()->pool;
	const char **paths = text_split(pool, in.paths, NULL);

	if (paths[0] == NULL) {
		paths = pool_alloc(pool, 2 * sizeof *paths);
		paths[0] = pool_printf(pool, "instances/%s",
		    step_common()->instance);
	}
	return paths;
}

/* Show what the commit will hold. *any: there is something. */
static bool
show_changes(struct repo *repo, const char *const *paths, bool *any,
    struct err *e)
{
	const char *const *changed = repo_changed(repo, paths, e);

	if (changed == NULL)
		return false;
	*any = changed[0] != NULL;
	for (; *changed != NULL; changed++)
		step_change(*changed, "(as committed)", "(as changed here)");
	return true;
}

static bool
commit(struct repo *repo, const char *const *paths, struct err *e)
{
	char sha[41];
	bool changed;

	if (!repo_commit(repo, paths, in.message, sha, &changed, e))
		return false;
	if (changed)
		log_info("Pushed %.12s: %s", sha, in.message);
	step_output("commit", "%s", sha);
	return true;
}

static bool
run(struct err *e)
{
	const char *const *paths = paths_to_commit();
	struct configfile c = { 0 };
	bool any = false, ok;

	/* opening also checks that config.yml can be read */
	ok = configfile_open(&c, e)
	    && show_changes(c.repo, paths, &any, e);
	if (ok && !any)
		step_same(paths[0], "(committed)");
	if (ok && any && step_common()->dry_run)
		step_output("commit", "%s", repo_head(c.repo));
	else if (ok)
		ok = commit(c.repo, paths, e);
	configfile_close(&c);
	return ok;
}

const struct step step_commit_config = {
	.name = "commit-config",
	.about = "Commit and push what the steps before changed",
	.icon = "git-commit",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
