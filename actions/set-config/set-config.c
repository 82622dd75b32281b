/*
 * set-config - change single values of the instance's config.yml.
 *
 * Guide: "Configure", item 11 (DRYDOCK_INIT_JOBS false), and "DNS changes",
 * item 1 (the final host names). Only the bytes of the values change, in the
 * checkout; commit-config commits. A value that is there already is left
 * alone. Run it as often as you like.
 *
 * hosts: the names of the plan become the instance's. A name that Tutor
 * derives from LMS_HOST anyway is taken out, so that it follows; host names
 * that a build has rendered into other values become the final ones too.
 */
#include <stddef.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"
#include "edx/assignment.h"
#include "edx/edit.h"
#include "site/configfile.h"
#include "site/finalhosts.h"
#include "site/hosts.h"
#include "step/step.h"

static struct {
	const char *set, *remove;
	bool hosts;
} in;

static const struct input inputs[] = {
	{ .name = "set", .str = &in.set, .optional = true,
	  .check = assignment_check,
	  .help = "Lines KEY=VALUE; true and false are booleans, digits a "
	    "number, null is null, [a, b] and {a: b} a list and a map, all "
	    "else is text, as is what stands in double quotes; a key with "
	    "dots is a place within maps" },
	{ .name = "remove", .str = &in.remove, .optional = true,
	  .help = "Keys to take out, separated by commas, blanks or line "
	    "ends" },
	{ .name = "hosts", .flag = &in.hosts, .dflt = "false",
	  .places = hosts_places,
	  .help = "Whether to write the final hosts of the plan" },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "lms-host", .help = "LMS_HOST as config.yml has it now" },
	{ 0 }
};

static bool
remove_keys(struct configfile *c, struct err *e)
{
	const char **key = in.remove == NULL ? NULL :
	    text_split(step_common()->pool, in.remove, NULL);

	for (; key != NULL && *key != NULL; key++)
		if (!edit_remove(&c->edit, *key, e))
			return false;
	return true;
}

static bool
run(struct err *e)
{
	struct configfile c;
	bool ok = configfile_open(&c, e);

	if (ok && c.edit.yaml == NULL) {
		ok = configfile_missing(&c, e);
	} else if (ok) {
		ok = (!in.hosts || finalhosts_write(&c, e))
		    && (in.set == NULL
		    || assignment_apply(&c.edit, in.set, e))
		    && remove_keys(&c, e) && configfile_save(&c, e);
		if (ok && yaml_get(c.edit.yaml, "LMS_HOST") != NULL)
			step_output("lms-host", "%s",
			    yaml_get(c.edit.yaml, "LMS_HOST"));
	}
	configfile_close(&c);
	return ok;
}

const struct step step_set_config = {
	.name = "set-config",
	.about = "Change single values of the instance's config.yml",
	.icon = "edit-3",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
