/*
 * kubeconfig - the files, the context's entries, and the forms of a login
 * that stand in the file itself.
 */
#include "api/kubeconfig.h"

#include <string.h>

#include "api/kube.h"
#include "api/kubeconfig_own.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"

enum {
	FILES = 32,			/* of one KUBECONFIG */
	TEXT_MAX = 16 * 1024 * 1024,	/* as data/yaml takes */
	PEM_MAX = 1024 * 1024,
	TOKEN_MAX = 64 * 1024,
	PATH_ROOM = 16 * 1024,
	NODES = 20000,			/* that are looked at for secrets */
	GUESS_MIN = 6,			/* a secret by its name alone */
	WORDS_MAX = 1000,
};

struct files {
	struct pool *pool;
	struct kubeconfig_entry v[FILES];	/* the whole of each */
	struct yaml *yaml[FILES];
	size_t n;
};

/* What a login that ends is renewed from; one of both. */
struct renewal {
	struct pool *pool;
	const char *token_file;
	struct kubeconfig_exec *exec;
};

/* ---- one entry ---- */

static const char *
place(const struct kubeconfig_entry *n, const char *member)
{
	return *n->path == '\0' ? member
	    : pool_printf(n->pool, "%s.%s", n->path, member);
}

/* Is anything but null there? */
static bool
has(const struct kubeconfig_entry *n, const char *member)
{
	return yaml_kind(n->yaml, place(n, member)) > YAML_NULL;
}

bool
kubeconfig_string(const struct kubeconfig_entry *n, const char *member,
    const char **out, struct err *e)
{
	const char *path = place(n, member), *value;

	*out = NULL;
	if (!has(n, member))
		return true;
	if (yaml_kind(n->yaml, path) != YAML_STRING)
		return err_set(e, ERR_INPUT, "%s must be a string; put it in"
		    " quotes", member);
	value = yaml_get(n->yaml, path);
	*out = *value != '\0' ? pool_strdup(n->pool, value) : NULL;
	return true;
}

bool
kubeconfig_flag(const struct kubeconfig_entry *n, const char *member,
    bool *out, struct err *e)
{
	const char *path = place(n, member);

	*out = false;
	if (!has(n, member))
		return true;
	if (yaml_kind(n->yaml, path) != YAML_BOOL)
		return err_set(e, ERR_INPUT, "%s must be true or false",
		    member);
	*out = text_same(yaml_get(n->yaml, path), "true");
	return true;
}

const char *
kubeconfig_resolve(const struct kubeconfig_entry *n, const char *path,
    struct err *e)
{
	if (*path == '/')
		return path;
	if (n->dir != NULL)
		return pool_printf(n->pool, "%s/%s", n->dir, path);
	err_set(e, ERR_INPUT, "%s is a path from the kubeconfig's own folder,"
	    " which is not known here; `kubectl config view --raw --flatten`"
	    " prints a kubeconfig that holds its files", path);
	return NULL;
}

/* ---- what is secret ---- */

bool
kubeconfig_sounds_secret(const char *name, size_t n)
{
	static const char *const words[] = { "token", "secret", "pass", "key",
	    "credential", NULL };
	struct buf low = buf_new(1024);
	bool yes = false;

	for (size_t i = 0; i < n; i++)
		buf_putc(&low, name[i] >= 'A' && name[i] <= 'Z'
		    ? (char)(name[i] + 32) : name[i]);
	for (const char *const *w = words; !yes && *w != NULL; w++)
		yes = strstr(buf_str(&low), *w) != NULL;
	buf_free(&low);
	return yes;
}

/* The name of what a member holds; of an env entry, that in its name. */
static const char *
name_at(const struct yaml *y, const char *map, const char *key,
    struct pool *p)
{
	const char *name = strcmp(key, "value") == 0
	    ? yaml_get(y, pool_printf(p, "%s.name", map)) : NULL;

	return name != NULL ? name : key;
}

/* A path of a file is none. */
static bool
is_secret(const char *name)
{
	return kubeconfig_sounds_secret(name, strlen(name))
	    && strcmp(name, "client-key") != 0 && !text_ends(name, "File");
}

/* Mask the secrets at a path and below, in so many nodes. */
static void
mask_below(struct pool *p, const struct yaml *y, const char *path, int *left)
{
	enum yaml_kind kind = yaml_kind(y, path);
	int len = yaml_len(y, path);

	for (int i = 0; i < len && (*left)-- > 0; i++) {
		struct buf below = buf_new(PATH_ROOM);
		const char *key = yaml_key(y, path, i), *value;

		buf_puts(&below, path);
		if (kind == YAML_MAP)
			yaml_path_key(&below, key);
		else
			buf_printf(&below, "[%d]", i);
		value = yaml_get(y, buf_str(&below));
		if (below.full)
			*left = 0;
		else if (value == NULL)
			mask_below(p, y, buf_str(&below), left);
		else if (kind == YAML_MAP && strlen(value) >= GUESS_MIN
		    && is_secret(name_at(y, path, key, p)))
			log_mask(value);
		buf_free(&below);
	}
}

/* ---- PEM, as data or in a file ---- */

/* Which member, and what a PEM text of its kind holds. */
struct pem_kind {
	const char *data, *file, *mark, *name;
};

static const struct pem_kind
    roots = { "certificate-authority-data", "certificate-authority",
	"-----BEGIN CERTIFICATE-----", "certificate" },
    client_cert = { "client-certificate-data", "client-certificate",
	"-----BEGIN CERTIFICATE-----", "certificate" },
    client_key = { "client-key-data", "client-key", "PRIVATE KEY-----",
	"private key" };

static bool
load_pem(const struct kubeconfig_entry *n, const char *data, const char *file,
    struct buf *pem, struct err *e)
{
	const char *path;

	if (file == NULL)
		return text_unbase64(data, pem, e);
	path = kubeconfig_resolve(n, file, e);
	return path != NULL && file_read(path, pem, e);
}

/* *out in the pool; NULL and true if there is neither form. */
static bool
read_pem(const struct kubeconfig_entry *n, const struct pem_kind *kind,
    const char **out, struct err *e)
{
	struct buf pem = buf_new(PEM_MAX);
	const char *data, *file;
	bool ok;

	*out = NULL;
	if (!kubeconfig_string(n, kind->data, &data, e)
	    || !kubeconfig_string(n, kind->file, &file, e))
		return false;
	if (data == NULL && file == NULL)
		return true;
	if (data != NULL && file != NULL)
		return err_set(e, ERR_INPUT, "%s and %s are both there; leave"
		    " one of them out", kind->data, kind->file);
	ok = load_pem(n, data, file, &pem, e);
	if (ok && strstr(buf_str(&pem), kind->mark) == NULL)
		ok = err_set(e, ERR_OTHER, "this holds no %s as PEM",
		    kind->name);
	if (ok)
		*out = pool_strdup(n->pool, buf_str(&pem));
	if (pem.data != NULL)
		mem_wipe(pem.data, pem.len);
	buf_free(&pem);
	if (!ok)
		e->kind = ERR_INPUT;
	return ok || err_within(e, "%s", data != NULL ? kind->data
	    : kind->file);
}

/* ---- the cluster ---- */

static bool
check_proxy(const char *url, struct err *e)
{
	static const char *const known[] = { "http://", "https://",
	    "socks5://", "socks5h://", NULL };

	for (const char *const *k = known; *k != NULL; k++)
		if (text_starts(url, *k) && strlen(url) > strlen(*k))
			return true;
	return err_set(e, ERR_INPUT, "proxy-url must begin with http://,"
	    " https:// or socks5://");
}

static bool
read_proxy(const struct kubeconfig_entry *n, struct kube_open *o,
    struct err *e)
{
	const char *login, *at;

	if (!kubeconfig_string(n, "proxy-url", &o->proxy, e))
		return false;
	if (o->proxy == NULL)
		return true;
	if (!check_proxy(o->proxy, e))
		return false;
	login = strstr(o->proxy, "://") + 3;
	at = strrchr(login, '@');
	if (at != NULL)
		log_mask(pool_strndup(n->pool, login, (size_t)(at - login)));
	return true;
}

static bool
read_cluster(const struct kubeconfig_entry *n, struct kube_open *o,
    struct err *e)
{
	bool insecure = false;

	if (!kubeconfig_string(n, "server", &o->server, e)
	    || !kubeconfig_flag(n, "insecure-skip-tls-verify", &insecure, e))
		return false;
	if (insecure)
		return err_set(e, ERR_INPUT, "insecure-skip-tls-verify: the"
		    " login would go to whoever answers; give the cluster's"
		    " certificate authority in certificate-authority-data"
		    " instead, and where the certificate has another name,"
		    " that in tls-server-name");
	if (o->server == NULL)
		return err_set(e, ERR_INPUT, "it has no server");
	if (!text_check_https(o->server, e))
		return err_within(e, "server");
	return read_pem(n, &roots, &o->ca_pem, e)
	    && kubeconfig_string(n, "tls-server-name", &o->tls_name, e)
	    && (o->tls_name == NULL || text_check_machine(o->tls_name, e)
		|| err_within(e, "tls-server-name"))
	    && read_proxy(n, o, e);
}

/* ---- the user ---- */

/* What kubectl once took, or takes and we don't, and what to use. */
static const struct refusal {
	const char *member, *why;
} refusals[] = {
	{ "username", "Kubernetes has taken no user name and password since"
	    " 1.19; use the token of a service account" },
	{ "password", "Kubernetes has taken no user name and password since"
	    " 1.19; use the token of a service account" },
	{ "auth-provider", "it was removed in Kubernetes 1.26; use the token"
	    " of a service account, or an exec entry with the cloud's own"
	    " plugin (gke-gcloud-auth-plugin, kubelogin)" },
	{ "as", "impersonation is not done here; use an account that has the"
	    " rights itself" },
	{ "as-uid", "impersonation is not done here" },
	{ "as-groups", "impersonation is not done here" },
	{ "as-user-extra", "impersonation is not done here" },
	{ 0 }
};

static bool
read_token_file(struct pool *p, const char *path, struct kube_open *o,
    struct err *e)
{
	struct buf text = buf_new(TOKEN_MAX);
	bool ok = file_read(path, &text, e);
	const char *from = buf_str(&text);
	size_t n;

	from += strspn(from, " \t\r\n");
	n = strcspn(from, " \t\r\n");
	if (ok && n == 0)
		ok = err_set(e, ERR_INPUT, "%s is empty", path);
	if (ok) {
		o->token = pool_strndup(p, from, n);
		log_mask(o->token);
	}
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	if (!ok)
		e->kind = ERR_INPUT;
	return ok || err_within(e, "tokenFile");
}

static bool
renew(void *source, struct kube_open *o, struct err *e)
{
	struct renewal *r = source;

	return r->exec != NULL ? kubeconfig_exec_run(r->exec, o, e)
	    : read_token_file(r->pool, r->token_file, o, e);
}

/* token, or tokenFile, which wins where both are there. */
static bool
read_token(const struct kubeconfig_entry *n, struct renewal *r,
    struct kube_open *o, struct err *e)
{
	const char *file;

	if (!kubeconfig_string(n, "token", &o->token, e)
	    || !kubeconfig_string(n, "tokenFile", &file, e))
		return false;
	log_mask(o->token);
	if (file == NULL)
		return true;
	r->token_file = kubeconfig_resolve(n, file, e);
	return r->token_file != NULL
	    && read_token_file(n->pool, r->token_file, o, e);
}

static bool
read_client_cert(const struct kubeconfig_entry *n, struct kube_open *o,
    struct err *e)
{
	if (!read_pem(n, &client_cert, &o->cert_pem, e)
	    || !read_pem(n, &client_key, &o->key_pem, e))
		return false;
	log_mask(o->key_pem);
	if ((o->cert_pem == NULL) != (o->key_pem == NULL))
		return err_set(e, ERR_INPUT, "a client certificate and its"
		    " key belong together; %s is missing",
		    o->key_pem == NULL ? client_key.data : client_cert.data);
	if (o->key_pem != NULL && strstr(o->key_pem, "ENCRYPTED") != NULL)
		return err_set(e, ERR_INPUT, "the client key is encrypted,"
		    " and there is nobody who could type its passphrase;"
		    " `openssl pkey` writes it without");
	return true;
}

static bool
read_exec(const struct kubeconfig_entry *user,
    const struct kubeconfig_entry *cluster, struct renewal *r,
    struct kube_open *o, struct err *e)
{
	if (o->token != NULL || o->cert_pem != NULL)
		return err_set(e, ERR_INPUT, "exec stands beside %s; leave"
		    " one of them out", o->token != NULL ? "a token"
		    : "a client certificate");
	r->exec = kubeconfig_exec_read(user, cluster, o, e);
	return r->exec != NULL && kubeconfig_exec_run(r->exec, o, e);
}

static bool
read_user(const struct kubeconfig_entry *n,
    const struct kubeconfig_entry *cluster, struct kube_open *o,
    struct err *e)
{
	struct renewal *r = pool_alloc(n->pool, sizeof *r);

	r->pool = n->pool;
	for (const struct refusal *f = refusals; f->member != NULL; f++)
		if (has(n, f->member))
			return err_set(e, ERR_INPUT, "%s: %s", f->member,
			    f->why);
	if (!read_token(n, r, o, e) || !read_client_cert(n, o, e)
	    || (has(n, "exec")
		&& !read_exec(n, cluster, r, o, e)))
		return false;
	if (o->token == NULL && o->cert_pem == NULL)
		return err_set(e, ERR_INPUT, "it has nothing to log in with:"
		    " no token, tokenFile, client-certificate or exec");
	if (r->exec != NULL || r->token_file != NULL) {
		o->renew = renew;
		o->source = r;
	}
	return true;
}

/* ---- names ---- */

/* Where entries of a kind are: clusters[].cluster */
struct list {
	const char *name, *member, *one;
};

static const struct list
    contexts = { "contexts", "context", "context" },
    clusters = { "clusters", "cluster", "cluster" },
    users = { "users", "user", "user" };

/* The number of the entry of that name in one file; -1: none. */
static bool
find_in_file(const struct kubeconfig_entry *f, const struct list *l,
    const char *name, int *found, struct err *e)
{
	const char *item;

	*found = -1;
	for (int i = 0; i < yaml_len(f->yaml, l->name); i++) {
		item = pool_printf(f->pool, "%s[%d].name", l->name, i);
		if (!text_same(yaml_get(f->yaml, item), name))
			continue;
		if (*found >= 0)
			return err_set(e, ERR_INPUT, "%s \"%s\" is there"
			    " twice (lines %d and %d); which one is meant"
			    " can't be told", l->one, name,
			    yaml_line(f->yaml, pool_printf(f->pool,
			    "%s[%d].name", l->name, *found)),
			    yaml_line(f->yaml, item));
		*found = i;
	}
	return true;
}

static bool
find_entry(struct files *s, const struct list *l, const char *name,
    struct kubeconfig_entry *out, struct err *e)
{
	int found = -1;

	for (size_t i = 0; found < 0 && i < s->n; i++) {
		const struct kubeconfig_entry *f = &s->v[i];

		if (!find_in_file(f, l, name, &found, e))
			return err_within(e, "%s", f->what);
		if (found < 0)
			continue;
		*out = *f;
		out->path = pool_printf(s->pool, "%s[%d].%s", l->name, found,
		    l->member);
		out->what = pool_printf(s->pool, "%s: %s \"%s\"", f->what,
		    l->one, name);
	}
	if (found < 0)
		return err_set(e, ERR_INPUT, "%s: there is no %s \"%s\"",
		    s->v[0].what, l->one, name);
	if (yaml_kind(out->yaml, out->path) != YAML_MAP)
		return err_set(e, ERR_INPUT, "%s is empty, or no map",
		    out->what);
	return true;
}

/* The names of all contexts, for the error that asks for one. */
static const char *
context_names(struct files *s)
{
	struct buf b = buf_new(WORDS_MAX);
	const char *names;

	for (size_t i = 0; i < s->n; i++)
		for (int k = 0; k < yaml_len(s->v[i].yaml, "contexts"); k++) {
			const char *name = yaml_get(s->v[i].yaml, pool_printf(
			    s->pool, "contexts[%d].name", k));

			if (name != NULL)
				buf_printf(&b, "%s%s", b.len > 0 ? ", " : "",
				    name);
		}
	names = pool_strdup(s->pool, b.len > 0 ? buf_str(&b) : "none");
	buf_free(&b);
	return names;
}

static bool
find_context(struct files *s, const char *name, struct kubeconfig_entry *out,
    struct err *e)
{
	for (size_t i = 0; text_empty(name) && i < s->n; i++)
		if (!kubeconfig_string(&s->v[i], "current-context", &name, e))
			return err_within(e, "%s", s->v[i].what);
	if (text_empty(name))
		return err_set(e, ERR_INPUT, "%s: it has no current-context;"
		    " say which one is meant (its contexts: %s)",
		    s->v[0].what, context_names(s));
	return find_entry(s, &contexts, name, out, e) || err_within(e,
	    "contexts: %s", context_names(s));
}

/* ---- the files ---- */

/* Is it a kubeconfig at all, and not some other object? */
static bool
check_whole(const struct yaml *y, struct err *e)
{
	static const char *const lists[] = { "clusters", "users", "contexts",
	    NULL };
	const char *kind = yaml_get(y, "kind");
	const char *version = yaml_get(y, "apiVersion");

	if (yaml_kind(y, "") != YAML_MAP)
		return err_set(e, ERR_INPUT, "this is no kubeconfig, nor the"
		    " base64 of one: it must be a map with clusters, users"
		    " and contexts, as `kubectl config view --raw` prints"
		    " it");
	if ((kind != NULL && strcmp(kind, "Config") != 0)
	    || (version != NULL && strcmp(version, "v1") != 0))
		return err_set(e, ERR_INPUT, "this is no kubeconfig: its kind"
		    " must be Config, its apiVersion v1");
	for (const char *const *l = lists; *l != NULL; l++)
		if (yaml_kind(y, *l) > YAML_NULL
		    && yaml_kind(y, *l) != YAML_SEQ)
			return err_set(e, ERR_INPUT, "%s must be a list", *l);
	return true;
}

/* All that is secret in it is masked from then on. */
static struct yaml *
parse(const char *text, size_t len, const char *name, struct err *e)
{
	struct yaml *y = yaml_parse(text, len, name, e);
	struct pool *p = pool_new();
	int left = NODES;

	if (y != NULL)
		mask_below(p, y, "", &left);
	if (left <= 0)
		log_mask(text);
	pool_free(p);
	if (y == NULL)
		return NULL;
	if (!check_whole(y, e)) {
		err_within(e, "%s", name);
		yaml_close(y);
		return NULL;
	}
	return y;
}

static void
add(struct files *s, struct yaml *y, const char *name, const char *dir)
{
	if (*yaml_warnings(y) != '\0')
		log_warn("%s", yaml_warnings(y));
	s->yaml[s->n] = y;
	s->v[s->n++] = (struct kubeconfig_entry){ .pool = s->pool, .yaml = y,
	    .dir = dir, .path = "", .what = name };
}

/* As it is, or from base64, in which there is neither of these. */
static void
plain_text(const char *given, struct buf *text)
{
	struct err no_base64;

	if (strpbrk(given, ":{") == NULL
	    && text_unbase64(given, text, &no_base64)) {
		log_mask(given);
		return;
	}
	buf_clear(text);
	buf_puts(text, given);
}

static struct yaml *
parse_text(const char *given, struct err *e)
{
	struct buf text = buf_new(TEXT_MAX);
	struct yaml *y = NULL;

	plain_text(given, &text);
	if (buf_check(&text, "kubeconfig", e))
		y = parse(buf_str(&text), text.len, "kubeconfig", e);
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	return y;
}

static bool
add_file(struct files *s, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	struct buf text = buf_new(TEXT_MAX);
	struct yaml *y = NULL;

	if (file_read(path, &text, e))
		y = parse(buf_str(&text), text.len, path, e);
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	if (y != NULL)
		add(s, y, path, slash == NULL ? "." : pool_strndup(s->pool,
		    path, slash == path ? 1 : (size_t)(slash - path)));
	return y != NULL;
}

static bool
add_files(struct files *s, const char *list, struct err *e)
{
	while (*list != '\0') {
		size_t n = strcspn(list, ":");
		const char *path = pool_strndup(s->pool, list, n);

		list += n + (list[n] == ':');
		if (n == 0)
			continue;
		if (s->n == FILES)
			return err_set(e, ERR_INPUT, "more than %d files",
			    FILES);
		if (add_file(s, path, e))
			continue;
		if (e->kind != ERR_NOT_FOUND)
			return false;
		log_warn("%s: there is no such kubeconfig", path);
	}
	return s->n > 0 || err_set(e, ERR_INPUT, "none of the files is"
	    " there");
}

/* ---- all of it ---- */

static bool
read_context(struct files *s, const char *name, struct kube_open *o,
    struct err *e)
{
	struct kubeconfig_entry context, cluster, user;
	const char *cluster_name, *user_name, *space;

	if (!find_context(s, name, &context, e))
		return false;
	if (!kubeconfig_string(&context, "cluster", &cluster_name, e)
	    || !kubeconfig_string(&context, "user", &user_name, e)
	    || !kubeconfig_string(&context, "namespace", &space, e)
	    || (space != NULL && !text_check_name(space, e)))
		return err_within(e, "%s", context.what);
	if (cluster_name == NULL || user_name == NULL)
		return err_set(e, ERR_INPUT, "%s names no %s", context.what,
		    cluster_name == NULL ? "cluster" : "user");
	if (!find_entry(s, &clusters, cluster_name, &cluster, e)
	    || !find_entry(s, &users, user_name, &user, e))
		return err_within(e, "%s", context.what);
	if (!read_cluster(&cluster, o, e))
		return err_within(e, "%s", cluster.what);
	if (!read_user(&user, &cluster, o, e))
		return err_within(e, "%s", user.what);
	if (space != NULL)
		o->space = space;
	return true;
}

bool
kubeconfig_read(struct pool *p, const struct kubeconfig_source *from,
    struct kube_open *o, struct err *e)
{
	struct files s = { .pool = p };
	struct yaml *y;
	bool ok;

	if (from->text != NULL) {
		y = parse_text(from->text, e);
		if (y != NULL)
			add(&s, y, "kubeconfig", NULL);
		ok = y != NULL;
	} else {
		ok = add_files(&s, from->files, e);
	}
	ok = ok && read_context(&s, from->context, o, e);
	for (size_t i = 0; i < s.n; i++)
		yaml_close(s.yaml[i]);
	return ok;
}

bool
kubeconfig_check(const char *text, struct err *e)
{
	struct yaml *y = parse_text(text, e);

	yaml_close(y);
	return y != NULL;
}

void
kubeconfig_mask(const char *text)
{
	struct err e;
	struct yaml *y = parse_text(text, &e);

	if (y == NULL)
		log_mask(text);
	yaml_close(y);
}
