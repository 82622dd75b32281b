/*
 * Proves that check-gate lets nothing through that is not proven.
 */
#include <stdlib.h>

#include "tests/kit/kit.h"
#include "tests/kit/world.h"

static const struct {
	const char *environment, *confirm, *require;
	int status;
	const char *word, *gate, *says;
} gates[] = {
	{ "environment=production", NULL, NULL, 0, "done", "environment",
	  "1 who may approve" },
	{ "environment=production", "confirm=acme", "require-confirm=true", 0,
	  "done", "both", NULL },
	{ "environment=production", NULL, "require-confirm=true", 1,
	  "needs-hand", NULL, "CONFIRM=acme" },
	{ "environment=staging", NULL, NULL, 1, "needs-hand", NULL,
	  "no reviewer is required" },
	{ "environment=staging", "confirm=acme", NULL, 0, "done", "confirm",
	  "only CONFIRM guards this phase" },
	{ "environment=prodction", NULL, NULL, 1, "needs-hand", NULL,
	  "make it in Settings" },
	{ NULL, NULL, NULL, 1, "needs-hand", NULL, "no environment is given" },
	{ NULL, "confirm=acme", NULL, 0, "done", "confirm", NULL },
	{ NULL, "confirm=acme2", NULL, 2, "wrong-input", NULL,
	  "is this the instance that was meant?" },
	{ "environment=production", "confirm=ACME", NULL, 2, "wrong-input",
	  NULL, "not \"acme\"" },
};

START_TEST(a_gate_opens_only_if_it_is_proven)
{
	const char *vars[8] = { NULL };
	struct kit_run r;
	char *work = world_clone();

	if (gates[_i].environment != NULL)
		kit_add(vars, 8, gates[_i].environment);
	if (gates[_i].confirm != NULL)
		kit_add(vars, 8, gates[_i].confirm);
	if (gates[_i].require != NULL)
		kit_add(vars, 8, gates[_i].require);
	r = kit_step("check-gate", world_vars(work, vars[0], vars[1], vars[2],
	    NULL));
	ck_assert_msg(r.status == gates[_i].status, "exit %d: %s", r.status,
	    r.out);
	ck_assert_str_eq(kit_output(&r, "status"), gates[_i].word);
	if (gates[_i].gate != NULL)
		ck_assert_str_eq(kit_output(&r, "gate"), gates[_i].gate);
	if (gates[_i].says != NULL)
		kit_contains(r.out, gates[_i].says);
	kit_lacks(r.out, kit_env("SB_GITHUB_TOKEN"));
	ck_assert_int_eq(world_count("github.writes"), 0);
	kit_run_free(&r);
	free(work);
}
END_TEST

START_TEST(a_token_that_may_not_ask_proves_nothing)
{
	char *work = world_clone();
	struct kit_run r;

	world_set("github.permissions", "contents:read");
	r = kit_step("check-gate", world_vars(work, "environment=production",
	    NULL));
	ck_assert_int_eq(r.status, 1);
	kit_contains(r.out, "\"actions: read\"");
	kit_run_free(&r);
	free(work);
}
END_TEST

START_TEST(a_server_that_misbehaves_proves_nothing)
{
	static const char *const faults[] = {
		"{\"fault\":\"html\",\"always\":true,\"status\":200}",
		"{\"fault\":\"status\",\"always\":true,\"status\":500}",
		"{\"fault\":\"cut\",\"always\":true,\"bytes\":30}",
	};
	struct world_proxy p = world_proxy_start(kit_env("SB_GITHUB_ADDR"),
	    "api.github.com");
	char *work = world_clone();
	struct kit_run r;

	world_proxy_fault(&p, faults[_i]);
	r = kit_step("check-gate", world_vars(work, "environment=production",
	    kit_text("api-url=%s", p.url), kit_text("ca-file=%s", p.ca),
	    NULL));
	ck_assert_msg(r.status == 1, "exit %d: %s", r.status, r.out);
	ck_assert_str_eq(kit_output(&r, "status"), "needs-hand");
	kit_run_free(&r);
	world_proxy_stop(&p);
	free(work);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("check-gate");
	TCase *t = tcase_create("gate");

	tcase_add_checked_fixture(t, world_begin, world_end);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_gate_opens_only_if_it_is_proven, 0,
	    sizeof(gates) / sizeof(gates[0]));
	tcase_add_test(t, a_token_that_may_not_ask_proves_nothing);
	tcase_add_loop_test(t, a_server_that_misbehaves_proves_nothing, 0, 3);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
