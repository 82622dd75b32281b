/*
 * accessrecord - see accessrecord.h.
 *
 * {"user": "acme", "state": "restricted", "accounts": [{"account": "%",
 * "lines": ["GRANT ..."]}]}
 */
#include "api/accessrecord.h"

#include <stdio.h>

#include "api/repo.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"

struct accessrecord {
	struct json *json;
	char *instance, *name;
};

static const char *const states[] = {
	[ACCESS_NONE] = "none",
	[ACCESS_RESTRICTING] = "restricting",
	[ACCESS_RESTRICTED] = "restricted",
	[ACCESS_RESTORED] = "restored",
};

struct accessrecord *
accessrecord_load(struct repo *repo, const char *instance, const char *name,
    struct err *e)
{
	struct err why = { 0 };
	struct json *j = repo_record_load(repo, instance, name, &why);
	struct accessrecord *r;

	if (j == NULL && why.text[0] != '\0') {
		*e = why;
		err_within(e, "the record %s", name);
		return NULL;
	}
	if (j != NULL && (json_str(j, "user") == NULL
	    || json_str(j, "state") == NULL
	    || !json_is_array(json_get(j, "accounts")))) {
		json_free(j);
		err_set(e, ERR_HAND, "migrations/%s/record/%s.json is not "
		    "what a step writes: put it back with git", instance,
		    name);
		return NULL;
	}
	r = mem_alloc(sizeof *r);
	r->json = j != NULL ? j : json_object();
	r->instance = mem_strdup(instance);
	r->name = mem_strdup(name);
	return r;
}

void
accessrecord_close(struct accessrecord *r)
{
	if (r == NULL)
		return;
	json_free(r->json);
	mem_free(r->instance);
	mem_free(r->name);
	mem_free(r);
}

enum access_state
accessrecord_state(const struct accessrecord *r)
{
	const char *word = json_str(r->json, "state");

	for (int i = ACCESS_RESTRICTING; i <= ACCESS_RESTORED; i++)
		if (text_same(word, states[i]))
			return (enum access_state)i;
	return ACCESS_NONE;
}

const char *
accessrecord_user(const struct accessrecord *r)
{
	const char *user = json_str(r->json, "user");

	return user == NULL ? "" : user;
}

static const struct json *
find_account(const struct accessrecord *r, size_t i)
{
	return json_item(json_get(r->json, "accounts"), (int)i);
}

size_t
accessrecord_accounts(const struct accessrecord *r)
{
	return (size_t)json_len(json_get(r->json, "accounts"));
}

const char *
accessrecord_account(const struct accessrecord *r, size_t i)
{
	const char *name = json_str(find_account(r, i), "account");

	return name == NULL ? "" : name;
}

size_t
accessrecord_lines(const struct accessrecord *r, size_t i)
{
	return (size_t)json_len(json_get(find_account(r, i), "lines"));
}

const char *
accessrecord_line(const struct accessrecord *r, size_t i, size_t line)
{
	char path[48];
	const char *text;

	(void)snprintf(path, sizeof path, "lines[%zu]", line);
	text = json_str(find_account(r, i), path);
	return text == NULL ? "" : text;
}

void
accessrecord_start(struct accessrecord *r, const char *user)
{
	enum access_state state = accessrecord_state(r);

	if ((state == ACCESS_RESTRICTING || state == ACCESS_RESTRICTED)
	    && text_same(accessrecord_user(r), user))
		return;
	json_free(r->json);
	r->json = json_object();
	json_set_str(r->json, "user", user);
	json_set_str(r->json, "state", states[ACCESS_RESTRICTING]);
	json_add(r->json, "accounts", json_array());
}

bool
accessrecord_find(const struct accessrecord *r, const char *account,
    size_t *i)
{
	for (*i = 0; *i < accessrecord_accounts(r); ++*i)
		if (text_same(accessrecord_account(r, *i), account))
			return true;
	return false;
}

static struct json *
ensure_account(struct accessrecord *r, const char *account)
{
	struct json *one;
	size_t i;

	if (accessrecord_find(r, account, &i))
		return (struct json *)find_account(r, i);
	one = json_add((struct json *)json_get(r->json, "accounts"), NULL,
	    json_object());
	json_set_str(one, "account", account);
	json_add(one, "lines", json_array());
	return one;
}

void
accessrecord_keep(struct accessrecord *r, const char *account,
    const char *line)
{
	struct json *lines = (struct json *)json_get(ensure_account(r,
	    account), "lines");

	for (int i = 0; i < json_len(lines); i++)
		if (text_same(json_str(json_item(lines, i), ""), line))
			return;
	json_add(lines, NULL, json_string(line));
}

bool
accessrecord_save(struct accessrecord *r, struct repo *repo,
    enum access_state state, struct err *e)
{
	json_set_str(r->json, "state", states[state]);
	return repo_record_save(repo, r->instance, r->name, r->json, e);
}
