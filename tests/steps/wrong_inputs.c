/*
 * Proves for every step that what is missing, malformed or does not fit
 * together, and a plan that can't be read, end with exit 2 and one annotation
 * per mistake, and that nothing was asked: the kernel ends a step that opens
 * a socket, and git only notes that it was started.
 *
 * The steps' own tables say which values are malformed: a number's range, a
 * row's words, its check. A check that is not known here fails the test, so
 * that a new one is not forgotten.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/allowlist.h"
#include "api/atlas.h"
#include "api/aws.h"
#include "api/digitalocean.h"
#include "api/dnshost.h"
#include "api/ec2.h"
#include "api/kube.h"
#include "api/kubeconfig.h"
#include "api/ownaddress.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "db/mongo.h"
#include "step/frame.h"
#include "tests/kit/forbid.h"
#include "tests/kit/kit.h"
#include "site/hosts.h"
#include "verify/report.h"
#include "verify/verify.h"

extern const struct step *const transplant_steps[];

enum { VARS = 160, BAD = 8 };

static const char *folder, *git;	/* files for inputs; PATH */
static const struct step *step;		/* the one under test */

/* ---- what is right and what is wrong ----------------------------------- */

struct kind {
	bool (*check)(const char *, struct err *);
	const char *step, *input;	/* where the check has no name */
	const char *good, *bad[BAD];
};

/* %s is the test's folder. */
static const struct kind kinds[] = {
	{ text_check_name, .good = "acme", .bad = { "Acme", "-a", "a-", "a.b",
	  "../a", "a\nb" } },
	{ text_check_host, .good = "example.test", .bad = { "a..b", "a b",
	  "https://a.test", "a.test.", "-a.test", "a_b.test" } },
	{ text_check_machine, .good = "db.example.test", .bad = { "a b",
	  "db.test:3306", "mysql://a.test", "a/b" } },
	{ text_check_ips, .good = "192.0.2.1, 2001:db8::1", .bad = {
	  "192.0.2", "a.example.test", ",", "192.0.2.1:53" } },
	{ text_check_servers, .good = "127.0.0.1:9", .bad = { "ns1.test",
	  "192.0.2.1:0", ",", "192.0.2.1 ns" } },
	{ text_check_https, .good = "https://127.0.0.1:9", .bad = {
	  "http://a.test", "a.test", "https://u:p@a.test", "https://",
	  "https://a b" } },
	{ text_check_url, .good = "http://127.0.0.1:9", .bad = {
	  "ftp://a.test", "a.test", "http://u@a.test", "http://" } },
	{ text_check_path, .good = "a/config.yml", .bad = { "/etc/passwd",
	  "../a", "a/../b", "a//b" } },
	{ text_check_sha, .good = "0123456789abcdef0123456789abcdef01234567",
	  .bad = { "main", "0123456", "HEAD",
	  "0123456789ABCDEF0123456789ABCDEF01234567" } },
	{ text_check_branch, .good = "main", .bad = { "a b", "a..b", "-a",
	  "a.lock", "a\nb", "a:b" } },
	{ text_check_repository, .good = "owner/name", .bad = { "owner",
	  "owner/", "a/b/c", "https://github.com/a/b", "a/.." } },
	{ file_check_folder, .good = "%s/work", .bad = { "/nowhere",
	  "%s/settings.json" } },
	{ file_check_readable, .good = "%s/settings.json", .bad = {
	  "/nowhere/settings.json", "%s" } },
	{ file_check_certificates, .good = "%s/ca.pem", .bad = {
	  "/nowhere/ca.pem", "%s", "%s/settings.json" } },
	{ hosts_check, .good = "lms=lms.example.test", .bad = { "lms=a..b",
	  "lms=", "a b_c", "," } },
	{ report_check_formats, .good = "text", .bad = { "xls",
	  "text,xls" } },
	{ mongo_check_host, .good = "mongodb://127.0.0.1:9/", .bad = { "a b",
	  "mongodb://", "mongodb://u:p@a.test/", "a.test:27017" } },
	{ kube_check_roots, .good = "-----BEGIN CERTIFICATE-----\nAA==\n"
	  "-----END CERTIFICATE-----", .bad = { "certificate", "Zm9v" } },
	{ kubeconfig_check, .good = "clusters: []", .bad = { "a: [",
	  "- a", "kind: ConfigMap", "users: {}", "Zm9v" } },
	{ dnshost_check_zone_id, .good = "0123456789abcdef0123456789abcdef",
	  .bad = { "/hostedzone/Z1", "a b", "example.org" } },
	{ digitalocean_check_id, .good =
	  "bd5f5959-5e1e-4205-a714-a914373942af", .bad = { "my-cluster",
	  "bd5f59595e1e4205a714a914373942af" } },
	{ .step = "backup-mongodb", .input = "backup-to",
	  .good = "file://%s/work", .bad = { "/srv/backups", "file://",
	  "s3://", "ftp://a.test/b" } },
	{ allowlist_check_sources, .good = "203.0.113.7", .bad = {
	  "a.example.test", "203.0.113.0/33", "2001:db8::1", ",", "sg-x" } },
	{ ec2_check_group, .good = "sg-0123456789abcdef0", .bad = { "sg-",
	  "databases", "sg-0123 4" } },
	{ atlas_check_project, .good = "32b6e34b3d91647abb20e7b8", .bad = {
	  "acme", "32B6E34B3D91647ABB20E7B8" } },
	{ aws_check_region, .good = "eu-west-3", .bad = { "Paris", "eu",
	  "eu_west_3" } },
	{ ownaddress_check, .good = "203.0.113.7", .bad = { "203.0.113.0/24",
	  "2001:db8::1", "here" } },
	{ .step = "backup-mysql", .input = "backup-to",
	  .good = "file://%s/work", .bad = { "/srv/backups", "file://",
	  "s3://", "ftp://a.test/b" } },
	{ .step = "backup-storage", .input = "backup-to",
	  .good = "s3://bucket/prefix", .bad = { "bucket", "s3://" } },
	{ .step = "backup-storage", .input = "storage-buckets",
	  .good = "media", .bad = { "/media", "s3://media", "," } },
	{ .step = "check-backup", .input = "backup-to",
	  .good = "s3://bucket/prefix", .bad = { "bucket", "s3://" } },
	{ .step = "check-backup", .input = "stores",
	  .good = "mysql, storage", .bad = { "mysql redis", "," } },
	{ .step = "restore-check", .input = "backup-to",
	  .good = "s3://bucket/prefix", .bad = { "bucket", "s3://" } },
	{ .step = "commit-config", .input = "paths", .good = "instances/acme",
	  .bad = { "../etc", "a, /etc" } },
	{ .step = "init-plan", .input = "old-repository",
	  .good = "https://127.0.0.1:9/a.git", .bad = { "http://a.test/b.git",
	  "git@a.test:b.git", "/etc" } },
	{ .step = "replicate-config", .input = "old-repository",
	  .good = "https://127.0.0.1:9/a.git", .bad = { "http://a.test/b.git",
	  "git@a.test:b.git", "/etc" } },
	{ .step = "probe-data", .input = "accept", .good = "s3 smtp",
	  .bad = { "ftp", "mysql, redis", "s3 smpt" } },
	{ .step = "verify-instance", .input = "instance-name",
	  .good = "acme", .bad = { "Acme", "acme ../beta", "-a" } },
	{ verify_check_checks, .good = "created", .bad = { "create",
	  "created, hots", "," } },
	{ .step = "set-config", .input = "set", .good = "A=1", .bad = {
	  "no equals sign", "=1", "A=1\nB", "TUTOR_VERSION=v21.0.0" } },
	{ .step = "switch-dns", .input = "new-address", .good = "192.0.2.1",
	  .bad = { "somewhere", "2001:db8::1", "," } },
	{ .step = "set-dns-ttl", .input = "dns-server",
	  .good = "https://127.0.0.1:9", .bad = { "ftp://x", "ns1 ns2" } },
	{ .step = "switch-dns", .input = "dns-server",
	  .good = "https://127.0.0.1:9", .bad = { "ftp://x", "ns1 ns2" } },
	{ .step = "restore-dns", .input = "dns-server",
	  .good = "https://127.0.0.1:9", .bad = { "ftp://x", "ns1 ns2" } },
	{ .step = "switch-dns", .input = "window-from",
	  .good = "2026-11-28T22:00:00Z", .bad = { "tomorrow", "22:00" } },
	{ .step = "switch-dns", .input = "window-until",
	  .good = "2036-11-28T22:00:00Z", .bad = { "tomorrow", "22:00" } },
	{ .step = "dispatch-workflow", .input = "inputs", .good = "A=1",
	  .bad = { "no equals sign", "{\"A\": [1]}", "{\"A\":" } },
};

/* Values that no check needs, but without which a step would not come to
 * its first request. */
static const struct kind fits[] = {
	{ .step = "set-dns-ttl", .input = "dns-zone-id",
	  .good = "0123456789abcdef0123456789abcdef" },
	{ .step = "switch-dns", .input = "dns-zone-id",
	  .good = "0123456789abcdef0123456789abcdef" },
	{ .step = "restore-dns", .input = "dns-zone-id",
	  .good = "0123456789abcdef0123456789abcdef" },
	{ .step = "check-gate", .input = "confirm", .good = "acme" },
	{ .step = "backup-mongodb", .input = "mongodb-databases",
	  .good = "a b" },
	{ .step = "allow-db-access", .input = "mysql-provider",
	  .good = "digitalocean" },
	{ .step = "backup-mysql", .input = "mysql-databases",
	  .good = "a b" },
	{ .step = "restrict-mongodb", .input = "mongodb-user",
	  .good = "an-instance" },
	{ .step = "restrict-mysql", .input = "mysql-user",
	  .good = "an-instance" },
	{ .step = "restrict-mongodb", .input = "mongodb-databases",
	  .good = "a b" },
	{ .step = "restrict-mysql", .input = "mysql-databases",
	  .good = "a b" },
};

static const struct kind *
kind_of(const struct input *in)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (kinds[i].check != NULL ? kinds[i].check == in->check
		    : in->check != NULL && text_same(kinds[i].step,
			step->name) && text_same(kinds[i].input, in->name))
			return &kinds[i];
	ck_assert_msg(in->check == NULL, "%s: say in kinds[] which values of "
	    "%s are malformed", step->name, in->name);
	return NULL;
}

/* With the folder's name in place of %s. */
static const char *
fill(const char *value)
{
	const char *mark = strstr(value, "%s");

	return mark == NULL ? value : kit_text("%.*s%s%s",
	    (int)(mark - value), value, folder, mark + 2);
}

static const char *
good_value(const struct input *in)
{
	const struct kind *k = kind_of(in);

	for (size_t i = 0; i < sizeof fits / sizeof fits[0]; i++)
		if (text_same(fits[i].step, step->name)
		    && text_same(fits[i].input, in->name))
			return fits[i].good;
	if (k != NULL)
		return fill(k->good);
	return in->num != NULL ? kit_text("%ld", in->min)
	    : in->flag != NULL ? "true"
	    : in->oneof != NULL ? in->oneof[0] : "right-value";
}

/* The i-th malformed value of a row, NULL after the last. */
static const char *
bad_value(const struct input *in, int i)
{
	const struct kind *k = kind_of(in);
	const char *const numbers[] = { kit_text("%ld", in->min - 1),
	    kit_text("%ld", in->max + 1), "many", "0x10", "1 s", "1.5",
	    "99999999999999999999", NULL };
	static const char *const flags[] = { "yes", "True", "1", NULL };
	static const char *const words[] = { "nothing-of-the-kind", "a\nb",
	    NULL };

	if (i == 0)
		return "\xff\xfe";	/* no text at all */
	i--;
	if (k != NULL)
		return i < BAD && k->bad[i] != NULL ? fill(k->bad[i]) : NULL;
	return in->num != NULL ? numbers[i] : in->flag != NULL ? flags[i]
	    : in->oneof != NULL ? words[i] : NULL;
}

/* Where a table's rows are several ways to one thing: those of the one that
 * these tests take, and those that must not stand beside it. */
static const char *const one_way[] = { "kube-server", "kube-token", NULL },
    *const other_ways[] = { "kubeconfig", "kubeconfig-file", "kube-context",
	"kube-cluster-id", "digitalocean-token", NULL };

/* In a step that asks both clusters they are old-kube-server and so on. */
static bool
is_in(const char *const *names, const char *name)
{
	if (strncmp(name, "old-k", 5) == 0 || strncmp(name, "new-k", 5) == 0
	    || strncmp(name, "old-d", 5) == 0
	    || strncmp(name, "new-d", 5) == 0)
		name += 4;
	while (*names != NULL && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

/* Mistakes that are of no one row, if nothing is given. */
static int
missing_ways(void)
{
	int n = 0;

	for (const struct input *in = step->inputs; in->name != NULL
	    || in->rows != NULL; in++)
		n += in->together != NULL && !in->optional;
	return n;
}

static bool
is_required(const struct input *in)
{
	return in->dflt == NULL && !in->optional;
}

/* ---- a run ------------------------------------------------------------- */

/* Rows of a step, flat; copies, as those of a shared table may be. */
struct rows {
	struct input row[VARS];
	const struct input *v[VARS];
	size_t n;
};

static void
add_row(const struct input *in, void *arg)
{
	struct rows *rows = arg;

	ck_assert_uint_lt(rows->n, VARS);
	rows->row[rows->n] = *in;
	rows->v[rows->n] = &rows->row[rows->n];
	rows->n++;
}

/* Of the step under test; good until it changes. */
static const struct rows *
rows(void)
{
	static struct rows all;

	all.n = 0;
	frame_each_input(step, add_row, &all);
	return &all;
}

static void
set_up(void)
{
	folder = kit_folder();
	free(kit_sh("mkdir -p '%s/work/.git'", folder));
	kit_write(kit_text("%s/settings.json", folder),
	    "{\"values\": {\"MYSQL_HOST\": \"127.0.0.1\"}}\n");
	kit_write(kit_text("%s/ca.pem", folder),
	    "-----BEGIN CERTIFICATE-----\nAA==\n"
	    "-----END CERTIFICATE-----\n");
	git = forbid_git();
	ck_assert_msg(forbid_sockets(), "this kernel has no seccomp filters");
}

static void
start(const char **vars)
{
	memset(vars, 0, VARS * sizeof *vars);
	kit_add(vars, VARS, "GITHUB_ACTIONS=true");
	kit_add(vars, VARS, kit_text("PATH=%s", git));
}

static void
put(const char **vars, const struct input *in, const char *value)
{
	kit_add(vars, VARS, kit_text("%s=%s", in->name, value));
}

/* Right values for all that is required, but for this row. */
static void
put_required(const char **vars, const struct input *but)
{
	const struct rows *all = rows();

	for (size_t i = 0; i < all->n; i++)
		if (all->v[i] != but && (is_required(all->v[i])
		    || is_in(one_way, all->v[i]->name)
		    || text_same(all->v[i]->name, "workspace")
		    || text_same(all->v[i]->name, "repository")))
			put(vars, all->v[i], good_value(all->v[i]));
}

static int
lines_with(const char *text, const char *part)
{
	int n = 0;

	for (; (text = strstr(text, part)) != NULL; text += strlen(part))
		n++;
	return n;
}

/* Exit 2, this many annotations, and nothing asked. */
static struct kit_run
refused(const char **vars, int mistakes, const char *what)
{
	struct kit_run r = kit_step(step->name, vars);

	ck_assert_msg(r.status != FORBID_SEEN, "%s: %s: it asks for a "
	    "socket: %s", step->name, what, r.out);
	ck_assert_msg(!forbid_git_ran(git), "%s: %s: it starts git: %s",
	    step->name, what, r.out);
	ck_assert_msg(r.status == 2, "%s: %s: exit %d: %s", step->name, what,
	    r.status, r.out);
	ck_assert_msg(lines_with(r.out, "::error ") == mistakes,
	    "%s: %s: not %d annotations: %s", step->name, what, mistakes,
	    r.out);
	ck_assert_str_eq(kit_output(&r, "status"), "wrong-input");
	kit_contains(r.summary, "wrong-input");
	return r;
}

/* ... and this in the annotation. */
static void
is_refused(const char **vars, const char *what, const char *says)
{
	struct kit_run r = refused(vars, 1, what);

	ck_assert_msg(strstr(r.out, says) != NULL, "%s: %s: no \"%s\" in %s",
	    step->name, what, says, r.out);
	free(kit_sh("rm -rf '%s'", r.dir));
	kit_run_free(&r);
}

/* ---- the tests --------------------------------------------------------- */

/* What the other tests rest on: with right values a step does ask. */
START_TEST(a_request_would_be_seen)
{
	const char *vars[VARS];
	struct kit_run r;
	const struct rows *all;

	step = transplant_steps[_i];
	all = rows();
	start(vars);
	for (size_t i = 0; i < all->n; i++)
		if (!text_same(all->v[i]->name, "plan")
		    && !is_in(other_ways, all->v[i]->name))
			put(vars, all->v[i], good_value(all->v[i]));
	r = kit_step(step->name, vars);
	ck_assert_msg(r.status == FORBID_SEEN || forbid_git_ran(git),
	    "%s asks nobody, exit %d: %s", step->name, r.status, r.out);
	kit_lacks(r.out, "input ");
	kit_run_free(&r);
}
END_TEST

START_TEST(each_missing_input_is_told)
{
	const char *vars[VARS];
	struct kit_run r;
	const struct rows *all;
	int missing = 0;

	step = transplant_steps[_i];
	all = rows();
	for (size_t i = 0; i < all->n; i++) {
		if (!is_required(all->v[i]))
			continue;
		missing++;
		start(vars);
		put_required(vars, all->v[i]);
		is_refused(vars, all->v[i]->name, kit_text("input %s is "
		    "missing", all->v[i]->name));
		put(vars, all->v[i], "");
		is_refused(vars, all->v[i]->name, kit_text("input %s is "
		    "missing", all->v[i]->name));
	}
	ck_assert_int_ge(missing, 1);
	start(vars);
	kit_add(vars, VARS, "repository=owner/name");
	r = refused(vars, missing + missing_ways(), "nothing is given");
	kit_run_free(&r);
}
END_TEST

START_TEST(each_malformed_value_is_told)
{
	const char *vars[VARS], *bad;
	const struct rows *all;

	step = transplant_steps[_i];
	all = rows();
	for (size_t i = 0; i < all->n; i++) {
		const struct input *in = all->v[i];

		if (text_same(in->name, "plan"))
			continue;	/* has a test of its own */
		for (int k = 0; (bad = bad_value(in, k)) != NULL; k++) {
			start(vars);
			put_required(vars, in);
			put(vars, in, bad);
			is_refused(vars, kit_text("%s=%s", in->name, bad),
			    kit_text("input %s: ", in->name));
		}
	}
}
END_TEST

START_TEST(all_mistakes_are_told_together)
{
	const char *vars[VARS], *bad;
	struct kit_run r;
	const struct rows *all;
	int mistakes = 0;

	step = transplant_steps[_i];
	all = rows();
	start(vars);
	for (size_t i = 0; i < all->n; i++) {
		if (text_same(all->v[i]->name, "plan"))
			continue;
		bad = bad_value(all->v[i], 1);
		put(vars, all->v[i], bad != NULL ? bad
		    : bad_value(all->v[i], 0));
		mistakes++;
	}
	r = refused(vars, mistakes, "all at once");
	for (size_t i = 0; i < all->n; i++)
		if (!text_same(all->v[i]->name, "plan"))
			kit_contains(r.out, kit_text("input %s: ",
			    all->v[i]->name));
	kit_run_free(&r);
}
END_TEST

/* JSON is YAML: "a.b" becomes {"a": {"b": value}}. */
static void
plan_put(struct json *plan, const char *place, const char *value)
{
	struct pool *p = pool_new();
	size_t dot;

	for (; place[dot = strcspn(place, ".")] == '.'; place += dot + 1) {
		const char *name = pool_strndup(p, place, dot);
		const struct json *part = json_get(plan, name);

		plan = part != NULL ? (struct json *)part
		    : json_add(plan, name, json_object());
	}
	json_set_str(plan, place, value);
	pool_free(p);
}

/* A value of the wrong kind, or a map where a value belongs. */
static int
put_in_plan(struct json *plan, const struct input *in, bool map)
{
	const char *bad = map ? "a value" : bad_value(in, 1);

	if (in->plan == NULL || bad == NULL)
		return 0;
	plan_put(plan, map ? kit_text("%s.a", in->plan) : in->plan, bad);
	return 1;
}

static void
is_refused_in_plan(bool map)
{
	const char *vars[VARS], *path = kit_text("%s/plan.yml", folder);
	struct json *plan = json_object();
	struct buf text = buf_new(1 << 20);
	const struct rows *all = rows();
	struct kit_run r;
	int n, mistakes = 0;

	start(vars);
	kit_add(vars, VARS, kit_text("plan=%s", path));
	for (size_t i = 0; i < all->n; i++) {
		mistakes += n = put_in_plan(plan, all->v[i], map);
		if (n == 0 && (is_required(all->v[i])
		    || is_in(one_way, all->v[i]->name)
		    || text_same(all->v[i]->name, "workspace")
		    || text_same(all->v[i]->name, "repository")))
			put(vars, all->v[i], good_value(all->v[i]));
	}
	json_print(plan, true, &text);
	kit_write(path, buf_str(&text));
	if (mistakes > 0) {
		r = refused(vars, mistakes, "the plan");
		ck_assert_int_eq(lines_with(r.out, "plan: "), mistakes);
		kit_run_free(&r);
	}
	buf_free(&text);
	json_free(plan);
}

START_TEST(what_is_malformed_in_the_plan_is_told_with_its_place)
{
	step = transplant_steps[_i];
	is_refused_in_plan(false);
	is_refused_in_plan(true);
}
END_TEST

START_TEST(a_plan_that_can_not_be_read_is_told)
{
	static const struct {
		const char *text, *says;
	} plans[] = {
		{ NULL, "/nowhere/plan.yml" },
		{ "instance: acme\nhosts: [a, {\n", "plan.yml:" },
		{ "\xff\xfe", "plan.yml" },
		{ "- a\n- b\n", "holds no plan" },
		{ "", "holds no plan" },
		{ "# nothing yet\n", "holds no plan" },
		{ "instance: other\n", "is about instance other, not acme" },
	};
	const char *vars[VARS], *path = kit_text("%s/plan.yml", folder);

	step = transplant_steps[_i];
	for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
		start(vars);
		put_required(vars, NULL);
		if (plans[i].text != NULL)
			kit_write(path, plans[i].text);
		kit_add(vars, VARS, plans[i].text == NULL
		    ? "plan=/nowhere/plan.yml" : kit_text("plan=%s", path));
		is_refused(vars, plans[i].says, plans[i].says);
	}
	start(vars);
	put_required(vars, NULL);
	kit_add(vars, VARS, kit_text("plan=%s", folder));
	is_refused(vars, "a folder as plan", folder);
}
END_TEST

enum { UNFIT_VARS = 5 };

/* Each value alone would do; together, or for this step, they don't. */
static const struct {
	const char *step, *vars[UNFIT_VARS], *says;
} unfit[] = {
	{ "check-gate", { "confirm=other" }, "not \"acme\"" },
	{ "dispatch-workflow", { "workflow-kind=other" }, "workflow: " },
	{ "dispatch-workflow", { "workflow=a.yml", "branch=acme" },
	  "title: " },
	{ "set-dns-ttl", { "low-ttl=61", "high-ttl=60",
	  "hosts=lms=a.example.test" }, "is more than high-ttl" },
	{ "set-dns-ttl", { "hosts=" }, "no host is known" },
	{ "set-dns-ttl", { "hosts=lms=a.example.org" },
	  "does not lie in the zone" },
	{ "switch-dns", { "hosts=" }, "no host is known" },
	{ "switch-dns", { "hosts=lms=a.example.org" },
	  "does not lie in the zone" },
	{ "restrict-mysql", { "mode=restrict", "mysql-host=127.0.0.1",
	  "mysql-user=a", "mysql-databases=b", "old-kube-token=" },
	  "old-running: " },
	{ "restrict-mysql", { "mysql-host=127.0.0.1", "mysql-user=root",
	  "mysql-databases=b" }, "administrator" },
	{ "restrict-mysql", { "mysql-host=127.0.0.1", "mysql-user=a",
	  "mysql-databases=b mysql" }, "belongs to the server" },
	{ "restrict-mongodb", { "mode=restrict", "mongodb-host=127.0.0.1",
	  "mongodb-user=a", "mongodb-databases=b", "old-kube-token=" },
	  "old-running: " },
	{ "restrict-mongodb", { "mongodb-host=127.0.0.1", "mongodb-user=root",
	  "mongodb-databases=b" }, "administrator" },
	{ "restrict-mongodb", { "mongodb-host=127.0.0.1", "mongodb-user=a",
	  "mongodb-databases=b admin" }, "belongs to the server" },
	{ "backup-mysql", { "mysql-host=127.0.0.1", "mysql-user=a",
	  "mysql-databases=b" }, "mysql-admin-password: " },
	{ "backup-mysql", { "settings-file=%s/ca.pem" }, "ca.pem" },
	{ "check-backup", { "backup-region=a" }, "backup-endpoint: " },
	{ "backup-storage", { "storage-buckets=media" },
	  "storage-endpoint: " },
	{ "backup-storage", { "storage-buckets=media",
	  "storage-endpoint=https://127.0.0.1:9" }, "storage-key-id: " },
	{ "backup-mongodb", { "mongodb-host=127.0.0.1", "mongodb-user=a",
	  "mongodb-databases=b Local" }, "belongs to the server" },
	{ "backup-mongodb", { "mongodb-host=127.0.0.1", "mongodb-user=a",
	  "mongodb-databases=" }, "mongodb-databases: " },
	{ "backup-mongodb", { "settings-file=%s/ca.pem" }, "ca.pem" },
	{ "restrict-mysql", { "settings-file=%s/ca.pem" }, "ca.pem" },
	{ "restrict-mongodb", { "settings-file=%s/ca.pem" }, "ca.pem" },
	{ "point-at-data", { "settings-file=%s/ca.pem" }, "ca.pem" },
	{ "verify-instance", { "settings-file=%s/ca.pem",
	  "hosts=lms=a.example.test" }, "ca.pem" },
	{ "verify-instance", { "hosts=" }, "no host is known" },
};

START_TEST(what_does_not_fit_together_is_told)
{
	const char *vars[VARS];
	int i = 0;

	while (!text_same(transplant_steps[i]->name, unfit[_i].step)) {
		i++;
		ck_assert_ptr_nonnull(transplant_steps[i]);
	}
	step = transplant_steps[i];
	start(vars);
	put_required(vars, NULL);
	for (int k = 0; k < UNFIT_VARS && unfit[_i].vars[k] != NULL; k++)
		kit_add(vars, VARS, fill(unfit[_i].vars[k]));
	is_refused(vars, unfit[_i].vars[0], unfit[_i].says);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("wrong_inputs");
	TCase *t = tcase_create("inputs");
	int n = 0;

	while (transplant_steps[n] != NULL)
		n++;
	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, a_request_would_be_seen, 0, n);
	tcase_add_loop_test(t, each_missing_input_is_told, 0, n);
	tcase_add_loop_test(t, each_malformed_value_is_told, 0, n);
	tcase_add_loop_test(t, all_mistakes_are_told_together, 0, n);
	tcase_add_loop_test(t,
	    what_is_malformed_in_the_plan_is_told_with_its_place, 0, n);
	tcase_add_loop_test(t, a_plan_that_can_not_be_read_is_told, 0, n);
	tcase_add_loop_test(t, what_does_not_fit_together_is_told, 0,
	    (int)(sizeof unfit / sizeof unfit[0]));
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
