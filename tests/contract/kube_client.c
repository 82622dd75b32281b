/*
 * What the product's own requests to a Kubernetes API come to: each one that
 * src/api/kube.h can send, with success and each refusal, at the double or a
 * real server (CONTRACT_KUBE_ variables, as for kube.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/kube.h"
#include "base/clock.h"
#include "base/mem.h"
#include "data/json.h"
#include "tests/contract/http.h"
#include "tests/kit/kit.h"

enum { SECONDS = 120, MUCH = 3000000, INPUT = 40000 };

static struct server server;
static const char *ns;
static const char *client;	/* stem of the account's certificate */
static bool real;
static struct kube *kube;
static struct err e;
static struct buf out, said;

static struct kube *
open_with(struct kube_open o)
{
	struct kube *k;

	o.server = server_url(&server);
	o.ca_pem = server_roots(&server);
	k = kube_open(&o, &e);
	ck_assert_msg(k != NULL, "%s", e.text);
	return k;
}

static struct kube *
open_as(const char *token, const char *space)
{
	return open_with((struct kube_open){ .token = token,
	    .space = space });
}

static void
set_up(void)
{
	if (!real)
		own_world_reset();
	e = (struct err){ 0 };
	out = buf_new(2 * MUCH);
	said = buf_new(4096);
	kube = open_as(server.token, ns);
}

static void
tear_down(void)
{
	kube_close(kube);
	buf_free(&out);
	buf_free(&said);
}

/* --- reading ------------------------------------------------------------- */

START_TEST(a_deployment_leads_to_its_configmaps)
{
	const struct json *d = kube_find_deployment(kube, "lms", &e), *m;

	ck_assert_msg(d != NULL, "%s", e.text);
	ck_assert_msg(kube_is_ready(d, &said), "%s", buf_str(&said));
	m = kube_find_configmap(kube, kube_mounted_configmap(d,
	    "settings-lms"), &e);
	ck_assert_msg(m != NULL, "%s", e.text);
	kit_contains(kube_data(m, "production.py"), "mongodb_parameters = {");
}
END_TEST

START_TEST(lists_are_whole_and_chosen_by_label)
{
	const struct json *all = kube_find_configmaps(kube, NULL, &e);
	const struct json *pods;

	ck_assert_msg(all != NULL, "%s", e.text);
	ck_assert_int_ge(json_len(all), 6);
	pods = kube_find_pods(kube, "app.kubernetes.io/name=lms", &e);
	ck_assert_int_ge(json_len(pods), 1);
	ck_assert(!kube_say_waiting(json_first(pods), &said));
	pods = kube_find_pods(kube, "app.kubernetes.io/name=none", &e);
	ck_assert_int_eq(json_len(pods), 0);
}
END_TEST

/* --- refusals: each request, each kind ------------------------------- */

/* A command in a pod of that name. */
static bool
in_pod(struct kube *k, const char *pod, const char *container,
    const char *line, long *status)
{
	const char *const argv[] = { "sh", "-c", line, NULL };
	const struct kube_command c = {
		.pod = pod, .container = container, .argv = argv,
		.deadline = clock_deadline(SECONDS), .out = &out,
		.err = &said,
	};

	return kube_exec(k, &c, status, &e);
}

/* One of the requests that the product sends; did it succeed? */
static bool
ask(struct kube *k, int which, const char *name)
{
	static const struct kube_right none[] = {
		{ "", "pods", "list" }, { 0 }
	};
	long status;

	switch (which) {
	case 0: return kube_find_deployment(k, name, &e) != NULL;
	case 1: return kube_find_configmap(k, name, &e) != NULL;
	case 2: return in_pod(k, name, "lms", "true", &status);
	case 3: return kube_find_configmaps(k, NULL, &e) != NULL;
	case 4: return kube_find_pods(k, NULL, &e) != NULL;
	default: return kube_find_missing(k, none, &out, &e);
	}
}

enum { NAMED = 3, GUARDED = 5, ALL = 6 };

START_TEST(what_is_not_there_is_not_found)
{
	ck_assert(!ask(kube, _i, "none"));
	ck_assert_msg(e.kind == ERR_NOT_FOUND, "%s", e.text);
	kit_contains(e.text, "\"none\" not found");
}
END_TEST

START_TEST(a_wrong_token_is_refused)
{
	struct kube *k = open_as("0123456789", ns);

	ck_assert(!ask(k, _i, "lms"));
	ck_assert_msg(e.kind == ERR_DENIED, "%s", e.text);
	kit_contains(e.text, "the token is refused");
	kube_close(k);
}
END_TEST

static const char *const rules[GUARDED] = {
	"- {apiGroups: [\"apps\"], resources: [deployments], verbs: [get]}",
	"- {apiGroups: [\"\"], resources: [configmaps], verbs: [get]}",
	"- {apiGroups: [\"\"], resources: [pods/exec], verbs: [get, create]}",
	"- {apiGroups: [\"\"], resources: [configmaps], verbs: [list]}",
	"- {apiGroups: [\"\"], resources: [pods], verbs: [list]}",
};

START_TEST(a_missing_right_is_named_with_the_rule_to_add)
{
	struct kube *k = open_as(server.token, "kube-system");

	ck_assert(!ask(k, _i, "lms"));
	ck_assert_msg(e.kind == ERR_DENIED, "%s", e.text);
	kit_contains(e.text, "namespace kube-system");
	kit_contains(e.text, rules[_i]);
	kube_close(k);
}
END_TEST

START_TEST(all_missing_rights_are_found)
{
	static const struct kube_right needs[] = {
		{ "apps", "deployments", "get, delete" },
		{ "apps", "deployments/scale", "patch" },
		{ "", "secrets", "list" },
		{ "", "pods/exec", "get, create" },
		{ 0 }
	};

	ck_assert_msg(kube_find_missing(kube, needs, &out, &e), "%s", e.text);
	ck_assert_str_eq(buf_str(&out),
	    "- {apiGroups: [\"apps\"], resources: [deployments],"
	    " verbs: [delete]}\n"
	    "- {apiGroups: [\"\"], resources: [secrets], verbs: [list]}\n");
}
END_TEST

static const char *
lms_pod(void)
{
	const struct json *pods = kube_find_pods(kube,
	    "app.kubernetes.io/name=lms", &e);

	ck_assert_int_ge(json_len(pods), 1);
	return json_str(json_first(pods), "metadata.name");
}

/* Real servers want `create` too, but no account of the suite lacks it. */
START_TEST(a_command_wants_two_rights)
{
	long status;

	own_world_set("{\"kube.deny\":\"create pods/exec\"}");
	ck_assert(!in_pod(kube, lms_pod(), "lms", "true", &status));
	ck_assert_msg(e.kind == ERR_DENIED, "%s", e.text);
	kit_contains(e.text, rules[2]);
}
END_TEST

/* --- exec -------------------------------------------------------------- */

START_TEST(a_command_gives_its_output_and_ends)
{
	long status = -1;

	ck_assert_msg(in_pod(kube, lms_pod(), "lms", "echo this;"
	    " echo that >&2", &status), "%s", e.text);
	ck_assert_int_eq(status, 0);
	ck_assert_str_eq(buf_str(&out), "this\n");
	ck_assert_str_eq(buf_str(&said), "that\n");
}
END_TEST

START_TEST(much_output_comes_whole)
{
	long status = -1;

	ck_assert_msg(in_pod(kube, lms_pod(), "lms", "i=0; while [ $i -lt"
	    " 300 ]; do printf '%9999d\\n' $i; i=$((i+1)); done", &status),
	    "%s", e.text);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(out.len, MUCH);
	for (size_t i = 0; i < 300; i++)
		ck_assert_int_eq(strtol(out.data + i * 10000, NULL, 10),
		    (long)i);
}
END_TEST

/* A kubelet says NonZeroExitCode; kwok, which plays it in the real world,
 * says that it could not run the command, whatever it ended with. */
START_TEST(an_exit_status_is_told)
{
	long status = -1;
	bool ran = in_pod(kube, lms_pod(), "lms", "echo some; exit 3",
	    &status);

	ck_assert_str_eq(buf_str(&out), "some\n");
	if (real && !ran) {
		kit_contains(e.text, "could not be run");
		return;
	}
	ck_assert_msg(ran, "%s", e.text);
	ck_assert_int_eq(status, 3);
}
END_TEST

/* More than a message or a frame's short length holds. */
START_TEST(a_command_reads_its_input_whole)
{
	static const char *const argv[] = { "sh", "-c",
	    "read -r line; echo ${#line} $(echo \"$line\" | cksum)", NULL };
	char *line = mem_alloc(INPUT + 2);
	const struct kube_command c = {
		.pod = lms_pod(), .container = "lms", .argv = argv,
		.input = line, .input_len = INPUT + 1,
		.deadline = clock_deadline(SECONDS), .out = &out,
		.err = &said,
	};
	long status;

	for (int i = 0; i < INPUT; i++)
		line[i] = (char)('a' + i % 23);
	line[INPUT] = '\n';
	ck_assert_msg(kube_exec(kube, &c, &status, &e), "%s", e.text);
	ck_assert_int_eq(status, 0);
	ck_assert_str_eq(buf_str(&out), kit_text("%d %s\n", INPUT,
	    kit_out("printf '%s' | cksum", line)));
	mem_free(line);
}
END_TEST

START_TEST(a_program_that_is_not_there_is_an_error)
{
	const char *const argv[] = { "no-such-program", NULL };
	const struct kube_command c = {
		.pod = lms_pod(), .container = "lms", .argv = argv,
		.deadline = clock_deadline(SECONDS), .out = &out,
		.err = &said,
	};
	long status;

	ck_assert(!kube_exec(kube, &c, &status, &e));
	kit_contains(e.text, "could not be run");
}
END_TEST

START_TEST(a_container_that_is_not_there_is_refused)
{
	long status;

	ck_assert(!in_pod(kube, lms_pod(), "none", "true", &status));
	kit_contains(e.text, "container none is not valid for pod");
}
END_TEST

START_TEST(a_command_that_hangs_ends_with_the_deadline)
{
	static const char *const argv[] = { "sleep", "20", NULL };
	const struct kube_command c = {
		.pod = lms_pod(), .container = "lms", .argv = argv,
		.deadline = clock_deadline(1), .out = &out, .err = &said,
	};
	long status;

	ck_assert(!kube_exec(kube, &c, &status, &e));
	ck_assert_msg(e.kind == ERR_TIMEOUT, "%s", e.text);
}
END_TEST

/* --- logging in by a certificate ------------------------------------- */

/* Stem.crt and stem.key, as PEM. */
static struct kube *
open_with_cert(const char *stem, const char *space)
{
	return open_with((struct kube_open){ .space = space,
	    .cert_pem = kit_out("cat '%s.crt'", stem),
	    .key_pem = kit_out("cat '%s.key'", stem) });
}

START_TEST(a_client_certificate_is_an_account)
{
	struct kube *k = open_with_cert(client, ns);
	const struct json *d = kube_find_deployment(k, "lms", &e);
	long status = -1;

	ck_assert_msg(d != NULL, "%s", e.text);
	ck_assert_msg(kube_find_configmaps(k, NULL, &e) != NULL, "%s",
	    e.text);
	ck_assert_msg(in_pod(k, lms_pod(), "lms", "echo this", &status),
	    "%s", e.text);
	ck_assert_str_eq(buf_str(&out), "this\n");
	kube_close(k);
}
END_TEST

START_TEST(a_certificates_account_has_its_rights_only)
{
	struct kube *k = open_with_cert(client, "kube-system");

	ck_assert(!ask(k, _i, "lms"));
	ck_assert_msg(e.kind == ERR_DENIED, "%s", e.text);
	kit_contains(e.text, ":contract\"");
	kit_contains(e.text, rules[_i]);
	kube_close(k);
}
END_TEST

START_TEST(a_certificate_of_another_authority_is_refused)
{
	char *folder = kit_folder();
	struct kube *k;

	free(kit_sh("openssl req -x509 -newkey ec -pkeyopt "
	    "ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=admin' "
	    "-keyout '%s/me.key' -out '%s/me.crt' 2>&1", folder, folder));
	k = open_with_cert(kit_text("%s/me", folder), ns);
	ck_assert(!ask(k, _i, "lms"));
	ck_assert_msg(e.kind == ERR_DENIED, "%s", e.text);
	kit_contains(e.text, "the client certificate is refused");
	kube_close(k);
	free(kit_sh("rm -rf '%s'", folder));
	free(folder);
}
END_TEST

START_TEST(the_servers_name_may_be_another_than_the_addresss)
{
	struct kube *k = open_with((struct kube_open){ .space = ns,
	    .token = server.token, .tls_name = "kube-old.sandbox.test" });
	long status = -1;

	ck_assert_msg(kube_find_configmaps(k, NULL, &e) != NULL, "%s",
	    e.text);
	ck_assert_msg(in_pod(k, lms_pod(), "lms", "true", &status), "%s",
	    e.text);
	kube_close(k);
	k = open_with((struct kube_open){ .space = ns,
	    .token = server.token, .tls_name = "other.sandbox.test" });
	ck_assert(kube_find_configmaps(k, NULL, &e) == NULL);
	kit_contains(e.text, "certificate does not verify");
	kube_close(k);
}
END_TEST

/* --- the suite --------------------------------------------------------- */

static bool
find_server(void)
{
	static char own_client[1024];

	real = getenv("CONTRACT_KUBE_URL") != NULL;
	if (!real && !own_world_up())
		return false;
	if (!real) {
		server = own_world_server("KUBE_OLD");
		server.token = getenv("SB_KUBE_CONTRACT_TOKEN");
		(void)snprintf(own_client, sizeof own_client,
		    "%s/ca/kube-contract", getenv("SB_STATE"));
		client = own_client;
		ns = getenv("SB_INSTANCE");
		return true;
	}
	server = (struct server){ .url = getenv("CONTRACT_KUBE_URL"),
	    .token = getenv("CONTRACT_KUBE_TOKEN"),
	    .ca = getenv("CONTRACT_KUBE_CA"),
	    .address = getenv("CONTRACT_KUBE_ADDRESS") };
	client = getenv("CONTRACT_KUBE_CLIENT");
	ns = getenv("CONTRACT_KUBE_NAMESPACE");
	return server.token != NULL && server.ca != NULL && ns != NULL
	    && client != NULL;
}

int
main(void)
{
	Suite *s = suite_create("kube_client");
	TCase *t = tcase_create("kube_client");

	if (!find_server())
		return kit_skip_all("no double, and no CONTRACT_KUBE_URL, "
		    "_TOKEN, _CA, _CLIENT, _NAMESPACE");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 180);
	tcase_add_test(t, a_deployment_leads_to_its_configmaps);
	tcase_add_test(t, lists_are_whole_and_chosen_by_label);
	tcase_add_loop_test(t, what_is_not_there_is_not_found, 0, NAMED);
	tcase_add_loop_test(t, a_wrong_token_is_refused, 0, ALL);
	tcase_add_loop_test(t,
	    a_missing_right_is_named_with_the_rule_to_add, 0, GUARDED);
	tcase_add_test(t, all_missing_rights_are_found);
	if (!real)
		tcase_add_test(t, a_command_wants_two_rights);
	tcase_add_test(t, a_command_gives_its_output_and_ends);
	tcase_add_test(t, much_output_comes_whole);
	tcase_add_test(t, an_exit_status_is_told);
	tcase_add_test(t, a_command_reads_its_input_whole);
	tcase_add_test(t, a_program_that_is_not_there_is_an_error);
	tcase_add_test(t, a_container_that_is_not_there_is_refused);
	tcase_add_test(t, a_command_that_hangs_ends_with_the_deadline);
	tcase_add_test(t, a_client_certificate_is_an_account);
	tcase_add_loop_test(t, a_certificates_account_has_its_rights_only, 0,
	    GUARDED);
	tcase_add_loop_test(t,
	    a_certificate_of_another_authority_is_refused, 0, ALL);
	tcase_add_test(t,
	    the_servers_name_may_be_another_than_the_addresss);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
