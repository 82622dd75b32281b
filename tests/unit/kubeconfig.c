/*
 * Proves what api/kubeconfig.h promises: each form of a kubeconfig is read,
 * or refused with the reason, and a plugin is run as its protocol says.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/kube.h"
#include "api/kubeconfig.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "tests/kit/kit.h"

#define CERT "-----BEGIN CERTIFICATE-----\nQUE=\n-----END CERTIFICATE-----\n"
#define OTHER "-----BEGIN CERTIFICATE-----\nQkI=\n-----END CERTIFICATE-----\n"
#define KEY "-----BEGIN PRIVATE KEY-----\na2V5\n-----END PRIVATE KEY-----\n"
#define SERVER "server: \"https://kube.example.test:6443\""
#define TOKEN "token: a-token-of-mine"
#define V1 "apiVersion: client.authentication.k8s.io/v1"
#define NEVER "interactiveMode: Never"

static struct pool *p;
static struct kube_open o;
static struct err e;
static char *folder;

static void
set_up(void)
{
	p = pool_new();
	o = (struct kube_open){ 0 };
	e = (struct err){ 0 };
	folder = kit_folder();
}

static void
tear_down(void)
{
	free(kit_sh("rm -rf '%s'", folder));
	free(folder);
	pool_free(p);
}

static const char *
base64(const char *s)
{
	struct buf b = buf_new(8192);
	const char *out;

	text_base64(&b, s, strlen(s));
	out = pool_printf(p, "%s", buf_str(&b));
	buf_free(&b);
	return out;
}

static bool
read_text(const char *text, const char *context)
{
	const struct kubeconfig_source from = { .text = text,
	    .context = context };

	return kubeconfig_read(p, &from, &o, &e);
}

static bool
read_files(const char *files, const char *context)
{
	const struct kubeconfig_source from = { .files = files,
	    .context = context };

	return kubeconfig_read(p, &from, &o, &e);
}

/* One context of one cluster and one user, with the insides of each map. */
static const char *
config(const char *cluster, const char *user, const char *context)
{
	return pool_printf(p, "apiVersion: v1\nkind: Config\n"
	    "current-context: one\nclusters:\n- name: here\n"
	    "  cluster: {%s}\nusers:\n- name: me\n  user: {%s}\n"
	    "contexts:\n- name: one\n  context: {%s}\n", cluster, user,
	    context);
}

/* A file in the test's folder; its path. */
static const char *
put(const char *name, const char *text)
{
	const char *path = pool_printf(p, "%s/%s", folder, name);

	kit_write(path, text);
	return path;
}

static void
is(const char *found, const char *want)
{
	ck_assert_msg(text_same(found, want), "%s, not %s",
	    found != NULL ? found : "(none)", want != NULL ? want : "(none)");
}

/* ---- what is taken ---- */

START_TEST(a_token_and_the_clusters_own_roots_are_read)
{
	const char *text = config(pool_printf(p, SERVER
	    ", certificate-authority-data: %s", base64(CERT)), TOKEN,
	    "cluster: here, user: me, namespace: acme");

	ck_assert_msg(read_text(text, NULL), "%s", e.text);
	is(o.server, "https://kube.example.test:6443");
	is(o.ca_pem, CERT);
	is(o.token, "a-token-of-mine");
	is(o.space, "acme");
	is(o.cert_pem, NULL);
	is(o.tls_name, NULL);
	is(o.proxy, NULL);
	ck_assert(o.renew == NULL);
}
END_TEST

START_TEST(a_client_certificate_is_read_with_its_key)
{
	const char *text = config(SERVER, pool_printf(p,
	    "client-certificate-data: %s, client-key-data: %s", base64(CERT),
	    base64(KEY)), "cluster: here, user: me");

	ck_assert_msg(read_text(text, ""), "%s", e.text);
	is(o.cert_pem, CERT);
	is(o.key_pem, KEY);
	is(o.token, NULL);
	is(o.space, NULL);
	is(o.ca_pem, NULL);
}
END_TEST

START_TEST(a_certificate_and_a_token_may_stand_together)
{
	const char *text = config(SERVER, pool_printf(p, TOKEN
	    ", client-certificate-data: %s, client-key-data: %s",
	    base64(CERT), base64(KEY)), "cluster: here, user: me");

	ck_assert_msg(read_text(text, NULL), "%s", e.text);
	is(o.cert_pem, CERT);
	is(o.token, "a-token-of-mine");
}
END_TEST

START_TEST(another_name_and_a_proxy_are_read)
{
	const char *text = config(SERVER ", tls-server-name: "
	    "kube.internal.test, proxy-url: \"socks5://127.0.0.1:1080\"",
	    TOKEN, "cluster: here, user: me");

	ck_assert_msg(read_text(text, NULL), "%s", e.text);
	is(o.tls_name, "kube.internal.test");
	is(o.proxy, "socks5://127.0.0.1:1080");
}
END_TEST

START_TEST(json_and_base64_are_kubeconfigs_too)
{
	static const char json[] = "{\"current-context\": \"a\", \"clusters\":"
	    " [{\"name\": \"k\", \"cluster\": {\"server\": "
	    "\"https://k.test\", \"insecure-skip-tls-verify\": false}}], "
	    "\"users\": [{\"name\": \"u\", \"user\": {\"token\": "
	    "\"json-token\"}}], \"contexts\": [{\"name\": \"a\", \"context\":"
	    " {\"cluster\": \"k\", \"user\": \"u\"}}]}";

	ck_assert_msg(read_text(json, NULL), "%s", e.text);
	is(o.token, "json-token");
	o = (struct kube_open){ 0 };
	ck_assert_msg(read_text(base64(json), NULL), "%s", e.text);
	is(o.token, "json-token");
	ck_assert(kubeconfig_check(base64(json), &e));
}
END_TEST

static const char TWO[] = "current-context: first\nclusters:\n"
    "- {name: a, cluster: {server: \"https://a.test\"}}\n"
    "- {name: b.c, cluster: {server: \"https://b.test\"}}\n"
    "users:\n- {name: ua, user: {token: token-a}}\n"
    "- {name: ub@b.c, user: {token: token-b}}\n"
    "contexts:\n- {name: first, context: {cluster: a, user: ua}}\n"
    "- {name: sec:ond, context: {cluster: b.c, user: ub@b.c}}\n";

START_TEST(a_context_is_chosen_by_name)
{
	ck_assert_msg(read_text(TWO, NULL), "%s", e.text);
	is(o.token, "token-a");
	ck_assert_msg(read_text(TWO, "sec:ond"), "%s", e.text);
	is(o.server, "https://b.test");
	is(o.token, "token-b");
	ck_assert(!read_text(TWO, "third"));
	ck_assert_int_eq(e.kind, ERR_INPUT);
	kit_contains(e.text, "there is no context \"third\"");
	kit_contains(e.text, "first, sec:ond");
}
END_TEST

START_TEST(files_are_found_from_the_kubeconfigs_own_folder)
{
	const char *path = put("config", config(SERVER
	    ", certificate-authority: ca.pem", "client-certificate: ./me.crt, "
	    "client-key: me.key, tokenFile: token",
	    "cluster: here, user: me"));

	put("ca.pem", OTHER);
	put("me.crt", CERT);
	put("me.key", KEY);
	put("token", "\n token-in-a-file \n");
	ck_assert_msg(read_files(path, NULL), "%s", e.text);
	is(o.ca_pem, OTHER);
	is(o.cert_pem, CERT);
	is(o.key_pem, KEY);
	is(o.token, "token-in-a-file");
}
END_TEST

START_TEST(a_token_file_is_read_again_when_the_token_ends)
{
	const char *path = put("token", "first-token");

	ck_assert_msg(read_text(config(SERVER, pool_printf(p, "tokenFile: "
	    "\"%s\", " TOKEN, path), "cluster: here, user: me"), NULL),
	    "%s", e.text);
	is(o.token, "first-token");
	put("token", "second-token");
	ck_assert_msg(o.renew(o.source, &o, &e), "%s", e.text);
	is(o.token, "second-token");
	unlink(path);
	ck_assert(!o.renew(o.source, &o, &e));
	kit_contains(e.text, "tokenFile");
}
END_TEST

START_TEST(of_several_files_the_first_that_has_a_name_wins)
{
	const char *a = put("a", "current-context: first\nusers:\n"
	    "- {name: ub@b.c, user: {token: token-of-a}}\n");
	const char *b = put("b", TWO);
	const char *list = pool_printf(p, "%s:%s/none::%s", a, folder, b);

	ck_assert_msg(read_files(list, "sec:ond"), "%s", e.text);
	is(o.token, "token-of-a");
	is(o.server, "https://b.test");
	ck_assert_msg(read_files(list, NULL), "%s", e.text);
	is(o.token, "token-a");
	ck_assert(!read_files(pool_printf(p, "%s/none", folder), NULL));
	ck_assert_int_eq(e.kind, ERR_INPUT);
	kit_contains(e.text, "none of the files is there");
}
END_TEST

/* ---- what is refused ---- */

/* %C is a certificate, %K a key, as base64. */
static const struct {
	const char *cluster, *user, *says;
} refused[] = {
	{ SERVER ", insecure-skip-tls-verify: true", TOKEN,
	  "insecure-skip-tls-verify: the login would go to whoever answers" },
	{ SERVER ", insecure-skip-tls-verify: \"true\"", TOKEN,
	  "must be true or false" },
	{ "server: \"http://kube.example.test\"", TOKEN, "https" },
	{ "server: \"https://u:p@kube.example.test\"", TOKEN, "https" },
	{ "server: 17", TOKEN, "server must be a string" },
	{ "tls-server-name: a", TOKEN, "it has no server" },
	{ "", TOKEN, "cluster \"here\"" },
	{ SERVER ", certificate-authority-data: Zm9v", TOKEN,
	  "certificate-authority-data: this holds no certificate as PEM" },
	{ SERVER ", certificate-authority-data: \"?\"", TOKEN,
	  "certificate-authority-data: this is not base64" },
	{ SERVER ", certificate-authority-data: %C, "
	  "certificate-authority: /a", TOKEN, "are both there" },
	{ SERVER ", certificate-authority: ca.pem", TOKEN,
	  "kubectl config view --raw --flatten" },
	{ SERVER ", certificate-authority: /nowhere/ca.pem", TOKEN,
	  "/nowhere/ca.pem" },
	{ SERVER ", tls-server-name: \"a b\"", TOKEN, "tls-server-name: " },
	{ SERVER ", proxy-url: \"ftp://a\"", TOKEN, "proxy-url must begin" },
	{ SERVER ", proxy-url: \"http://\"", TOKEN, "proxy-url must begin" },
	{ SERVER, "username: a, password: b", "since 1.19" },
	{ SERVER, "password: b, " TOKEN, "password: Kubernetes has taken no "
	  "user name and password" },
	{ SERVER, "auth-provider: {name: gcp}", "gke-gcloud-auth-plugin" },
	{ SERVER, "auth-provider: {name: oidc}, " TOKEN, "removed in "
	  "Kubernetes 1.26" },
	{ SERVER, TOKEN ", as: somebody", "impersonation" },
	{ SERVER, TOKEN ", as-groups: [a]", "impersonation" },
	{ SERVER, "", "user \"me\"" },
	{ SERVER, "token: \"\"", "nothing to log in with" },
	{ SERVER, "token: 12345", "token must be a string; put it in quotes" },
	{ SERVER, "token: [a]", "token must be a string" },
	{ SERVER, "client-certificate-data: %C",
	  "client-key-data is missing" },
	{ SERVER, "client-key-data: %K", "client-certificate-data is "
	  "missing" },
	{ SERVER, "client-certificate-data: %K, client-key-data: %K",
	  "client-certificate-data: this holds no certificate" },
	{ SERVER, "client-certificate-data: %C, client-key-data: %C",
	  "client-key-data: this holds no private key" },
	{ SERVER, "client-certificate-data: %C, client-key-data: %E",
	  "encrypted" },
	{ SERVER, "client-certificate-data: %C, client-key-data: %K, "
	  "client-key: /a", "are both there" },
	{ SERVER, "tokenFile: token", "from the kubeconfig's own folder" },
	{ SERVER, "tokenFile: /nowhere/token", "/nowhere/token" },
	{ SERVER, "exec: a", "exec" },
	{ SERVER, "exec: {command: a, " V1 "}", "interactiveMode is "
	  "missing" },
	{ SERVER, "exec: {" V1 ", " NEVER "}", "command is missing" },
	{ SERVER, "exec: {command: ./a, " V1 ", " NEVER "}",
	  "from the kubeconfig's own folder" },
	{ SERVER, "exec: {command: a, " NEVER "}", "apiVersion is missing" },
	{ SERVER, "exec: {command: a, " NEVER ", apiVersion: "
	  "client.authentication.k8s.io/v1alpha1}", "removed in Kubernetes "
	  "1.24" },
	{ SERVER, "exec: {command: a, " NEVER ", apiVersion: v1}",
	  "is not known" },
	{ SERVER, "exec: {command: a, " V1 ", interactiveMode: Always}",
	  "there is nobody who could type" },
	{ SERVER, "exec: {command: a, " V1 ", interactiveMode: never}",
	  "must be Never or IfAvailable" },
	{ SERVER, "exec: {command: a, " V1 ", " NEVER ", args: b}",
	  "args must be a list" },
	{ SERVER, "exec: {command: a, " V1 ", " NEVER ", args: [b, 1]}",
	  "args[1] must be a string" },
	{ SERVER, "exec: {command: a, " V1 ", " NEVER ", env: {b: c}}",
	  "env must be a list" },
	{ SERVER, "exec: {command: a, " V1 ", " NEVER ", env: [{value: c}]}",
	  "env[0] must have a name" },
	{ SERVER, "exec: {command: a, " V1 ", " NEVER
	  ", env: [{name: b=c}]}", "env[0] must have a name" },
	{ SERVER, "exec: {command: a, " V1 ", " NEVER
	  ", env: [{name: b, value: 1}]}", "env[0]: value must be a string" },
	{ SERVER, "exec: {command: a, " V1 ", " NEVER
	  ", provideClusterInfo: 1}", "provideClusterInfo must be true" },
	{ SERVER, TOKEN ", exec: {command: a, " V1 ", " NEVER "}",
	  "exec stands beside a token" },
};

/* With the base64 of PEM in place of %C, %K and %E. */
static const char *
fill(const char *s)
{
	static const char encrypted[] = "-----BEGIN ENCRYPTED PRIVATE "
	    "KEY-----\na2V5\n-----END ENCRYPTED PRIVATE KEY-----\n";
	const char *at = strchr(s, '%');

	if (at == NULL)
		return s;
	return fill(pool_printf(p, "%.*s%s%s", (int)(at - s), s,
	    base64(at[1] == 'C' ? CERT : at[1] == 'K' ? KEY : encrypted),
	    at + 2));
}

START_TEST(it_is_refused_with_the_reason)
{
	const char *text = config(fill(refused[_i].cluster),
	    fill(refused[_i].user), "cluster: here, user: me");

	ck_assert_msg(!read_text(text, NULL), "%s %s", refused[_i].cluster,
	    refused[_i].user);
	ck_assert_msg(e.kind == ERR_INPUT, "%s", e.text);
	kit_contains(e.text, refused[_i].says);
	kit_contains(e.text, "kubeconfig");
	kit_lacks(e.text, "a-token-of-mine");
}
END_TEST

static const struct {
	const char *text, *says;
} broken[] = {
	{ "", "kubeconfig" },
	{ "a: [", "kubeconfig:2:" },
	{ "a: b\n c: d\n", "kubeconfig:2:" },
	{ "- a", "this is no kubeconfig" },
	{ "just words: of mine", "no current-context" },
	{ "justwords", "nor the base64 of one" },
	{ "anVzdCB3b3Jkcw==", "this is no kubeconfig" },
	{ "kind: ConfigMap\napiVersion: v1", "kind must be Config" },
	{ "kind: Config\napiVersion: v2", "apiVersion v1" },
	{ "clusters: {}", "clusters must be a list" },
	{ "contexts: a", "contexts must be a list" },
	{ "current-context: 7", "current-context must be a string" },
	{ "current-context: a", "there is no context \"a\"" },
	{ "current-context: a\ncontexts: [{name: a}]", "is empty, or no map" },
	{ "current-context: a\ncontexts: [{name: a, context: {user: u}}]",
	  "names no cluster" },
	{ "current-context: a\ncontexts: [{name: a, context: {cluster: u}}]",
	  "names no user" },
	{ "current-context: a\ncontexts: [{name: a, context: {cluster: k, "
	  "user: u}}]", "there is no cluster \"k\"" },
	{ "current-context: a\ncontexts: [{name: a, context: {cluster: k, "
	  "user: u}}]\nclusters: [{name: k, cluster: {}}]",
	  "there is no user \"u\"" },
	{ "current-context: a\ncontexts: [{name: a, context: {cluster: k, "
	  "user: u, namespace: A_B}}]", "context \"a\"" },
	{ "current-context: a\ncontexts:\n- {name: a, context: {cluster: k, "
	  "user: u}}\n- {name: a, context: {cluster: l, user: u}}\n",
	  "context \"a\" is there twice (lines 3 and 4)" },
};

START_TEST(what_is_no_kubeconfig_is_told_with_its_place)
{
	ck_assert(!read_text(broken[_i].text, NULL));
	ck_assert_msg(e.kind == ERR_INPUT, "%s", e.text);
	kit_contains(e.text, broken[_i].says);
}
END_TEST

START_TEST(of_two_keys_of_one_name_the_last_counts)
{
	ck_assert_msg(read_text(config(SERVER, "token: first-one, token: "
	    "second-one", "cluster: here, user: me"), NULL), "%s", e.text);
	is(o.token, "second-one");
}
END_TEST

/* ---- exec plugins ---- */

/* A kubeconfig with a plugin beside it; more: of the exec entry. */
static const char *
with_plugin(const char *script, const char *more)
{
	chmod(put("plugin", pool_printf(p, "#!/bin/sh\n%s\n", script)), 0700);
	return put("config", config(SERVER ", extensions: [{name: "
	    "client.authentication.k8s.io/exec, extension: {a: [1, true, "
	    "null, \"x\"], \"b.c\": {}}}]", pool_printf(p, "exec: {command: "
	    "./plugin, " NEVER ", %s}", more), "cluster: here, user: me"));
}

#define ANSWER(status) "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":" \
	"\"client.authentication.k8s.io/v1\",\"status\":{" status "}}'"

START_TEST(a_plugin_gives_a_token_and_another_when_that_ends)
{
	ck_assert_msg(read_files(with_plugin("date +%s%N >>\"$0.ran\"; n=$(wc "
	    "-l <\"$0.ran\"); echo '{\"kind\":\"ExecCredential\",\""
	    "apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{"
	    "\"token\":\"given-'$n'\",\"expirationTimestamp\":\""
	    "2999-01-01T00:00:00Z\"}}'", V1), NULL), "%s", e.text);
	is(o.token, "given-1");
	ck_assert_msg(o.renew(o.source, &o, &e), "%s", e.text);
	is(o.token, "given-2");
}
END_TEST

START_TEST(a_plugin_gives_a_client_certificate)
{
	ck_assert_msg(read_files(with_plugin(ANSWER("\"clientCertificateData\""
	    ":\"-----BEGIN CERTIFICATE-----\\nQUE=\\n-----END CERTIFICATE"
	    "-----\\n\",\"clientKeyData\":\"-----BEGIN PRIVATE KEY-----\\n"
	    "a2V5\\n-----END PRIVATE KEY-----\\n\""), V1), NULL), "%s",
	    e.text);
	is(o.cert_pem, CERT);
	is(o.key_pem, KEY);
	is(o.token, NULL);
}
END_TEST

START_TEST(a_plugin_gets_its_words_and_little_environment)
{
	char *seen;

	setenv("NOT_FOR_PLUGINS", "something", 1);
	ck_assert_msg(read_files(with_plugin("cat; env >\"$0.env\"; printf "
	    "'<%s>' \"$@\" >>\"$0.env\"; " ANSWER("\"token\":\"tttttttt\""),
	    V1 ", args: [\"a b\", \"$HOME\", \"\"], env: [{name: MINE, value: "
	    "\"x y\"}, {name: MINE, value: last}, {name: EMPTY}]"), NULL),
	    "%s", e.text);
	seen = kit_read(pool_printf(p, "%s/plugin.env", folder));
	kit_contains(seen, "<a b><$HOME><>");
	kit_contains(seen, "MINE=last\n");
	kit_contains(seen, "EMPTY=\n");
	kit_contains(seen, "PATH=");
	kit_lacks(seen, "NOT_FOR_PLUGINS");
	kit_lacks(seen, "x y");
	kit_contains(seen, "KUBERNETES_EXEC_INFO={\"kind\":\"ExecCredential\""
	    ",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"spec\":"
	    "{\"interactive\":false}}\n");
	free(seen);
}
END_TEST

START_TEST(a_plugin_that_asks_is_told_about_the_cluster)
{
	char *seen;

	ck_assert_msg(read_files(with_plugin("echo \"$KUBERNETES_EXEC_INFO\" "
	    ">\"$0.info\"; echo '{\"kind\":\"ExecCredential\",\"apiVersion\":"
	    "\"client.authentication.k8s.io/v1beta1\",\"status\":{\"token\":"
	    "\"t\"}}'", "apiVersion: client.authentication.k8s.io/v1beta1, "
	    "provideClusterInfo: true"), NULL), "%s", e.text);
	seen = kit_read(pool_printf(p, "%s/plugin.info", folder));
	kit_contains(seen, "\"cluster\":{\"server\":"
	    "\"https://kube.example.test:6443\",\"config\":{\"a\":[1,true,"
	    "null,\"x\"],\"b.c\":{}}}");
	free(seen);
}
END_TEST

static const struct {
	const char *script, *says;
} failing[] = {
	{ "exit 3", "ended with exit status 3" },
	{ "kill -9 $$", "ended with exit status 137" },
	{ "true", "what it printed" },
	{ "echo hello", "what it printed" },
	{ "echo '{}'", "it must print an ExecCredential" },
	{ "echo '[]'", "it must print an ExecCredential" },
	{ "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":"
	  "\"client.authentication.k8s.io/v1beta1\",\"status\":{\"token\":"
	  "\"t\"}}'", "of client.authentication.k8s.io/v1, as its entry" },
	{ ANSWER(""), "it printed no login" },
	{ ANSWER("\"token\":\"\""), "it printed no login" },
	{ ANSWER("\"token\":7"), "it printed no login" },
	{ ANSWER("\"clientKeyData\":\"a\""), "without its certificate" },
	{ ANSWER("\"clientCertificateData\":\"a\""), "without its key" },
	{ ANSWER("\"token\":\"t\",\"expirationTimestamp\":"
	  "\"2020-01-01T00:00:00Z\""), "expired since 2020-01-01T00:00:00Z" },
	{ "head -c 2000000 /dev/zero", "larger than" },
};

START_TEST(a_plugin_that_fails_is_told)
{
	ck_assert(!read_files(with_plugin(failing[_i].script, V1), NULL));
	kit_contains(e.text, failing[_i].says);
	kit_contains(e.text, "user \"me\"");
	kit_contains(e.text, "./plugin");
}
END_TEST

START_TEST(a_plugin_that_is_not_there_is_told_with_its_hint)
{
	ck_assert(!read_text(config(SERVER, "exec: {command: "
	    "no-such-plugin-here, " V1 ", " NEVER ", installHint: \"get it "
	    "from\\n  the cloud\"}", "cluster: here, user: me"), NULL));
	kit_contains(e.text, "no-such-plugin-here is not installed: get it "
	    "from");
	ck_assert(!read_text(config(SERVER, "exec: {command: "
	    "no-such-plugin-here, " V1 ", " NEVER "}",
	    "cluster: here, user: me"), NULL));
	kit_contains(e.text, "not found on PATH");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("kubeconfig");
	TCase *t = tcase_create("kubeconfig");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_token_and_the_clusters_own_roots_are_read);
	tcase_add_test(t, a_client_certificate_is_read_with_its_key);
	tcase_add_test(t, a_certificate_and_a_token_may_stand_together);
	tcase_add_test(t, another_name_and_a_proxy_are_read);
	tcase_add_test(t, json_and_base64_are_kubeconfigs_too);
	tcase_add_test(t, a_context_is_chosen_by_name);
	tcase_add_test(t,
	    files_are_found_from_the_kubeconfigs_own_folder);
	tcase_add_test(t, a_token_file_is_read_again_when_the_token_ends);
	tcase_add_test(t, of_several_files_the_first_that_has_a_name_wins);
	tcase_add_loop_test(t, it_is_refused_with_the_reason, 0,
	    sizeof(refused) / sizeof(refused[0]));
	tcase_add_loop_test(t, what_is_no_kubeconfig_is_told_with_its_place,
	    0, sizeof(broken) / sizeof(broken[0]));
	tcase_add_test(t, of_two_keys_of_one_name_the_last_counts);
	tcase_add_test(t, a_plugin_gives_a_token_and_another_when_that_ends);
	tcase_add_test(t, a_plugin_gives_a_client_certificate);
	tcase_add_test(t, a_plugin_gets_its_words_and_little_environment);
	tcase_add_test(t, a_plugin_that_asks_is_told_about_the_cluster);
	tcase_add_loop_test(t, a_plugin_that_fails_is_told, 0,
	    sizeof(failing) / sizeof(failing[0]));
	tcase_add_test(t, a_plugin_that_is_not_there_is_told_with_its_hint);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
