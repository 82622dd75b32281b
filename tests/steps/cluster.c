/*
 * Proves for a step that asks a cluster that each way to log in leads there
 * (a kubeconfig with a token, a client certificate or a plugin; a company's
 * API), that what is refused is refused before anything is asked, and that
 * no secret of any of them is shown.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/world.h"

static char *folder, *work;

static void
begin(void)
{
	if (!world_is_full())
		world_begin();
	folder = kit_folder();
	work = kit_folder();
}

static void
end(void)
{
	if (!world_is_full())
		world_end();
	free(kit_sh("rm -rf '%s' '%s'", folder, work));
	free(folder);
	free(work);
}

/* ---- kubeconfigs ---- */

static const char *
base64_of(const char *file)
{
	return kit_out("base64 -w0 <'%s/ca/%s'", kit_env("SB_STATE"), file);
}

/* One context of the old cluster; user: the inside of the user's map. */
static const char *
config(const char *user)
{
	return kit_text("apiVersion: v1\nkind: Config\n"
	    "current-context: old\nclusters:\n- name: old\n  cluster:\n"
	    "    server: %s\n    certificate-authority-data: %s\n"
	    "contexts:\n- name: old\n  context: {cluster: old, user: me, "
	    "namespace: acme}\nusers:\n- name: me\n  user: {%s}\n",
	    kit_env("SB_KUBE_OLD"), base64_of("ca.crt"), user);
}

static const char *
with_token(void)
{
	return config(kit_text("token: %s", kit_env("SB_KUBE_OLD_TOKEN")));
}

static const char *
with_certificate(void)
{
	return config(kit_text("client-certificate-data: %s, "
	    "client-key-data: %s", base64_of("kube-client.crt"),
	    base64_of("kube-client.key")));
}

/* A kubeconfig in the test's folder; its path. */
static const char *
put(const char *text)
{
	const char *path = kit_text("%s/config", folder);

	kit_write(path, text);
	return path;
}

/* With a plugin beside it, which is this shell script; $N counts its runs,
 * and `say TOKEN` prints its answer. */
static const char *
with_plugin(const char *script)
{
	const char *plugin = kit_text("%s/plugin", folder);

	kit_write(plugin, kit_text("#!/bin/sh\n"
	    "echo run >>\"$0.runs\"; N=$(wc -l <\"$0.runs\")\n"
	    "say() { printf '{\"kind\":\"ExecCredential\",\"apiVersion\":"
	    "\"client.authentication.k8s.io/v1\",\"status\":{\"token\":"
	    "\"%%s\"}}' \"$1\"; }\n%s\n", script));
	free(kit_sh("chmod 700 '%s'", plugin));
	return put(config(kit_text("exec: {apiVersion: "
	    "client.authentication.k8s.io/v1, command: ./plugin, "
	    "interactiveMode: Never, env: [{name: KUBE_TOKEN, value: \"%s\"}]"
	    "}", kit_env("SB_KUBE_OLD_TOKEN"))));
}

/* ---- runs ---- */

static struct kit_run
fetch(const char *a, const char *b, const char *c)
{
	return kit_step("fetch-settings", world_vars(work, a, b, c, NULL));
}

static void
check_secrets(const struct kit_run *r)
{
	static const char *const secrets[] = { "SB_KUBE_OLD_TOKEN",
	    "SB_DIGITALOCEAN_TOKEN" };
	const char *key = kit_out("sed -n 2p '%s/ca/kube-client.key'",
	    kit_env("SB_STATE"));

	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
		kit_lacks(r->out, kit_env(secrets[i]));
		kit_lacks(r->summary, kit_env(secrets[i]));
	}
	kit_lacks(r->out, key);
	kit_lacks(r->out, base64_of("kube-client.key"));
}

/* What it read is the old instance's. */
static void
succeeds(struct kit_run r)
{
	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_str_eq(kit_output(&r, "mysql-user"),
	    kit_env("SB_MYSQL_USER"));
	check_secrets(&r);
	kit_run_free(&r);
}

static void
fails(struct kit_run r, int status, const char *says)
{
	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	kit_contains(r.out, says);
	check_secrets(&r);
	kit_run_free(&r);
}

/* ---- what leads there ---- */

START_TEST(a_kubeconfigs_token_does)
{
	succeeds(fetch(kit_text("kubeconfig=%s", with_token()), NULL, NULL));
}
END_TEST

START_TEST(a_kubeconfigs_base64_does)
{
	succeeds(fetch(kit_text("kubeconfig=%s", kit_out("base64 -w0 '%s'",
	    put(with_token()))), NULL, NULL));
}
END_TEST

START_TEST(a_client_certificate_does)
{
	succeeds(fetch(kit_text("kubeconfig=%s", with_certificate()),
	    kit_text("kube-server=%s/", kit_env("SB_KUBE_OLD")), NULL));
}
END_TEST

START_TEST(files_beside_the_kubeconfig_do)
{
	free(kit_sh("cd '%s/ca' && cp kube-client.crt '%s/me.crt' && "
	    "cp kube-client.key '%s/me.key'", kit_env("SB_STATE"), folder,
	    folder));
	succeeds(fetch(kit_text("kubeconfig-file=%s/none:%s", folder,
	    put(config("client-certificate: me.crt, client-key: ./me.key"))),
	    "kube-context=old", NULL));
}
END_TEST

START_TEST(a_plugin_does)
{
	succeeds(fetch(kit_text("kubeconfig-file=%s",
	    with_plugin("say \"$KUBE_TOKEN\"")), NULL, NULL));
	ck_assert_str_eq(kit_out("cat '%s/plugin.runs'", folder), "run");
}
END_TEST

START_TEST(a_plugin_whose_login_has_ended_is_asked_again)
{
	succeeds(fetch(kit_text("kubeconfig-file=%s",
	    with_plugin("[ $N = 1 ] && say an-old-token ||"
	    " say \"$KUBE_TOKEN\"")), NULL, NULL));
	ck_assert_str_eq(kit_out("cat '%s/plugin.runs'", folder),
	    "run\nrun");
}
END_TEST

START_TEST(commands_in_pods_take_a_certificate_too)
{
	struct kit_run r;

	world_set("kube.evaluate", "1");
	r = fetch(kit_text("kubeconfig=%s", with_certificate()),
	    "evaluate=true", NULL);
	kit_contains(r.out, "settings what its files say");
	succeeds(r);
}
END_TEST

START_TEST(the_company_that_manages_it_does)
{
	if (!world_is_full())
		world_set("digitalocean.limited", "1");
	succeeds(fetch(kit_text("kube-cluster-id=%s",
	    kit_env("SB_KUBE_OLD_ID")), kit_text("digitalocean-token=%s",
	    kit_env("SB_DIGITALOCEAN_TOKEN")), NULL));
}
END_TEST

/* ---- what does not ---- */

START_TEST(a_login_for_another_cluster_is_refused)
{
	const char *other = kit_text("kube-server=%s",
	    kit_env("SB_KUBE_NEW"));

	fails(fetch(kit_text("kubeconfig=%s", with_token()), other, NULL), 2,
	    "one of both is of another cluster");
	fails(fetch(kit_text("kube-cluster-id=%s", kit_env("SB_KUBE_OLD_ID")),
	    kit_text("digitalocean-token=%s",
	    kit_env("SB_DIGITALOCEAN_TOKEN")), other), 2,
	    "one of both is of another cluster");
}
END_TEST

START_TEST(two_ways_at_once_are_refused)
{
	fails(fetch(kit_text("kubeconfig=%s", with_token()),
	    kit_text("kube-token=%s", kit_env("SB_KUBE_OLD_TOKEN")), NULL),
	    2, "give one of them, not 2");
	fails(fetch("kube-ca=", NULL, NULL), 2,
	    "input kubeconfig is missing");
	fails(fetch(kit_text("kube-token=%s", kit_env("SB_KUBE_OLD_TOKEN")),
	    NULL, NULL), 2, "input kube-server is missing");
}
END_TEST

START_TEST(what_is_unsafe_or_gone_is_refused_before_anything_is_asked)
{
	fails(fetch(kit_text("kubeconfig=%s", config("username: admin, "
	    "password: hush-hush-hush")), NULL, NULL), 2,
	    "use the token of a service account");
	fails(fetch(kit_text("kubeconfig=%s", config("auth-provider: "
	    "{name: gcp}")), NULL, NULL), 2, "gke-gcloud-auth-plugin");
	fails(fetch(kit_text("kubeconfig=%s", with_token()),
	    "kube-context=new", NULL), 2, "there is no context \"new\"");
}
END_TEST

START_TEST(a_plugin_that_fails_is_shown_without_what_it_must_not_tell)
{
	fails(fetch(kit_text("kubeconfig-file=%s", with_plugin(
	    "echo \"the cloud refuses $KUBE_TOKEN\" >&2; exit 4")), NULL,
	    NULL), 1, "the cloud refuses ***");
	fails(fetch(kit_text("kubeconfig-file=%s", with_plugin(
	    "say a-token-that-nobody-gave-out; echo say "
	    "a-token-that-nobody-gave-out >&2")), NULL, NULL), 1,
	    "the token is refused");
}
END_TEST

START_TEST(the_companys_refusals_are_told)
{
	const char *id = kit_text("kube-cluster-id=%s",
	    kit_env("SB_KUBE_OLD_ID"));

	fails(fetch(id, "digitalocean-token=dop_v1_wrong", NULL), 1,
	    "digitalocean-token is refused");
	fails(fetch("kube-cluster-id=00000000-0000-4000-8000-000000000000",
	    kit_text("digitalocean-token=%s",
	    kit_env("SB_DIGITALOCEAN_TOKEN")), NULL), 1,
	    "has no such cluster");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("cluster");
	TCase *t = tcase_create("cluster");

	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_kubeconfigs_token_does);
	tcase_add_test(t, a_kubeconfigs_base64_does);
	tcase_add_test(t, a_client_certificate_does);
	tcase_add_test(t, files_beside_the_kubeconfig_do);
	tcase_add_test(t, a_plugin_does);
	tcase_add_test(t, a_plugin_whose_login_has_ended_is_asked_again);
	if (!world_is_full())	/* there the account may not evaluate */
		tcase_add_test(t, commands_in_pods_take_a_certificate_too);
	tcase_add_test(t, the_company_that_manages_it_does);
	tcase_add_test(t, a_login_for_another_cluster_is_refused);
	tcase_add_test(t, two_ways_at_once_are_refused);
	tcase_add_test(t,
	    what_is_unsafe_or_gone_is_refused_before_anything_is_asked);
	tcase_add_test(t,
	    a_plugin_that_fails_is_shown_without_what_it_must_not_tell);
	tcase_add_test(t, the_companys_refusals_are_told);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
