/*
 * configfile - see configfile.h.
 */
#include "site/configfile.h"

#include <stddef.h>

#include "api/repo.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "data/json.h"
#include "edx/config.h"
#include "step/step.h"
#include "site/checkout.h"

/* Before the file is written: edits are in memory until then. */
static void
show(const char *key, const char *old, const char *now, bool changed)
{
	const char *what = pool_printf(step_common()->pool, "config.yml %s",
	    key);

	if (changed)
		step_change(what, old, now != NULL ? now : "(removed)");
	else
		step_same(what, now != NULL ? now : "(not there)");
}

bool
configfile_open(struct configfile *c, struct err *e)
{
	const struct step_common *in = step_common();
	const char *path;

	*c = (struct configfile){
		.file = config_file(in->pool, in->instance),
		.edit = { .pool = in->pool, .tell = show },
	};
	c->repo = checkout_open(e);
	if (c->repo == NULL)
		return false;
	path = repo_path(c->repo, c->file);
	if (!file_exists(path))
		return true;
	c->edit.yaml = yaml_read(path, e);
	if (c->edit.yaml == NULL)
		return false;
	if (*yaml_warnings(c->edit.yaml) != '\0')
		log_warn("%s", yaml_warnings(c->edit.yaml));
	return config_check(c->edit.yaml, e);
}

void
configfile_close(struct configfile *c)
{
	yaml_close(c->edit.yaml);
	repo_close(c->repo);
}

bool
configfile_missing(const struct configfile *c, struct err *e)
{
	if (!step_common()->dry_run)
		return err_set(e, ERR_NOT_FOUND, "%s: there is no such file "
		    "on the branch %s: create the instance before", c->file,
		    step_common()->branch);
	step_follows(c->file, "dispatch-workflow");
	return true;
}

bool
configfile_keep(struct configfile *c, const char *record,
    const struct json *facts, struct err *e)
{
	const struct step_common *in = step_common();
	struct json *now = repo_record_load(c->repo, in->instance, record, e);
	bool was = now != NULL, same = was && json_same(now, facts);

	json_free(now);
	if (!was && *e->text != '\0')
		return false;
	if (same)
		return true;
	step_change(pool_printf(in->pool, "record %s", record),
	    was ? "(as before)" : NULL, "(kept for later phases)");
	return in->dry_run
	    || repo_record_save(c->repo, in->instance, record, facts, e);
}

bool
configfile_save(struct configfile *c, struct err *e)
{
	const char *text;
	size_t len;

	if (!c->edit.changed || step_common()->dry_run)
		return true;
	if (!config_check(c->edit.yaml, e))
		return false;
	text = yaml_text(c->edit.yaml, &len);
	return repo_write(c->repo, c->file, text, len, e);
}
