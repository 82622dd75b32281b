/*
 * step - the frame: inputs from environment, plan and default, outputs,
 * summary, exit status, action.yml.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "step/step.h"
#include "tests/kit/kit.h"

static struct {
	const char *host, *token, *note, *color, *team, *mood;
	long ttl;
	bool force;
} in;

static bool (*deed)(struct err *);

static const char *const colors[] = { "red", "blue", NULL };
/* Rows that several steps share: all may be absent here. */
static const struct input shared[] = {
	{ .name = "team", .str = &in.team, .plan = "team", .help = "Team" },
	{ .name = "mood", .str = &in.mood, .dflt = "calm", .help = "Mood" },
	{ 0 }
};
static const struct input inputs[] = {
	{ .rows = shared, .optional = true },
	{ .name = "host", .str = &in.host, .check = text_check_host,
	  .plan = "hosts.lms", .help = "Host" },
	{ .name = "api-token", .str = &in.token, .secret = true,
	  .help = "Token" },
	{ .name = "note", .str = &in.note, .optional = true,
	  .plan = "notes", .list = true, .help = "Note that isn't needed" },
	{ .name = "color", .str = &in.color, .oneof = colors, .dflt = "red",
	  .help = "Color" },
	{ .name = "ttl", .num = &in.ttl, .min = 1, .max = 60, .dflt = "30",
	  .plan = "dns.ttl", .help = "Seconds" },
	{ .name = "force", .flag = &in.force, .dflt = "false",
	  .help = "Do it" },
	{ 0 }
};
static const struct output outputs[] = {
	{ .name = "result", .help = "What came out" }, { 0 }
};

static bool
run_deed(struct err *e)
{
	return deed(e);
}

static const struct step step = {
	.name = "try-it", .about = "Try the frame", .icon = "box",
	.uses = STEP_CHANGES, .inputs = inputs, .outputs = outputs,
	.run = run_deed,
};

static const struct step many = {
	.name = "try-many", .about = "Try the frame", .icon = "box",
	.uses = STEP_MANY, .inputs = inputs, .outputs = outputs,
	.run = run_deed,
};
static const struct step *tried = &step;

/* Run the frame in a child, as a program would be. */
static struct kit_run
run_step(bool (*f)(struct err *), const char *const *vars)
{
	struct kit_run r = { .dir = kit_folder() };
	char path[4096];
	pid_t pid;
	int w;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		char *argv[] = { "try-it", NULL };

		clearenv();
		snprintf(path, sizeof path, "%s/outputs", r.dir);
		setenv("GITHUB_OUTPUT", path, 1);
		snprintf(path, sizeof path, "%s/summary", r.dir);
		setenv("GITHUB_STEP_SUMMARY", path, 1);
		setenv("GITHUB_ACTIONS", "true", 1);
		setenv("RUNNER_TEMP", r.dir, 1);
		setenv("GITHUB_WORKSPACE", r.dir, 1);
		for (size_t i = 0; vars[i] != NULL; i++)
			putenv(strdup(vars[i]));
		snprintf(path, sizeof path, "%s/log", r.dir);
		if (freopen(path, "w", stdout) == NULL)
			_exit(99);
		deed = f;
		_exit(step_main(tried, 1, argv));
	}
	waitpid(pid, &w, 0);
	r.status = WIFEXITED(w) ? WEXITSTATUS(w) : 128 + WTERMSIG(w);
	snprintf(path, sizeof path, "%s/log", r.dir);
	r.out = kit_read(path);
	snprintf(path, sizeof path, "%s/outputs", r.dir);
	r.outputs = access(path, R_OK) == 0 ? kit_read(path) : strdup("");
	snprintf(path, sizeof path, "%s/summary", r.dir);
	r.summary = access(path, R_OK) == 0 ? kit_read(path) : strdup("");
	return r;
}

static const char *const good[] = { "INPUT_INSTANCE_NAME=acme",
	"INPUT_HOST=lms.example.test", "INPUT_API_TOKEN=hunter22-hunter22",
	NULL };

static bool
show(struct err *e)
{
	(void)e;
	step_output("result", "%s %s %s %ld %d %d", in.host,
	    in.note != NULL ? in.note : "-", in.color, in.ttl, in.force,
	    step_common()->dry_run);
	return true;
}

START_TEST(defaults_fill_what_is_not_given)
{
	struct kit_run r = run_step(show, good);

	ck_assert_int_eq(r.status, 0);
	ck_assert_str_eq(kit_output(&r, "result"),
	    "lms.example.test - red 30 0 1");
	ck_assert_str_eq(kit_output(&r, "status"), "unchanged");
	kit_run_free(&r);
}
END_TEST

static bool
show_shared(struct err *e)
{
	(void)e;
	step_output("result", "%s %s", in.team != NULL ? in.team : "-",
	    in.mood);
	return true;
}

START_TEST(shared_rows_are_read_like_others_and_may_be_optional)
{
	const char *vars[8] = { good[0], good[1], good[2], NULL };
	struct kit_run r = run_step(show_shared, vars);

	ck_assert_int_eq(r.status, 0);
	ck_assert_str_eq(kit_output(&r, "result"), "- calm");
	kit_run_free(&r);
	vars[3] = "INPUT_TEAM=ops";
	vars[4] = "INPUT_MOOD=glad";
	vars[5] = NULL;
	r = run_step(show_shared, vars);
	ck_assert_str_eq(kit_output(&r, "result"), "ops glad");
	kit_run_free(&r);
}
END_TEST

START_TEST(the_environment_wins_over_the_plan_and_the_plan_over_the_default)
{
	struct kit_run r = { .dir = kit_folder() };
	char plan[4096], var[4200];
	const char *vars[] = { "INPUT_INSTANCE_NAME=acme",
		"INPUT_API_TOKEN=hunter22-hunter22", "INPUT_TTL=7", var,
		NULL };

	snprintf(plan, sizeof plan, "%s/plan.yml", r.dir);
	snprintf(var, sizeof var, "INPUT_PLAN=%s", plan);
	kit_write(plan, "instance: acme\nhosts:\n  lms: from.plan.test\n"
	    "dns:\n  ttl: 11\nnotes: [a, b]\n");
	free(r.dir);
	r = run_step(show, vars);
	ck_assert_int_eq(r.status, 0);
	ck_assert_str_eq(kit_output(&r, "result"),
	    "from.plan.test a\nb red 7 0 1");
	kit_run_free(&r);
}
END_TEST

START_TEST(a_plan_of_another_instance_is_refused)
{
	char *dir = kit_folder(), plan[4096], var[4200];
	const char *vars[] = { "INPUT_INSTANCE_NAME=acme", "INPUT_HOST=a.b",
		"INPUT_API_TOKEN=hunter22-hunter22", var, NULL };
	struct kit_run r;

	snprintf(plan, sizeof plan, "%s/plan.yml", dir);
	snprintf(var, sizeof var, "INPUT_PLAN=%s", plan);
	kit_write(plan, "instance: beta\n");
	r = run_step(show, vars);
	ck_assert_int_eq(r.status, 2);
	kit_contains(r.out, "about instance beta, not acme");
	kit_run_free(&r);
	free(dir);
}
END_TEST

/* Each with what is said of it; a NULL is well. */
static const struct {
	const char *plan, *says;
} keys[] = {
	{ "dns: {low-ttl: 5}\nhosts: {lms: a.b, shop.eu: c.d}\n", NULL },
	{ "x-ticket: OPS-1\nold:\n  x-who: {name: Ada}\n  kube:\n", NULL },
	{ "workflows: {inputs: {create: {ANY: 1}}}\n", NULL },
	{ "dns:\n  lowttl: 5\n", "plan: line 2: dns.lowttl is nothing that a "
	  "step reads; did you mean dns.low-ttl?" },
	{ "mysq: {host: a}\n", "line 1: mysq is nothing that a step reads; "
	  "did you mean mysql?" },
	{ "low-ttl: 5\n", "did you mean dns.low-ttl?" },
	{ "dns: {wonderful: 1}\n", "dns.wonderful is nothing that a step "
	  "reads; a note for people begins with x-" },
	{ "old: 192.0.2.1\n", "line 1: old is no value: it holds others" },
	{ "mysql: {host: {name: a}, hsot: b}\n", "did you mean mysql.host?" },
	{ "old.address: 192.0.2.1\n", "old\\.address is nothing" },
	{ "dns: {ttl: [1, 2]}\n", "plan: dns.ttl (for input ttl): is no "
	  "value" },
};

START_TEST(a_key_of_the_plan_that_no_step_reads_is_a_mistake)
{
	char *dir = kit_folder(), plan[4096], var[4200];
	const char *vars[] = { "INPUT_INSTANCE_NAME=acme", "INPUT_HOST=a.b",
		"INPUT_API_TOKEN=hunter22-hunter22", var, NULL };
	struct kit_run r;

	snprintf(plan, sizeof plan, "%s/plan.yml", dir);
	snprintf(var, sizeof var, "INPUT_PLAN=%s", plan);
	kit_write(plan, keys[_i].plan);
	r = run_step(show, vars);
	ck_assert_msg(r.status == (keys[_i].says != NULL ? 2 : 0), "%s: %s",
	    keys[_i].plan, r.out);
	if (keys[_i].says != NULL)
		kit_contains(r.out, keys[_i].says);
	kit_run_free(&r);
	free(dir);
}
END_TEST

/* What each instance's inputs are, in turn. */
static bool
show_each(struct err *e)
{
	size_t n;
	const char *const *name = step_instances(&n);

	for (size_t i = 0; i < n; i++) {
		if (!step_take_instance(name[i], e))
			return false;
		printf("<%s %s %ld %s %s>\n", step_common()->instance,
		    in.host, in.ttl, in.note != NULL ? in.note : "none",
		    in.token != NULL ? "token" : "no token");
	}
	return true;
}

static void
write_plan(const char *dir, const char *name, const char *text)
{
	char path[4096];
	struct err e = { 0 };

	snprintf(path, sizeof path, "%s/migrations/%s", dir, name);
	ck_assert_msg(file_ensure_dir(path, &e), "%s", e.text);
	snprintf(path, sizeof path, "%s/migrations/%s/plan.yml", dir, name);
	kit_write(path, text);
}

static struct kit_run
run_many(const char *dir, const char *names)
{
	char workspace[4200], instances[256];
	const char *vars[] = { instances, workspace,
		"INPUT_API_TOKEN=hunter22-hunter22", NULL };
	struct kit_run r;

	snprintf(workspace, sizeof workspace, "INPUT_WORKSPACE=%s", dir);
	snprintf(instances, sizeof instances, "INPUT_INSTANCE_NAME=%s",
	    names);
	tried = &many;
	r = run_step(show_each, vars);
	tried = &step;
	return r;
}

START_TEST(many_instances_have_each_the_inputs_of_its_plan)
{
	static const char *const names[] = { "*", "acme, beta", "beta acme" };
	char *dir = kit_folder();
	struct kit_run r;

	write_plan(dir, "beta", "hosts: {lms: b.example}\n");
	write_plan(dir, "acme", "hosts: {lms: a.example}\n"
	    "dns: {ttl: 5}\nnotes: hello\n");
	r = run_many(dir, names[_i]);
	ck_assert_msg(r.status == 0, "%s", r.out);
	kit_contains(r.out, "<acme a.example 5 hello token>");
	kit_contains(r.out, "<beta b.example 30 none token>");
	ck_assert((strstr(r.out, "<acme") < strstr(r.out, "<beta"))
	    == (_i < 2));
	kit_run_free(&r);
	free(dir);
}
END_TEST

START_TEST(a_mistake_in_a_later_plan_names_its_instance)
{
	char *dir = kit_folder();
	struct kit_run r;

	write_plan(dir, "acme", "hosts: {lms: a.example}\n");
	write_plan(dir, "beta", "hosts: {lms: b.example}\ndns: {ttl: 99}\n");
	r = run_many(dir, "*");
	ck_assert_int_eq(r.status, 2);
	kit_contains(r.out, "<acme a.example 30");
	kit_contains(r.out, "beta: plan: dns.ttl");
	kit_run_free(&r);
	free(dir);
}
END_TEST

/* What is no list of instances, and what is said of it. */
static const struct {
	const char *names, *says;
} lists[] = {
	{ "*", "no folder under migrations/ has a plan.yml" },
	{ ",", "instance-name" }, { "acme, ../x", "instance-name" },
};

START_TEST(what_names_no_instance_is_a_wrong_input)
{
	char *dir = kit_folder();
	struct kit_run r = run_many(dir, lists[_i].names);

	ck_assert_int_eq(r.status, 2);
	kit_contains(r.out, lists[_i].says);
	kit_run_free(&r);
	free(dir);
}
END_TEST

START_TEST(an_unreadable_plan_is_a_wrong_input)
{
	const char *vars[] = { "INPUT_INSTANCE_NAME=acme", "INPUT_HOST=a.b",
		"INPUT_API_TOKEN=hunter22-hunter22",
		"INPUT_PLAN=/nowhere/plan.yml", NULL };
	struct kit_run r = run_step(show, vars);

	ck_assert_int_eq(r.status, 2);
	kit_contains(r.out, "/nowhere/plan.yml");
	ck_assert_str_eq(kit_output(&r, "status"), "wrong-input");
	kit_run_free(&r);
}
END_TEST

static int
count(const char *text, const char *part)
{
	int n = 0;

	for (; (text = strstr(text, part)) != NULL; text++)
		n++;
	return n;
}

START_TEST(all_mistakes_are_told_at_once_one_annotation_each)
{
	static const char *const vars[] = { "INPUT_INSTANCE_NAME=Acme",
		"INPUT_COLOR=green", "INPUT_TTL=0", "INPUT_FORCE=yes",
		"INPUT_HOST=a b", NULL };
	struct kit_run r = run_step(show, vars);

	ck_assert_int_eq(r.status, 2);
	ck_assert_int_eq(count(r.out, "::error title=try-it::"), 6);
	kit_contains(r.out, "input api-token is missing");
	kit_contains(r.out, "\"green\" is not one of: red, blue");
	kit_contains(r.out, "from 1 to 60");
	kit_contains(r.out, "\"yes\" is not one of: true, false");
	ck_assert_str_eq(kit_output(&r, "status"), "wrong-input");
	kit_contains(r.summary, "try-it: wrong-input");
	kit_run_free(&r);
}
END_TEST

START_TEST(an_empty_input_is_not_given)
{
	static const char *const vars[] = { "INPUT_INSTANCE_NAME=acme",
		"INPUT_HOST=", "INPUT_API_TOKEN=\n", NULL };
	struct kit_run r = run_step(show, vars);

	ck_assert_int_eq(r.status, 2);
	ck_assert_int_eq(count(r.out, "::error"), 2);
	kit_run_free(&r);
}
END_TEST

static bool
leak(struct err *e)
{
	step_output("result", "token %s", in.token);
	step_change("token", NULL, in.token);
	step_summary("- %s\n", in.token);
	log_info("it is %s", in.token);
	return err_set(e, ERR_OTHER, "bad token %s", in.token);
}

START_TEST(a_secret_reaches_no_log_output_summary_or_error)
{
	struct kit_run r = run_step(leak, good);
	char *said = strstr(r.out, "::add-mask::hunter22-hunter22\n");

	ck_assert_int_eq(r.status, 1);
	ck_assert_ptr_nonnull(said);
	ck_assert_int_eq(count(r.out, "hunter22-"),
	    count(r.out, "::add-mask::hunter22-"));
	kit_lacks(r.outputs, "hunter22");
	kit_lacks(r.summary, "hunter22");
	kit_contains(r.summary, "***");
	ck_assert_str_eq(kit_output(&r, "status"), "failed");
	kit_run_free(&r);
}
END_TEST

/* What others can read of our environment; kit_sh needs a running test. */
static bool
look_at_own_environment(struct err *e)
{
	char all[65536];
	FILE *f = fopen("/proc/self/environ", "r");
	size_t n = f != NULL ? fread(all, 1, sizeof all, f) : 0;

	(void)e;
	step_output("result", "%s",
	    memmem(all, n, "INPUT_API_TOKEN", 15) != NULL
	    && memmem(all, n, "hunter22", 8) == NULL ? "wiped"
	    : "still there");
	return f != NULL && fclose(f) == 0;
}

START_TEST(a_secret_is_wiped_from_the_environment)
{
	/* only what exec gave us lies there: so run a program */
	char *got = kit_sh("INPUT_API_TOKEN=hunter22-hunter22 "
	    "INPUT_INSTANCE_NAME=acme INPUT_HOST=a.b GITHUB_OUTPUT= "
	    "GITHUB_STEP_SUMMARY= WIPE_TEST=1 /proc/%d/exe", (int)getpid());

	kit_contains(got, "wiped");
	free(got);
}
END_TEST

static bool
change(struct err *e)
{
	(void)e;
	step_change("a|b", "old", "new");
	step_same("c", "d");
	step_output("result", "line 1\nend_of_value=x<<y\nline 3");
	return true;
}

START_TEST(a_dry_run_says_what_would_be)
{
	struct kit_run r = run_step(change, good);

	ck_assert_str_eq(kit_output(&r, "status"), "would-change");
	kit_contains(r.out, "a|b: would be new (was old)");
	kit_contains(r.summary, "dry run: nothing was changed");
	kit_contains(r.summary, "| a\\|b | new | old |");
	kit_run_free(&r);
}
END_TEST

START_TEST(a_real_run_says_what_is)
{
	const char *vars[6] = { good[0], good[1], good[2],
		"INPUT_DRY_RUN=false", NULL };
	struct kit_run r = run_step(change, vars);

	ck_assert_str_eq(kit_output(&r, "status"), "done");
	ck_assert_str_eq(kit_output(&r, "result"),
	    "line 1\nend_of_value=x<<y\nline 3");
	kit_contains(r.out, "a|b: new (was old)");
	kit_contains(r.out, "c: already so: d");
	kit_run_free(&r);
}
END_TEST

static bool
follow(struct err *e)
{
	(void)e;
	step_follows("config.yml", "dispatch-workflow");
	return true;
}

START_TEST(what_an_earlier_step_would_make_is_followed)
{
	struct kit_run r = run_step(follow, good);

	ck_assert_int_eq(r.status, 0);
	ck_assert_str_eq(kit_output(&r, "status"), "would-change");
	kit_contains(r.summary, "follows dispatch-workflow");
	kit_run_free(&r);
}
END_TEST

static bool
fail_for_hand(struct err *e)
{
	return err_set(e, ERR_HAND, "ask a person");
}

static bool
fail_for_input(struct err *e)
{
	return err_set(e, ERR_INPUT, "no such zone");
}

START_TEST(the_kind_of_an_error_becomes_status_and_exit)
{
	struct kit_run r = run_step(fail_for_hand, good);

	ck_assert_int_eq(r.status, 1);
	ck_assert_str_eq(kit_output(&r, "status"), "needs-hand");
	kit_run_free(&r);
	r = run_step(fail_for_input, good);
	ck_assert_int_eq(r.status, 2);
	ck_assert_str_eq(kit_output(&r, "status"), "wrong-input");
	ck_assert_int_eq(count(r.out, "::error title=try-it::no such zone"),
	    1);
	kit_run_free(&r);
}
END_TEST

static bool
read_stdin(struct err *e)
{
	char c;

	(void)e;
	step_output("result", "%zd", read(0, &c, 1));
	return true;
}

static bool
say_too_much(struct err *e)
{
	(void)e;
	step_output("result", "%*s", 600 * 1024, "x");
	return true;
}

START_TEST(an_output_that_does_not_fit_is_an_error_and_not_cut)
{
	struct kit_run r = run_step(say_too_much, good);

	ck_assert_int_eq(r.status, 1);
	ck_assert_str_eq(kit_output(&r, "status"), "failed");
	ck_assert_ptr_null(kit_output(&r, "result"));
	kit_contains(r.out, "output result is larger than");
	kit_contains(r.summary, "output result is larger than");
	kit_run_free(&r);
}
END_TEST

static bool
change_much(struct err *e)
{
	char text[2200];

	(void)e;
	for (size_t i = 0; i + 2 < sizeof text; i += 2)
		memcpy(text + i, "\xc3\xa9", 3);
	for (int i = 0; i < 300; i++)
		step_change("object", i % 2 == 0 ? text : text + 2, text);
	step_change("x", text, text);
	return true;
}

START_TEST(a_summary_that_does_not_fit_says_so_and_ends_with_a_line)
{
	struct kit_run r = run_step(change_much, good);
	size_t n = strlen(r.summary);

	ck_assert(text_is_utf8(r.summary, n));
	ck_assert_int_eq(count(r.summary, "\n| object"),
	    count(r.summary, " |\n") - 1);
	kit_contains(r.summary, "More than fits here");
	kit_run_free(&r);
}
END_TEST

START_TEST(stdin_is_never_waited_for)
{
	struct kit_run r = run_step(read_stdin, good);

	ck_assert_str_eq(kit_output(&r, "result"), "0");
	kit_run_free(&r);
}
END_TEST

static bool
write_secret(struct err *e)
{
	const char *path = step_secret_file("settings.json", "{}", e);

	if (path == NULL)
		return false;
	step_output("result", "%s", path);
	return true;
}

START_TEST(a_secret_result_is_a_file_for_us_alone)
{
	struct kit_run r = run_step(write_secret, good);
	char *mode;

	ck_assert_int_eq(r.status, 0);
	mode = kit_sh("stat -c %%a '%s'", kit_output(&r, "result"));
	ck_assert_str_eq(mode, "600\n");
	kit_contains(kit_output(&r, "result"), "/transplant/acme/");
	free(mode);
	kit_run_free(&r);
}
END_TEST

int
main(int argc, char **argv)
{
	Suite *s = suite_create("step");
	TCase *t = tcase_create("step");

	if (getenv("WIPE_TEST") != NULL) {
		setenv("GITHUB_OUTPUT", "/dev/stdout", 1);
		deed = look_at_own_environment;
		return step_main(tried, argc, argv);
	}
	suite_add_tcase(s, t);
	tcase_add_test(t, defaults_fill_what_is_not_given);
	tcase_add_test(t,
	    shared_rows_are_read_like_others_and_may_be_optional);
	tcase_add_test(t,
	    the_environment_wins_over_the_plan_and_the_plan_over_the_default);
	tcase_add_test(t, a_plan_of_another_instance_is_refused);
	tcase_add_loop_test(t,
	    a_key_of_the_plan_that_no_step_reads_is_a_mistake, 0,
	    (int)(sizeof keys / sizeof *keys));
	tcase_add_loop_test(t, many_instances_have_each_the_inputs_of_its_plan,
	    0, 3);
	tcase_add_test(t, a_mistake_in_a_later_plan_names_its_instance);
	tcase_add_loop_test(t, what_names_no_instance_is_a_wrong_input, 0, 3);
	tcase_add_test(t, an_unreadable_plan_is_a_wrong_input);
	tcase_add_test(t,
	    all_mistakes_are_told_at_once_one_annotation_each);
	tcase_add_test(t, an_empty_input_is_not_given);
	tcase_add_test(t, a_secret_reaches_no_log_output_summary_or_error);
	tcase_add_test(t, a_secret_is_wiped_from_the_environment);
	tcase_add_test(t, a_dry_run_says_what_would_be);
	tcase_add_test(t, a_real_run_says_what_is);
	tcase_add_test(t, what_an_earlier_step_would_make_is_followed);
	tcase_add_test(t, the_kind_of_an_error_becomes_status_and_exit);
	tcase_add_test(t,
	    an_output_that_does_not_fit_is_an_error_and_not_cut);
	tcase_add_test(t,
	    a_summary_that_does_not_fit_says_so_and_ends_with_a_line);
	tcase_add_test(t, stdin_is_never_waited_for);
	tcase_add_test(t, a_secret_result_is_a_file_for_us_alone);
	return kit_main(s, NULL);
}
