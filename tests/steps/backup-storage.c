/*
 * backup-storage on a real S3 server: by the service, through the machine,
 * into a folder; killed, with faults, and with a source that changes. What
 * was copied is judged by the server's own files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/kit/kit.h"
#include "tests/kit/world.h"

#define COPIES "acme/storage-objects"

static char *workspace, *folder;
static const char *data;

/* As any S3 client: curl's own signatures, and its output. */
static char *
ask(const char *method, const char *path, const char *more)
{
	return kit_sh("curl -sS -f -X %s --cacert '%s' --connect-to ::%s:443 "
	    "--aws-sigv4 aws:amz:%s:s3 -u '%s:%s' -H 'x-amz-content-sha256: "
	    "UNSIGNED-PAYLOAD' %s '%s/%s'", method, kit_env("SB_CA_BUNDLE"),
	    kit_env("SB_S3_ADDR"), kit_env("SB_S3_REGION"),
	    kit_env("SB_S3_KEY_ID"), kit_env("SB_S3_SECRET"), more,
	    kit_env("SB_S3"), path);
}

static void
put(const char *key, const char *text)
{
	free(ask("PUT", kit_text("%s/%s", kit_env("SB_S3_BUCKET"), key),
	    kit_text("-H 'content-type: text/x-test' --data-binary '%s'",
	    text)));
}

static void
clear_backups(void)
{
	free(kit_sh("rm -rf '%s/%s'/* '%s/../meta/%s'/*", data,
	    kit_env("SB_S3_BACKUP_BUCKET"), data,
	    kit_env("SB_S3_BACKUP_BUCKET")));
}

static void
set_up(void)
{
	world_begin();
	workspace = world_clone();
	folder = kit_folder();
	data = kit_text("%s/s3/data", kit_env("SB_STATE"));
	clear_backups();
}

static void
tear_down(void)
{
	clear_backups();
	free(ask("DELETE", "acme-openedx/changing", ""));
	free(ask("DELETE", "acme-openedx/added", ""));
	free(folder);
	free(workspace);
	world_end();
}

static void
add_default(const char **all, const char *var)
{
	size_t n = strcspn(var, "=") + 1;

	for (size_t i = 0; all[i] != NULL; i++)
		if (strncmp(all[i], var, n) == 0)
			return;
	kit_add(all, WORLD_VARS, var);
}

/* These, and else the sandbox's buckets. */
static const char **
vars(const char *a, const char *b, const char *c)
{
	const char *given[] = { a, b, c }, *v[4] = { 0 }, **all;
	const char *id = kit_env("SB_S3_KEY_ID"), *at = kit_env("SB_S3");
	const char *secret = kit_env("SB_S3_SECRET");
	const char *region = kit_env("SB_S3_REGION");
	size_t n = 0;

	for (size_t i = 0; i < 3; i++)
		if (given[i] != NULL)
			v[n++] = given[i];
	all = world_vars(workspace, v[0], v[1], v[2], NULL);
	add_default(all, kit_text("storage-endpoint=%s", at));
	add_default(all, kit_text("storage-region=%s", region));
	add_default(all, kit_text("storage-buckets=%s",
	    kit_env("SB_S3_BUCKET")));
	add_default(all, kit_text("storage-key-id=%s", id));
	add_default(all, kit_text("storage-secret-key=%s", secret));
	add_default(all, kit_text("backup-to=s3://%s/daily",
	    kit_env("SB_S3_BACKUP_BUCKET")));
	add_default(all, kit_text("backup-endpoint=%s", at));
	add_default(all, kit_text("backup-region=%s", region));
	add_default(all, kit_text("backup-key-id=%s", id));
	add_default(all, kit_text("backup-secret-key=%s", secret));
	return all;
}

static struct kit_run
run(const char *a, const char *b, const char *c)
{
	struct kit_run r = kit_step("backup-storage", vars(a, b, c));

	kit_lacks(r.out, kit_env("SB_S3_SECRET"));
	return r;
}

static void
expect(const char *a, const char *b, const char *c, const char *status)
{
	struct kit_run r = run(a, b, c);

	ck_assert_msg(r.status == 0, "exit %d: %s", r.status, r.out);
	ck_assert_str_eq(kit_output(&r, "status"), status);
	kit_run_free(&r);
}

static void
expect_failure(const char *a, const char *b, const char *c, int status,
    const char *says)
{
	struct kit_run r = run(a, b, c);

	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	kit_contains(r.out, says);
	kit_run_free(&r);
}

static const char *
backups(void)
{
	return kit_text("%s/%s/daily", data, kit_env("SB_S3_BACKUP_BUCKET"));
}

static int
manifests(const char *where)
{
	return (int)strtol(kit_out("find '%s' -path '*acme/storage/*' -name "
	    "manifest.json 2>/dev/null | wc -l", where), NULL, 10);
}

/* Every file of the source is there with the same bytes, and no other. */
static void
expect_same_objects(void)
{
	free(kit_sh("diff -r -x .sgwtmp '%s/%s' '%s/" COPIES "/'*'/%s'", data,
	    kit_env("SB_S3_BUCKET"), backups(), kit_env("SB_S3_BUCKET")));
	ck_assert_int_eq(manifests(backups()), 1);
}

static const char *
copy_path(const char *key)
{
	return kit_out("cd '%s/%s' && ls -d daily/" COPIES "/*/%s/%s", data,
	    kit_env("SB_S3_BACKUP_BUCKET"), kit_env("SB_S3_BUCKET"), key);
}

static void
expect_kept_facts(void)
{
	char *head = ask("HEAD", kit_text("%s/%s",
	    kit_env("SB_S3_BACKUP_BUCKET"),
	    copy_path("submissions/1/essay.txt")), "-I");

	ck_assert_ptr_nonnull(strcasestr(head, "x-amz-meta-student: 7"));
	ck_assert_ptr_nonnull(strcasestr(head, "content-type: text/plain"));
	ck_assert_ptr_nonnull(strcasestr(head, "filename=a.txt"));
	free(head);
}

START_TEST(a_dry_run_counts_and_writes_nothing)
{
	struct kit_run r = run("dry-run=true", NULL, NULL);

	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_str_eq(kit_output(&r, "status"), "would-change");
	kit_contains(r.out, "bucket acme-openedx: 5 objects, ");
	ck_assert_str_eq(kit_output(&r, "objects"), "5");
	kit_run_free(&r);
	ck_assert_str_eq(kit_out("find '%s' -type f 2>/dev/null | wc -l",
	    backups()), "0");
}
END_TEST

START_TEST(the_service_copies_and_the_next_run_finds_a_young_backup)
{
	expect(NULL, NULL, NULL, "done");
	expect_same_objects();
	expect_kept_facts();
	expect(NULL, NULL, NULL, "unchanged");
	free(kit_sh("git -C '%s' pull -q 2>/dev/null; grep -q storage "
	    "'%s/migrations/acme/record/backup-storage.json'", workspace,
	    workspace));
}
END_TEST

static struct world_proxy
proxy(void)
{
	return world_proxy_start(kit_env("SB_S3_ADDR"), "s3.sandbox.test");
}

START_TEST(where_it_may_not_objects_go_through_the_machine)
{
	struct world_proxy p = proxy();
	char *log;

	expect(kit_text("storage-endpoint=%s", p.url),
	    kit_text("ca-file=%s", p.ca), NULL, "done");
	expect_same_objects();
	expect_kept_facts();
	log = world_proxy_log(&p);
	kit_contains(log, "essay.txt");
	free(log);
	world_proxy_stop(&p);
}
END_TEST

START_TEST(a_folder_holds_the_bytes_and_what_went_along)
{
	const char *to = kit_text("backup-to=file://%s", folder);
	const char *file;

	expect(to, NULL, NULL, "done");
	ck_assert_int_eq(manifests(folder), 1);
	file = kit_out("ls %s/" COPIES "/*/*/submissions%%2F1%%2Fessay.txt",
	    folder);
	free(kit_sh("cmp %s %s/%s/submissions/1/essay.txt", file, data,
	    kit_env("SB_S3_BUCKET")));
	free(kit_sh("grep -iq 'x-amz-meta-student: 7' %s.json", file));
	free(kit_sh("cmp %s/" COPIES "/*/*/export%%2Fcourse.tar.gz "
	    "%s/%s/export/course.tar.gz", folder, data,
	    kit_env("SB_S3_BUCKET")));
	expect(to, NULL, NULL, "unchanged");
}
END_TEST

START_TEST(only_what_has_the_prefix_is_copied)
{
	expect("storage-buckets=acme-openedx/submissions/", NULL, NULL,
	    "done");
	ck_assert_str_eq(kit_out("find '%s/" COPIES "' -type f | wc -l",
	    backups()), "1");
}
END_TEST

/* ---- faults and kills ---- */

START_TEST(killed_at_any_moment_it_is_gone_on_with)
{
	const char *always = "when=always";
	bool by_service = _i % 2 == 0;
	struct world_proxy p = proxy();
	const char *from = by_service ? NULL :
	    kit_text("storage-endpoint=%s", p.url);
	const char *ca = kit_text("ca-file=%s", p.ca);
	struct kit_run r = kit_step_killed("backup-storage",
	    vars(always, from, ca), 20 + 90 * _i);
	bool was_done;

	/* what it claims is so, even if it could not say it any more */
	was_done = manifests(backups()) == 1;
	if (was_done)
		expect_same_objects();
	kit_run_free(&r);
	expect(from, ca, NULL, was_done ? "unchanged" : "done");
	expect_same_objects();
	expect_kept_facts();
	world_proxy_stop(&p);
}
END_TEST

/* Refused, which is not tried again: so the step sees every one. */
static bool
fails_at(struct world_proxy *p, int nth, bool by_service)
{
	const char *from = kit_text("storage-endpoint=%s", p->url);
	const char *to = by_service ? kit_text("backup-endpoint=%s", p->url)
	    : NULL;
	const char *ca = kit_text("ca-file=%s", p->ca);
	struct kit_run r;
	char *log;
	bool seen;

	clear_backups();
	world_proxy_fault(p, kit_text("{\"fault\":\"status\",\"status\":403,"
	    "\"nth\":%d}", nth));
	r = run(from, ca, to);
	log = world_proxy_log(p);
	seen = strstr(log, "\"status\":403") != NULL
	    || strstr(log, "\"status\":\t403") != NULL;
	free(log);
	world_proxy_clear(p);
	if (r.status != 0)
		ck_assert_int_eq(manifests(backups()), 0);
	kit_run_free(&r);
	r = run(from, ca, to);
	ck_assert_msg(r.status == 0, "after request %d: %s", nth, r.out);
	kit_run_free(&r);
	expect_same_objects();
	return seen;
}

START_TEST(any_request_may_be_refused_and_the_next_run_completes)
{
	enum { MOST = 60 };
	struct world_proxy p = proxy();
	int nth = 1;

	while (nth < MOST && fails_at(&p, nth, _i == 0))
		nth++;
	ck_assert_int_gt(nth, 5);
	ck_assert_int_lt(nth, MOST);
	world_proxy_stop(&p);
}
END_TEST

static const char *const lost[] = {
	"\"fault\":\"reset-before\"", "\"fault\":\"reset-after\"",
	"\"fault\":\"status\",\"status\":503",
	"\"fault\":\"status\",\"status\":500,\"processed\":true",
	"\"fault\":\"cut\",\"bytes\":7",
};

START_TEST(what_is_lost_on_the_way_is_asked_again)
{
	struct world_proxy p = proxy();

	for (int nth = 1; nth <= 9; nth += 2)
		world_proxy_fault(&p, kit_text("{%s,\"nth\":%d}", lost[_i],
		    nth));
	expect(kit_text("storage-endpoint=%s", p.url),
	    kit_text("backup-endpoint=%s", p.url),
	    kit_text("ca-file=%s", p.ca), "done");
	expect_same_objects();
	world_proxy_stop(&p);
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
	expect_failure("storage-buckets=no-such-bucket-1", NULL, NULL, 1,
	    "there is no such bucket");
	expect_failure("backup-to=s3://no-such-bucket-2/x", NULL, NULL, 1,
	    "there is no such bucket");
	expect_failure("storage-secret-key=another-secret-1234", NULL, NULL,
	    1, "the secret is not that of the key's id");
	expect_failure("storage-region=mars-1", NULL, NULL, 2,
	    "the bucket is in another region");
	expect_failure("storage-endpoint=https://127.0.0.1:9", NULL, NULL, 1,
	    "can't connect");
	ck_assert_int_eq(manifests(backups()), 0);
}
END_TEST

START_TEST(a_source_that_changed_is_copied_as_it_is_now)
{
	struct kit_run r;

	put("changing", "one");
	r = kit_step_killed("backup-storage", vars(NULL, NULL, NULL), 150);
	kit_run_free(&r);
	put("changing", "two and more");
	put("added", "three");
	expect("when=always", NULL, NULL, "done");
	free(kit_sh("cmp '%s/%s/changing' \"$(ls -d '%s/" COPIES
	    "/'*'/%s/changing' | tail -1)\"", data, kit_env("SB_S3_BUCKET"),
	    backups(), kit_env("SB_S3_BUCKET")));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("backup-storage");
	TCase *t = tcase_create("backup-storage");
	char pid[512];

	snprintf(pid, sizeof(pid), "%s/run/s3.pid", getenv("SB_STATE") != NULL
	    ? getenv("SB_STATE") : "");
	if (access(pid, R_OK) != 0)
		return kit_skip_all("no S3 server in this sandbox: "
		    "tests/sandbox/s3/get has not built it");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 300);
	tcase_add_test(t, a_dry_run_counts_and_writes_nothing);
	tcase_add_test(t,
	    the_service_copies_and_the_next_run_finds_a_young_backup);
	tcase_add_test(t,
	    where_it_may_not_objects_go_through_the_machine);
	tcase_add_test(t, a_folder_holds_the_bytes_and_what_went_along);
	tcase_add_test(t, only_what_has_the_prefix_is_copied);
	tcase_add_loop_test(t, killed_at_any_moment_it_is_gone_on_with, 0,
	    6);
	tcase_add_loop_test(t,
	    any_request_may_be_refused_and_the_next_run_completes, 0, 2);
	tcase_add_loop_test(t, what_is_lost_on_the_way_is_asked_again, 0,
	    sizeof(lost) / sizeof(lost[0]));
	tcase_add_test(t, what_is_wrong_is_said);
	tcase_add_test(t, a_source_that_changed_is_copied_as_it_is_now);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
