/*
 * managed - see managed.h.
 */
#include "tests/kit/managed.h"

#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/world.h"

#define ATLAS_FORM "application/vnd.atlas.2023-01-01+json"

static const char *
managed_digitalocean(const char *arguments, const char *path)
{
	return kit_out("curl -sS --cacert '%s/ca/bundle.crt' --resolve "
	    "api.digitalocean.com:443:%s -H 'Authorization: Bearer %s' "
	    "-H 'Content-Type: application/json' %s "
	    "https://api.digitalocean.com/v2/%s", kit_env("SB_STATE"),
	    kit_env("SB_DIGITALOCEAN_ADDR"), kit_env("SB_DIGITALOCEAN_TOKEN"),
	    arguments, path);
}

const char *
managed_atlas(const char *arguments, const char *path)
{
	return kit_out("curl -sS --cacert '%s/ca/bundle.crt' --resolve "
	    "cloud.mongodb.com:443:%s --digest -u '%s:%s' "
	    "-H 'Accept: " ATLAS_FORM "' -H 'Content-Type: " ATLAS_FORM "' "
	    "%s https://cloud.mongodb.com/api/atlas/v2/groups/%s/%s",
	    kit_env("SB_STATE"), kit_env("SB_ATLAS_ADDR"),
	    kit_env("SB_ATLAS_PUBLIC_KEY"), kit_env("SB_ATLAS_PRIVATE_KEY"),
	    arguments, kit_env("SB_ATLAS_PROJECT"), path);
}

static const char *
users_path(void)
{
	return kit_text("databases/%s/users", kit_env("SB_DO_MONGO_ID"));
}

const char *
managed_make_user(const char *name)
{
	return kit_out("jq -r .user.password <<'J'\n%s\nJ",
	    managed_digitalocean(kit_text("-X POST -d '{\"name\":\"%s\"}'",
		name), users_path()));
}

const char *
managed_users(const char *prefix)
{
	return kit_out("jq -r '.users[] | select(.name | startswith(\"%s\"))"
	    " | [.name, .settings.mongo_user_settings.role // \"all\"] + "
	    "(.settings.mongo_user_settings.databases // [] | sort) | "
	    "join(\" \")' <<'J' | sort\n%s\nJ", prefix,
	    managed_digitalocean("", users_path()));
}

bool
managed_can_log_in(const char *user, const char *password)
{
	const char *doubles = getenv("SB_DOUBLES");

	return strcmp(kit_out("MONGODB_PASSWORD='%s' %s/askmongo %s %s '%s' "
	    "admin '{\"ping\": 1}' >/dev/null 2>&1 && echo yes || echo no",
	    password, doubles != NULL ? doubles : "build/doubles",
	    kit_env("SB_MONGO_HOST"), kit_env("SB_MONGO_PORT"), user),
	    "yes") == 0;
}

static const char *
file(const char *path)
{
	char *text = world_file(path);
	const char *kept = kit_text("%s", text);

	free(text);
	return kept;
}

const char *
managed_record(void)
{
	return file("migrations/acme/record/mongodb.json");
}

const char *
managed_config(const char *key)
{
	return kit_out("sed -n 's/^%s: //p' <<'Y' | tr -d \"\\\"'\"\n%s\nY",
	    key, file("instances/acme/config.yml"));
}
