/*
 * repo - the cluster repository against real git and a bare repository.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/repo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "data/json.h"
#include "tests/kit/kit.h"

static char *dir;	/* origin.git, work (our checkout), other (theirs) */

#define GIT "git -c user.name=x -c user.email=x@example.test " \
	"-c protocol.file.allow=always "

static void
setup(void)
{
	dir = kit_folder();
	free(kit_sh("cd %s && git init -q --bare -b main origin.git && "
	    GIT "clone -q origin.git other 2>&1 && cd other && "
	    "git checkout -q -B main && mkdir -p instances/acme && "
	    "printf 'A: 1\\nB: 2\\nC: 3\\nD: 4\\nE: 5\\n' "
	    ">instances/acme/config.yml && echo r >README.md && "
	    "git add -A && " GIT "commit -q -m first && "
	    "git push -q origin main && cd .. && "
	    "git clone -q --depth 1 file://$PWD/origin.git work", dir));
}

static void
teardown(void)
{
	free(kit_sh("rm -rf %s", dir));
	free(dir);
}

static struct repo *
open_work(void)
{
	char *work = kit_sh("printf %%s %s/work", dir);
	struct repo_open o = { .dir = work, .branch = "main" };
	struct err e = { 0 };
	struct repo *r = repo_open(&o, &e);

	ck_assert_msg(r != NULL, "%s", e.text);
	free(work);
	return r;
}

static void
theirs(const char *script)
{
	free(kit_sh("cd %s/other && git pull -q --no-rebase origin main && "
	    "{ %s ; } && git add -A && " GIT "commit -q -m theirs && "
	    /* what a killed run's git still does may come between */
	    "{ n=0; until git push -q origin main 2>/dev/null; do "
	    "n=$((n + 1)); [ $n -lt 30 ] || exit 1; sleep 0.2; "
	    GIT "pull -q --rebase origin main; done; }", dir, script));
}

static void
ours(const char *script)
{
	free(kit_sh("cd %s/work && %s", dir, script));
}

static void
says(const char *want, const char *command)
{
	char *got = kit_sh("cd %s && %s", dir, command);

	ck_assert_str_eq(got, want);
	free(got);
}

static void
commit(struct repo *r, char sha[41], bool *changed)
{
	struct err e = { 0 };

	ck_assert_msg(repo_commit(r,
	    (const char *const[]){ "instances/acme", NULL }, "feat: ours",
	    sha, changed, &e), "%s", e.text);
}

START_TEST(opening_moves_to_the_head_of_the_branch)
{
	struct repo *r;

	theirs("echo A: 9 >instances/acme/config.yml; echo n >new");
	r = open_work();
	says("A: 9\n", "cat work/instances/acme/config.yml");
	says("n\n", "cat work/new");
	says("", "git -C work status --porcelain");
	repo_close(r);
}
END_TEST

START_TEST(a_commit_is_pushed_and_the_second_time_there_is_nothing_to_do)
{
	struct repo *r = open_work();
	char sha[41], again[41];
	bool changed;

	ours("sed -i 's/A: 1/A: one/' instances/acme/config.yml");
	commit(r, sha, &changed);
	ck_assert(changed);
	says("A: one\n", "git -C origin.git show main:instances/acme/"
	    "config.yml | head -1");
	says("", "git -C work status --porcelain");
	says("feat: ours github-actions[bot]\n",
	    "git -C origin.git log -1 --format='%s %an' main");
	theirs("echo x >unrelated");
	commit(r, again, &changed);
	ck_assert(!changed);
	ck_assert_str_eq(sha, again);
	repo_close(r);
}
END_TEST

START_TEST(what_others_pushed_meanwhile_is_merged)
{
	struct repo *r = open_work();
	char sha[41];
	bool changed;

	ours("sed -i 's/A: 1/A: one/' instances/acme/config.yml");
	theirs("sed -i 's/E: 5/E: five/' instances/acme/config.yml; "
	    "echo z >z");
	commit(r, sha, &changed);
	ck_assert(changed);
	says("A: one\nB: 2\nC: 3\nD: 4\nE: five\n",
	    "git -C origin.git show main:instances/acme/config.yml");
	says("A: one\nB: 2\nC: 3\nD: 4\nE: five\n",
	    "cat work/instances/acme/config.yml");
	says("z\n", "cat work/z");
	says("", "git -C work status --porcelain");
	repo_close(r);
}
END_TEST

START_TEST(the_same_line_changed_twice_is_a_conflict_and_changes_nothing)
{
	struct repo *r = open_work();
	struct err e = { 0 };
	char sha[41];
	bool changed;

	ours("sed -i 's/A: 1/A: one/' instances/acme/config.yml");
	theirs("sed -i 's/A: 1/A: eins/' instances/acme/config.yml");
	ck_assert(!repo_commit(r,
	    (const char *const[]){ "instances/acme", NULL }, "m", sha,
	    &changed, &e));
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	kit_contains(e.text, "instances/acme/config.yml");
	says("A: eins\n", "git -C origin.git show main:instances/acme/"
	    "config.yml | head -1");
	says("A: one\n", "head -1 work/instances/acme/config.yml");
	says("", "ls work/.git | grep transplant || true");
	repo_close(r);
}
END_TEST

START_TEST(changes_of_an_earlier_step_survive_opening)
{
	struct repo *r;
	char sha[41];
	bool changed;

	ours("sed -i 's/A: 1/A: one/' instances/acme/config.yml");
	theirs("sed -i 's/E: 5/E: five/' instances/acme/config.yml");
	r = open_work();
	says("A: one\n", "head -1 work/instances/acme/config.yml");
	commit(r, sha, &changed);
	says("A: one\nB: 2\nC: 3\nD: 4\nE: five\n",
	    "git -C origin.git show main:instances/acme/config.yml");
	says("", "git -C work status --porcelain");
	repo_close(r);
}
END_TEST

START_TEST(files_may_come_and_go)
{
	struct repo *r = open_work();
	char sha[41];
	bool changed;

	ours("mkdir instances/acme/env && echo e >instances/acme/env/x && "
	    "rm instances/acme/config.yml && echo keep >README.md");
	commit(r, sha, &changed);
	says("instances/acme/env/x\n",
	    "git -C origin.git ls-tree -r --name-only main instances");
	says("r\n", "git -C origin.git show main:README.md");
	says(" M README.md\n", "git -C work status --porcelain");
	repo_close(r);
}
END_TEST

/* Pushes of many at once: each gets through, nothing is lost. */
START_TEST(many_may_commit_at_the_same_time)
{
	enum { MANY = 4 };
	pid_t pid[MANY];

	for (int i = 0; i < MANY; i++)
		free(kit_sh("cd %s && git clone -q --depth 1 "
		    "file://$PWD/origin.git w%d", dir, i));
	for (int i = 0; i < MANY; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			char *work = kit_sh("printf %%s %s/w%d", dir, i);
			struct repo_open o = { .dir = work,
				.branch = "main" };
			struct err e = { 0 };
			struct repo *r = repo_open(&o, &e);
			char sha[41];
			bool changed, ok;

			free(kit_sh("echo %d >%s/w%d/file%d", i, dir, i, i));
			ok = r != NULL && repo_commit(r,
			    (const char *const[]){ ".", NULL }, "m", sha,
			    &changed, &e);
			if (!ok)
				fprintf(stderr, "%s\n", e.text);
			_exit(ok ? 0 : 1);
		}
	}
	for (int i = 0; i < MANY; i++) {
		int status;

		waitpid(pid[i], &status, 0);
		ck_assert_int_eq(status, 0);
	}
	says("file0\nfile1\nfile2\nfile3\n",
	    "git -C origin.git ls-tree --name-only main | grep file");
}
END_TEST

START_TEST(stale_locks_and_a_rebase_left_half_way_are_cleared)
{
	struct repo *r;
	char sha[41];
	bool changed;

	ours("touch -d '1 minute ago' .git/index.lock "
	    ".git/refs/heads/main.lock .git/HEAD.lock && "
	    "mkdir .git/rebase-merge && git rev-parse HEAD >.git/"
	    "rebase-merge/orig-head && cp .git/rebase-merge/orig-head "
	    ".git/rebase-merge/onto && echo refs/heads/main "
	    ">.git/rebase-merge/head-name");
	r = open_work();
	ours("echo A: 7 >instances/acme/config.yml");
	commit(r, sha, &changed);
	ck_assert(changed);
	says("", "find work/.git -name '*.lock'");
	says("", "ls -d work/.git/rebase-* 2>/dev/null || true");
	repo_close(r);
}
END_TEST

/* Killed anywhere: the next run ends with the same state. */
START_TEST(a_kill_at_any_moment_is_made_good_by_the_next_run)
{
	char want[64], sha[41];
	pid_t pid = fork();
	struct repo *r;
	bool changed;

	if (pid == 0) {
		r = open_work();
		ours("sed -i 's/A: 1/A: one/' instances/acme/config.yml");
		commit(r, sha, &changed);
		_exit(0);
	}
	clock_pause(10 + 17 * _i);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	theirs("echo y >y");
	r = open_work();
	ours("sed -i 's/A: 1/A: one/' instances/acme/config.yml");
	commit(r, sha, &changed);
	says("A: one\n", "git -C origin.git show main:instances/acme/"
	    "config.yml | head -1");
	says("1\n", "git -C origin.git log --format=%s main -- "
	    "instances/acme/config.yml | grep -c ours");
	says("", "git -C work status --porcelain");
	says("y\n", "cat work/y");
	snprintf(want, sizeof want, "%.40s\n", repo_head(r));
	says(want, "git -C origin.git rev-parse main");
	repo_close(r);
}
END_TEST

START_TEST(a_record_is_saved_once_and_read_back)
{
	struct repo *r = open_work();
	struct json *j = json_object(), *back;
	struct err e = { 0 };
	char before[41];

	e.text[0] = 'x';
	ck_assert(repo_record_load(r, "acme", "dns", &e) == NULL);
	ck_assert_str_eq(e.text, "");
	json_set_str(j, "host", "courses.example.test");
	ck_assert_msg(repo_record_save(r, "acme", "dns", j, &e), "%s",
	    e.text);
	memcpy(before, repo_head(r), 41);
	ck_assert(repo_record_save(r, "acme", "dns", j, &e));
	ck_assert_str_eq(before, repo_head(r));
	back = repo_record_load(r, "acme", "dns", &e);
	ck_assert(back != NULL && json_same(back, j));
	json_free(back);
	json_free(j);
	says("{\n", "head -1 work/migrations/acme/record/dns.json");
	says("", "git -C work status --porcelain");
	repo_close(r);
}
END_TEST

START_TEST(a_record_can_be_saved_while_other_files_are_changed)
{
	struct repo *r;
	struct json *j = json_object();
	struct err e = { 0 };
	char sha[41];
	bool changed;

	ours("sed -i 's/A: 1/A: one/' instances/acme/config.yml");
	theirs("sed -i 's/E: 5/E: five/' instances/acme/config.yml");
	r = open_work();
	json_set_num(j, "n", 1);
	ck_assert_msg(repo_record_save(r, "acme", "data", j, &e), "%s",
	    e.text);
	json_set_num(j, "n", 2);
	ck_assert_msg(repo_record_save(r, "acme", "data", j, &e), "%s",
	    e.text);
	json_free(j);
	j = repo_record_load(r, "acme", "data", &e);
	ck_assert(j != NULL);
	json_free(j);
	commit(r, sha, &changed);
	says("", "git -C work status --porcelain");
	says("A: one\n", "git -C origin.git show main:instances/acme/"
	    "config.yml | head -1");
	repo_close(r);
}
END_TEST

START_TEST(history_is_fetched_when_a_shallow_checkout_can_not_tell)
{
	struct repo *r;
	char *touched = kit_sh("git -C %s/origin.git rev-parse main", dir);
	char sha[41];
	bool changed;

	touched[40] = '\0';
	theirs("echo 2 >two");
	theirs("echo 3 >three");
	free(kit_sh("cd %s && rm -rf work && git clone -q --depth 1 "
	    "file://$PWD/origin.git work", dir));
	r = open_work();
	/* the end of the clone seems to have made every file */
	commit(r, sha, &changed);
	ck_assert(!changed);
	ck_assert_str_eq(sha, touched);
	free(touched);
	repo_close(r);
}
END_TEST

static enum err_kind
refused(const char *sub, const char *branch, const char *words)
{
	char *work = kit_sh("printf %%s %s/%s", dir, sub);
	struct repo_open o = { .dir = work, .branch = branch };
	struct err e = { 0 };

	ck_assert(repo_open(&o, &e) == NULL);
	kit_contains(e.text, words);
	free(work);
	return e.kind;
}

START_TEST(what_is_no_usable_checkout_is_refused_with_advice)
{
	ck_assert_int_eq(refused("nowhere", "main", "actions/checkout"),
	    ERR_INPUT);
	free(kit_sh("mkdir -p %s/plain && cp -r %s/work/instances %s/sub "
	    "&& git -C %s/work checkout -q -b other", dir, dir, dir, dir));
	ck_assert_int_eq(refused("work", "main", "the checkout is on"),
	    ERR_INPUT);
	ck_assert_int_eq(refused("work/instances", "main", "within"),
	    ERR_INPUT);
	free(kit_sh("git -C %s/work checkout -q main && git -C %s/work remote "
	    "set-url origin ssh://git@example.test/x", dir, dir));
	ck_assert_int_eq(refused("work", "main", "https"), ERR_INPUT);
}
END_TEST

START_TEST(commits_that_only_the_checkout_has_stop_it)
{
	free(kit_sh("cd %s/work && echo q >q && git add q && "
	    GIT "commit -q -m mine", dir));
	ck_assert_int_eq(refused("work", "main", "lacks"), ERR_HAND);
}
END_TEST

START_TEST(hooks_and_configuration_of_the_checkout_do_not_run)
{
	struct repo *r;
	char sha[41];
	bool changed;

	ours("mkdir -p .git/hooks && "
	    "printf '#!/bin/sh\\ntouch %s\\nexit 1\\n' \"$PWD/../hooked\" "
	    ">.git/hooks/pre-push && chmod +x .git/hooks/pre-push && "
	    "cp .git/hooks/pre-push .git/hooks/post-checkout && "
	    "git config core.fsmonitor \"$PWD/.git/hooks/pre-push\"");
	r = open_work();
	ours("echo A: 2 >instances/acme/config.yml");
	commit(r, sha, &changed);
	ck_assert(changed);
	says("no\n", "test -e hooked && echo yes || echo no");
	repo_close(r);
}
END_TEST

START_TEST(line_ends_are_committed_as_they_are)
{
	struct repo *r = open_work();
	char sha[41];
	bool changed;

	ours("git config core.autocrlf true && "
	    "printf 'A: 1\\r\\nB: 2\\r\\n' >instances/acme/config.yml");
	commit(r, sha, &changed);
	says("2\n", "git -C origin.git show main:instances/acme/config.yml | "
	    "grep -c \"$(printf '\\r')\"");
	repo_close(r);
}
END_TEST

START_TEST(one_file_of_another_repository_is_fetched)
{
	char *url = kit_sh("printf file://%%s %s/origin.git",
	    (*dir == '/' ? dir : "$PWD"));
	struct repo_source s = { .url = url, .ref = "main",
		.path = "instances/acme/config.yml", .user = "oauth2" };
	struct buf b = buf_new(1000);
	struct err e = { 0 };

	ck_assert_msg(repo_fetch_file(&s, &b, &e), "%s", e.text);
	ck_assert_str_eq(buf_str(&b), "A: 1\nB: 2\nC: 3\nD: 4\nE: 5\n");
	s.path = "nothing.yml";
	ck_assert(!repo_fetch_file(&s, &b, &e));
	ck_assert_int_eq(e.kind, ERR_NOT_FOUND);
	s.ref = "no-such-branch";
	ck_assert(!repo_fetch_file(&s, &b, &e));
	ck_assert_int_eq(e.kind, ERR_NOT_FOUND);
	buf_free(&b);
	free(url);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("repo");
	TCase *c = tcase_create("repo");

	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, opening_moves_to_the_head_of_the_branch);
	tcase_add_test(c,
	    a_commit_is_pushed_and_the_second_time_there_is_nothing_to_do);
	tcase_add_test(c, what_others_pushed_meanwhile_is_merged);
	tcase_add_test(c,
	    the_same_line_changed_twice_is_a_conflict_and_changes_nothing);
	tcase_add_test(c, changes_of_an_earlier_step_survive_opening);
	tcase_add_test(c, files_may_come_and_go);
	tcase_add_test(c, many_may_commit_at_the_same_time);
	tcase_add_test(c,
	    stale_locks_and_a_rebase_left_half_way_are_cleared);
	tcase_add_loop_test(c,
	    a_kill_at_any_moment_is_made_good_by_the_next_run, 0, 16);
	tcase_add_test(c, a_record_is_saved_once_and_read_back);
	tcase_add_test(c,
	    a_record_can_be_saved_while_other_files_are_changed);
	tcase_add_test(c,
	    history_is_fetched_when_a_shallow_checkout_can_not_tell);
	tcase_add_test(c,
	    what_is_no_usable_checkout_is_refused_with_advice);
	tcase_add_test(c, commits_that_only_the_checkout_has_stop_it);
	tcase_add_test(c,
	    hooks_and_configuration_of_the_checkout_do_not_run);
	tcase_add_test(c, line_ends_are_committed_as_they_are);
	tcase_add_test(c, one_file_of_another_repository_is_fetched);
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
