/*
 * Proves that our EC2 client speaks as Amazon's service wants it: against
 * moto, with authentication switched on, so that a wrong signature is
 * refused.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/allowlist.h"
#include "api/aws.h"
#include "api/ec2.h"
#include "base/mem.h"
#include "tests/contract/http.h"
#include "tests/kit/kit.h"

enum { MANY = 12 };

static const char *url, *group, *key_id, *secret;
static int server;
static pid_t starter;
static struct aws *aws;
static struct err e;

static void
stop(void)
{
	if (getpid() == starter)
		(void)kill((pid_t)server, SIGTERM);
}

static bool
start(void)
{
	if (!own_start("tests/contract/moto", "moto", &server))
		return false;
	starter = getpid();
	(void)atexit(stop);
	url = getenv("MOTO_URL");
	group = getenv("MOTO_GROUP");
	key_id = getenv("MOTO_KEY_ID");
	secret = getenv("MOTO_SECRET");
	return true;
}

/* ---- tests ---- */

static struct aws *
open_as(const char *id, const char *key)
{
	const struct aws_open o = { .key_id = id, .secret = key, .api = url,
	    .region = "eu-west-3" };
	struct aws *a = aws_open(&o, &e);

	ck_assert_msg(a != NULL, "%s", e.text);
	return a;
}

static void
set_up(void)
{
	e = (struct err){ 0 };
	aws = open_as(key_id, secret);
}

static void
tear_down(void)
{
	aws_close(aws);
}

static bool
has(long port, const char *source, const char *words)
{
	struct ec2_rules all;

	ck_assert_msg(ec2_find_rules(aws, group, port, &all, &e), "%s",
	    e.text);
	for (size_t i = 0; i < all.n; i++)
		if (strcmp(all.v[i].source, source) == 0
		    && strcmp(all.v[i].description, words) == 0)
			return true;
	return false;
}

static void
add(long port, const char *source, const char *words)
{
	const struct ec2_rule r = { .source = source, .description = words };

	ck_assert_msg(ec2_add_rule(aws, group, port, &r, &e), "%s", e.text);
}

static void
take_out(long port, const char *source)
{
	ck_assert_msg(ec2_remove_rule(aws, group, port, source, &e), "%s",
	    e.text);
}

START_TEST(a_rule_is_added_once_and_taken_out_once)
{
	add(3306, "203.0.113.7/32", "transplant: acme until 2026");
	ck_assert(has(3306, "203.0.113.7/32", "transplant: acme until 2026"));
	add(3306, "203.0.113.7/32", "transplant: acme until 2026");
	ck_assert(!has(27017, "203.0.113.7/32",
	    "transplant: acme until 2026"));
	add(27017, "203.0.113.7/32", "transplant: acme");
	take_out(3306, "203.0.113.7/32");
	take_out(3306, "203.0.113.7/32");
	ck_assert(!has(3306, "203.0.113.7/32",
	    "transplant: acme until 2026"));
	ck_assert(has(27017, "203.0.113.7/32", "transplant: acme"));
	take_out(27017, "203.0.113.7/32");
}
END_TEST

/* Its words are lost in moto. */
START_TEST(another_group_is_let_in)
{
	add(3306, group, "");
	ck_assert(has(3306, group, ""));
	take_out(3306, group);
	ck_assert(!has(3306, group, ""));
}
END_TEST

START_TEST(many_rules_are_all_seen)
{
	for (int i = 1; i <= MANY; i++)
		add(3306, kit_text("198.51.100.%d/32", i), "x");
	for (int i = 1; i <= MANY; i++)
		ck_assert(has(3306, kit_text("198.51.100.%d/32", i), "x"));
	for (int i = 1; i <= MANY; i++)
		take_out(3306, kit_text("198.51.100.%d/32", i));
}
END_TEST

static void
refuses(struct aws *a, const char *which, enum err_kind kind,
    const char *words)
{
	const struct ec2_rule r = { .source = "203.0.113.7/32",
	    .description = "x" };

	e = (struct err){ 0 };
	ck_assert(!ec2_add_rule(a, which, 3306, &r, &e));
	ck_assert_msg(e.kind == kind, "%d: %s", e.kind, e.text);
	kit_contains(e.text, words);
	ck_assert(strstr(e.text, secret) == NULL);
}

START_TEST(refusals_are_told_apart)
{
	struct aws *wrong = open_as(key_id, "not-the-secret");
	struct aws *unknown = open_as("AKIAIOSFODNN7EXAMPLE", secret);

	refuses(aws, "sg-0123456789abcdef0", ERR_NOT_FOUND,
	    "no such security group");
	refuses(wrong, group, ERR_DENIED, "AuthFailure");
	refuses(unknown, group, ERR_DENIED, "AuthFailure");
	aws_close(wrong);
	aws_close(unknown);
}
END_TEST

/* As the step has it. */
START_TEST(the_list_of_who_may_connect_is_kept_there)
{
	const struct allowlist_place place = { .company = "aws", .id = group,
	    .port = 5432 };
	const struct allowlist_login login = { .aws_key_id = key_id,
	    .aws_secret = secret, .aws_region = "eu-west-3", .aws_api = url };
	const struct allow_entry in = { .source = "203.0.113.9/32",
	    .comment = "transplant: acme" };
	struct allowlist *l = allowlist_open(&place, &login, &e);
	struct allow_entries all;
	struct pool *p = pool_new();

	ck_assert_msg(l != NULL, "%s", e.text);
	ck_assert_msg(allowlist_add(l, &in, &e), "%s", e.text);
	ck_assert_msg(allowlist_find(l, p, &all, &e), "%s", e.text);
	ck_assert(allowlist_entry(&all, in.source) != NULL);
	ck_assert_str_eq(allowlist_entry(&all, in.source)->comment,
	    in.comment);
	ck_assert_msg(allowlist_remove(l, in.source, &e), "%s", e.text);
	ck_assert_msg(allowlist_find(l, p, &all, &e), "%s", e.text);
	ck_assert(allowlist_entry(&all, in.source) == NULL);
	allowlist_close(l);
	pool_free(p);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ec2");
	TCase *t = tcase_create("ec2");

	if (!start())
		return kit_skip_all("moto is not to be had from PyPI, or "
		    "does not start");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_rule_is_added_once_and_taken_out_once);
	tcase_add_test(t, another_group_is_let_in);
	tcase_add_test(t, many_rules_are_all_seen);
	tcase_add_test(t, refusals_are_told_apart);
	tcase_add_test(t, the_list_of_who_may_connect_is_kept_there);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
