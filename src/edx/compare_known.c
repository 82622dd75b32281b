/*
 * compare_known - see compare_known.h.
 */
#include "edx/compare_known.h"

#include <string.h>

#include "base/text.h"
#include "edx/release.h"

enum { OLDEST = RELEASE_OLDEST, NEWEST = RELEASE_NEWEST };
#define ANY_RELEASE OLDEST, NEWEST, OLDEST, NEWEST

static const char own_why[] =
    "each side has its own cache, queue and search index";
static const char charset_why[] =
    "the new side's Drydock sets it; the tables stay as they are";
static const char connect_why[] =
    "a line that releases from palm on have; it was the default before";
static const char jwk_why[] =
    "the same key; releases from quince on write all its numbers";
static const char forum_why[] = "the forum was a program of its own; where "
    "it says which database, that is compared";
static const char preview_why[] =
    "the preview host is gone from the platform since ulmo";
static const char django_why[] =
    "Django 4 wants the scheme before each origin";
static const char mfe_why[] = "nutmeg had no settings for the MFEs' API";
static const char derived_why[] = "both are made from edx-platform's own "
    "default by the same statement";
static const char client_why[] = "an object made of other settings, which "
    "are compared themselves";
static const char routers_why[] = "both sides change edx-platform's own list "
    "by the same statement";
static const char function_why[] = "a function of Drydock's, which both "
    "sides have";
static const char learning_why[] =
    "a setting that releases from sumac on bring with them";
static const char scorm_why[] =
    "a setting that Drydock for releases from redwood on brings with it";
static const char checksum_why[] = "newer versions of the plugin s3 say "
    "what was the default before";

static const char downgrade_why[] = "the new release is older than the old "
    "one: the schema can't go back";
static const char minio_why[] = "MinIO is within the old cluster: copy the "
    "uploads first";
static const char patch_why[] = "no key of config.yml carries it: write it "
    "in GROVE_COMMON_SETTINGS or GROVE_OPENEDX_AUTH";
static const char no_key_why[] = "the plugin s3 has no key for it: write it "
    "in GROVE_OPENEDX_AUTH";
static const char plugin_why[] =
    "enable the plugin that sets it on the new side too";
static const char discussion_why[] =
    "enable the forum on the new side only if the old one had it";

static const struct known rows[] = {
	/* what the migration means to be different */
	{ "CACHES*", NULL, NULL, ANY_RELEASE, own_why, false, false },
	{ "CELERY_BROKER_*", NULL, NULL, ANY_RELEASE, own_why, false,
	    false },
	{ "BROKER_URL", NULL, NULL, ANY_RELEASE, own_why, false, false },
	{ "REDIS_*", NULL, NULL, ANY_RELEASE, own_why, false, false },
	{ "EVENT_BUS_REDIS_*", NULL, NULL, ANY_RELEASE, own_why, false,
	    false },
	{ "MEILISEARCH_*", NULL, NULL, ANY_RELEASE, own_why, false, false },
	{ "ELASTIC_SEARCH_CONFIG*", NULL, NULL, ANY_RELEASE, own_why, false,
	    false },
	{ "SEARCH_ENGINE", NULL, NULL, OLDEST, 18, 19, NEWEST, own_why,
	    false, false },
	{ "COMMENTS_SERVICE_*", NULL, NULL, ANY_RELEASE, own_why, false,
	    false },
	/* what is by release, and harmless */
	{ "DATABASES.*.OPTIONS.charset", KNOWN_ABSENT, "utf8mb4", OLDEST,
	    NEWEST, 20, NEWEST, charset_why, false, false },
	{ "DATABASES.*.OPTIONS.charset", "utf8mb3", "utf8mb4", 16, 17, 20,
	    NEWEST, charset_why, false, false },
	{ "*DOC_STORE_CONFIG.connect", KNOWN_ABSENT, "false", OLDEST, 15, 16,
	    NEWEST, connect_why, false, false },
	{ "JWT_AUTH.JWT_PRIVATE_SIGNING_JWK.dp", KNOWN_ABSENT, NULL, OLDEST,
	    16, 17, NEWEST, jwk_why, false, false },
	{ "JWT_AUTH.JWT_PRIVATE_SIGNING_JWK.dq", KNOWN_ABSENT, NULL, OLDEST,
	    16, 17, NEWEST, jwk_why, false, false },
	{ "JWT_AUTH.JWT_PRIVATE_SIGNING_JWK.qi", KNOWN_ABSENT, NULL, OLDEST,
	    16, 17, NEWEST, jwk_why, false, false },
	{ "FORUM_MONGODB_*", KNOWN_ABSENT, NULL, OLDEST, 18, 19, NEWEST,
	    forum_why, false, false },
	{ "FEATURES.PREVIEW_LMS_BASE", NULL, KNOWN_ABSENT, OLDEST, 20, 21,
	    NEWEST, preview_why, false, false },
	{ "PREVIEW_LMS_BASE", NULL, KNOWN_ABSENT, OLDEST, 20, 21, NEWEST,
	    preview_why, false, false },
	{ "ALLOWED_HOSTS[]", KNOWN_PREVIEW, KNOWN_ABSENT, OLDEST, 20, 21,
	    NEWEST, preview_why, false, false },
	{ "CSRF_TRUSTED_ORIGINS[]", NULL, "https://*", OLDEST, 16, 17,
	    NEWEST, django_why, false, false },
	{ "MFE_CONFIG*", KNOWN_ABSENT, NULL, OLDEST, OLDEST, 15, NEWEST,
	    mfe_why, false, false },
	{ "OPENEDX_LEARNING.MEDIA*", KNOWN_ABSENT, NULL, OLDEST, 18, 19,
	    NEWEST, learning_why, false, false },
	{ "XBLOCK_SETTINGS.ScormXBlock.*", KNOWN_ABSENT, NULL, OLDEST, 17,
	    18, NEWEST, scorm_why, false, false },
	{ "AWS_REQUEST_CHECKSUM_CALCULATION", KNOWN_ABSENT, NULL, OLDEST,
	    NEWEST, 20, NEWEST, checksum_why, false, false },
	/* what can't be read on either side, and needs not be */
	{ "GRADES_DOWNLOAD.STORAGE_KWARGS.location", NULL, NULL, ANY_RELEASE,
	    derived_why, false, true },
	{ "PROFILE_IMAGE_BACKEND.options.location", NULL, NULL, ANY_RELEASE,
	    derived_why, false, true },
	{ "VIDEO_*_SETTINGS.STORAGE_KWARGS.location", NULL, NULL,
	    ANY_RELEASE, derived_why, false, true },
	{ "AWS_S3_CLIENT_CONFIG", NULL, NULL, ANY_RELEASE, client_why, false,
	    true },
	{ "DATABASE_ROUTERS", NULL, NULL, ANY_RELEASE, routers_why, false,
	    true },
	{ "XBLOCK_SETTINGS.ScormXBlock.STORAGE_FUNC", NULL, NULL,
	    ANY_RELEASE, function_why, false, true },
	/* what is known and not harmless */
	{ "*PREVIEW_LMS_BASE", KNOWN_ABSENT, NULL, 21, NEWEST, OLDEST, 20,
	    downgrade_why, true, false },
	{ "FEATURES.ENABLE_DISCUSSION_SERVICE", NULL, NULL, ANY_RELEASE,
	    discussion_why, true, false },
	{ "AWS_QUERYSTRING_AUTH", NULL, NULL, ANY_RELEASE, no_key_why, true,
	    false },
	{ "OPENEDX_LEARNING.MEDIA*", NULL, NULL, ANY_RELEASE, minio_why,
	    true, false },
	{ "PROFILE_IMAGE_BACKEND*", NULL, NULL, ANY_RELEASE, minio_why, true,
	    false },
	{ "GRADES_DOWNLOAD*", NULL, NULL, ANY_RELEASE, minio_why, true,
	    false },
	{ "XQUEUE_INTERFACE*", NULL, NULL, ANY_RELEASE, plugin_why, true,
	    false },
	{ "EDXNOTES_*", NULL, NULL, ANY_RELEASE, plugin_why, true, false },
	{ "ECOMMERCE_*", NULL, NULL, ANY_RELEASE, plugin_why, true, false },
	{ "DATABASES.*.OPTIONS*", NULL, NULL, ANY_RELEASE, patch_why, true,
	    false },
	{ "DATABASES.*.CONN_*", NULL, NULL, ANY_RELEASE, patch_why, true,
	    false },
	{ "DATABASES.*", NULL, KNOWN_ABSENT, ANY_RELEASE, patch_why, true,
	    false },
	{ "*DOC_STORE_CONFIG.*", NULL, KNOWN_ABSENT, ANY_RELEASE, patch_why,
	    true, false },
	{ "AWS_*", NULL, KNOWN_ABSENT, ANY_RELEASE, patch_why, true, false },
	{ "ALLOWED_HOSTS*", NULL, KNOWN_ABSENT, ANY_RELEASE, patch_why, true,
	    false },
	{ "LOGIN_REDIRECT_WHITELIST*", NULL, KNOWN_ABSENT, ANY_RELEASE,
	    patch_why, true, false },
	{ "SOCIAL_AUTH_SAML_*", NULL, KNOWN_ABSENT, ANY_RELEASE, patch_why,
	    true, false },
	{ "SOCIAL_AUTH_*_SECRETS*", NULL, KNOWN_ABSENT, ANY_RELEASE,
	    patch_why, true, false },
};

static const struct known_name names[] = {
	{ "DOC_STORE_CONFIG.authSource", "DOC_STORE_CONFIG.authsource",
	    OLDEST, OLDEST, "nutmeg wrote authSource; it means the same" },
	{ "DEFAULT_FILE_STORAGE", "STORAGES.default.BACKEND", OLDEST, 20,
	    "the storage class under its older name" },
	{ "GRADES_DOWNLOAD.STORAGE_KWARGS.bucket",
	    "GRADES_DOWNLOAD.STORAGE_KWARGS.bucket_name", OLDEST, NEWEST,
	    "another version of the plugin s3 calls the bucket so" },
	{ "PROFILE_IMAGE_BACKEND.options.bucket",
	    "PROFILE_IMAGE_BACKEND.options.bucket_name", OLDEST, NEWEST,
	    "another version of the plugin s3 calls the bucket so" },
};

/* From the particular to the general: the first that fits counts. */
static const struct {
	const char *path;
	enum compare_group group;
} groups[] = {
	{ "*_LTI_*", COMPARE_LTI }, { "LTI_*", COMPARE_LTI },
	{ "*.lti*", COMPARE_LTI }, { "*_LTI", COMPARE_LTI },
	{ "*SAML*", COMPARE_SAML }, { "*saml*", COMPARE_SAML },
	{ "*OAUTH*", COMPARE_OAUTH },
	{ "*OIDC*", COMPARE_OAUTH },
	{ "SOCIAL_AUTH_*", COMPARE_THIRD_PARTY },
	{ "*THIRD_PARTY_AUTH*", COMPARE_THIRD_PARTY },
	{ "TPA_*", COMPARE_THIRD_PARTY },
	{ "AUTHENTICATION_BACKENDS*", COMPARE_THIRD_PARTY },
	{ "DATABASES*", COMPARE_DATABASES },
	{ "DATABASE_*", COMPARE_DATABASES },
	{ "DOC_STORE_CONFIG*", COMPARE_DATABASES },
	{ "CONTENTSTORE*", COMPARE_DATABASES },
	{ "MODULESTORE*", COMPARE_DATABASES },
	{ "(stores)*", COMPARE_DATABASES },
	{ "*MONGO*", COMPARE_DATABASES },
	{ "AWS_*", COMPARE_STORAGE }, { "STORAGES*", COMPARE_STORAGE },
	{ "*_STORAGE", COMPARE_STORAGE }, { "*BUCKET*", COMPARE_STORAGE },
	{ "*.bucket*", COMPARE_STORAGE }, { "*STORAGE_*", COMPARE_STORAGE },
	{ "GRADES_DOWNLOAD*", COMPARE_STORAGE },
	{ "PROFILE_IMAGE_BACKEND*", COMPARE_STORAGE },
	{ "VIDEO_*_SETTINGS*", COMPARE_STORAGE },
	{ "ORA2_FILEUPLOAD_*", COMPARE_STORAGE },
	{ "OPENEDX_LEARNING*", COMPARE_STORAGE },
	{ "BLOCK_STRUCTURES_SETTINGS*", COMPARE_STORAGE },
	{ "MEDIA_*", COMPARE_STORAGE },
	{ "SECRET_KEY*", COMPARE_AUTH }, { "JWT_*", COMPARE_AUTH },
	{ "EDX_API_KEY", COMPARE_AUTH }, { "AUTH_*", COMPARE_AUTH },
	{ "*_PRIVATE_KEY*", COMPARE_AUTH },
	{ "PASSWORD_HASHERS*", COMPARE_AUTH },
	{ "EMAIL_*", COMPARE_EMAIL }, { "*_EMAIL", COMPARE_EMAIL },
	{ "ANYMAIL*", COMPARE_EMAIL }, { "ACE_*", COMPARE_EMAIL },
	{ "BULK_EMAIL*", COMPARE_EMAIL },
	{ "CONTACT_MAILING_ADDRESS", COMPARE_EMAIL },
	{ "FEATURES.PREVIEW_LMS_BASE", COMPARE_HOSTS },
	{ "FEATURES*", COMPARE_FEATURES }, { "ENABLE_*", COMPARE_FEATURES },
	{ "*_BASE", COMPARE_HOSTS }, { "*_URL", COMPARE_HOSTS },
	{ "*_HOST", COMPARE_HOSTS }, { "SITE_NAME", COMPARE_HOSTS },
	{ "ALLOWED_HOSTS*", COMPARE_HOSTS }, { "CORS_*", COMPARE_HOSTS },
	{ "CSRF_*", COMPARE_HOSTS }, { "*_WHITELIST*", COMPARE_HOSTS },
	{ "*_COOKIE_DOMAIN", COMPARE_HOSTS }, { "*_URLS.*", COMPARE_HOSTS },
};

/* Whose text is no secret, whatever it is. */
static const char *const plain[] = {
	"DATABASES.*.HOST", "DATABASES.*.PORT", "DATABASES.*.NAME",
	"DATABASES.*.USER", "DATABASES.*.ENGINE",
	"DATABASES.*.OPTIONS.charset", "*DOC_STORE_CONFIG.db",
	"*DOC_STORE_CONFIG.host", "*DOC_STORE_CONFIG.port",
	"*DOC_STORE_CONFIG.user",
	"*DOC_STORE_CONFIG.authsource", "*DOC_STORE_CONFIG.authSource",
	"*DOC_STORE_CONFIG.authMechanism", "*DOC_STORE_CONFIG.replicaSet",
	"FORUM_MONGODB_DATABASE", "FORUM_MONGODB_CLIENT_PARAMETERS.host",
	"FORUM_MONGODB_CLIENT_PARAMETERS.username",
	"FORUM_MONGODB_CLIENT_PARAMETERS.authMechanism",
	"FORUM_MONGODB_CLIENT_PARAMETERS.authSource", "*BUCKET_NAME",
	"*.bucket", "*.bucket_name", "AWS_S3_REGION_NAME",
	"AWS_S3_ENDPOINT_URL", "AWS_S3_CUSTOM_DOMAIN", "AWS_DEFAULT_ACL",
	"AWS_S3_ADDRESSING_STYLE", "AWS_S3_SIGNATURE_VERSION",
	"DEFAULT_FILE_STORAGE", "STORAGES.*.BACKEND", "*_STORAGE",
	"ORA2_FILEUPLOAD_BACKEND", "EMAIL_HOST", "EMAIL_BACKEND",
	"CONTACT_EMAIL", "PLATFORM_NAME", "LANGUAGE_CODE", "SITE_NAME",
	"LMS_BASE", "CMS_BASE", "*PREVIEW_LMS_BASE", "*_ROOT_URL",
	"*_COOKIE_DOMAIN", "ALLOWED_HOSTS[]", "CORS_ORIGIN_WHITELIST[]",
	"CSRF_TRUSTED_ORIGINS[]", "LOGIN_REDIRECT_WHITELIST[]",
	"MFE_CONFIG.*BASE_URL", "*_MICROFRONTEND_URL",
	"AUTHENTICATION_BACKENDS[]", "THIRD_PARTY_AUTH_BACKENDS[]",
	"OAUTH_OIDC_ISSUER", "JWT_AUTH.JWT_ISSUER", "JWT_AUTH.JWT_AUDIENCE",
	"INSTALLED_APPS[]", "MIDDLEWARE[]",
};

bool
known_fits(const char *pattern, const char *path)
{
	const char *star = NULL, *from = NULL;

	while (*path != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			from = path;
		} else if (*pattern == *path) {
			pattern++;
			path++;
		} else if (star != NULL) {
			pattern = star + 1;
			path = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

/* An unknown release is as any: only what holds for all holds for it. */
static bool
within(int major, int from, int to)
{
	return (from == OLDEST && to == NEWEST)
	    || (major >= from && major <= to);
}

static bool
is(const char *want, const char *value, const char *preview)
{
	if (want == NULL)
		return true;
	if (text_same(want, KNOWN_PREVIEW))
		return text_same(value, preview);
	return known_fits(want, value);
}

const struct known *
known_find(const struct known_question *q)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct known *r = &rows[i];

		if (known_fits(r->path, q->path)
		    && within(q->old_major, r->old_from, r->old_to)
		    && within(q->new_major, r->new_from, r->new_to)
		    && (!r->unreadable || q->unreadable)
		    && is(r->old, q->old, q->preview)
		    && is(r->now, q->now, NULL))
			return r;
	}
	return NULL;
}

const struct known_name *
known_name(int i)
{
	return i < (int)(sizeof names / sizeof *names) ? &names[i] : NULL;
}

enum compare_group
known_group(const char *path)
{
	/* any name may have been set: also one of these */
	if (text_same(path, "*"))
		return COMPARE_DATABASES;
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
		if (known_fits(groups[i].path, path))
			return groups[i].group;
	return COMPARE_OTHER;
}

bool
known_is_plain(const char *path)
{
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (known_fits(plain[i], path))
			return true;
	return false;
}
