/*
 * settings - see settings.h.
 */
#include "edx/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/pysettings.h"
#include "edx/release.h"

enum {
	LMS = 1,
	CMS = 2,
	BOTH = LMS | CMS,
	PLACES = 3,		/* of one value within one side */
	FILE_MAX = 1 << 20,
	PATH_BYTES = 512,
};

/*
 * Where a value stands. Several places must agree; a place may have other
 * spellings, divided by |. A place that nothing sets does not count.
 */
struct place {
	struct setting to;
	int sides;
	const char *at[PLACES];
	bool storage;	/* counts only where uploads are in a bucket */
	bool null;	/* None is written as null, not as "" */
};

/* Places that are no row's. */
#define STORAGE_CLASS "STORAGES.default.BACKEND|DEFAULT_FILE_STORAGE"
#define ENDPOINT "AWS_S3_ENDPOINT_URL"
#define BASE "LMS_BASE"

#define MONGO(field) { "DOC_STORE_CONFIG." field, \
	"CONTENTSTORE.DOC_STORE_CONFIG." field, \
	PYSETTINGS_STORES ".DOC_STORE_CONFIG." field }

static const struct place table[] = {
	{ { "MYSQL_HOST", YAML_STRING, false, true }, BOTH,
	    { "DATABASES.default.HOST" }, false, false },
	{ { "MYSQL_PORT", YAML_INT, false, false }, BOTH,
	    { "DATABASES.default.PORT" }, false, false },
	{ { "OPENEDX_MYSQL_DATABASE", YAML_STRING, false, true }, BOTH,
	    { "DATABASES.default.NAME" }, false, false },
	{ { "OPENEDX_MYSQL_USERNAME", YAML_STRING, false, true }, BOTH,
	    { "DATABASES.default.USER" }, false, false },
	{ { "OPENEDX_MYSQL_PASSWORD", YAML_STRING, true, true }, BOTH,
	    { "DATABASES.default.PASSWORD" }, false, false },
	{ { "MONGODB_HOST", YAML_STRING, false, true }, BOTH,
	    MONGO("host"), false, false },
	{ { "MONGODB_PORT", YAML_INT, false, false }, BOTH,
	    MONGO("port"), false, false },
	{ { "MONGODB_DATABASE", YAML_STRING, false, true }, BOTH,
	    MONGO("db"), false, false },
	{ { "MONGODB_USERNAME", YAML_STRING, false, false }, BOTH,
	    MONGO("user"), false, false },
	{ { "MONGODB_PASSWORD", YAML_STRING, true, false }, BOTH,
	    MONGO("password"), false, false },
	{ { "MONGODB_USE_SSL", YAML_BOOL, false, false }, BOTH,
	    MONGO("ssl"), false, false },
	{ { "MONGODB_AUTH_SOURCE", YAML_STRING, false, false }, BOTH,
	    { "DOC_STORE_CONFIG.authsource|DOC_STORE_CONFIG.authSource" },
	    false, false },
	{ { "MONGODB_AUTH_MECHANISM", YAML_STRING, false, false }, BOTH,
	    MONGO("authMechanism"), false, false },
	{ { "MONGODB_REPLICA_SET", YAML_STRING, false, false }, BOTH,
	    MONGO("replicaSet"), false, false },
	{ { "FORUM_MONGODB_DATABASE", YAML_STRING, false, false }, BOTH,
	    { "FORUM_MONGODB_DATABASE" }, false, false },
	{ { "OPENEDX_SECRET_KEY", YAML_STRING, true, false }, BOTH,
	    { "SECRET_KEY" }, false, false },
	{ { "CMS_OAUTH2_KEY_SSO", YAML_STRING, false, false }, CMS,
	    { "SOCIAL_AUTH_EDX_OAUTH2_KEY" }, false, false },
	{ { "CMS_OAUTH2_SECRET", YAML_STRING, true, false }, CMS,
	    { "SOCIAL_AUTH_EDX_OAUTH2_SECRET" }, false, false },
	{ { "OPENEDX_AWS_ACCESS_KEY", YAML_STRING, true, false }, BOTH,
	    { "AWS_ACCESS_KEY_ID" }, true, false },
	{ { "OPENEDX_AWS_SECRET_ACCESS_KEY", YAML_STRING, true, false },
	    BOTH, { "AWS_SECRET_ACCESS_KEY" }, true, false },
	{ { "S3_STORAGE_BUCKET", YAML_STRING, false, false }, BOTH,
	    { "AWS_STORAGE_BUCKET_NAME" }, true, false },
	{ { "S3_REGION", YAML_STRING, false, false }, BOTH,
	    { "AWS_S3_REGION_NAME" }, true, false },
	{ { "S3_FILE_UPLOAD_BUCKET", YAML_STRING, false, false }, BOTH,
	    { "FILE_UPLOAD_STORAGE_BUCKET_NAME" }, true, false },
	{ { "S3_GRADE_BUCKET", YAML_STRING, false, false }, BOTH,
	    { "GRADES_DOWNLOAD.STORAGE_KWARGS.bucket_name|"
	    "GRADES_DOWNLOAD.STORAGE_KWARGS.bucket" }, true, false },
	{ { "S3_PROFILE_IMAGE_BUCKET", YAML_STRING, false, false }, LMS,
	    { "PROFILE_IMAGE_BACKEND.options.bucket_name|"
	    "PROFILE_IMAGE_BACKEND.options.bucket" }, true, false },
	{ { "S3_PROFILE_IMAGE_CUSTOM_DOMAIN", YAML_STRING, false, false },
	    LMS, { "PROFILE_IMAGE_BACKEND.options.custom_domain" }, true,
	    false },
	{ { "S3_CUSTOM_DOMAIN", YAML_STRING, false, false }, BOTH,
	    { "AWS_S3_CUSTOM_DOMAIN" }, true, false },
	{ { "S3_DEFAULT_ACL", YAML_STRING, false, false }, BOTH,
	    { "AWS_DEFAULT_ACL" }, true, true },
	{ { "S3_ADDRESSING_STYLE", YAML_STRING, false, false }, BOTH,
	    { "AWS_S3_ADDRESSING_STYLE" }, true, false },
	{ { "S3_SIGNATURE_VERSION", YAML_STRING, false, false }, BOTH,
	    { "AWS_S3_SIGNATURE_VERSION" }, true, false },
	/* made from AWS_S3_ENDPOINT_URL and the above, below */
	{ { "S3_HOST", YAML_STRING, false, false }, 0, { NULL }, true,
	    false },
	{ { "S3_PORT", YAML_INT, false, false }, 0, { NULL }, true, false },
	{ { "S3_USE_SSL", YAML_BOOL, false, false }, 0, { NULL }, true,
	    false },
	/* Launchpad's own names for the bucket */
	{ { "STORAGE_BUCKET_NAME", YAML_STRING, false, false }, 0, { NULL },
	    true, false },
	{ { "STORAGE_REGION", YAML_STRING, false, false }, 0, { NULL }, true,
	    false },
	{ { "STORAGE_ENDPOINT_URL", YAML_STRING, false, false }, 0, { NULL },
	    true, false },
	{ { "STORAGE_TYPE", YAML_STRING, false, false }, 0, { NULL }, true,
	    false },
};
enum { ROWS = sizeof table / sizeof *table };

const struct setting *
settings_row(size_t i)
{
	return i < ROWS ? &table[i].to : NULL;
}

/* Append the first part of a path such as "STORAGES.default|OTHER", and of
 * its other spellings, unless it is there already. */
static void
add_names(struct pool *pool, const char *path, struct buf *names)
{
	while (path != NULL) {
		const char *name = pool_printf(pool, "%.*s,",
		    (int)strcspn(path, ".|"), path);

		if (name[0] != '(' && strstr(buf_str(names),
		    pool_printf(pool, ",%s", name)) == NULL)
			buf_puts(names, name);
		path = strchr(path, '|');
		path += path != NULL;
	}
}

const char *
settings_names(struct pool *pool)
{
	struct buf names = buf_new(FILE_MAX);
	const char *s;

	buf_puts(&names, ",");
	add_names(pool, STORAGE_CLASS "|" ENDPOINT "|" BASE, &names);
	for (size_t i = 0; i < ROWS; i++)
		for (size_t k = 0; k < PLACES; k++)
			add_names(pool, table[i].at[k], &names);
	s = pool_strndup(pool, names.data + 1, names.len - 2);
	buf_free(&names);
	return s;
}

/* ---- reading ---- */

struct reading {
	struct pool *pool;
	const struct settings_source *from;
	struct json *values, *in_cluster;
	struct buf *problems;
};

/* One spelling after the other; the first that something sets. */
static struct py_found
find_spelling(struct pool *pool, const struct pysettings *ps, const char *at)
{
	struct py_found f = { PY_ABSENT, "", "" };

	while (f.kind == PY_ABSENT && *at != '\0') {
		size_t n = strcspn(at, "|");

		f = pysettings_find(ps, pool_strndup(pool, at, n));
		at += at[n] == '|' ? n + 1 : n;
	}
	return f;
}

static bool
same(const struct py_found *a, const struct py_found *b)
{
	return a->kind == b->kind && strcmp(a->text, b->text) == 0;
}

static bool
problem(struct reading *r, const char *key, const char *where,
    const char *why)
{
	buf_printf(r->problems, "%s: %s: %s\n", key, where, why);
	return false;
}

/* The value of one side's places. false: a problem was noted. */
static bool
find_side(struct reading *r, const struct place *p,
    const struct pysettings *ps, const char *side, struct py_found *value)
{
	*value = (struct py_found){ PY_ABSENT, "", "" };
	for (size_t i = 0; i < PLACES && p->at[i] != NULL; i++) {
		struct py_found f = find_spelling(r->pool, ps, p->at[i]);
		const char *where = pool_printf(r->pool, "%s of the %s",
		    p->at[i], side);

		if (f.kind == PY_UNREADABLE)
			return problem(r, p->to.key, where, pool_printf(
			    r->pool, "can't be read: %s", f.why));
		if (f.kind > PY_STRING)
			return problem(r, p->to.key, where,
			    "is no single value");
		if (f.kind == PY_ABSENT)
			continue;
		if (value->kind != PY_ABSENT && !same(value, &f))
			return problem(r, p->to.key, where, pool_printf(
			    r->pool, "differs from %s", p->at[0]));
		*value = f;
	}
	return true;
}

static bool
find_value(struct reading *r, const struct place *p, struct py_found *value)
{
	struct py_found lms = { PY_ABSENT, "", "" }, cms = lms;

	if ((p->sides & LMS)
	    && !find_side(r, p, r->from->lms, "LMS", &lms))
		return false;
	if ((p->sides & CMS)
	    && !find_side(r, p, r->from->cms, "Studio", &cms))
		return false;
	if (p->sides == BOTH && lms.kind != PY_ABSENT
	    && cms.kind != PY_ABSENT && !same(&lms, &cms))
		return problem(r, p->to.key, p->at[0],
		    "differs between the LMS and Studio");
	*value = lms.kind != PY_ABSENT ? lms : cms;
	return true;
}

static bool
is_number(const char *s)
{
	return *s != '\0' && strlen(s) < 10
	    && strspn(s, "0123456789") == strlen(s);
}

/* The value in the kind that config.yml wants it in. */
static bool
add_value(struct reading *r, const struct place *p,
    const struct py_found *value)
{
	const char *key = p->to.key;
	bool none = value->kind == PY_NONE;

	switch (p->to.kind) {
	case YAML_INT:
		if (none || *value->text == '\0')
			return true;	/* the default port */
		if (!is_number(value->text))
			return problem(r, key, p->at[0], "is no number");
		json_set_num(r->values, key, strtod(value->text, NULL));
		return true;
	case YAML_BOOL:
		if (!none && value->kind != PY_BOOL)
			return problem(r, key, p->at[0],
			    "is neither True nor False");
		json_set_bool(r->values, key,
		    text_same(value->text, "true"));
		return true;
	default:
		json_set_str(r->values, key,
		    none && p->null ? NULL : value->text);
		return true;
	}
}

/* Are uploads kept in a bucket? By the storage class of either spelling. */
static bool
uses_bucket(struct reading *r)
{
	struct py_found f = find_spelling(r->pool, r->from->lms,
	    STORAGE_CLASS);

	if (f.kind == PY_UNREADABLE) {
		problem(r, "S3", "the storage class", f.why);
		return false;
	}
	return f.kind == PY_STRING && (strstr(f.text, "s3boto3") != NULL
	    || strstr(f.text, "S3") != NULL || strstr(f.text, "MinIO"));
}

static void
add_in_cluster(struct reading *r, const char *what)
{
	json_add(r->in_cluster, NULL, json_string(what));
}

/* scheme://host[:port], in parts. */
static void
add_endpoint(struct reading *r, const char *url)
{
	const char *host = strstr(url, "://"), *region, *bucket;
	size_t n;

	region = json_str(r->values, "S3_REGION");
	bucket = json_str(r->values, "S3_STORAGE_BUCKET");
	json_set_str(r->values, "STORAGE_TYPE",
	    strstr(url, "digitaloceanspaces") != NULL ? "spaces" : "s3");
	json_set_str(r->values, "STORAGE_REGION",
	    region != NULL ? region : "");
	json_set_str(r->values, "STORAGE_BUCKET_NAME",
	    bucket != NULL ? bucket : "");
	json_set_str(r->values, "STORAGE_ENDPOINT_URL", url);
	if (host == NULL)
		return;		/* Amazon's own: the plugin's default */
	host += strlen("://");
	n = strcspn(host, ":/");
	json_set_bool(r->values, "S3_USE_SSL", text_starts(url, "https://"));
	json_set_str(r->values, "S3_HOST",
	    pool_strndup(r->pool, host, n));
	if (host[n] == ':' && strtol(host + n + 1, NULL, 10) > 0)
		json_set_num(r->values, "S3_PORT",
		    strtod(host + n + 1, NULL));
}

static void
add_storage(struct reading *r)
{
	static const struct place endpoint = { { "S3_HOST", YAML_STRING,
	    false, false }, BOTH, { ENDPOINT }, true, false };
	struct py_found f, lms;

	lms = pysettings_find(r->from->lms, BASE);
	if (!find_value(r, &endpoint, &f))
		return;
	add_endpoint(r, f.kind == PY_STRING ? f.text : "");
	if (f.kind == PY_STRING && lms.kind == PY_STRING
	    && *lms.text != '\0' && strstr(f.text, pool_printf(r->pool,
	    "//files.%s", lms.text)) != NULL)
		add_in_cluster(r, "the uploads are in MinIO");
}

/* Hosts that mean another thing in another cluster: a Service's name. */
static void
find_in_cluster(struct reading *r)
{
	static const char *const hosts[] = { "MYSQL_HOST", "MONGODB_HOST" };

	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		const char *host = json_str(r->values, hosts[i]);

		if (host == NULL || strstr(host, "://") != NULL)
			continue;
		if (strchr(host, '.') == NULL || text_ends(host, ".svc")
		    || text_ends(host, ".cluster.local"))
			add_in_cluster(r, pool_printf(r->pool, "%s is %s",
			    hosts[i], host));
	}
}

static void
add_forum(struct reading *r)
{
	if (r->from->forum_database == NULL)
		return;
	/* the Ruby forum's own environment says what it uses */
	json_set_str(r->values, "FORUM_MONGODB_DATABASE",
	    r->from->forum_database);
}

/* What an absent line of the old settings means where the template of the
 * new config.yml has a default of its own. */
static void
add_empty(struct reading *r)
{
	static const char *const keys[] = { "MONGODB_AUTH_MECHANISM",
	    "MONGODB_REPLICA_SET", "MONGODB_AUTH_SOURCE",
	    "MONGODB_USERNAME", "MONGODB_PASSWORD" };

	if (json_str(r->values, "MONGODB_HOST") == NULL)
		return;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (json_get(r->values, keys[i]) == NULL
		    && strstr(buf_str(r->problems), keys[i]) == NULL)
			json_set_str(r->values, keys[i], "");
	if (json_get(r->values, "MONGODB_USE_SSL") == NULL
	    && strstr(buf_str(r->problems), "MONGODB_USE_SSL") == NULL)
		json_set_bool(r->values, "MONGODB_USE_SSL", false);
}

struct json *
settings_read(struct pool *pool, const struct settings_source *from,
    struct buf *problems)
{
	struct json *all = json_object();
	struct reading r = { .pool = pool, .from = from,
		.problems = problems };
	bool bucket;

	json_set_str(all, "tutor", from->tutor);
	json_set_num(all, "major", release_major(from->tutor));
	r.values = json_add(all, "values", json_object());
	r.in_cluster = json_add(all, "in-cluster", json_array());
	bucket = uses_bucket(&r);
	for (size_t i = 0; i < ROWS; i++) {
		const struct place *p = &table[i];
		struct py_found f;

		if (p->sides == 0 || (p->storage && !bucket)
		    || !find_value(&r, p, &f))
			continue;
		if (f.kind != PY_ABSENT)
			add_value(&r, p, &f);
		else if (p->to.needed)
			problem(&r, p->to.key, p->at[0], "nothing sets it");
	}
	if (bucket)
		add_storage(&r);
	add_forum(&r);
	add_empty(&r);
	find_in_cluster(&r);
	return all;
}

/* ---- the file ---- */

const char *
settings_value(struct pool *pool, const struct json *settings,
    const char *key)
{
	const struct json *v = json_get(json_at(settings, "values"), key);
	struct buf text = buf_new(FILE_MAX);
	const char *value = NULL;

	if (v != NULL && json_is_null(v, ""))
		value = "";
	else if (v != NULL && json_scalar(v, &text))
		value = pool_strdup(pool, buf_str(&text));
	buf_free(&text);
	return value;
}

void
settings_mask(const struct json *settings)
{
	struct pool *pool = pool_new();

	for (size_t i = 0; i < ROWS; i++) {
		const char *value = settings_value(pool, settings,
		    table[i].to.key);
		const char *scheme = value != NULL ? strstr(value, "://") :
		    NULL;

		if (table[i].to.secret
		    || (scheme != NULL && strchr(scheme, '@') != NULL))
			log_mask(value);
	}
	pool_free(pool);
}

/* An object whose "values" have a text each. */
static bool
is_settings_file(const struct json *all)
{
	const struct json *values = json_at(all, "values");
	struct buf text = buf_new(FILE_MAX);
	bool ok = json_is_object(values);

	for (const struct json *v = json_first(values); ok && v != NULL;
	    v = json_next(v))
		ok = json_is_null(v, "") || json_scalar(v, &text);
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	return ok;
}

struct json *
settings_load(const char *path, struct err *e)
{
	struct buf text = buf_new(FILE_MAX);
	struct json *all = NULL;

	if (file_read(path, &text, e))
		all = json_parse(buf_str(&text), text.len, path, e);
	if (all == NULL)
		e->kind = ERR_INPUT;	/* also what can't be read */
	if (all != NULL && !is_settings_file(all)) {
		err_set(e, ERR_INPUT, "%s: not a file that fetch-settings "
		    "wrote", path);
		json_free(all);
		all = NULL;
	}
	settings_mask(all);
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	return all;
}
