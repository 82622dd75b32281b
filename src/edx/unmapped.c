/*
 * unmapped - see unmapped.h.
 */
#include "edx/unmapped.h"

#include <fnmatch.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/pysettings.h"
#include "edx/keys.h"

enum { PATH_BYTES = 4096, HOSTS_MAX = 64 };

/* The first row that fits counts. Stock values are Tutor's, or what Django
 * fills in by itself when the platform is asked. */
static const struct unmapped_row rows[] = {
	{ "DATABASES.default", UNMAPPED_CARRIED, NULL, false },
	{ "DATABASES.default.HOST", UNMAPPED_CARRIED, NULL, false },
	{ "DATABASES.default.PORT", UNMAPPED_CARRIED, NULL, false },
	{ "DATABASES.default.NAME", UNMAPPED_CARRIED, NULL, false },
	{ "DATABASES.default.USER", UNMAPPED_CARRIED, NULL, false },
	{ "DATABASES.default.PASSWORD", UNMAPPED_CARRIED, NULL, false },
	{ "DATABASES.default.ENGINE", UNMAPPED_PATCH,
	    "\"django.db.backends.mysql\"", false },
	{ "DATABASES.default.ATOMIC_REQUESTS", UNMAPPED_PATCH, "true",
	    false },
	{ "DATABASES.default.AUTOCOMMIT", UNMAPPED_PATCH, "true", false },
	{ "DATABASES.default.CONN_MAX_AGE", UNMAPPED_PATCH, "0", false },
	{ "DATABASES.default.CONN_HEALTH_CHECKS", UNMAPPED_PATCH, "false",
	    false },
	{ "DATABASES.default.TEST", UNMAPPED_CARRIED, NULL, false },
	{ "DATABASES.default.OPTIONS", UNMAPPED_CARRIED, NULL, false },
	{ "DATABASES.default.OPTIONS.charset", UNMAPPED_CARRIED, NULL,
	    false },
	{ "DATABASES.default.OPTIONS.init_command", UNMAPPED_PATCH,
	    "\"SET sql_mode='STRICT_TRANS_TABLES'\"", false },
	{ "DATABASES.default.OPTIONS.*", UNMAPPED_PATCH, NULL, false },
	{ "DATABASES.default.*", UNMAPPED_PATCH, NULL, false },
	{ "DATABASES.*", UNMAPPED_PATCH, NULL, false },

	{ "DOC_STORE_CONFIG.db", UNMAPPED_CARRIED, NULL, false },
	{ "DOC_STORE_CONFIG.host", UNMAPPED_CARRIED, NULL, false },
	{ "DOC_STORE_CONFIG.port", UNMAPPED_CARRIED, NULL, false },
	{ "DOC_STORE_CONFIG.user", UNMAPPED_CARRIED, NULL, false },
	{ "DOC_STORE_CONFIG.password", UNMAPPED_CARRIED, NULL, false },
	{ "DOC_STORE_CONFIG.ssl", UNMAPPED_CARRIED, NULL, false },
	{ "DOC_STORE_CONFIG.authsource", UNMAPPED_CARRIED, NULL, false },
	{ "DOC_STORE_CONFIG.authSource", UNMAPPED_CARRIED, NULL, false },
	{ "DOC_STORE_CONFIG.replicaSet", UNMAPPED_CARRIED, NULL, false },
	{ "DOC_STORE_CONFIG.authMechanism", UNMAPPED_CARRIED, NULL, false },
	{ "DOC_STORE_CONFIG.connect", UNMAPPED_PATCH, "false", false },
	{ "DOC_STORE_CONFIG.*", UNMAPPED_PATCH, NULL, false },
	{ "CONTENTSTORE.DOC_STORE_CONFIG", UNMAPPED_CARRIED, NULL, false },
	{ "CONTENTSTORE.OPTIONS", UNMAPPED_CARRIED, NULL, false },
	{ "CONTENTSTORE.ENGINE", UNMAPPED_PATCH,
	    "\"xmodule.contentstore.mongo.MongoContentStore\"", false },
	{ "CONTENTSTORE.*", UNMAPPED_PATCH, NULL, false },
	{ "FORUM_MONGODB_CLIENT_PARAMETERS.host", UNMAPPED_CARRIED, NULL,
	    false },
	{ "FORUM_MONGODB_CLIENT_PARAMETERS.port", UNMAPPED_CARRIED, NULL,
	    false },
	{ "FORUM_MONGODB_CLIENT_PARAMETERS.username", UNMAPPED_CARRIED, NULL,
	    false },
	{ "FORUM_MONGODB_CLIENT_PARAMETERS.password", UNMAPPED_CARRIED, NULL,
	    false },
	{ "FORUM_MONGODB_CLIENT_PARAMETERS.ssl", UNMAPPED_CARRIED, NULL,
	    false },
	{ "FORUM_MONGODB_CLIENT_PARAMETERS.auth*", UNMAPPED_CARRIED, NULL,
	    false },
	{ "FORUM_MONGODB_CLIENT_PARAMETERS.replicaSet", UNMAPPED_CARRIED,
	    NULL, false },
	{ "FORUM_MONGODB_CLIENT_PARAMETERS.*", UNMAPPED_PATCH, NULL, false },

	{ "AWS_SES_*", UNMAPPED_LATE, NULL, false },
	{ "AWS_ACCESS_KEY_ID", UNMAPPED_CARRIED, NULL, true },
	{ "AWS_SECRET_ACCESS_KEY", UNMAPPED_CARRIED, NULL, true },
	{ "AWS_STORAGE_BUCKET_NAME", UNMAPPED_CARRIED, NULL, true },
	{ "AWS_S3_REGION_NAME", UNMAPPED_CARRIED, NULL, true },
	{ "AWS_S3_ENDPOINT_URL", UNMAPPED_CARRIED, NULL, true },
	{ "AWS_S3_CUSTOM_DOMAIN", UNMAPPED_CARRIED, NULL, true },
	{ "AWS_DEFAULT_ACL", UNMAPPED_CARRIED, NULL, true },
	{ "AWS_S3_ADDRESSING_STYLE", UNMAPPED_CARRIED, NULL, true },
	{ "AWS_S3_SIGNATURE_VERSION", UNMAPPED_CARRIED, NULL, true },
	{ "AWS_REQUEST_CHECKSUM_CALCULATION", UNMAPPED_CARRIED, NULL, true },
	{ "AWS_S3_CLIENT_CONFIG", UNMAPPED_CARRIED, NULL, true },
	{ "AWS_S3_USE_SSL", UNMAPPED_CARRIED, NULL, true },
	{ "AWS_S3_SECURE_URLS", UNMAPPED_CARRIED, NULL, true },
	{ "AWS_AUTO_CREATE_BUCKET", UNMAPPED_LATE, "false", true },
	{ "AWS_QUERYSTRING_AUTH", UNMAPPED_LATE, "true", true },
	{ "AWS_QUERYSTRING_EXPIRE", UNMAPPED_LATE, "604800", true },
	{ "AWS_*", UNMAPPED_LATE, NULL, true },

	{ "ALLOWED_HOSTS", UNMAPPED_HOSTS, NULL, false },
	{ "LOGIN_REDIRECT_WHITELIST", UNMAPPED_HOSTS, NULL, false },

	{ "SOCIAL_AUTH_SAML_*", UNMAPPED_AUTH, NULL, false },
	{ "SOCIAL_AUTH_OAUTH_SECRETS", UNMAPPED_AUTH, NULL, false },
	{ "SOCIAL_AUTH_LTI_CONSUMER_SECRETS", UNMAPPED_AUTH, NULL, false },
	{ "THIRD_PARTY_AUTH_BACKENDS", UNMAPPED_AUTH, NULL, false },
};
enum { ROWS = sizeof rows / sizeof *rows };

/* Part by part: * stands for one name, and not for a dot. */
const struct unmapped_row *
unmapped_find(const char *path)
{
	for (size_t i = 0; i < ROWS; i++) {
		const char *a = rows[i].path, *b = path;

		for (; *a != '\0' && *b != '\0' && *a == *b; a++)
			b++;
		if (*a == '\0' && *b == '\0')
			return &rows[i];
		if (*a == '*' && *b != '\0' && strchr(b, '.') == NULL)
			return &rows[i];
	}
	return NULL;
}

struct reading {
	struct pool *pool;
	const struct pysettings *lms, *cms;
	bool bucket;
	struct json *all;
};

/* ---- one value of one side ---- */

static bool
is_empty(const struct json *v)
{
	struct buf text = buf_new(16);
	bool empty;

	json_print(v, false, &text);
	empty = !text.full && (text_same(buf_str(&text), "\"\"")
	    || text_same(buf_str(&text), "{}")
	    || text_same(buf_str(&text), "[]")
	    || text_same(buf_str(&text), "null"));
	buf_free(&text);
	return empty;
}

static bool
is_stock(const struct unmapped_row *row, const struct json *v)
{
	struct err ignored;
	struct json *stock;
	bool same;

	if (row->stock == NULL)
		return is_empty(v);
	stock = json_parse(row->stock, strlen(row->stock), "stock", &ignored);
	same = stock != NULL && json_same(stock, v);
	json_free(stock);
	return same;
}

static const char *
text_at(const struct pysettings *ps, const char *path)
{
	struct py_found f = pysettings_find(ps, path);

	return f.kind == PY_STRING && *f.text != '\0' ? f.text : NULL;
}

/* Is it a host of the stock lists: the site's own, those below it that
 * plugins have, and the Services? */
static bool
is_own_host(const struct pysettings *ps, const char *host)
{
	static const char *const own[] = { "LMS_BASE", "CMS_BASE",
	    "SITE_NAME", "PREVIEW_LMS_BASE", "FEATURES.PREVIEW_LMS_BASE",
	    "MFE_CONFIG.BASE_URL" };
	static const char *const below[] = { "apps", "preview", "studio",
	    "discovery", "ecommerce", "credentials", "notes", "files",
	    "meilisearch" };
	const char *lms = text_at(ps, "LMS_BASE");
	size_t n = strcspn(host, ".");

	if (text_same(host, "lms") || text_same(host, "cms"))
		return true;
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (text_same(text_at(ps, own[i]), host))
			return true;
	for (size_t i = 0; i < sizeof below / sizeof *below; i++)
		if (strlen(below[i]) == n && strncmp(host, below[i], n) == 0
		    && host[n] == '.' && text_same(lms, host + n + 1))
			return true;
	return false;
}

/* The hosts of a list that are not the stock ones. */
static struct json *
other_hosts(const struct pysettings *ps, const struct json *list)
{
	struct json *others = json_array();

	for (const struct json *h = json_first(list); h != NULL;
	    h = json_next(h)) {
		const char *host = json_str(h, "");

		if (host != NULL && !is_own_host(ps, host))
			json_add(others, NULL, json_string(host));
	}
	return others;
}

/* What the stores and the content store have must be the same. */
static bool
all_places_agree(struct reading *r, const struct pysettings *ps,
    const char *path, const struct json *v)
{
	static const char *const copies[] = { "CONTENTSTORE",
	    PYSETTINGS_STORES };
	const char *why;
	bool agree = true;

	if (!text_starts(path, "DOC_STORE_CONFIG."))
		return true;
	for (size_t i = 0; i < sizeof copies / sizeof *copies; i++) {
		struct json *copy = pysettings_json(ps, pool_printf(r->pool,
		    "%s.%s", copies[i], path), &why);

		agree = agree && copy != NULL && json_same(copy, v);
		json_free(copy);
	}
	return agree;
}

/* NULL: it is stock, or not there; or *why says what is wrong. */
static struct json *
find_value(struct reading *r, const struct unmapped_row *row,
    const char *path, const struct pysettings *ps, const char **why)
{
	struct json *v = pysettings_json(ps, path, why);

	if (v != NULL && row->how == UNMAPPED_HOSTS) {
		struct json *others = other_hosts(ps, v);

		json_free(v);
		v = others;
	}
	if (v == NULL || is_stock(row, v)) {
		json_free(v);
		return NULL;
	}
	if (all_places_agree(r, ps, path, v))
		return v;
	*why = "differs between DOC_STORE_CONFIG, CONTENTSTORE and the "
	    "module stores";
	json_free(v);
	return NULL;
}

/* ---- all of them ---- */

static bool
is_listed(const struct reading *r, const char *path)
{
	for (const struct json *one = json_first(r->all); one != NULL;
	    one = json_next(one))
		if (text_same(json_str(one, "path"), path))
			return true;
	return false;
}

/* In Studio Tutor itself adds to edx-platform's list, so that what the list
 * holds can't be told there; who logs in does so at the LMS. */
static bool
is_lms_only(const char *path)
{
	return text_same(path, "LOGIN_REDIRECT_WHITELIST");
}

static void
add_setting(struct reading *r, const struct unmapped_row *row,
    const char *path)
{
	const char *why_lms = NULL, *why_cms = NULL;
	struct json *lms, *cms, *one;

	if (unmapped_find(path) != row || (row->bucket && !r->bucket)
	    || is_listed(r, path))
		return;
	lms = find_value(r, row, path, r->lms, &why_lms);
	cms = find_value(r, row, path, r->cms, &why_cms);
	if (is_lms_only(path))
		why_cms = NULL;
	if (lms == NULL && cms == NULL && why_lms == NULL && why_cms == NULL)
		return;
	one = json_add(r->all, NULL, json_object());
	json_set_str(one, "path", path);
	if (why_lms != NULL || why_cms != NULL) {
		json_set_str(one, "why", why_lms != NULL ? why_lms : why_cms);
		json_free(lms);
		json_free(cms);
		return;
	}
	if (lms != NULL)
		json_add(one, "lms", lms);
	if (cms != NULL)
		json_add(one, "cms", cms);
}

/* Each path of this side that the row's pattern fits. */
static void
add_fitting(struct reading *r, const struct unmapped_row *row,
    const struct pysettings *ps)
{
	const char *last = strrchr(row->path, '.'), *key;
	const char *parent = last == NULL ? "" :
	    pool_strndup(r->pool, row->path, (size_t)(last - row->path));
	const char *pattern = last == NULL ? row->path : last + 1;

	if (row->how == UNMAPPED_CARRIED)
		return;
	if (strchr(pattern, '*') == NULL) {
		add_setting(r, row, row->path);
		return;
	}
	for (size_t i = 0; (key = pysettings_key(ps, parent, i)) != NULL; i++)
		if (fnmatch(pattern, key, 0) == 0)
			add_setting(r, row, last == NULL ? key :
			    pool_printf(r->pool, "%s.%s", parent, key));
}

struct json *
unmapped_read(struct pool *pool, const struct pysettings *lms,
    const struct pysettings *cms, bool bucket)
{
	struct reading r = { .pool = pool, .lms = lms, .cms = cms,
		.bucket = bucket, .all = json_array() };

	for (size_t i = 0; i < ROWS; i++) {
		add_fitting(&r, &rows[i], lms);
		add_fitting(&r, &rows[i], cms);
	}
	return r.all;
}

/* ---- secrets ---- */

static void
mask(const struct json *v, bool secret)
{
	const char *text = json_str(v, "");

	if (text != NULL && (secret || (strstr(text, "://") != NULL
	    && strchr(text, '@') != NULL)))
		log_mask(text);
	for (const struct json *one = json_first(v); one != NULL;
	    one = json_next(one))
		mask(one, secret || (json_name(one) != NULL
		    && keys_is_secret(json_name(one))));
}

void
unmapped_mask(const struct json *all)
{
	for (const struct json *one = json_first(all); one != NULL;
	    one = json_next(one)) {
		const char *path = json_str(one, "path");
		bool secret = path != NULL && keys_is_secret(path);

		mask(json_get(one, "lms"), secret);
		mask(json_get(one, "cms"), secret);
	}
}
