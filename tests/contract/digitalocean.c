/*
 * The DigitalOcean double: its refusals, what the product's client makes of
 * them, and, last, every reply that was recorded meanwhile against the
 * company's published description. That is in no package registry: the
 * variable TRANSPLANT_SPECS names a folder that has it, in one piece, as
 * digitalocean.json.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/digitalocean.h"
#include "api/kube.h"
#include "tests/contract/http.h"
#include "tests/kit/kit.h"

#define ID "bd5f5959-5e1e-4205-a714-a914373942af"
#define OTHER "00000000-0000-4000-8000-000000000000"
#define CLUSTERS "/v2/kubernetes/clusters/"

static struct server api;
static struct digitalocean *account;
static struct digitalocean_login l;
static struct err e;

static struct digitalocean *
open_as(const char *token)
{
	const struct digitalocean_open o = { .api = server_url(&api),
	    .token = token, .ca_file = api.ca };
	struct digitalocean *d = digitalocean_open(&o, &e);

	ck_assert_msg(d != NULL, "%s", e.text);
	return d;
}

static void
set_up(void)
{
	own_world_reset();
	e = (struct err){ 0 };
	account = open_as(api.token);
}

static void
tear_down(void)
{
	digitalocean_close(account);
}

static const struct {
	const char *method, *path, *token, *knobs;
	long status;
	const char *id;
} refusals[] = {
	{ "GET", CLUSTERS ID "/credentials", "dop_v1_wrong", NULL, 401,
	  "Unauthorized" },
	{ "GET", CLUSTERS ID "/credentials", "", NULL, 401, "Unauthorized" },
	{ "GET", CLUSTERS OTHER "/credentials", NULL, NULL, 404,
	  "not_found" },
	{ "GET", CLUSTERS ID, NULL, NULL, 404, "not_found" },
	{ "GET", CLUSTERS ID "/credentials?expiry_seconds=-1", NULL, NULL,
	  422, "unprocessable_entity" },
	{ "GET", CLUSTERS ID "/credentials?expiry_seconds=1h", NULL, NULL,
	  422, "unprocessable_entity" },
	{ "GET", CLUSTERS ID "/credentials", NULL,
	  "{\"digitalocean.scopes\":\"database:read\"}", 403, "Forbidden" },
	{ "GET", CLUSTERS ID "/credentials", NULL,
	  "{\"digitalocean.limited\":1}", 429, "too_many_requests" },
};

START_TEST(what_is_wrong_is_refused)
{
	struct server s = api;
	struct answer a;

	if (refusals[_i].token != NULL)
		s.token = *refusals[_i].token != '\0' ? refusals[_i].token
		    : NULL;
	if (refusals[_i].knobs != NULL)
		own_world_set(refusals[_i].knobs);
	a = web_send(&s, refusals[_i].method, refusals[_i].path, NULL, NULL,
	    NULL);
	ck_assert_int_eq(a.status, refusals[_i].status);
	ck_assert_str_eq(answer_str(&a, "id"), refusals[_i].id);
	kit_contains(a.headers, "ratelimit-remaining: ");
	web_free(&a);
}
END_TEST

static const struct {
	const char *id, *token, *knobs;
	enum err_kind kind;
	const char *says;
} failures[] = {
	{ ID, "dop_v1_wrong", NULL, ERR_DENIED, "token is refused" },
	{ OTHER, NULL, NULL, ERR_NOT_FOUND, "has no such cluster" },
	{ ID, NULL, "{\"digitalocean.scopes\":\"\"}", ERR_DENIED,
	  "needs the scope kubernetes:access_cluster" },
};

START_TEST(the_client_tells_refusals_apart)
{
	struct digitalocean *d = open_as(failures[_i].token != NULL
	    ? failures[_i].token : api.token);

	if (failures[_i].knobs != NULL)
		own_world_set(failures[_i].knobs);
	ck_assert(!digitalocean_find_login(d, failures[_i].id, 60, &l, &e));
	ck_assert_msg(e.kind == failures[_i].kind, "%s", e.text);
	kit_contains(e.text, failures[_i].says);
	digitalocean_close(d);
}
END_TEST

/* Does the cluster take the login? */
static bool
logs_in(void)
{
	struct server kube = own_world_server("KUBE_OLD");
	const struct kube_open o = { .server = server_url(&kube),
	    .space = "acme", .token = l.token, .ca_pem = l.ca_pem };
	struct kube *k = kube_open(&o, &e);
	bool ok = k != NULL && kube_find_configmaps(k, NULL, &e) != NULL;

	kube_close(k);
	return ok;
}

START_TEST(a_login_is_taken_by_the_cluster_until_it_ends)
{
	own_world_set("{\"digitalocean.limited\":1}");
	ck_assert_msg(digitalocean_find_login(account, ID, 2, &l, &e), "%s",
	    e.text);
	ck_assert_msg(logs_in(), "%s", e.text);
	while (logs_in())
		nap(0.1);
	ck_assert_int_eq(e.kind, ERR_DENIED);
	kit_contains(e.text, "the token is refused");
}
END_TEST

/* After the judge, who knows no such operation. */
START_TEST(nothing_is_made_there)
{
	struct answer a = web_send(&api, "POST", CLUSTERS ID "/credentials",
	    NULL, "application/json", "{}");

	ck_assert_int_eq(a.status, 404);
	web_free(&a);
}
END_TEST

START_TEST(what_was_recorded_is_what_the_company_describes)
{
	const char *s = kit_env("SB_STATE");

	free(kit_sh("DESCRIPTION=\"$TRANSPLANT_SPECS/digitalocean.json\" "
	    "tests/contract/judge %s/traffic/digitalocean.jsonl "
	    ">%s/judge.tap 2>&1 || { sed 's/^/# /' %s/judge.tap >&2; "
	    "false; }", s, s, s));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("digitalocean");
	TCase *t = tcase_create("digitalocean"), *last = tcase_create("judge");
	TCase *after = tcase_create("after");
	bool judged = getenv("TRANSPLANT_SPECS") != NULL && judge_ready();
	int rc;

	if (!own_world_up())
		return kit_skip_all("the world double can't be started");
	api = own_world_server("DIGITALOCEAN");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, what_is_wrong_is_refused, 0,
	    sizeof(refusals) / sizeof(refusals[0]));
	tcase_add_loop_test(t, the_client_tells_refusals_apart, 0,
	    sizeof(failures) / sizeof(failures[0]));
	tcase_add_test(t, a_login_is_taken_by_the_cluster_until_it_ends);
	suite_add_tcase(s, t);
	tcase_set_timeout(last, 300);
	tcase_add_test(last, what_was_recorded_is_what_the_company_describes);
	if (judged)
		suite_add_tcase(s, last);
	tcase_add_test(after, nothing_is_made_there);
	suite_add_tcase(s, after);
	rc = kit_main(s, NULL);
	if (!judged)
		(void)printf("ok - judge # SKIP TRANSPLANT_SPECS names no "
		    "folder with digitalocean.json\n");
	return rc;
}
