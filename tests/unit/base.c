/*
 * base - errors, memory, text, files, children, jobs, clock and log.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/together.h"
#include "tests/kit/kit.h"

START_TEST(an_error_gets_context_before_its_text)
{
	struct err e;

	ck_assert(!err_set(&e, ERR_NOT_FOUND, "no %s", "zone"));
	ck_assert(!err_within(&e, "host %s", "a.test"));
	ck_assert_str_eq(e.text, "host a.test: no zone");
	ck_assert_int_eq(e.kind, ERR_NOT_FOUND);
}
END_TEST

START_TEST(a_long_error_is_cut_between_characters)
{
	char big[ERR_TEXT_MAX + 10];
	struct err e;

	for (size_t i = 0; i + 2 < sizeof big; i += 2)
		memcpy(big + i, "\xc3\xa9", 3);
	for (int shift = 0; shift < 4; shift++) {
		err_set(&e, ERR_OTHER, "%.*s%s", shift, "xxx", big);
		ck_assert(text_is_utf8(e.text, strlen(e.text)));
		err_within(&e, "%.*s", shift + 1, "yyyy");
		ck_assert(text_is_utf8(e.text, strlen(e.text)));
		ck_assert_uint_lt(strlen(e.text), ERR_TEXT_MAX);
	}
}
END_TEST

START_TEST(a_buffer_takes_its_limit_and_says_what_was_lost)
{
	struct buf b = buf_new(5);
	struct err e;

	ck_assert_str_eq(buf_str(&b), "");
	ck_assert(buf_puts(&b, "abc"));
	ck_assert(buf_check(&b, "x", &e));
	ck_assert(!buf_printf(&b, "%d", 12345));
	ck_assert_str_eq(buf_str(&b), "abc12");
	ck_assert(!buf_putc(&b, '!'));
	ck_assert(!buf_check(&b, "the answer", &e));
	ck_assert_str_eq(e.text, "the answer is larger than 5 bytes");
	buf_clear(&b);
	ck_assert(buf_add(&b, "12345", 5));
	buf_free(&b);
}
END_TEST

START_TEST(a_pool_keeps_everything_until_it_is_freed)
{
	struct pool *p = pool_new();
	char *s[300];

	for (int i = 0; i < 300; i++)
		s[i] = pool_printf(p, "%0*d", i * 7 + 1, i);
	for (int i = 0; i < 300; i++)
		ck_assert_int_eq(strtol(s[i], NULL, 10), i);
	ck_assert_ptr_null(pool_strdup(p, NULL));
	pool_free(p);
	pool_free(NULL);
}
END_TEST

START_TEST(numbers_are_whole_and_within_their_range)
{
	static const char *const bad[] = { "", "-", "1x", " 1", "+1", "0x10",
		"99", "-1", "1e3", "9999999999999999999999", NULL };
	struct err e;
	long n = 7;

	for (int i = 0; bad[i] != NULL; i++)
		ck_assert_msg(!text_number(bad[i], 0, 50, &n, &e), "%s",
		    bad[i]);
	ck_assert_int_eq(n, 7);
	ck_assert_int_eq(e.kind, ERR_INPUT);
	ck_assert(text_number("-5", -5, 50, &n, &e));
	ck_assert_int_eq(n, -5);
}
END_TEST

static void
takes(bool (*check)(const char *, struct err *), const char *const *good,
    const char *const *bad)
{
	struct err e;

	for (; *good != NULL; good++)
		ck_assert_msg(check(*good, &e), "refused: %s", *good);
	for (; *bad != NULL; bad++) {
		ck_assert_msg(!check(*bad, &e), "taken: %s", *bad);
		ck_assert_int_eq(e.kind, ERR_INPUT);
	}
}

START_TEST(values_from_people_are_checked)
{
	static const char *const names[] = { "a", "acme", "a-1", NULL };
	static const char *const no_names[] = { "", "A", "1a", "a-", "a_b",
		"a/b", "a b", "../a", "a\nb",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaa", NULL };
	static const char *const hosts[] = { "a", "lms.example.org",
		"xn--bcher-kva.example", NULL };
	static const char *const no_hosts[] = { "", ".", "a.", "-a.b", "a..b",
		"a b", "https://a.b", "b\xc3\xbc.de", NULL };
	static const char *const urls[] = { "https://a.b/c", NULL };
	static const char *const no_urls[] = { "http://a.b", "https://",
		"https://u:p@a.b/", "https://a b", "ftp://a", NULL };
	static const char *const paths[] = { "a", "a/b.yml", ".a/b", NULL };
	static const char *const no_paths[] = { "", "/a", "a/../b", "..",
		"a//b", "a\nb", NULL };
	static const char *const branches[] = { "main", "a/b", NULL };
	static const char *const no_branches[] = { "", "-x", "a..b", "a b",
		"a.lock", "a~1", "/a", "a/", "a.lock/b", "@", NULL };

	takes(text_check_name, names, no_names);
	takes(text_check_host, hosts, no_hosts);
	takes(text_check_https, urls, no_urls);
	takes(text_check_path, paths, no_paths);
	takes(text_check_branch, branches, no_branches);
}
END_TEST

START_TEST(a_refused_url_is_not_repeated_since_it_may_hold_a_password)
{
	struct err e;

	ck_assert(!text_check_https("https://u:hunter22@a.b/", &e));
	kit_lacks(e.text, "hunter22");
}
END_TEST

START_TEST(lists_are_split_at_commas_blanks_and_lines)
{
	struct pool *p = pool_new();
	size_t n;
	const char **v = text_split(p, " a,b\n\tc ,, d\n", &n);

	ck_assert_uint_eq(n, 4);
	ck_assert_str_eq(v[0], "a");
	ck_assert_str_eq(v[3], "d");
	ck_assert_ptr_null(v[4]);
	ck_assert_ptr_null(text_split(p, "", NULL)[0]);
	ck_assert_ptr_null(text_split(p, NULL, NULL)[0]);
	pool_free(p);
}
END_TEST

START_TEST(base64_goes_both_ways)
{
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg==" },
		{ "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" } };
	static const char *const bad[] = { "Z", "Zg=", "Zg==Z", "Z!==", "====",
		"Zm9v=", NULL };
	struct err e;

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct buf a = buf_new(100), b = buf_new(100);

		text_base64(&a, pairs[i][0], strlen(pairs[i][0]));
		ck_assert_str_eq(buf_str(&a), pairs[i][1]);
		ck_assert(text_unbase64(pairs[i][1], &b, &e));
		ck_assert_str_eq(buf_str(&b), pairs[i][0]);
		buf_free(&a);
		buf_free(&b);
	}
	for (int i = 0; bad[i] != NULL; i++) {
		struct buf b = buf_new(100);

		ck_assert_msg(!text_unbase64(bad[i], &b, &e), "%s", bad[i]);
		buf_free(&b);
	}
}
END_TEST

START_TEST(utf8_is_told_from_bytes)
{
	ck_assert(text_is_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10));
	ck_assert(!text_is_utf8("\xc3", 1));
	ck_assert(!text_is_utf8("\xc0\xaf", 2));
	ck_assert(!text_is_utf8("\xed\xa0\x80", 3));
	ck_assert(!text_is_utf8("\xf5\x80\x80\x80", 4));
	ck_assert(!text_is_utf8("a\0b", 3));
}
END_TEST

START_TEST(markdown_cells_hold_any_text)
{
	struct buf b = buf_new(200);

	text_markdown(&b, "a|b`c`<d>\n[e](f)");
	ck_assert_str_eq(buf_str(&b), "a\\|b\\`c\\`&lt;d><br>\\[e\\](f)");
	buf_free(&b);
}
END_TEST

START_TEST(a_file_is_replaced_whole_and_keeps_its_mode)
{
	char *dir = kit_folder(), path[4096];
	struct buf b = buf_new(100);
	struct stat st;
	struct err e;

	snprintf(path, sizeof path, "%s/f", dir);
	ck_assert(file_replace(path, "one", 3, 0600, &e));
	chmod(path, 0640);
	ck_assert(file_replace(path, "two\0x", 5, 0600, &e));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0640);
	ck_assert(file_read(path, &b, &e));
	ck_assert_uint_eq(b.len, 5);
	ck_assert(file_append(path, "!", 1, &e));
	buf_clear(&b);
	ck_assert(file_read(path, &b, &e));
	ck_assert_uint_eq(b.len, 6);
	buf_free(&b);
	b = buf_new(3);
	ck_assert(!file_read(path, &b, &e));
	kit_contains(e.text, "larger than 3 bytes");
	ck_assert(file_remove(path, &e));
	ck_assert(file_remove(path, &e));
	ck_assert(!file_read(path, &b, &e));
	ck_assert_int_eq(e.kind, ERR_NOT_FOUND);
	buf_free(&b);
	free(dir);
}
END_TEST

static bool
run_child(const char *script, const char *input, const char *secret,
    long seconds, struct buf *out, int *status, struct err *e)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	const char *env[] = { "GREETING=hello", "LC_ALL=C", NULL };
	struct child c = { .argv = argv, .env = env, .input = input,
		.input_len = input != NULL ? strlen(input) : 0,
		.secret = secret,
		.secret_len = secret != NULL ? strlen(secret) : 0,
		.deadline = clock_deadline(seconds), .out = out,
		.errout = out };

	return child_run(&c, status, e);
}

START_TEST(a_child_gets_only_what_it_is_given)
{
	struct buf out = buf_new(4096);
	struct err e;
	int status;

	setenv("INPUT_TOKEN", "not-for-children", 1);
	setenv("LC_ALL", "xx_YY", 1);
	ck_assert(run_child("cat; echo $GREETING; cat /dev/fd/3; env; exit 3",
	    "in\n", "secret\n", 10, &out, &status, &e));
	ck_assert_int_eq(status, 3);
	kit_contains(buf_str(&out), "in\nhello\nsecret\n");
	kit_lacks(buf_str(&out), "not-for-children");
	kit_contains(buf_str(&out), "LC_ALL=C\n");
	kit_lacks(buf_str(&out), "xx_YY");
	buf_free(&out);
}
END_TEST

START_TEST(a_child_that_hangs_is_stopped_with_its_own_children)
{
	struct buf out = buf_new(4096);
	struct err e;
	int status, pid;

	ck_assert(!run_child("sleep 77 & echo $!; sleep 77", NULL, NULL, 1,
	    &out, &status, &e));
	ck_assert_int_eq(e.kind, ERR_TIMEOUT);
	pid = (int)strtol(buf_str(&out), NULL, 10);
	ck_assert_int_gt(pid, 1);
	for (int i = 0; i < 100 && kill(pid, 0) == 0; i++) {
		char *state = kit_sh("grep -c '^State:.Z' /proc/%d/status "
		    "2>/dev/null || true", pid);
		bool dead = *state == '1' || *state == '\0';

		free(state);
		if (dead)
			break;
		clock_pause(20);
		ck_assert_int_lt(i, 99);
	}
	buf_free(&out);
}
END_TEST

START_TEST(a_missing_program_is_named)
{
	const char *argv[] = { "no-such-program", NULL };
	struct child c = { .argv = argv, .deadline = clock_deadline(5) };
	struct err e;
	int status;

	ck_assert(!child_run(&c, &status, &e));
	ck_assert_int_eq(e.kind, ERR_NOT_FOUND);
	kit_contains(e.text, "no-such-program is not installed");
}
END_TEST

START_TEST(a_child_killed_by_a_signal_says_so)
{
	struct err e;
	int status;

	ck_assert(run_child("kill -9 $$", NULL, NULL, 5, NULL, &status, &e));
	ck_assert_int_eq(status, 128 + 9);
}
END_TEST

static struct child_stream *
open_child(const char *script, enum child_way way, struct buf *out,
    struct buf *errout)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct child c = { .argv = argv, .out = out, .errout = errout };
	struct err e = { 0 };
	struct child_stream *s = child_open(&c, way, &e);

	ck_assert_msg(s != NULL, "%s", e.text);
	return s;
}

START_TEST(a_stream_is_read_as_it_comes)
{
	struct buf errout = buf_new(100);
	struct child_stream *s = open_child("head -c 3000000 /dev/zero; "
	    "echo no >&2; exit 4", CHILD_READ, NULL, &errout);
	char part[10000];
	size_t n = 1, all = 0;
	struct err e = { 0 };
	int status = -1;

	while (n > 0) {
		ck_assert(child_read(s, part, sizeof part, &n,
		    clock_deadline(10), &e));
		all += n;
	}
	ck_assert_uint_eq(all, 3000000);
	ck_assert(child_close(s, &status, clock_deadline(10), &e));
	ck_assert_int_eq(status, 4);
	ck_assert_str_eq(buf_str(&errout), "no\n");
	buf_free(&errout);
}
END_TEST

START_TEST(a_stream_is_written_as_it_is_read)
{
	struct buf out = buf_new(100), errout = buf_new(100);
	struct child_stream *s = open_child("wc -c; echo done >&2",
	    CHILD_WRITE, &out, &errout);
	static char part[100000];
	struct err e = { 0 };
	int status = -1;

	for (int i = 0; i < 30; i++)
		ck_assert(child_write(s, part, sizeof part,
		    clock_deadline(10), &e));
	ck_assert(child_close(s, &status, clock_deadline(10), &e));
	ck_assert_int_eq(status, 0);
	kit_contains(buf_str(&out), "3000000");
	ck_assert_str_eq(buf_str(&errout), "done\n");
	buf_free(&out);
	buf_free(&errout);
}
END_TEST

START_TEST(a_stream_that_stalls_or_ends_early_is_an_error)
{
	struct child_stream *s = open_child("sleep 77", CHILD_READ, NULL,
	    NULL);
	static char part[100000];
	struct err e = { 0 };
	size_t n;
	bool ok = true;
	int status;

	ck_assert(!child_read(s, part, sizeof part, &n, clock_now() + 50,
	    &e));
	ck_assert_int_eq(e.kind, ERR_TIMEOUT);
	child_abort(s);
	signal(SIGPIPE, SIG_IGN);
	s = open_child("exit 3", CHILD_WRITE, NULL, NULL);
	for (int i = 0; i < 30 && ok; i++)
		ok = child_write(s, part, sizeof part, clock_deadline(10),
		    &e);
	ck_assert(!ok);
	ck_assert(child_close(s, &status, clock_deadline(10), &e));
	ck_assert_int_eq(status, 3);
	child_abort(NULL);
}
END_TEST

START_TEST(a_child_s_status_is_told_though_its_end_was_to_be_ignored)
{
	struct err e;
	int status;

	signal(SIGCHLD, SIG_IGN);
	ck_assert(run_child("exit 3", NULL, NULL, 5, NULL, &status, &e));
	ck_assert_int_eq(status, 3);
}
END_TEST

START_TEST(a_child_is_not_run_with_a_part_of_its_input)
{
	static const struct rlimit little = { 1000, RLIM_INFINITY };
	static const struct rlimit any = { RLIM_INFINITY, RLIM_INFINITY };
	char input[5000] = "";
	struct err e;
	int status;
	bool ok;

	memset(input, 'x', sizeof input - 1);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &little);
	ok = run_child("true", input, NULL, 5, NULL, &status, &e)
	    || run_child("true", NULL, input, 5, NULL, &status, &e);
	setrlimit(RLIMIT_FSIZE, &any);
	ck_assert(!ok);
}
END_TEST

/* Some answer at once, and much; one dies; one hangs. */
static void
do_something(void *arg, size_t i, struct buf *answer)
{
	const int *big = arg;

	if (i == 5)
		abort();
	if (i == 6)
		pause();
	for (int k = 0; k < *big; k++)
		buf_printf(answer, "%zu", i);
}

START_TEST(jobs_hand_back_what_they_find_and_nothing_else)
{
	int big = 200000;
	struct together *t = together_begin(do_something, &big, 7, 3,
	    clock_now() + 3000);

	together_wait(t);
	for (size_t i = 0; i < 5; i++) {
		const struct buf *b = together_answer(t, i);

		ck_assert_ptr_nonnull(b);
		ck_assert_uint_eq(b->len, 200000);
		ck_assert_int_eq(b->data[0], '0' + (int)i);
	}
	ck_assert_ptr_null(together_answer(t, 5));
	ck_assert_ptr_null(together_answer(t, 6));
	together_free(t);
	together_free(NULL);
	t = together_begin(do_something, &big, 0, 3, clock_now() + 100);
	together_wait(t);
	together_free(t);
}
END_TEST

START_TEST(dates_go_both_ways)
{
	struct buf b = buf_new(40);

	clock_date(&b, 1795412400);
	ck_assert_str_eq(buf_str(&b), "2026-11-23T05:40:00Z");
	ck_assert_int_eq(clock_parse("2026-11-23T05:40:00Z"), 1795412400);
	ck_assert_int_eq(clock_parse("2026-11-23T05:40:00.123456Z"),
	    1795412400);
	ck_assert_int_eq(clock_parse("2026-11-23"), -1);
	ck_assert_int_eq(clock_parse("2026-11-23T05:40:00"), -1);
	buf_free(&b);
}
END_TEST

/* What f prints to stdout. */
static char *
printed_by(void (*f)(void))
{
	char *dir = kit_folder(), path[4096], *text;
	int was = dup(1);

	snprintf(path, sizeof path, "%s/out", dir);
	fflush(stdout);
	ck_assert_ptr_nonnull(freopen(path, "w", stdout));
	f();
	fflush(stdout);
	dup2(was, 1);
	text = kit_read(path);
	free(dir);
	return text;
}

static void
say_secrets(void)
{
	log_mask("s3cr3t/pass word\"");
	log_mask("first-line\nsecond-line");
	log_mask("ab");
	log_info("raw s3cr3t/pass word\" percent s3cr3t%%2Fpass%%20word%%22");
	log_info("base64 czNjcjN0L3Bhc3Mgd29yZCI= json s3cr3t/pass word\\\"");
	log_warn("line second-line short ab");
	log_mask("tab\tbell\a.");
	log_info("json tab\\tbell\\u0007.");
	log_info("%65530ss3cr3t/pass word\"", "");
	log_info("end s3cr3t/p");
}

START_TEST(no_form_of_a_secret_is_printed)
{
	char *text = printed_by(say_secrets);

	kit_contains(text, "raw *** percent ***\nbase64 *** json ***\n"
	    "warning: line *** short ***\njson ***\n");
	kit_contains(text, "\nend ***\n");
	kit_lacks(text, "s3cr3t");
	free(text);
}
END_TEST

static void
say_long_secret(void)
{
	static char big[100001];
	struct buf coded = buf_new(200000);

	memset(big, 'S', sizeof big - 1);
	log_mask(big);
	log_foreign(big, sizeof big - 1);
	text_base64(&coded, big, sizeof big - 1);
	log_foreign(buf_str(&coded), coded.len);
	buf_free(&coded);
}

START_TEST(a_secret_as_long_as_a_file_is_not_printed)
{
	char *text = printed_by(say_long_secret);

	ck_assert_str_eq(text, "  | ***\n  | ***\n");
	free(text);
}
END_TEST

START_TEST(on_github_the_runner_is_told_of_secrets_but_not_of_short_ones)
{
	char *text;

	setenv("GITHUB_ACTIONS", "true", 1);
	text = printed_by(say_secrets);
	kit_contains(text, "::add-mask::s3cr3t/pass word\"\n");
	kit_contains(text, "::add-mask::first-line%0Asecond-line\n");
	kit_contains(text, "::add-mask::second-line\n");
	kit_lacks(text, "::add-mask::ab\n");
	kit_contains(text, "::warning::line *** short ***\n");
	free(text);
}
END_TEST

static void
say_foreign(void)
{
	log_foreign("::error::forged\n##[error]forged\r\nplain", 38);
	log_info("::set-output name=a::b");
	log_info("\v\xc2\xa0::set-env name=a::b");
	log_error("a:b,c%", "50%%\nnext");
}

START_TEST(foreign_text_can_not_forge_a_command)
{
	char *text;

	setenv("GITHUB_ACTIONS", "true", 1);
	text = printed_by(say_foreign);
	kit_contains(text, "  | ::error::forged\n  | ## [error]forged\n");
	kit_contains(text, ". ::set-output");
	kit_contains(text, ". \v\xc2\xa0::set-env");
	kit_contains(text, "::error title=a%3Ab%2Cc%25::50%25%0Anext\n");
	free(text);
}
END_TEST

START_TEST(hexadecimal_is_lower_case_and_two_digits_a_byte)
{
	struct buf b = buf_new(200), other = buf_new(200);

	text_hex(&b, "\x00\xffz", 3);
	ck_assert_str_eq(buf_str(&b), "00ff7a");
	buf_clear(&b);
	text_random_hex(&b, 40);
	text_random_hex(&other, 40);
	ck_assert_uint_eq(b.len, 80);
	ck_assert_str_ne(buf_str(&b), buf_str(&other));
	buf_free(&b);
	buf_free(&other);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("base");
	TCase *t = tcase_create("base");

	suite_add_tcase(s, t);
	tcase_add_test(t, an_error_gets_context_before_its_text);
	tcase_add_test(t, a_long_error_is_cut_between_characters);
	tcase_add_test(t, a_buffer_takes_its_limit_and_says_what_was_lost);
	tcase_add_test(t, a_pool_keeps_everything_until_it_is_freed);
	tcase_add_test(t, numbers_are_whole_and_within_their_range);
	tcase_add_test(t, values_from_people_are_checked);
	tcase_add_test(t,
	    a_refused_url_is_not_repeated_since_it_may_hold_a_password);
	tcase_add_test(t, lists_are_split_at_commas_blanks_and_lines);
	tcase_add_test(t, base64_goes_both_ways);
	tcase_add_test(t, utf8_is_told_from_bytes);
	tcase_add_test(t, markdown_cells_hold_any_text);
	tcase_add_test(t, a_file_is_replaced_whole_and_keeps_its_mode);
	tcase_add_test(t, a_child_gets_only_what_it_is_given);
	tcase_add_test(t,
	    a_child_that_hangs_is_stopped_with_its_own_children);
	tcase_add_test(t, a_missing_program_is_named);
	tcase_add_test(t, a_child_killed_by_a_signal_says_so);
	tcase_add_test(t, a_stream_is_read_as_it_comes);
	tcase_add_test(t, a_stream_is_written_as_it_is_read);
	tcase_add_test(t, a_stream_that_stalls_or_ends_early_is_an_error);
	tcase_add_test(t,
	    a_child_s_status_is_told_though_its_end_was_to_be_ignored);
	tcase_add_test(t, a_child_is_not_run_with_a_part_of_its_input);
	tcase_add_test(t, jobs_hand_back_what_they_find_and_nothing_else);
	tcase_add_test(t, dates_go_both_ways);
	tcase_add_test(t, no_form_of_a_secret_is_printed);
	tcase_add_test(t, a_secret_as_long_as_a_file_is_not_printed);
	tcase_add_test(t,
	    on_github_the_runner_is_told_of_secrets_but_not_of_short_ones);
	tcase_add_test(t, foreign_text_can_not_forge_a_command);
	tcase_add_test(t, hexadecimal_is_lower_case_and_two_digits_a_byte);
	return kit_main(s, NULL);
}
