/*
 * keys - see keys.h.
 */
#include "edx/keys.h"

#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"

static const char data_why[] = "written when the data is connected";
static const char host_why[] = "follows the hosts when DNS moves";
static const char image_why[] = "names an image of the old registry";
static const char version_why[] = "freezes an old version of the new side";
static const char cluster_why[] = "belongs to the old cluster";
static const char cache_why[] =
    "caches and queues of two sites must not mix";
static const char search_why[] = "the search index is rebuilt";
static const char secret_why[] = "must be the same on both sides";
static const char site_why[] = "a setting of the site";
static const char plugin_why[] = "a plugin's own setting";
static const char theme_why[] = "belongs to theming";

static const struct key_row rows[] = {
	/* before the wider rows of their families */
	{ "ID", KEY_NEVER, "is a selector of the new Deployments, which "
	    "can't be changed after the first deploy" },
	{ "DRYDOCK_LETSENCRYPT_EMAIL", KEY_SWITCH,
	    "is needed when certificates for the final hosts are ordered" },
	{ "DRYDOCK_INGRESS_EXTRA_HOSTS", KEY_COPY, site_why },
	{ "DRYDOCK_REGISTRY_CREDENTIALS", KEY_NEVER, cluster_why },
	{ "DRYDOCK_INIT_JOBS*", KEY_NEVER, "is set by the phases" },
	{ "DRYDOCK_MIGRATE_FROM", KEY_NEVER, version_why },
	{ "TUTOR_VERSION", KEY_NEVER, version_why },
	{ "TUTOR_APP_NAME", KEY_NEVER, cluster_why },
	{ "OPENEDX_COMMON_VERSION", KEY_NEVER, version_why },
	{ "EDX_PLATFORM_VERSION", KEY_COPY, "the platform's branch" },
	{ "EDX_PLATFORM_REPOSITORY", KEY_COPY, "the platform's branch" },
	{ "GROVE_COMPREHENSIVE_THEME_*", KEY_THEME, theme_why },
	{ "GROVE_SIMPLE_THEME_*", KEY_THEME, theme_why },
	{ "SIMPLE_THEME_*", KEY_THEME, theme_why },
	{ "GROVE_THEMES", KEY_THEME, theme_why },
	{ "PICASSO_THEMES", KEY_THEME, theme_why },
	{ "PICASSO_DEFAULT_SITE_THEME", KEY_THEME, theme_why },
	{ "INDIGO_*", KEY_THEME, theme_why },
	{ "GROVE_MAINTENANCE_*", KEY_NEVER, "the old side's maintenance" },
	{ "PICASSO_EXTRA_COMMANDS", KEY_NEVER,
	    "the plugins to install are to be merged by hand" },
	{ "PICASSO_EXTRA_COMMADS", KEY_NEVER, "a misspelt name, which "
	    "nothing reads" },
	{ "OPENEDX_EXTRA_PIP_REQUIREMENTS", KEY_UNION,
	    "packages of both sides" },
	/* connect */
	{ "MYSQL_ROOT_*", KEY_NEVER, "the new side never acts as root" },
	{ "MONGODB_ROOT_*", KEY_NEVER, "the new side never acts as root" },
	{ "MYSQL_HOST", KEY_DATA, data_why },
	{ "MYSQL_PORT", KEY_DATA, data_why },
	{ "MYSQL_DATABASE", KEY_DATA, data_why },
	{ "MYSQL_USERNAME", KEY_DATA, data_why },
	{ "MYSQL_PASSWORD", KEY_DATA, data_why },
	{ "OPENEDX_MYSQL_*", KEY_DATA, data_why },
	{ "MONGODB_*", KEY_DATA, data_why },
	{ "FORUM_MONGODB_DATABASE", KEY_DATA, data_why },
	{ "S3_VERSION", KEY_NEVER, version_why },
	{ "S3_*", KEY_DATA, data_why },
	{ "OPENEDX_AWS_*", KEY_DATA, data_why },
	/* switch */
	{ "LMS_HOST", KEY_HOST, host_why },
	{ "CMS_HOST", KEY_HOST, host_why },
	{ "PREVIEW_LMS_HOST", KEY_HOST, host_why },
	{ "MFE_HOST", KEY_HOST, host_why },
	{ "MEILISEARCH_HOST", KEY_HOST, host_why },
	{ "MEILISEARCH_PUBLIC_URL", KEY_HOST, host_why },
	/* never */
	{ "DOCKER_IMAGE_*", KEY_NEVER, image_why },
	{ "*_DOCKER_IMAGE", KEY_NEVER, image_why },
	{ "DOCKER_REGISTRY", KEY_NEVER, image_why },
	{ "K8S_NAMESPACE", KEY_NEVER, cluster_why },
	{ "RUN_MYSQL", KEY_NEVER, "the data stays outside the cluster" },
	{ "RUN_MONGODB", KEY_NEVER, "the data stays outside the cluster" },
	{ "RUN_REDIS", KEY_NEVER, cluster_why },
	{ "RUN_ELASTICSEARCH", KEY_NEVER, cluster_why },
	{ "RUN_MEILISEARCH", KEY_NEVER, cluster_why },
	{ "ELASTICSEARCH_*", KEY_NEVER, search_why },
	{ "REDIS_*", KEY_NEVER, cache_why },
	{ "OPENEDX_CACHE_REDIS_DB", KEY_NEVER, cache_why },
	{ "OPENEDX_CELERY_REDIS_DB", KEY_NEVER, cache_why },
	{ "MEILISEARCH_*", KEY_NEVER, search_why },
	{ "ENABLE_WEB_PROXY", KEY_NEVER, "the new cluster's ingress decides" },
	{ "ENABLE_HTTPS", KEY_NEVER, "the new cluster's ingress decides" },
	{ "PLUGINS", KEY_NEVER, "the new side has its own list" },
	{ "PLUGIN_INDEXES", KEY_NEVER, "the new side has its own list" },
	{ "STORAGE_*", KEY_NEVER, "is Launchpad's own" },
	{ "MINIO_*", KEY_NEVER, "is storage in the old cluster" },
	{ "MONITORING_*", KEY_NEVER, cluster_why },
	{ "PROMETHEUS_*", KEY_NEVER, cluster_why },
	{ "GRAFANA_*", KEY_NEVER, cluster_why },
	{ "GITLAB_*", KEY_NEVER, cluster_why },
	{ "CI_*", KEY_NEVER, cluster_why },
	{ "K8S_*", KEY_NEVER, cluster_why },
	/* copy */
	{ "OPENEDX_SECRET_KEY", KEY_COPY, secret_why },
	{ "SECRET_KEY", KEY_NEVER, "an old name of OPENEDX_SECRET_KEY" },
	{ "JWT_RSA_PRIVATE_KEY", KEY_COPY, secret_why },
	{ "CMS_OAUTH2_SECRET", KEY_COPY, secret_why },
	{ "CMS_OAUTH2_KEY_SSO", KEY_COPY, secret_why },
	{ "JWT_COMMON_*", KEY_COPY, secret_why },
	{ "FORUM_API_KEY", KEY_COPY, secret_why },
	{ "*_OAUTH2_*", KEY_COPY, secret_why },
	{ "*_MYSQL_*", KEY_COPY, "a plugin's own database" },
	{ "SMTP_*", KEY_COPY, "mail" },
	{ "RUN_SMTP", KEY_COPY, "mail" },
	{ "PLATFORM_NAME", KEY_COPY, site_why },
	{ "CONTACT_EMAIL", KEY_COPY, site_why },
	{ "LANGUAGE_CODE", KEY_COPY, site_why },
	{ "SITE_CONFIG", KEY_COPY, site_why },
	{ "GROVE_*", KEY_COPY, site_why },
	{ "MFE_*_MFE_APP", KEY_COPY, site_why },
	{ "PICASSO_*_DPKG", KEY_COPY, "packages of the image" },
	{ "OPENEDX_*_UWSGI_WORKERS", KEY_COPY, "workers (look at the size)" },
	{ "*_HPA_*", KEY_COPY, "scaling (look at the size)" },
	{ "*_AUTOSCALING*", KEY_COPY, "scaling (look at the size)" },
	/* of plugins that the new side installs itself */
	{ "DRYDOCK_VERSION", KEY_NEVER, version_why },
	{ "FORUM_VERSION", KEY_NEVER, version_why },
	{ "MFE_VERSION", KEY_NEVER, version_why },
	{ "*_VERSION", KEY_NEVER, version_why },
	{ "DISCOVERY_*", KEY_COPY, plugin_why },
	{ "ECOMMERCE_*", KEY_COPY, plugin_why },
	{ "NOTES_*", KEY_COPY, plugin_why },
	{ "CREDENTIALS_*", KEY_COPY, plugin_why },
	{ "XQUEUE_*", KEY_COPY, plugin_why },
	{ "*", KEY_UNLISTED, "no rule names it; it is copied: look at it" },
};

const struct key_row *
keys_find(const char *key)
{
	const struct key_row *row = rows;

	while (fnmatch(row->pattern, key, 0) != 0)
		row++;	/* the last fits all */
	return row;
}

bool
keys_is_secret(const char *key)
{
	static const char *const patterns[] = {
		"*PASSWORD*", "*PASSWD*", "*PASSPHRASE*", "*_PASS",
		"*SALT*", "*WEBHOOK*", "*SECRET*", "*PRIVATE*", "*TOKEN*",
		"*API_KEY*", "*MASTER_KEY*", "*ACCESS_KEY*", "*CREDENTIAL*",
		"*_AUTH", "*SETTINGS*", "*_ENV", "*_ENV_*", "*_DSN",
		"*LICENSE*", "*_KEY",
	};

	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
		if (fnmatch(patterns[i], key, FNM_CASEFOLD) == 0)
			return true;
	return false;
}

const char *
keys_plain(const char *key)
{
	static const char *const own[] = { "TUTOR_VERSION", "TUTOR_APP_NAME",
	    NULL };

	for (const char *const *o = own; *o != NULL; o++)
		if (strcmp(key, *o) == 0)
			return key;
	return text_starts(key, "TUTOR_") ? key + strlen("TUTOR_") : key;
}
