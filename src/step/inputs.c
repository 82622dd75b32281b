/*
 * inputs - reads a step's inputs: environment, then plan, then default.
 *
 * All mistakes are collected, so that a person mends them in one go.
 */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"
#include "step/frame.h"

enum { VALUE_MAX = 256 * 1024 };	/* a JSON input is the longest */

static struct step_common common;
static const struct step *step;
static struct yaml *plan;
static const char **instances;
static size_t ninstances;
/* Rows with a mistake. */
static struct mistaken {
	const char *name;
	struct mistaken *next;
} *mistaken;

static bool
check_names(const char *list, struct err *e)
{
	struct pool *p = pool_new();
	const char **name = text_split(p, list, NULL);
	bool ok = true;

	for (size_t i = 0; ok && !text_same(list, "*") && (i == 0
	    || name[i] != NULL); i++)
		ok = text_check_name(name[i] != NULL ? name[i] : "", e);
	pool_free(p);
	return ok;
}

static const struct input rows_always[] = {
	{ .name = "instance-name", .str = &common.instance,
	  .check = text_check_name,
	  .help = "Instance, as its folder under instances/ is called" },
	{ .name = "plan", .str = &common.plan, .optional = true,
	  .help = "Plan of the migration; migrations/<instance-name>/plan.yml "
	    "in the workspace is read if it is there" },
	{ .name = "workspace", .str = &common.workspace,
	  .dflt = "$GITHUB_WORKSPACE:-.", .check = file_check_folder,
	  .help = "Checkout of the cluster repository" },
	{ 0 }
};
/* The same where several may be named. */
static const struct input rows_many[] = {
	{ .name = "instance-name", .str = &common.instance,
	  .check = check_names,
	  .help = "Instances, as their folders under instances/ are called; "
	    "* for all that have a plan" },
	{ .name = "plan", .str = &common.plan, .optional = true,
	  .help = "Plan of the migration, of one instance only; "
	    "migrations/<instance-name>/plan.yml in the workspace is read if "
	    "it is there" },
	{ .name = "workspace", .str = &common.workspace,
	  .dflt = "$GITHUB_WORKSPACE:-.", .check = file_check_folder,
	  .help = "Checkout of the cluster repository" },
	{ 0 }
};
static const struct input rows_changes[] = {
	{ .name = "dry-run", .flag = &common.dry_run, .dflt = "true",
	  .help = "Only print what would change" },
	{ 0 }
};
static const struct input rows_net[] = {
	{ .name = "dns-servers", .str = &common.dns_servers, .optional = true,
	  .plan = "network.dns-servers", .list = true,
	  .check = text_check_servers,
	  .help = "Name servers to ask instead of the runner's own, "
	    "separated by commas" },
	{ .name = "ca-file", .str = &common.ca_file, .optional = true,
	  .plan = "network.ca-file", .check = file_check_certificates,
	  .help = "PEM file of certificate authorities to trust instead of "
	    "the runner's own" },
	{ 0 }
};
static const struct input rows_repo[] = {
	{ .name = "branch", .str = &common.branch, .dflt = "main",
	  .check = text_check_branch,
	  .help = "Branch of the cluster repository" },
	{ .name = "repository-token", .str = &common.repository_token,
	  .secret = true, .optional = true,
	  .help = "Token that may push to the cluster repository" },
	{ 0 }
};

const struct step_common *
step_common(void)
{
	return &common;
}

void
step_only_tell(void)
{
	common.dry_run = true;
}

const char *
step_plan_value(const char *path)
{
	return plan != NULL ? yaml_get(plan, path) : NULL;
}

const char *
step_plan_key(const char *path, int i)
{
	return plan != NULL ? yaml_key(plan, path, i) : NULL;
}

static void
each_row(const struct input *rows, bool optional,
    void (*f)(const struct input *, void *), void *arg)
{
	for (const struct input *in = rows; in != NULL
	    && (in->name != NULL || in->rows != NULL); in++) {
		struct input row = *in;

		row.optional = in->optional || (optional && in->dflt == NULL);
		if (in->rows != NULL)
			each_row(in->rows, row.optional, f, arg);
		else
			f(row.optional != in->optional ? &row : in, arg);
	}
}

void
frame_each_input(const struct step *s,
    void (*f)(const struct input *, void *), void *arg)
{
	const struct input *const groups[] = {
		s->uses & STEP_MANY ? rows_many : rows_always,
		s->uses & STEP_CHANGES ? rows_changes : NULL,
		s->inputs,
		s->uses & STEP_NET ? rows_net : NULL,
		s->uses & STEP_REPO ? rows_repo : NULL,
	};

	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
		each_row(groups[i], false, f, arg);
}

void
frame_env_name(const char *name, char *out, size_t size)
{
	size_t n = (size_t)snprintf(out, size, "INPUT_%s", name);

	assert(n < size);
	for (char *p = out; *p != '\0'; p++)
		*p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
}

/*
 * The value from the environment without final line ends, in the pool; NULL
 * if not given. A secret is wiped there: others can read our environment.
 */
static const char *
from_environment(const struct input *in)
{
	char name[128];
	char *value, *copy;
	size_t n;

	frame_env_name(in->name, name, sizeof name);
	value = getenv(name);
	if (value == NULL)
		return NULL;
	n = strlen(value);
	while (n > 0 && (value[n - 1] == '\n' || value[n - 1] == '\r'))
		n--;
	copy = pool_strndup(common.pool, value, n);
	if (in->secret)
		mem_wipe(value, strlen(value));
	return n > 0 ? copy : NULL;
}

/* The plan's value: a scalar as it is, a list's items one a line. */
static const char *
from_plan(const struct input *in)
{
	struct buf b = buf_new(VALUE_MAX);
	const char *item, *value;

	if (plan == NULL || in->plan == NULL)
		return NULL;
	value = yaml_get(plan, in->plan);
	if (value != NULL)
		return *value != '\0' ? pool_strdup(common.pool, value) : NULL;
	for (int i = 0; (item = yaml_item(plan, in->plan, i)) != NULL; i++)
		buf_printf(&b, "%s%s", i > 0 ? "\n" : "", item);
	value = b.len > 0 ? pool_strdup(common.pool, buf_str(&b)) : NULL;
	buf_free(&b);
	return value;
}

/* A map, or a list of other than values, where a value belongs? Or a list
 * where there can be one only? */
static bool
is_unfit_in_plan(const struct input *in)
{
	enum yaml_kind kind = plan != NULL && in->plan != NULL
	    ? yaml_kind(plan, in->plan) : YAML_NONE;
	bool unfit = kind == YAML_MAP || (kind == YAML_SEQ && !in->list);

	for (int i = 0; kind == YAML_SEQ && i < yaml_len(plan, in->plan); i++)
		unfit = unfit || yaml_item(plan, in->plan, i) == NULL;
	return unfit;
}

static const char *
from_default(const struct input *in)
{
	const char *other, *value;

	if (in->dflt == NULL || *in->dflt != '$')
		return in->dflt;
	other = strstr(in->dflt, ":-");
	value = getenv(pool_strndup(common.pool, in->dflt + 1, other != NULL
	    ? (size_t)(other - in->dflt - 1) : strlen(in->dflt + 1)));
	if (!text_empty(value))
		return pool_strdup(common.pool, value);
	return other != NULL ? other + 2 : NULL;
}

static bool
is_one_of(const char *value, const char *const *words, struct err *e)
{
	struct buf b = buf_new(1024);

	for (const char *const *w = words; *w != NULL; w++) {
		if (strcmp(*w, value) == 0) {
			buf_free(&b);
			return true;
		}
		buf_printf(&b, "%s%s", w > words ? ", " : "", *w);
	}
	err_set(e, ERR_INPUT, "\"%.80s\" is not one of: %s", value,
	    buf_str(&b));
	buf_free(&b);
	return false;
}

/* Check the value and put it where it belongs. */
static bool
store(const struct input *in, const char *value, struct err *e)
{
	static const char *const yes_no[] = { "true", "false", NULL };

	if (in->secret)
		(in->mask != NULL ? in->mask : log_mask)(value);
	if (!text_is_utf8(value, strlen(value)))
		return err_set(e, ERR_INPUT, "it is not UTF-8 text");
	if (in->oneof != NULL && !is_one_of(value, in->oneof, e))
		return false;
	if (in->check != NULL && !in->check(value, e))
		return false;
	if (in->num != NULL)
		return text_number(value, in->min, in->max, in->num, e);
	if (in->flag != NULL) {
		if (!is_one_of(value, yes_no, e))
			return false;
		*in->flag = strcmp(value, "true") == 0;
		return true;
	}
	*in->str = value;
	return true;
}

/* Each mistake is one line, whatever value it quotes. */
static void
flatten(char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\n' || *text == '\r')
			*text = ' ';
}

/* false: the row has a mistake, which was appended. */
static bool
read_value(const struct input *in, struct buf *mistakes)
{
	const char *where = "input", *value = from_environment(in);
	struct err e;

	assert((in->str != NULL) + (in->num != NULL) + (in->flag != NULL)
	    == 1);
	assert(!in->secret || (in->plan == NULL && in->str != NULL));
	if (value == NULL && is_unfit_in_plan(in)) {
		buf_printf(mistakes, "plan: %s (for input %s): is %s\n",
		    in->plan, in->name, in->list ? "neither a value nor a "
		    "list of values" : "no value");
		return false;
	}
	if (value == NULL && (value = from_plan(in)) != NULL)
		where = "plan";
	if (value == NULL)
		value = from_default(in);
	if (value == NULL && in->optional)
		return true;
	if (value == NULL) {
		buf_printf(mistakes, "input %s is missing", in->name);
		if (in->plan != NULL)
			buf_printf(mistakes, " (and so is %s in the plan)",
			    in->plan);
		buf_printf(mistakes, ": %s\n", in->help);
		return false;
	}
	if (store(in, value, &e))
		return true;
	flatten(e.text);
	if (*where == 'p')
		buf_printf(mistakes, "plan: %s (for input %s): %s\n",
		    in->plan, in->name, e.text);
	else
		buf_printf(mistakes, "input %s: %s\n", in->name, e.text);
	return false;
}

static void
read_input(const struct input *in, void *arg)
{
	struct mistaken *m;

	if (read_value(in, arg))
		return;
	m = pool_alloc(common.pool, sizeof *m);
	*m = (struct mistaken){ in->name, mistaken };
	mistaken = m;
}

/* Absolute, so that a later change of folder can't matter. */
static const char *
plan_path(void)
{
	if (*common.plan == '/')
		return common.plan;
	return pool_printf(common.pool, "%s/%s", common.workspace,
	    common.plan);
}

/* The plan named by the inputs, or the usual one if it is there. */
static bool
open_plan(const struct step *s, struct buf *mistakes)
{
	bool named = common.plan != NULL;
	struct err e;

	if (!named)
		common.plan = pool_printf(common.pool,
		    "migrations/%s/plan.yml", common.instance);
	common.plan = plan_path();
	if (!named && !file_exists(common.plan)) {
		common.plan = NULL;
		return true;
	}
	plan = yaml_read(common.plan, &e);
	if (plan == NULL)
		return buf_printf(mistakes, "plan: %s\n", e.text) && false;
	if (yaml_kind(plan, "") != YAML_MAP)
		return buf_printf(mistakes, "plan: %s holds no plan: it must "
		    "be a map, such as instance: %s\n", common.plan,
		    common.instance) && false;
	if (*yaml_warnings(plan) != '\0')
		log_warn("plan: %s", yaml_warnings(plan));
	if (yaml_get(plan, "instance") != NULL
	    && !text_same(yaml_get(plan, "instance"), common.instance))
		return buf_printf(mistakes, "plan: %s is about instance %s, "
		    "not %s\n", common.plan, yaml_get(plan, "instance"),
		    common.instance) && false;
	frame_check_plan(plan, s, mistakes);
	return true;
}

/* The rows that say where the plan is must be read before the others. */
static bool
comes_first(const struct input *in)
{
	const struct input *rows = step->uses & STEP_MANY ? rows_many
	    : rows_always;

	return in >= rows
	    && in < rows + sizeof rows_always / sizeof *rows_always;
}

static void
read_first(const struct input *in, void *arg)
{
	if (comes_first(in))
		read_input(in, arg);
}

static void
read_rest(const struct input *in, void *arg)
{
	if (!comes_first(in))
		read_input(in, arg);
}

/* For the next instance. A secret is not in the environment any more, and is
 * the same for all. */
static void
read_again(const struct input *in, void *arg)
{
	if (comes_first(in) || in->secret)
		return;
	if (in->str != NULL)
		*in->str = NULL;
	if (in->num != NULL)
		*in->num = 0;
	if (in->flag != NULL)
		*in->flag = false;
	read_input(in, arg);
}

static bool
has_mistake(const struct input *rows)
{
	for (; rows->name != NULL; rows++)
		for (const struct mistaken *m = mistaken; m != NULL;
		    m = m->next)
			if (strcmp(m->name, rows->name) == 0)
				return true;
	return false;
}

/* Values that are each well may still not fit together. */
static void
check_together(const struct input *rows, bool optional, struct buf *mistakes)
{
	for (const struct input *in = rows; in->name != NULL
	    || in->rows != NULL; in++) {
		struct err e = { 0 };

		if (in->rows == NULL)
			continue;
		check_together(in->rows, optional || in->optional, mistakes);
		if (in->together == NULL || has_mistake(in->rows)
		    || in->together(optional || in->optional, &e))
			continue;
		flatten(e.text);
		buf_printf(mistakes, "%s\n", e.text);
	}
}

static void
set_temp(void)
{
	const char *dir = getenv("RUNNER_TEMP");

	if (text_empty(dir))
		dir = getenv("TMPDIR");
	if (text_empty(dir))
		dir = "/tmp";
	common.temp = pool_printf(common.pool, "%s/transplant/%s", dir,
	    common.instance != NULL ? common.instance : "-");
}

/* All that have a plan, in the order of their names. */
static bool
find_planned(struct buf *mistakes)
{
	const char *folder = pool_printf(common.pool, "%s/migrations",
	    common.workspace);
	struct err unseen;
	const char **name = file_list(common.pool, folder, &unseen);
	size_t k = 0;

	for (size_t i = 0; name != NULL && name[i] != NULL; i++)
		if (text_check_name(name[i], &unseen)
		    && file_exists(pool_printf(common.pool, "%s/%s/plan.yml",
			folder, name[i])))
			name[k++] = name[i];
	if (k == 0)
		return buf_printf(mistakes, "input instance-name: no folder "
		    "under migrations/ has a plan.yml\n") && false;
	name[k] = NULL;
	instances = name;
	ninstances = k;
	return true;
}

/* Whom the inputs name; the first of them is at hand. */
static bool
find_instances(struct buf *mistakes)
{
	if (text_same(common.instance, "*")) {
		if (!find_planned(mistakes))
			return false;
	} else {
		instances = text_split(common.pool, common.instance,
		    &ninstances);
	}
	if (ninstances > 1 && common.plan != NULL)
		return buf_printf(mistakes, "input plan: it is about one "
		    "instance, and %zu are named\n", ninstances) && false;
	common.instance = instances[0];
	return true;
}

bool
frame_read_inputs(const struct step *s, struct buf *mistakes)
{
	common = (struct step_common){ .pool = pool_new() };
	step = s;
	mistaken = NULL;
	frame_each_input(s, read_first, mistakes);
	if (common.instance != NULL && mistakes->len == 0
	    && find_instances(mistakes))
		open_plan(s, mistakes);
	frame_each_input(s, read_rest, mistakes);
	check_together(s->inputs, false, mistakes);
	set_temp();
	return mistakes->len == 0;
}

const char *const *
step_instances(size_t *n)
{
	*n = ninstances;
	return instances;
}

bool
step_take_instance(const char *name, struct err *e)
{
	struct buf mistakes = buf_new(64 * 1024);
	bool ok;

	if (text_same(name, common.instance))
		return true;
	yaml_close(plan);
	plan = NULL;
	common.instance = name;
	common.plan = NULL;
	open_plan(step, &mistakes);
	frame_each_input(step, read_again, &mistakes);
	check_together(step->inputs, false, &mistakes);
	ok = mistakes.len == 0;
	if (!ok) {
		flatten(mistakes.data);
		err_set(e, ERR_INPUT, "%s: %s", name, mistakes.data);
	}
	buf_free(&mistakes);
	return ok;
}

void
frame_release(void)
{
	yaml_close(plan);
	plan = NULL;
	pool_free(common.pool);
	common.pool = NULL;
}
