/*
 * settings - see settings.h.
 */
#include "edx/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/pysettings.h"
#include "edx/release.h"
#include "edx/unmapped.h"

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
	unsigned flags;
};
enum {
	BUCKET = 1,	/* counts only where uploads are in a bucket */
	NULLS = 2,	/* None is written as null, not as "" */
	MAIL = 4,	/* counts only where mail goes to an outside server */
	SOFT = 8,	/* if it can't be read, the new side keeps its own */
};

/* Places that are no row's. */
#define STORAGE_CLASS "STORAGES.default.BACKEND|DEFAULT_FILE_STORAGE"
#define ENDPOINT "AWS_S3_ENDPOINT_URL"
#define BASE "LMS_BASE"
#define MODULUS "JWT_AUTH.JWT_PRIVATE_SIGNING_JWK.n"

#define MONGO(field) { "DOC_STORE_CONFIG." field, \
	"CONTENTSTORE.DOC_STORE_CONFIG." field, \
	PYSETTINGS_STORES ".DOC_STORE_CONFIG." field }
#define AUTH_SOURCE(in) in "DOC_STORE_CONFIG.authsource|" \
	in "DOC_STORE_CONFIG.authSource"

static const struct place table[] = {
	{ { "MYSQL_HOST", YAML_STRING, false, true }, BOTH,
	    { "DATABASES.default.HOST" }, 0 },
	{ { "MYSQL_PORT", YAML_INT, false, false }, BOTH,
	    { "DATABASES.default.PORT" }, 0 },
	{ { "OPENEDX_MYSQL_DATABASE", YAML_STRING, false, true }, BOTH,
	    { "DATABASES.default.NAME" }, 0 },
	{ { "OPENEDX_MYSQL_USERNAME", YAML_STRING, false, true }, BOTH,
	    { "DATABASES.default.USER" }, 0 },
	{ { "OPENEDX_MYSQL_PASSWORD", YAML_STRING, true, true }, BOTH,
	    { "DATABASES.default.PASSWORD" }, 0 },
	{ { "MONGODB_HOST", YAML_STRING, false, true }, BOTH,
	    MONGO("host"), 0 },
	{ { "MONGODB_PORT", YAML_INT, false, false }, BOTH,
	    MONGO("port"), 0 },
	{ { "MONGODB_DATABASE", YAML_STRING, false, true }, BOTH,
	    MONGO("db"), 0 },
	{ { "MONGODB_USERNAME", YAML_STRING, false, false }, BOTH,
	    MONGO("user"), 0 },
	{ { "MONGODB_PASSWORD", YAML_STRING, true, false }, BOTH,
	    MONGO("password"), 0 },
	{ { "MONGODB_USE_SSL", YAML_BOOL, false, false }, BOTH,
	    MONGO("ssl"), 0 },
	{ { "MONGODB_AUTH_SOURCE", YAML_STRING, false, false }, BOTH,
	    { AUTH_SOURCE(""), AUTH_SOURCE("CONTENTSTORE."),
	    AUTH_SOURCE(PYSETTINGS_STORES ".") }, 0 },
	{ { "MONGODB_AUTH_MECHANISM", YAML_STRING, false, false }, BOTH,
	    MONGO("authMechanism"), 0 },
	{ { "MONGODB_REPLICA_SET", YAML_STRING, false, false }, BOTH,
	    MONGO("replicaSet"), 0 },
	{ { "FORUM_MONGODB_DATABASE", YAML_STRING, false, false }, BOTH,
	    { "FORUM_MONGODB_DATABASE" }, 0 },
	{ { "OPENEDX_SECRET_KEY", YAML_STRING, true, false }, BOTH,
	    { "SECRET_KEY" }, 0 },
	{ { "CMS_OAUTH2_KEY_SSO", YAML_STRING, false, false }, CMS,
	    { "SOCIAL_AUTH_EDX_OAUTH2_KEY" }, 0 },
	{ { "CMS_OAUTH2_SECRET", YAML_STRING, true, false }, CMS,
	    { "SOCIAL_AUTH_EDX_OAUTH2_SECRET" }, 0 },
	{ { "OPENEDX_AWS_ACCESS_KEY", YAML_STRING, true, false }, BOTH,
	    { "AWS_ACCESS_KEY_ID" }, BUCKET },
	{ { "OPENEDX_AWS_SECRET_ACCESS_KEY", YAML_STRING, true, false },
	    BOTH, { "AWS_SECRET_ACCESS_KEY" }, BUCKET },
	{ { "S3_STORAGE_BUCKET", YAML_STRING, false, false }, BOTH,
	    { "AWS_STORAGE_BUCKET_NAME" }, BUCKET },
	{ { "S3_REGION", YAML_STRING, false, false }, BOTH,
	    { "AWS_S3_REGION_NAME" }, BUCKET },
	{ { "S3_FILE_UPLOAD_BUCKET", YAML_STRING, false, false }, BOTH,
	    { "FILE_UPLOAD_STORAGE_BUCKET_NAME" }, BUCKET },
	{ { "S3_GRADE_BUCKET", YAML_STRING, false, false }, BOTH,
	    { "GRADES_DOWNLOAD.STORAGE_KWARGS.bucket_name|"
	    "GRADES_DOWNLOAD.STORAGE_KWARGS.bucket" }, BUCKET },
	{ { "S3_PROFILE_IMAGE_BUCKET", YAML_STRING, false, false }, LMS,
	    { "PROFILE_IMAGE_BACKEND.options.bucket_name|"
	    "PROFILE_IMAGE_BACKEND.options.bucket" }, BUCKET },
	{ { "S3_PROFILE_IMAGE_CUSTOM_DOMAIN", YAML_STRING, false, false },
	    LMS, { "PROFILE_IMAGE_BACKEND.options.custom_domain" }, BUCKET },
	{ { "S3_CUSTOM_DOMAIN", YAML_STRING, false, false }, BOTH,
	    { "AWS_S3_CUSTOM_DOMAIN" }, BUCKET },
	{ { "S3_DEFAULT_ACL", YAML_STRING, false, false }, BOTH,
	    { "AWS_DEFAULT_ACL" }, BUCKET | NULLS },
	{ { "S3_ADDRESSING_STYLE", YAML_STRING, false, false }, BOTH,
	    { "AWS_S3_ADDRESSING_STYLE" }, BUCKET },
	{ { "S3_SIGNATURE_VERSION", YAML_STRING, false, false }, BOTH,
	    { "AWS_S3_SIGNATURE_VERSION" }, BUCKET },
	{ { "S3_REQUEST_CHECKSUM_CALCULATION", YAML_STRING, false, false },
	    BOTH, { "AWS_REQUEST_CHECKSUM_CALCULATION" }, BUCKET | SOFT },
	{ { "JWT_COMMON_SECRET_KEY", YAML_STRING, true, false }, BOTH,
	    { "JWT_AUTH.JWT_SECRET_KEY" }, 0 },
	{ { "JWT_COMMON_AUDIENCE", YAML_STRING, false, false }, BOTH,
	    { "JWT_AUTH.JWT_AUDIENCE" }, 0 },
	{ { "JWT_COMMON_ISSUER", YAML_STRING, false, false }, BOTH,
	    { "JWT_AUTH.JWT_ISSUER" }, 0 },
	{ { "SMTP_HOST", YAML_STRING, false, false }, BOTH,
	    { "EMAIL_HOST" }, MAIL },
	{ { "SMTP_PORT", YAML_INT, false, false }, BOTH,
	    { "EMAIL_PORT" }, MAIL },
	{ { "SMTP_USE_TLS", YAML_BOOL, false, false }, BOTH,
	    { "EMAIL_USE_TLS" }, MAIL },
	{ { "SMTP_USE_SSL", YAML_BOOL, false, false }, BOTH,
	    { "EMAIL_USE_SSL" }, MAIL },
	{ { "SMTP_USERNAME", YAML_STRING, false, false }, BOTH,
	    { "EMAIL_HOST_USER" }, MAIL },
	{ { "SMTP_PASSWORD", YAML_STRING, true, false }, BOTH,
	    { "EMAIL_HOST_PASSWORD" }, MAIL },
	{ { "RUN_SMTP", YAML_BOOL, false, false }, 0, { NULL }, MAIL },
	{ { "PLATFORM_NAME", YAML_STRING, false, false }, LMS,
	    { "PLATFORM_NAME" }, SOFT },
	{ { "CONTACT_EMAIL", YAML_STRING, false, false }, LMS,
	    { "CONTACT_EMAIL" }, SOFT },
	{ { "LANGUAGE_CODE", YAML_STRING, false, false }, LMS,
	    { "LANGUAGE_CODE" }, SOFT },
	/* made from AWS_S3_ENDPOINT_URL and the above, below */
	{ { "S3_HOST", YAML_STRING, false, false }, 0, { NULL }, BUCKET },
	{ { "S3_PORT", YAML_INT, false, false }, 0, { NULL }, BUCKET },
	{ { "S3_USE_SSL", YAML_BOOL, false, false }, 0, { NULL }, BUCKET },
	/* Launchpad's own names for the bucket */
	{ { "STORAGE_BUCKET_NAME", YAML_STRING, false, false }, 0, { NULL },
	    BUCKET },
	{ { "STORAGE_REGION", YAML_STRING, false, false }, 0, { NULL },
	    BUCKET },
	{ { "STORAGE_ENDPOINT_URL", YAML_STRING, false, false }, 0, { NULL },
	    BUCKET },
	{ { "STORAGE_TYPE", YAML_STRING, false, false }, 0, { NULL },
	    BUCKET },
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
settings_names(struct pool *pool, const struct json *settings)
{
	const struct json *one = json_first(json_get(settings, "unmapped"));
	struct buf names = buf_new(FILE_MAX);
	const char *s;

	buf_puts(&names, ",");
	add_names(pool, STORAGE_CLASS "|" ENDPOINT "|" BASE, &names);
	for (size_t i = 0; i < ROWS; i++)
		for (size_t k = 0; k < PLACES; k++)
			add_names(pool, table[i].at[k], &names);
	for (; one != NULL; one = json_next(one))
		add_names(pool, json_str(one, "path"), &names);
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

static bool
same(const struct py_found *a, const struct py_found *b)
{
	return a->kind == b->kind && strcmp(a->text, b->text) == 0;
}

/* One spelling after the other; the first that something sets, unless a
 * second one says something else. */
static struct py_found
find_spelling(struct pool *pool, const struct pysettings *ps, const char *at)
{
	struct py_found found = { PY_ABSENT, "", "" };

	while (*at != '\0') {
		size_t n = strcspn(at, "|");
		struct py_found f = pysettings_find(ps,
		    pool_strndup(pool, at, n));

		if (found.kind == PY_ABSENT)
			found = f;
		else if (f.kind != PY_ABSENT && !same(&f, &found))
			return (struct py_found){ PY_UNREADABLE, "",
			    "its two spellings say different things" };
		at += at[n] == '|' ? n + 1 : n;
	}
	return found;
}

static bool
problem(struct reading *r, const struct place *p, const char *where,
    const char *why)
{
	if (p->flags & SOFT)
		log_warn("%s is left as the new side has it: %s: %s",
		    p->to.key, where, why);
	else
		buf_printf(r->problems, "%s: %s: %s\n", p->to.key, where,
		    why);
	return false;
}

/* Is there a problem with the key already? Then it is not just absent. */
static bool
is_told(const struct reading *r, const char *key)
{
	return strstr(buf_str(r->problems), key) != NULL;
}

/* The two values, where they may be shown. */
static const char *
both(struct reading *r, const struct place *p, const struct py_found *a,
    const struct py_found *b)
{
	if (p->to.secret || strchr(a->text, '@') != NULL
	    || strchr(b->text, '@') != NULL)
		return "";
	return pool_printf(r->pool, " (\"%.80s\" and \"%.80s\")", a->text,
	    b->text);
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
			return problem(r, p, where, pool_printf(
			    r->pool, "can't be read: %s", f.why));
		if (f.kind > PY_STRING)
			return problem(r, p, where,
			    "is no single value");
		if (f.kind == PY_ABSENT)
			continue;
		if (value->kind != PY_ABSENT && !same(value, &f))
			return problem(r, p, where, pool_printf(
			    r->pool, "differs from %s%s", p->at[0],
			    both(r, p, &f, value)));
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
		return problem(r, p, p->at[0], pool_printf(r->pool,
		    "differs between the LMS and Studio%s",
		    both(r, p, &lms, &cms)));
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
			return problem(r, p, p->at[0], "is no number");
		json_set_num(r->values, key, strtod(value->text, NULL));
		return true;
	case YAML_BOOL:
		if (!none && value->kind != PY_BOOL)
			return problem(r, p, p->at[0],
			    "is neither True nor False");
		json_set_bool(r->values, key,
		    text_same(value->text, "true"));
		return true;
	default:
		json_set_str(r->values, key,
		    none && (p->flags & NULLS) ? NULL : value->text);
		return true;
	}
}

/* A row of its own makes the message; it stands in no table. */
static const struct place storage_class = { { "S3_STORAGE_BUCKET",
    YAML_STRING, false, false }, BOTH, { STORAGE_CLASS }, 0 };
static const struct place endpoint = { { "S3_HOST", YAML_STRING, false,
    false }, BOTH, { ENDPOINT }, BUCKET };
static const struct place mail = { { "SMTP_HOST", YAML_STRING, false,
    false }, BOTH, { "EMAIL_HOST" }, SOFT };

static void
add_in_cluster(struct reading *r, const char *what)
{
	json_add(r->in_cluster, NULL, json_string(what));
}

/* Are uploads kept in a bucket? By the storage class of either spelling. */
static bool
uses_bucket(struct reading *r)
{
	struct py_found f;

	if (!find_value(r, &storage_class, &f) || f.kind != PY_STRING)
		return false;
	if (strstr(f.text, "MinIO") != NULL)
		add_in_cluster(r, "the uploads are in MinIO");
	return strstr(f.text, "s3boto3") != NULL
	    || strstr(f.text, "S3") != NULL
	    || strstr(f.text, "MinIO") != NULL;
}

/* Does mail go to a server outside? Tutor's own relay is each side's own. */
static bool
uses_mail(struct reading *r)
{
	struct py_found f;

	return find_value(r, &mail, &f) && f.kind == PY_STRING
	    && *f.text != '\0' && !text_same(f.text, "smtp")
	    && !text_same(f.text, "localhost");
}

/* ---- what follows from the values ---- */

/* A name that means another thing in another cluster, or nothing: a
 * Service's, or the machine's own. */
static bool
is_in_cluster(const char *host)
{
	static const char *const services[] = { "mysql.", "mongodb.",
	    "minio." };
	const char *dot = strchr(host, '.');

	if (*host == '[' || strchr(host, ':') != NULL)	/* IPv6 */
		return text_same(host, "::1") || text_same(host, "[::1]");
	if (dot == NULL || text_ends(host, ".svc")
	    || text_ends(host, ".cluster.local")
	    || text_same(host, "127.0.0.1"))
		return *host != '\0';
	for (size_t i = 0; i < sizeof services / sizeof *services; i++)
		if (text_starts(host, services[i])
		    && strchr(dot + 1, '.') == NULL)
			return true;
	return false;
}

/* The hosts of "host", "host:port" or a URI, which may name several. */
static void
find_hosts_in_cluster(struct reading *r, const char *key, const char *text)
{
	const char *scheme = strstr(text, "://"), *at;

	if (scheme != NULL)
		text = scheme + strlen("://");
	at = strrchr(pool_strndup(r->pool, text, strcspn(text, "/?")), '@');
	if (at != NULL) {	/* a login's own @ is percent-encoded */
		size_t n = strcspn(text, "/?");

		while (text[n - 1] != '@')
			n--;
		text += n;
	}
	while (*text != '\0' && strchr("/?", *text) == NULL) {
		size_t n = strcspn(text, ",/?"), name = strcspn(text, ":,/?");
		const char *host = pool_strndup(r->pool, text,
		    *text == '[' || (scheme == NULL && strchr(text, ':')
		    != strrchr(text, ':')) ? n : name);

		if (is_in_cluster(host))
			add_in_cluster(r, pool_printf(r->pool, "%s is %s",
			    key, host));
		text += n;
		text += *text == ',';
	}
}

/* Launchpad's own names for the bucket. */
static void
add_launchpad(struct reading *r, const char *url)
{
	static const char spaces[] = ".digitaloceanspaces.com";
	const char *region = json_str(r->values, "S3_REGION");
	const char *bucket = json_str(r->values, "S3_STORAGE_BUCKET");
	const char *company = strstr(url, spaces), *from = company;

	/* Spaces have their region in their name */
	while (company != NULL && text_empty(region) && from > url
	    && strchr("/.", from[-1]) == NULL)
		from--;
	if (company != NULL && text_empty(region))
		region = pool_strndup(r->pool, from,
		    (size_t)(company - from));
	json_set_str(r->values, "STORAGE_TYPE",
	    company != NULL ? "spaces" : "s3");
	if (region != NULL || !is_told(r, "S3_REGION"))
		json_set_str(r->values, "STORAGE_REGION",
		    region != NULL ? region : "");
	if (bucket != NULL || !is_told(r, "S3_STORAGE_BUCKET"))
		json_set_str(r->values, "STORAGE_BUCKET_NAME",
		    bucket != NULL ? bucket : "");
	json_set_str(r->values, "STORAGE_ENDPOINT_URL", url);
}

/* scheme://host[:port], in parts; "" is Amazon's own. Empty ones are written
 * too: the new file may have some of another bucket. */
static void
add_endpoint(struct reading *r, const char *url)
{
	const char *host = strstr(url, "://"), *port;
	size_t n;

	add_launchpad(r, url);
	host = host == NULL ? "" : host + strlen("://");
	n = strcspn(host, "/");
	host = pool_strndup(r->pool, host, n);
	port = strrchr(host, ':');
	if (port != NULL && strchr(port, ']') != NULL)
		port = NULL;
	json_set_bool(r->values, "S3_USE_SSL",
	    !text_starts(url, "http://"));
	json_set_str(r->values, "S3_HOST", port == NULL ? host :
	    pool_strndup(r->pool, host, (size_t)(port - host)));
	if (port != NULL && is_number(port + 1))
		json_set_num(r->values, "S3_PORT", strtod(port + 1, NULL));
	else
		json_set_str(r->values, "S3_PORT", NULL);
	if (json_get(r->values, "S3_CUSTOM_DOMAIN") == NULL)
		json_set_str(r->values, "S3_CUSTOM_DOMAIN", "");
}

static void
add_storage(struct reading *r)
{
	struct py_found f, lms = pysettings_find(r->from->lms, BASE);
	const char *url;

	if (!find_value(r, &endpoint, &f))
		return;
	url = f.kind == PY_STRING ? f.text : "";
	add_endpoint(r, url);
	if (json_len(r->in_cluster) > 0 || *url == '\0')
		return;
	if (lms.kind == PY_STRING && *lms.text != '\0' && strstr(url,
	    pool_printf(r->pool, "//files.%s", lms.text)) != NULL)
		add_in_cluster(r, "the uploads are in MinIO");
	else
		find_hosts_in_cluster(r, "S3_HOST", url);
}

/* Hosts that the new cluster can't reach. */
static void
find_in_cluster(struct reading *r)
{
	static const char *const hosts[] = { "MYSQL_HOST", "MONGODB_HOST" };

	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		const char *host = json_str(r->values, hosts[i]);

		if (host != NULL)
			find_hosts_in_cluster(r, hosts[i], host);
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
		    && !is_told(r, keys[i]))
			json_set_str(r->values, keys[i], "");
	if (json_get(r->values, "MONGODB_USE_SSL") == NULL
	    && !is_told(r, "MONGODB_USE_SSL"))
		json_set_bool(r->values, "MONGODB_USE_SSL", false);
}

static void
drop(struct json *values, const char *key)
{
	struct json *patch = json_object();

	json_set_str(patch, key, NULL);
	json_merge(values, patch);
	json_free(patch);
}

/* Tutor makes these from others; only what differs from that is a value of
 * its own, which would not follow them later. */
static void
drop_derived(struct reading *r)
{
	struct py_found lms = pysettings_find(r->from->lms, BASE);
	const char *issuer = json_str(r->values, "JWT_COMMON_ISSUER");

	if (text_same(json_str(r->values, "JWT_COMMON_SECRET_KEY"),
	    json_str(r->values, "OPENEDX_SECRET_KEY")))
		drop(r->values, "JWT_COMMON_SECRET_KEY");
	if (text_same(json_str(r->values, "JWT_COMMON_AUDIENCE"), "openedx"))
		drop(r->values, "JWT_COMMON_AUDIENCE");
	if (issuer != NULL && lms.kind == PY_STRING
	    && (text_same(issuer, pool_printf(r->pool, "https://%s/oauth2",
	    lms.text)) || text_same(issuer, pool_printf(r->pool,
	    "http://%s/oauth2", lms.text))))
		drop(r->values, "JWT_COMMON_ISSUER");
	if (text_same(json_str(r->values, "S3_REQUEST_CHECKSUM_CALCULATION"),
	    "when_required"))
		drop(r->values, "S3_REQUEST_CHECKSUM_CALCULATION");
}

static void
read_rows(struct reading *r, bool bucket, bool mails)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct place *p = &table[i];
		struct py_found f;

		if (p->sides == 0 || ((p->flags & BUCKET) && !bucket)
		    || ((p->flags & MAIL) && !mails)
		    || !find_value(r, p, &f))
			continue;
		if (f.kind != PY_ABSENT)
			add_value(r, p, &f);
		else if (p->to.needed)
			problem(r, p, p->at[0], "nothing sets it");
	}
	if (mails)
		json_set_bool(r->values, "RUN_SMTP", false);
}

struct json *
settings_read(struct pool *pool, const struct settings_source *from,
    struct buf *problems)
{
	struct json *all = json_object();
	struct reading r = { .pool = pool, .from = from,
		.problems = problems };
	struct py_found modulus = pysettings_find(from->lms, MODULUS);
	bool bucket;

	json_set_str(all, "tutor", from->tutor);
	json_set_num(all, "major", release_major(from->tutor));
	if (modulus.kind == PY_STRING)
		json_set_str(all, "jwt-modulus", modulus.text);
	r.values = json_add(all, "values", json_object());
	r.in_cluster = json_add(all, "in-cluster", json_array());
	bucket = uses_bucket(&r);
	read_rows(&r, bucket, uses_mail(&r));
	if (bucket)
		add_storage(&r);
	add_forum(&r);
	add_empty(&r);
	drop_derived(&r);
	find_in_cluster(&r);
	json_add(all, "unmapped", unmapped_read(pool, from->lms, from->cms,
	    bucket));
	return all;
}

/* ---- what the platform says itself ---- */

static const struct json *
find_unmapped(const struct json *settings, const char *path)
{
	const struct json *one = json_first(json_get(settings, "unmapped"));

	while (one != NULL && !text_same(json_str(one, "path"), path))
		one = json_next(one);
	return one;
}

/*
 * Which of these settings somebody gave can be seen in the files only: the
 * platform fills in its own. What can't be read there, it says.
 */
void
settings_take_unmapped(struct json *platform, const struct json *files)
{
	const struct json *one = json_first(json_get(files, "unmapped"));
	struct json *taken = json_array();

	for (; one != NULL; one = json_next(one)) {
		const struct json *said = json_str(one, "why") == NULL ? one :
		    find_unmapped(platform, json_str(one, "path"));

		if (said != NULL)
			json_add(taken, NULL, json_copy(said));
	}
	json_add(platform, "unmapped", taken);
}
