/*
 * The Atlas double: its refusals, what the product's client makes of them,
 * and, last, every reply that was recorded meanwhile against the company's
 * published description. That is in no package registry: the variable
 * ATLAS_OPENAPI names a file with it, in one piece, as JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/atlas.h"
#include "tests/contract/http.h"
#include "tests/kit/kit.h"

#define GROUP "/api/atlas/v2/groups/32b6e34b3d91647abb20e7b8"
#define OTHER "/api/atlas/v2/groups/000000000000000000000000"
#define VERSION "application/vnd.atlas.2023-01-01+json"
#define USER GROUP "/databaseUsers/admin/acme"

static struct server api;
static struct atlas *project;
static struct err e;

/* A service account, or with keys a pair of those. */
static struct atlas *
open_as(const char *secret, bool keys)
{
	const struct atlas_open o = { .api = server_url(&api),
	    .project = "32b6e34b3d91647abb20e7b8", .ca_file = api.ca,
	    .client_id = keys ? NULL : kit_env("SB_ATLAS_CLIENT_ID"),
	    .client_secret = keys ? NULL : secret,
	    .public_key = keys ? kit_env("SB_ATLAS_PUBLIC_KEY") : NULL,
	    .private_key = keys ? secret : NULL };
	struct atlas *a = atlas_open(&o, &e);

	ck_assert_msg(a != NULL, "%s", e.text);
	return a;
}

static void
set_up(void)
{
	own_world_reset();
	own_world_set("{\"atlas.seconds\":\"0\"}");
	e = (struct err){ 0 };
	project = open_as(kit_env("SB_ATLAS_CLIENT_SECRET"), false);
}

static void
tear_down(void)
{
	atlas_close(project);
}

/* A token of the service account, as any client gets it. */
static const char *
token(void)
{
	return kit_out("curl -sS --cacert '%s' --user '%s:%s' -d "
	    "grant_type=client_credentials '%s/api/oauth/token' | jq -r "
	    ".access_token", api.ca, kit_env("SB_ATLAS_CLIENT_ID"),
	    kit_env("SB_ATLAS_CLIENT_SECRET"), server_url(&api));
}

#define ROLES(list) "{\"roles\":[" list "]}"
#define READ_WRITE "{\"roleName\":\"readWrite\",\"databaseName\":\"main\"}"

static const struct {
	const char *method, *path, *body, *knobs;
	long status;
	const char *code;
} refusals[] = {
	{ "GET", OTHER "/accessList", NULL, NULL, 404, "GROUP_NOT_FOUND" },
	{ "GET", GROUP "/databaseUsers/admin/nobody", NULL, NULL, 404,
	  "USERNAME_NOT_FOUND" },
	{ "GET", GROUP "/databaseUsers/acme-openedx/acme", NULL, NULL, 404,
	  "USERNAME_NOT_FOUND" },
	{ "PATCH", USER, ROLES(""), NULL, 400, "INVALID_ATTRIBUTE" },
	{ "PATCH", USER, ROLES("{\"roleName\":\"root\",\"databaseName\":"
	  "\"admin\"}"), NULL, 400, "INVALID_ATTRIBUTE" },
	{ "PATCH", USER, ROLES("{\"role\":\"read\",\"db\":\"main\"}"), NULL,
	  400, "INVALID_ATTRIBUTE" },
	{ "PATCH", USER, "{\"role\":[]}", NULL, 400, "INVALID_ATTRIBUTE" },
	{ "PATCH", USER, ROLES(READ_WRITE), "{\"atlas.owner\":\"0\"}", 403,
	  "USER_UNAUTHORIZED" },
	{ "PATCH", USER, ROLES(READ_WRITE), "{\"atlas.busy\":\"1\"}", 409,
	  "ATLAS_CLUSTER_CHANGE_IN_PROGRESS" },
	{ "GET", USER, NULL, "{\"atlas.limited\":\"1\"}", 429,
	  "RATE_LIMITED" },
	{ "GET", GROUP "/clusters/other/status", NULL, NULL, 404,
	  "CLUSTER_NOT_FOUND" },
	{ "GET", GROUP "/customDBRoles/roles/none", NULL, NULL, 404,
	  "ATLAS_CUSTOM_ROLE_NOT_FOUND" },
};

START_TEST(what_is_wrong_is_refused)
{
	struct server s = api;
	struct answer a;

	s.token = token();
	if (refusals[_i].knobs != NULL)
		own_world_set(refusals[_i].knobs);
	a = web_send(&s, refusals[_i].method, refusals[_i].path,
	    "Accept: " VERSION, VERSION, refusals[_i].body);
	ck_assert_int_eq(a.status, refusals[_i].status);
	ck_assert_str_eq(answer_str(&a, "errorCode"), refusals[_i].code);
	web_free(&a);
}
END_TEST

START_TEST(a_request_names_who_asks_and_in_which_version)
{
	struct server s = api;
	struct answer a;

	s.token = NULL;
	a = web_send(&s, "GET", USER, "Accept: " VERSION, NULL, NULL);
	ck_assert_int_eq(a.status, 401);
	kit_contains(a.headers, "Digest realm=");
	web_free(&a);
	s.token = token();
	a = web_send(&s, "GET", USER, "Accept: application/json", NULL,
	    NULL);
	ck_assert_int_eq(a.status, 406);
	web_free(&a);
}
END_TEST

static void
check_roles(const char *role, const char *db)
{
	struct atlas_roles found;

	ck_assert_msg(atlas_find_roles(project, "acme", "admin", &found, &e),
	    "%s", e.text);
	ck_assert_uint_eq(found.n, 1);
	ck_assert_str_eq(found.v[0].role, role);
	ck_assert_str_eq(found.v[0].db, db);
}

START_TEST(roles_are_replaced_as_a_whole)
{
	const struct atlas_role one = { .role = "readWrite", .db = "main" },
	    part = { .role = "read", .db = "main", .collection = "users" };
	struct atlas_roles found;

	ck_assert_msg(atlas_set_roles(project, "acme", "admin", &one, 1, &e)
	    && atlas_await_applied(project, "acme", &e), "%s", e.text);
	check_roles("readWrite", "main");
	ck_assert_msg(atlas_set_roles(project, "acme", "admin", &part, 1,
	    &e), "%s", e.text);
	check_roles("read", "main");
	ck_assert(atlas_find_roles(project, "acme", "admin", &found, &e));
	ck_assert_str_eq(found.v[0].collection, "users");
}
END_TEST

START_TEST(a_pair_of_keys_may_do_the_same)
{
	atlas_close(project);
	project = open_as(kit_env("SB_ATLAS_PRIVATE_KEY"), true);
	ck_assert_msg(atlas_set_roles(project, "acme", "admin",
	    &(struct atlas_role){ .role = "readWrite", .db = "main" }, 1,
	    &e), "%s", e.text);
	check_roles("readWrite", "main");
}
END_TEST

START_TEST(custom_roles_tell_their_databases_and_what_is_within)
{
	struct atlas_custom c;

	ck_assert(atlas_find_custom(project, "reports", &c, &e));
	ck_assert_str_eq(c.databases[0], "other-openedx");
	ck_assert_ptr_null(c.databases[1]);
	ck_assert_uint_eq(c.inside.n, 0);
	ck_assert(atlas_find_custom(project, "all", &c, &e));
	ck_assert_str_eq(c.databases[0], "");
	ck_assert(atlas_find_custom(project, "within", &c, &e));
	ck_assert_str_eq(c.inside.v[0].role, "reports");
	ck_assert(!atlas_find_custom(project, "none", &c, &e));
	ck_assert_int_eq(e.kind, ERR_NOT_FOUND);
}
END_TEST

static void
refused(struct atlas *a, enum err_kind kind, const char *words)
{
	struct atlas_roles found;

	e = (struct err){ 0 };
	ck_assert(!atlas_find_roles(a, "acme", "admin", &found, &e));
	ck_assert_msg(e.kind == kind, "%d: %s", e.kind, e.text);
	kit_contains(e.text, words);
	kit_lacks(e.text, kit_env("SB_ATLAS_CLIENT_SECRET"));
}

START_TEST(the_client_tells_refusals_apart)
{
	struct atlas *account = open_as("wrong", false);
	struct atlas *keys = open_as("wrong", true);

	refused(account, ERR_DENIED, "the service account of");
	refused(keys, ERR_DENIED, "the API keys are expired");
	own_world_set("{\"atlas.elsewhere\":\"1\"}");
	refused(project, ERR_DENIED, "from listed addresses only");
	atlas_close(account);
	atlas_close(keys);
}
END_TEST

START_TEST(what_was_recorded_is_what_the_company_describes)
{
	const char *s = kit_env("SB_STATE");

	free(kit_sh("DESCRIPTION=\"$ATLAS_OPENAPI\" tests/contract/judge "
	    "%s/traffic/atlas.jsonl >%s/judge.tap 2>&1 || "
	    "{ sed 's/^/# /' %s/judge.tap >&2; false; }", s, s, s));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("atlas");
	TCase *t = tcase_create("atlas"), *last = tcase_create("judge");
	bool judged = getenv("ATLAS_OPENAPI") != NULL && judge_ready();
	int rc;

	if (!own_world_up())
		return kit_skip_all("the world double can't be started");
	api = own_world_server("ATLAS");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, what_is_wrong_is_refused, 0,
	    sizeof refusals / sizeof *refusals);
	tcase_add_test(t, a_request_names_who_asks_and_in_which_version);
	tcase_add_test(t, roles_are_replaced_as_a_whole);
	tcase_add_test(t, a_pair_of_keys_may_do_the_same);
	tcase_add_test(t,
	    custom_roles_tell_their_databases_and_what_is_within);
	tcase_add_test(t, the_client_tells_refusals_apart);
	suite_add_tcase(s, t);
	tcase_set_timeout(last, 300);
	tcase_add_test(last, what_was_recorded_is_what_the_company_describes);
	if (judged)
		suite_add_tcase(s, last);
	rc = kit_main(s, NULL);
	if (!judged)
		(void)printf("ok - judge # SKIP ATLAS_OPENAPI names no "
		    "description\n");
	return rc;
}
