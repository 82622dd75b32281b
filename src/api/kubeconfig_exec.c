/*
 * kubeconfig_exec - programs that print a login: client.authentication.k8s.io.
 *
 * Such a program is told what is asked for in KUBERNETES_EXEC_INFO and
 * answers with an ExecCredential on stdout.
 */
#include "api/kubeconfig_own.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/kube.h"
#include "api/reply.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/yaml.h"

enum {
	SECONDS = 60,			/* clouds' logins take a few */
	ARGS = 256,			/* and as many variables */
	OUT_MAX = 1024 * 1024,
	WORDS_MAX = 64 * 1024,		/* of stderr */
	INFO_MAX = 100 * 1024,		/* Linux: a variable <= 128 KiB */
	NODES = 1000,			/* of a cluster's own config */
	PATH_ROOM = 64 * 1024,
	GUESS_MIN = 8,
};

static const char GROUP[] = "client.authentication.k8s.io/";

struct kubeconfig_exec {
	struct pool *pool;
	const char *command, *version, *hint;
	const char *argv[ARGS + 2], *env[ARGS + 2];
};

/* ---- what the entry says ---- */

/* What only sounds like a secret is no reason to blank out a short word. */
static void
mask_guess(const char *value)
{
	if (strlen(value) >= GUESS_MIN)
		log_mask(value);
}

/* "--token=x", and the x of "--token", "x". */
static void
mask_argument(const char *before, const char *arg)
{
	const char *value = strchr(arg, '=');

	if (value != NULL && *arg == '-'
	    && kubeconfig_sounds_secret(arg, (size_t)(value - arg)))
		mask_guess(value + 1);
	else if (*before == '-' && strchr(before, '=') == NULL
	    && kubeconfig_sounds_secret(before, strlen(before)))
		mask_guess(arg);
}

static bool
read_args(const struct kubeconfig_entry *n, struct kubeconfig_exec *x,
    struct err *e)
{
	const char *list = pool_printf(n->pool, "%s.args", n->path);
	int len = yaml_len(n->yaml, list);

	if (yaml_kind(n->yaml, list) > YAML_NULL
	    && yaml_kind(n->yaml, list) != YAML_SEQ)
		return err_set(e, ERR_INPUT, "args must be a list");
	if (len > ARGS)
		return err_set(e, ERR_INPUT, "more than %d args", ARGS);
	x->argv[0] = x->command;
	for (int i = 0; i < len; i++) {
		const char *item = pool_printf(n->pool, "%s[%d]", list, i);

		if (yaml_kind(n->yaml, item) != YAML_STRING)
			return err_set(e, ERR_INPUT, "args[%d] must be a"
			    " string; put it in quotes", i);
		x->argv[i + 1] = pool_strdup(n->pool, yaml_get(n->yaml,
		    item));
		mask_argument(x->argv[i], x->argv[i + 1]);
	}
	return true;
}

/* Set it; a name that is there already gets the new value. */
static void
put_variable(struct kubeconfig_exec *x, const char *name, const char *value)
{
	size_t i = 0, len = strlen(name);

	while (x->env[i] != NULL && (strncmp(x->env[i], name, len) != 0
	    || x->env[i][len] != '='))
		i++;
	x->env[i] = pool_printf(x->pool, "%s=%s", name, value);
}

static bool
read_variables(const struct kubeconfig_entry *n, struct kubeconfig_exec *x,
    struct err *e)
{
	const char *list = pool_printf(n->pool, "%s.env", n->path);
	int len = yaml_len(n->yaml, list);

	if (yaml_kind(n->yaml, list) > YAML_NULL
	    && yaml_kind(n->yaml, list) != YAML_SEQ)
		return err_set(e, ERR_INPUT, "env must be a list");
	if (len > ARGS)
		return err_set(e, ERR_INPUT, "more than %d env", ARGS);
	for (int i = 0; i < len; i++) {
		struct kubeconfig_entry item = *n;
		const char *name, *value;

		item.path = pool_printf(n->pool, "%s[%d]", list, i);
		if (!kubeconfig_string(&item, "name", &name, e)
		    || !kubeconfig_string(&item, "value", &value, e))
			return err_within(e, "env[%d]", i);
		if (name == NULL || strchr(name, '=') != NULL)
			return err_set(e, ERR_INPUT, "env[%d] must have a"
			    " name without =", i);
		put_variable(x, name, value != NULL ? value : "");
	}
	return true;
}

static bool
check_version(const struct kubeconfig_entry *n, struct kubeconfig_exec *x,
    struct err *e)
{
	if (!kubeconfig_string(n, "apiVersion", &x->version, e))
		return false;
	if (x->version == NULL)
		return err_set(e, ERR_INPUT, "apiVersion is missing; it must"
		    " be %sv1 or %sv1beta1", GROUP, GROUP);
	if (text_starts(x->version, GROUP)
	    && (text_same(x->version + strlen(GROUP), "v1")
		|| text_same(x->version + strlen(GROUP), "v1beta1")))
		return true;
	return err_set(e, ERR_INPUT, "apiVersion %s is not known; it must be"
	    " %sv1 or %sv1beta1 (v1alpha1 was removed in Kubernetes 1.24:"
	    " the cloud's program writes the entry anew)", x->version, GROUP,
	    GROUP);
}

/* Nobody sits in front of a CI machine. */
static bool
check_mode(const struct kubeconfig_entry *n, const struct kubeconfig_exec *x,
    struct err *e)
{
	const char *mode;

	if (!kubeconfig_string(n, "interactiveMode", &mode, e))
		return false;
	if (mode == NULL && text_ends(x->version, "/v1"))
		return err_set(e, ERR_INPUT, "interactiveMode is missing;"
		    " with apiVersion v1 it must be there");
	if (mode == NULL || strcmp(mode, "Never") == 0
	    || strcmp(mode, "IfAvailable") == 0)
		return true;
	if (strcmp(mode, "Always") == 0)
		return err_set(e, ERR_INPUT, "interactiveMode Always: there"
		    " is nobody who could type; use a login that needs no"
		    " person, such as the token of a service account");
	return err_set(e, ERR_INPUT, "interactiveMode must be Never or"
	    " IfAvailable");
}

/* ---- what it is told ---- */

/* NULL: more nodes than are left. */
static struct json *to_json(const struct kubeconfig_entry *, int *left);

static bool
members_to_json(const struct kubeconfig_entry *n, struct json *to, int *left)
{
	enum yaml_kind kind = yaml_kind(n->yaml, n->path);
	int len = yaml_len(n->yaml, n->path);

	for (int i = 0; i < len; i++) {
		const char *key = NULL;
		struct kubeconfig_entry item = *n;
		struct buf path = buf_new(PATH_ROOM);
		struct json *value;

		buf_puts(&path, n->path);
		if (kind == YAML_SEQ) {
			buf_printf(&path, "[%d]", i);
		} else {
			key = yaml_key(n->yaml, n->path, i);
			yaml_path_key(&path, key);
		}
		item.path = buf_str(&path);
		value = path.full ? NULL : to_json(&item, left);
		if (value != NULL)
			json_add(to, key, value);
		buf_free(&path);
		if (value == NULL)
			return false;
	}
	return true;
}

static struct json *
scalar_to_json(enum yaml_kind kind, const char *text)
{
	struct json *one = json_object(), *value;

	if (kind == YAML_BOOL)
		json_set_bool(one, "v", strcmp(text, "true") == 0);
	else if (kind == YAML_INT || kind == YAML_FLOAT)
		json_set_num(one, "v", strtod(text, NULL));
	else
		json_set_str(one, "v", kind == YAML_NULL ? NULL : text);
	value = json_copy(json_get(one, "v"));
	json_free(one);
	return value;
}

static struct json *
to_json(const struct kubeconfig_entry *n, int *left)
{
	enum yaml_kind kind = yaml_kind(n->yaml, n->path);
	struct json *j;

	if ((*left)-- <= 0)
		return NULL;
	if (kind != YAML_MAP && kind != YAML_SEQ)
		return scalar_to_json(kind, yaml_get(n->yaml, n->path));
	j = kind == YAML_MAP ? json_object() : json_array();
	if (members_to_json(n, j, left))
		return j;
	json_free(j);
	return NULL;
}

/* The cluster's own words to its plugin, which stand among its extensions. */
static bool
add_config(const struct kubeconfig_entry *cluster, struct json *to,
    struct err *e)
{
	const char *list = pool_printf(cluster->pool, "%s.extensions",
	    cluster->path);
	int left = NODES;

	for (int i = 0; i < yaml_len(cluster->yaml, list); i++) {
		struct kubeconfig_entry item = *cluster;
		struct json *config;

		if (!text_same(yaml_get(item.yaml, pool_printf(item.pool,
		    "%s[%d].name", list, i)), "client.authentication.k8s.io"
		    "/exec"))
			continue;
		item.path = pool_printf(item.pool, "%s[%d].extension", list,
		    i);
		config = to_json(&item, &left);
		if (config == NULL)
			return err_set(e, ERR_INPUT, "the cluster's"
			    " extension for exec is too large");
		json_add(to, "config", config);
	}
	return true;
}

static bool
add_cluster(const struct kubeconfig_entry *cluster, const struct kube_open *o,
    struct json *spec, struct err *e)
{
	struct json *to = json_add(spec, "cluster", json_object());
	struct buf ca = buf_new(INFO_MAX);

	json_set_str(to, "server", o->server);
	if (o->tls_name != NULL)
		json_set_str(to, "tls-server-name", o->tls_name);
	if (o->proxy != NULL)
		json_set_str(to, "proxy-url", o->proxy);
	if (o->ca_pem != NULL) {
		text_base64(&ca, o->ca_pem, strlen(o->ca_pem));
		json_set_str(to, "certificate-authority-data", buf_str(&ca));
	}
	buf_free(&ca);
	return add_config(cluster, to, e);
}

static bool
tell(struct kubeconfig_exec *x, const struct kubeconfig_entry *cluster,
    bool about_cluster, const struct kube_open *o, struct err *e)
{
	struct json *info = json_object(), *spec;
	struct buf text = buf_new(INFO_MAX);
	bool ok = true;

	json_set_str(info, "kind", "ExecCredential");
	json_set_str(info, "apiVersion", x->version);
	spec = json_add(info, "spec", json_object());
	json_set_bool(spec, "interactive", false);
	if (about_cluster)
		ok = add_cluster(cluster, o, spec, e);
	json_print(info, false, &text);
	ok = ok && buf_check(&text, "KUBERNETES_EXEC_INFO", e);
	if (ok)
		put_variable(x, "KUBERNETES_EXEC_INFO", buf_str(&text));
	buf_free(&text);
	json_free(info);
	return ok;
}

static bool
read_command(const struct kubeconfig_entry *n, struct kubeconfig_exec *x,
    struct err *e)
{
	if (!kubeconfig_string(n, "command", &x->command, e)
	    || !kubeconfig_string(n, "installHint", &x->hint, e))
		return false;
	if (x->command == NULL)
		return err_set(e, ERR_INPUT, "command is missing");
	if (strchr(x->command, '/') != NULL)
		x->command = kubeconfig_resolve(n, x->command, e);
	return x->command != NULL;
}

struct kubeconfig_exec *
kubeconfig_exec_read(const struct kubeconfig_entry *user,
    const struct kubeconfig_entry *cluster, const struct kube_open *o,
    struct err *e)
{
	struct kubeconfig_exec *x = pool_alloc(user->pool, sizeof *x);
	struct kubeconfig_entry n = *user;
	bool about_cluster;

	x->pool = user->pool;
	n.path = pool_printf(n.pool, "%s.exec", user->path);
	if (check_version(&n, x, e) && check_mode(&n, x, e)
	    && read_command(&n, x, e) && read_args(&n, x, e)
	    && read_variables(&n, x, e)
	    && kubeconfig_flag(&n, "provideClusterInfo", &about_cluster, e)
	    && tell(x, cluster, about_cluster, o, e))
		return x;
	err_within(e, "exec");
	return NULL;
}

/* ---- what it answers ---- */

/* An answer that is over already would only be refused later. */
static bool
check_expiry(const char *when, struct err *e)
{
	time_t t = when != NULL ? clock_parse(when) : -1;

	if (t < 0 || t > time(NULL))
		return true;
	return err_set(e, ERR_OTHER, "what it printed is expired since %s;"
	    " is this machine's clock right?", when);
}

static bool
take_answer(struct kubeconfig_exec *x, const struct json *answer,
    struct kube_open *o, struct err *e)
{
	const char *version = json_str(answer, "apiVersion");
	const char *token = json_str(answer, "status.token");
	const char *cert = json_str(answer, "status.clientCertificateData");
	const char *key = json_str(answer, "status.clientKeyData");

	log_mask(token);
	log_mask(key);
	if (!text_same(json_str(answer, "kind"), "ExecCredential")
	    || !text_same(version, x->version))
		return err_set(e, ERR_OTHER, "it must print an ExecCredential"
		    " of %s, as its entry says", x->version);
	if (text_empty(token) && text_empty(cert) && text_empty(key))
		return err_set(e, ERR_OTHER, "it printed no login: neither a"
		    " token nor a client certificate");
	if (text_empty(cert) != text_empty(key))
		return err_set(e, ERR_OTHER, "it printed a client %s without"
		    " its %s", text_empty(key) ? "certificate" : "key",
		    text_empty(key) ? "key" : "certificate");
	if (!check_expiry(json_str(answer, "status.expirationTimestamp"), e))
		return false;
	o->token = text_empty(token) ? NULL : pool_strdup(x->pool, token);
	o->cert_pem = text_empty(cert) ? NULL : pool_strdup(x->pool, cert);
	o->key_pem = text_empty(key) ? NULL : pool_strdup(x->pool, key);
	return true;
}

static bool
judge(struct kubeconfig_exec *x, int status, const struct buf *out,
    struct kube_open *o, struct err *e)
{
	struct json *answer;
	bool ok;

	if (status != 0)
		return err_set(e, ERR_OTHER, "it ended with exit status %d;"
		    " it gets no environment but PATH, HOME and what env in"
		    " its entry names", status);
	if (!buf_check(out, "what it printed", e))
		return false;
	answer = json_parse(out->data, out->len, "what it printed", e);
	ok = answer != NULL && take_answer(x, answer, o, e);
	json_free(answer);
	return ok;
}

bool
kubeconfig_exec_run(struct kubeconfig_exec *x, struct kube_open *o,
    struct err *e)
{
	struct buf out = buf_new(OUT_MAX), words = buf_new(WORDS_MAX);
	const struct child c = { .argv = x->argv, .env = x->env,
	    .deadline = clock_deadline(SECONDS), .out = &out,
	    .errout = &words };
	int status = 0;
	bool ok = child_run(&c, &status, e);

	if (!ok && e->kind == ERR_NOT_FOUND && x->hint != NULL)
		err_set(e, ERR_NOT_FOUND, "%s is not installed: %s",
		    x->command, reply_line(x->pool, x->hint));
	ok = ok && judge(x, status, &out, o, e);
	if (words.len > 0) {
		log_info("%s:", x->command);
		log_foreign(words.data, words.len);
	}
	if (out.data != NULL)
		mem_wipe(out.data, out.len);
	buf_free(&out);
	buf_free(&words);
	return ok || err_within(e, "exec: %s", x->command);
}
