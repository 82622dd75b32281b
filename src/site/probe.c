/*
 * probe - see probe.h.
 */
#include "site/probe.h"

#include <string.h>

#include "api/kube.h"
#include "api/openedx.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/yaml.h"
#include "edx/settings.h"
#include "site/probe_own.h"
#include "site/workers.h"
#include "step/step.h"

enum {
	FULL_PERCENT = 80,
	MONGODB_EACH = 6,	/* connections of a process, see probe.h */
	MYSQL_PORT = 3306,
	MONGODB_PORT = 27017,
	SMTP_PORT = 25,
	PORT_MAX = 65535,
	TEXT_MAX = 16 * 1024,
};

/* What the deeds below share. */
struct plan {
	struct pool *pool;
	const struct json *settings;
	struct probes *to;
	struct json *questions, *secrets;
	bool full;
};

/* ---- what the settings say ---- */

static const char *
value(const struct plan *p, const char *key)
{
	const char *text = settings_value(p->pool, p->settings, key);

	return text != NULL ? text : "";
}

static long
port_or(const char *text, long otherwise)
{
	struct err unseen;
	long port;

	return text != NULL && text_number(text, 1, PORT_MAX, &port, &unseen)
	    ? port : otherwise;
}

/* A member that may be a text or a number. */
static const char *
scalar(const struct plan *p, const struct json *object, const char *member)
{
	struct buf text = buf_new(TEXT_MAX);
	const char *s = "";

	if (json_scalar(json_get(object, member), &text))
		s = pool_strdup(p->pool, buf_str(&text));
	buf_free(&text);
	return s;
}

static void
add_secret(struct plan *p, const char *secret)
{
	if (strlen(secret) > 3)
		json_add(p->secrets, NULL, json_string(secret));
}

/* The next probe, and the question for it; NULL: there are too many. */
static struct json *
add_probe(struct plan *p, const char *kind, const char *name,
    const char *where)
{
	struct json *q;

	if (p->to->n == PROBES_MAX) {
		p->full = true;
		return NULL;
	}
	p->to->v[p->to->n++] = (struct probe){ .kind = kind, .name = name,
		.where = where, .said = "", .stage = "",
		.verdict = PROBE_UNKNOWN };
	q = json_add(p->questions, NULL, json_object());
	json_set_str(q, "kind", kind);
	return q;
}

static void
set_server(struct json *q, const char *host, long port, const char *user,
    const char *password)
{
	json_set_str(q, "host", host);
	json_set_num(q, "port", (double)port);
	json_set_str(q, "user", user);
	json_set_str(q, "password", password);
}

static const char *
at(const struct plan *p, const char *host, long port)
{
	if (strchr(host, '@') != NULL || strstr(host, "://") != NULL)
		return "(a URI)";
	return pool_printf(p->pool, "%s:%ld", host, port);
}

/* ---- what no key carries ---- */

static const struct json *
unmapped(const struct plan *p)
{
	return json_first(json_get(p->settings, "unmapped"));
}

static const struct json *
value_of(const struct json *one)
{
	const struct json *v = json_get(one, "lms");

	return v != NULL ? v : json_get(one, "cms");
}

/* Members below a path, such as DATABASES.default.OPTIONS.ssl, as one object
 * without that path. */
static void
add_options(const struct plan *p, const char *below, struct json *options)
{
	const struct json *one = unmapped(p);

	for (; one != NULL; one = json_next(one)) {
		const char *path = json_str(one, "path");
		const struct json *v = value_of(one);

		if (path != NULL && v != NULL && text_starts(path, below)
		    && strchr(path + strlen(below), '.') == NULL)
			json_add(options, path + strlen(below),
			    json_copy(v));
	}
}

/* ---- MySQL ---- */

static void
add_default_database(struct plan *p)
{
	const char *host = value(p, "MYSQL_HOST");
	const char *name = value(p, "OPENEDX_MYSQL_DATABASE");
	long port = port_or(value(p, "MYSQL_PORT"), MYSQL_PORT);
	struct json *q = add_probe(p, "mysql", "DATABASES.default",
	    pool_printf(p->pool, "%s/%s", at(p, host, port), name));

	if (q == NULL)
		return;
	set_server(q, host, port, value(p, "OPENEDX_MYSQL_USERNAME"),
	    value(p, "OPENEDX_MYSQL_PASSWORD"));
	json_set_str(q, "database", name);
	add_options(p, "DATABASES.default.OPTIONS.", json_add(q, "options",
	    json_object()));
	add_secret(p, value(p, "OPENEDX_MYSQL_PASSWORD"));
}

/* Another entry of DATABASES, with all that Django wants of it. */
static void
add_database(struct plan *p, const char *path, const struct json *entry)
{
	const char *host = scalar(p, entry, "HOST");
	const char *name = scalar(p, entry, "NAME");
	const char *password = scalar(p, entry, "PASSWORD");
	const struct json *options = json_get(entry, "OPTIONS");
	long port = port_or(scalar(p, entry, "PORT"), MYSQL_PORT);
	struct json *q;

	if (strstr(scalar(p, entry, "ENGINE"), "mysql") == NULL)
		return;
	q = add_probe(p, "mysql", pool_strdup(p->pool, path),
	    pool_printf(p->pool, "%s/%s", at(p, host, port), name));
	if (q == NULL)
		return;
	set_server(q, host, port, scalar(p, entry, "USER"), password);
	json_set_str(q, "database", name);
	json_add(q, "options", json_is_object(options) ? json_copy(options) :
	    json_object());
	add_secret(p, password);
}

static void
add_unread(struct plan *p, const char *path)
{
	struct json *q = add_probe(p, "mysql", path, "");

	if (q != NULL)
		json_set_str(q, "kind", "none");
}

static void
add_other_databases(struct plan *p)
{
	static const char below[] = "DATABASES.";
	const struct json *one = unmapped(p);

	for (; one != NULL; one = json_next(one)) {
		const char *path = json_str(one, "path");
		const struct json *v = value_of(one);

		if (path == NULL || !text_starts(path, below)
		    || strchr(path + strlen(below), '.') != NULL)
			continue;
		if (json_is_object(v))
			add_database(p, path, v);
		else
			add_unread(p, pool_strdup(p->pool, path));
	}
}

/* ---- MongoDB ---- */

/* Those that pymongo knows, and that decide whether it can log in. */
static void
add_mongodb_options(const struct plan *p, struct json *options)
{
	static const char *const names[] = { "tls", "ssl", "retryWrites",
	    "directConnection" };
	struct json *all = json_object();

	add_options(p, "DOC_STORE_CONFIG.", all);
	for (const struct json *o = json_first(all); o != NULL;
	    o = json_next(o))
		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			if (text_starts(json_name(o), names[i]))
				json_add(options, json_name(o),
				    json_copy(o));
	json_free(all);
}

/* A database, and a collection of it that the platform reads first. */
static void
add_collection(struct json *databases, const char *name,
    const char *collection)
{
	struct json *pair;

	if (*name == '\0')
		return;
	pair = json_add(databases, NULL, json_array());
	json_add(pair, NULL, json_string(name));
	json_add(pair, NULL, json_string(collection));
}

static void
add_mongodb(struct plan *p)
{
	const char *host = value(p, "MONGODB_HOST");
	long port = port_or(value(p, "MONGODB_PORT"), MONGODB_PORT);
	struct json *q = add_probe(p, "mongodb", "MongoDB", at(p, host,
	    port)), *databases;

	if (q == NULL)
		return;
	set_server(q, host, port, value(p, "MONGODB_USERNAME"),
	    value(p, "MONGODB_PASSWORD"));
	json_set_str(q, "auth_source", value(p, "MONGODB_AUTH_SOURCE"));
	json_set_str(q, "mechanism", value(p, "MONGODB_AUTH_MECHANISM"));
	json_set_str(q, "replica_set", value(p, "MONGODB_REPLICA_SET"));
	json_set_bool(q, "tls", text_same(value(p, "MONGODB_USE_SSL"),
	    "true"));
	databases = json_add(q, "databases", json_array());
	add_collection(databases, value(p, "MONGODB_DATABASE"),
	    "modulestore.active_versions");
	add_collection(databases, value(p, "FORUM_MONGODB_DATABASE"),
	    "contents");
	add_mongodb_options(p, json_add(q, "options", json_object()));
	add_secret(p, value(p, "MONGODB_PASSWORD"));
	if (strchr(host, '@') != NULL)
		add_secret(p, host);
}

/* ---- S3 ---- */

/* Uploads may be let into a folder of the bucket only. */
static const char *
object_name(const struct plan *p)
{
	const struct json *one = unmapped(p);
	const char *folder = "";

	for (; one != NULL; one = json_next(one))
		if (text_same(json_str(one, "path"), "AWS_LOCATION")
		    && json_str(value_of(one), "") != NULL)
			folder = json_str(value_of(one), "");
	while (*folder == '/')
		folder++;
	return pool_printf(p->pool, "%s%stransplant-probe-%s", folder,
	    *folder != '\0' && !text_ends(folder, "/") ? "/" : "",
	    step_common()->instance);
}

static void
add_bucket(struct plan *p, const char *bucket)
{
	const char *url = value(p, "STORAGE_ENDPOINT_URL");
	struct json *q = add_probe(p, "s3", pool_printf(p->pool, "bucket %s",
	    bucket), *url != '\0' ? url : "Amazon S3");

	if (q == NULL)
		return;
	json_set_str(q, "bucket", bucket);
	json_set_str(q, "endpoint", url);
	json_set_str(q, "region", value(p, "S3_REGION"));
	json_set_str(q, "key", value(p, "OPENEDX_AWS_ACCESS_KEY"));
	json_set_str(q, "secret", value(p, "OPENEDX_AWS_SECRET_ACCESS_KEY"));
	json_set_str(q, "style", value(p, "S3_ADDRESSING_STYLE"));
	json_set_str(q, "signature", value(p, "S3_SIGNATURE_VERSION"));
	json_set_str(q, "acl", value(p, "S3_DEFAULT_ACL"));
	json_set_str(q, "object", object_name(p));
}

static void
add_buckets(struct plan *p)
{
	static const char *const keys[] = { "S3_STORAGE_BUCKET",
	    "S3_FILE_UPLOAD_BUCKET", "S3_GRADE_BUCKET",
	    "S3_PROFILE_IMAGE_BUCKET" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const char *bucket = value(p, keys[i]);
		bool seen = *bucket == '\0';

		for (size_t k = 0; k < i; k++)
			seen = seen || text_same(value(p, keys[k]), bucket);
		if (!seen)
			add_bucket(p, bucket);
	}
	add_secret(p, value(p, "OPENEDX_AWS_ACCESS_KEY"));
	add_secret(p, value(p, "OPENEDX_AWS_SECRET_ACCESS_KEY"));
}

/* ---- mail ---- */

static void
add_mail(struct plan *p)
{
	const char *host = value(p, "SMTP_HOST");
	long port = port_or(value(p, "SMTP_PORT"), SMTP_PORT);
	struct json *q;

	if (*host == '\0')
		return;
	q = add_probe(p, "smtp", "mail", at(p, host, port));
	if (q == NULL)
		return;
	set_server(q, host, port, value(p, "SMTP_USERNAME"),
	    value(p, "SMTP_PASSWORD"));
	json_set_bool(q, "tls", text_same(value(p, "SMTP_USE_TLS"), "true"));
	json_set_bool(q, "ssl", text_same(value(p, "SMTP_USE_SSL"), "true"));
	add_secret(p, value(p, "SMTP_PASSWORD"));
}

/* ---- all ---- */

bool
probes_plan(struct pool *pool, const struct json *settings,
    struct probes *to, struct err *e)
{
	struct plan p = { .pool = pool, .settings = settings, .to = to };

	*to = (struct probes){ .given = json_object() };
	p.questions = json_add(to->given, "probes", json_array());
	p.secrets = json_add(to->given, "secrets", json_array());
	if (*value(&p, "MYSQL_HOST") != '\0')
		add_default_database(&p);
	add_other_databases(&p);
	if (*value(&p, "MONGODB_HOST") != '\0')
		add_mongodb(&p);
	add_buckets(&p);
	add_mail(&p);
	return !p.full || err_set(e, ERR_HAND, "the settings name more than "
	    "%d servers, databases and buckets: probe them by hand",
	    PROBES_MAX);
}

void
probes_close(struct probes *ps)
{
	json_free(ps->given);
	json_free(ps->answer);
	*ps = (struct probes){ 0 };
}

/* ---- what the pod says ---- */

static long
whole(const struct json *r, const char *member)
{
	double n = 0;

	(void)json_num(r, member, &n);
	return (long)n;
}

static const char *
words(struct pool *pool, const struct json *r, const char *member)
{
	const char *text = json_str(r, member);
	struct buf plain = buf_new(TEXT_MAX);

	if (text != NULL)
		log_redact(&plain, text, strlen(text));
	text = pool_strdup(pool, buf_str(&plain));
	buf_free(&plain);
	return text;
}

static void
take_result(struct pool *pool, const struct json *r, bool dry,
    struct probe *p)
{
	const char *cause = json_str(r, "cause"), *left;

	probe_explain(p, cause != NULL ? cause : "error", whole(r, "port"),
	    dry);
	p->said = words(pool, r, "text");
	p->stage = words(pool, r, "stage");
	(void)json_num(r, "ms", &p->ms);
	p->limit = whole(r, "limit");
	p->used = whole(r, "used");
	if (json_str(r, "host") != NULL)	/* of a URI, or Amazon's own */
		p->where = pool_printf(pool, "%s:%ld", words(pool, r,
		    "host"), whole(r, "port"));
	left = words(pool, r, "left");
	if (*left != '\0')
		p->said = pool_printf(pool, "%s; the object %s could not be "
		    "deleted", p->said, left);
}

bool
probes_run(struct kube *k, struct pool *pool, struct probes *ps, bool write,
    long seconds, struct err *e)
{
	const struct json *r;
	size_t i = 0;

	json_set_bool(ps->given, "write", write);
	ps->answer = openedx_run(k, "lms", probe_script, ps->given, seconds,
	    e);
	if (ps->answer == NULL)
		return false;
	r = json_first(json_get(ps->answer, "results"));
	for (; r != NULL && i < ps->n; r = json_next(r))
		take_result(pool, r, !write, &ps->v[i++]);
	return i == ps->n || err_set(e, ERR_HAND, "the pod answered %zu of "
	    "%zu probes", i, ps->n);
}

/* ---- room for the new side ---- */

/* Do the new pods work with the old data already? Then their connections are
 * among those that are open. */
static bool
is_pointed(struct kube *k, const struct json *settings, struct pool *pool)
{
	struct err unseen;
	const struct json *lms = kube_find_deployment(k, "lms", &unseen);
	const char *map = lms == NULL ? NULL :
	    kube_mounted_configmap(lms, "config");
	const struct json *config = map == NULL ? NULL :
	    kube_find_configmap(k, map, &unseen);
	const char *text = config == NULL ? NULL :
	    kube_data(config, "lms.env.yml");
	struct yaml *y = text == NULL ? NULL :
	    yaml_parse(text, strlen(text), map, &unseen);
	bool same = y != NULL
	    && text_same(yaml_get(y, "DATABASES.default.HOST"),
	    settings_value(pool, settings, "MYSQL_HOST"))
	    && text_same(yaml_get(y, "DATABASES.default.NAME"),
	    settings_value(pool, settings, "OPENEDX_MYSQL_DATABASE"));

	yaml_close(y);
	return same;
}

/* "host:3306/db" and "host:3306/other" are one server. */
static bool
is_same_server(const struct probe *a, const struct probe *b)
{
	size_t n = strcspn(a->where, "/");

	return text_same(a->kind, b->kind) && strcspn(b->where, "/") == n
	    && strncmp(a->where, b->where, n) == 0;
}

static long
connections_of_process(const struct probes *ps, const struct probe *p)
{
	long n = 0;

	if (text_same(p->kind, "mongodb"))
		return MONGODB_EACH;
	for (size_t i = 0; i < ps->n; i++)
		n += is_same_server(&ps->v[i], p);
	return n;
}

bool
probes_count(struct kube *k, struct pool *pool, const struct json *settings,
    struct probes *ps, struct err *e)
{
	bool pointed;

	if (!workers_count(k, whole(ps->answer, "cpus"), &ps->processes, e))
		return false;
	pointed = is_pointed(k, settings, pool);
	for (size_t i = 0; i < ps->n; i++) {
		struct probe *p = &ps->v[i];

		if (p->limit <= 0)
			continue;
		p->added = pointed ? 0 : ps->processes
		    * connections_of_process(ps, p);
		if (p->verdict == PROBE_PASS && (p->used + p->added) * 100
		    > p->limit * FULL_PERCENT) {
			probe_explain(p, "room", 0, false);
			p->said = pool_printf(pool, "%ld are open and %ld "
			    "would be added, of %ld; more than %d %% is too "
			    "much", p->used, p->added, p->limit,
			    FULL_PERCENT);
		}
	}
	return true;
}
