/*
 * oldconfig - see oldconfig.h.
 */
#include "site/oldconfig.h"

#include <string.h>

#include "api/repo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"
#include "edx/config.h"
#include "edx/keys.h"

enum { OLD_FILE_MAX = 8 << 20, PATH_BYTES = 512 };

static struct {
	const char *repository, *ref, *path, *user, *token;
} in;

/* HTTPS; or a folder of this machine, for trials. */
static bool
check_repository(const char *url, struct err *e)
{
	return text_starts(url, "file:///") || text_check_https(url, e);
}

const struct input oldconfig_inputs[] = {
	{ .name = "old-repository", .str = &in.repository,
	  .check = check_repository, .plan = "old.repository",
	  .help = "Git repository, by HTTPS, that holds the old config.yml" },
	{ .name = "old-ref", .str = &in.ref, .plan = "old.ref",
	  .check = text_check_branch, .dflt = "main",
	  .help = "Branch, tag or commit there" },
	{ .name = "old-path", .str = &in.path, .plan = "old.path",
	  .check = text_check_path, .help = "Path of config.yml there" },
	{ .name = "old-user", .str = &in.user, .dflt = "oauth2",
	  .help = "User name that goes with the token" },
	{ .name = "old-token", .str = &in.token, .secret = true,
	  .optional = true, .help = "Token that may read the repository" },
	{ 0 }
};

const char *
oldconfig_repository(void)
{
	return in.repository;
}

const char *
oldconfig_ref(void)
{
	return in.ref;
}

const char *
oldconfig_path(void)
{
	return in.path;
}

static struct yaml *
fetch(struct err *e)
{
	const struct step_common *c = step_common();
	struct repo_source s = { .url = in.repository, .ref = in.ref,
		.path = in.path, .user = in.user, .token = in.token,
		.ca_file = c->ca_file, .dns_servers = c->dns_servers };
	struct buf text = buf_new(OLD_FILE_MAX);
	struct yaml *old = NULL;

	if (repo_fetch_file(&s, &text, e))
		old = yaml_parse(buf_str(&text), text.len, in.path, e);
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	if (old != NULL && yaml_kind(old, "") != YAML_MAP) {
		err_set(e, ERR_INPUT, "%s: not a map of keys and values",
		    in.path);
		yaml_close(old);
		return NULL;
	}
	if (old != NULL && *yaml_warnings(old) != '\0')
		log_warn("%s", yaml_warnings(old));
	return old;
}

static void
mask_secrets(const struct yaml *old)
{
	const char *key, *value;

	for (int i = 0; (key = yaml_key(old, "", i)) != NULL; i++) {
		struct buf path = buf_new(PATH_BYTES);

		yaml_path_key(&path, key);
		value = yaml_get(old, buf_str(&path));
		if (keys_is_secret(key) && value != NULL
		    && strchr(value, '\n') == NULL)
			config_mask(old, buf_str(&path));
		buf_free(&path);
	}
}

struct yaml *
oldconfig_find(struct err *e)
{
	struct yaml *old = fetch(e);

	if (old != NULL)
		mask_secrets(old);
	return old;
}
