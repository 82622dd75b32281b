/*
 * digitalocean_firewall - who may connect to a managed database.
 *
 * The company has no call to add or to take out: the whole list is written,
 * without any means to see that somebody else wrote meanwhile. So the list
 * is read right before each write, a write is never repeated without reading
 * again, and after it the list is read until it stayed as wanted for a
 * while: whoever read the old list before we wrote, and writes after it,
 * takes out what we put in, and then we put it in again.
 */
#include "api/digitalocean.h"

#include "api/digitalocean_own.h"
#include "api/reply.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "net/http.h"

enum {
	CHANGE_SECONDS = 120,
	SETTLE_MS = 1500,	/* others take less to read and to write */
	AGAIN_MS = 1000,
};

static const char *
path_of(struct digitalocean *d, const char *id)
{
	return pool_printf(d->pool, "/v2/databases/%s/firewall", id);
}

static struct json *
read_list(struct digitalocean *d, const char *id, clock_ms deadline,
    struct err *e)
{
	const struct digitalocean_call c = {
		.method = "GET", .path = path_of(d, id), .deadline = deadline,
		.object = "database cluster", .scope = "database:read",
		.what = pool_printf(d->pool, "DigitalOcean: trusted sources "
		    "of database cluster %s", id),
	};
	struct json *j = digitalocean_ask(d, &c, e);

	if (j == NULL || json_is_array(json_get(j, "rules")))
		return j;
	json_free(j);
	err_set(e, ERR_OTHER, "%s: the answer holds no list", c.what);
	return NULL;
}

bool
digitalocean_find_rules(struct digitalocean *d, const char *id,
    struct digitalocean_rules *out, struct err *e)
{
	struct json *j = read_list(d, id, 0, e);
	const struct json *all = json_get(j, "rules");
	struct digitalocean_rule *v;
	size_t n = 0;

	if (j == NULL)
		return false;
	v = pool_alloc(d->pool, ((size_t)json_len(all) + 1) * sizeof *v);
	for (const struct json *r = json_first(all); r != NULL;
	    r = json_next(r))
		v[n++] = (struct digitalocean_rule){
		    .type = pool_strdup(d->pool, json_str(r, "type")),
		    .value = pool_strdup(d->pool, json_str(r, "value")),
		    .description = pool_strdup(d->pool,
			json_str(r, "description")) };
	*out = (struct digitalocean_rules){ .v = v, .n = n };
	json_free(j);
	return true;
}

static bool
is_rule(const struct json *r, const struct digitalocean_rule *rule)
{
	return text_same(json_str(r, "type"), rule->type)
	    && text_same(json_str(r, "value"), rule->value);
}

static bool
has_rule(const struct json *list, const struct digitalocean_rule *rule)
{
	for (const struct json *r = json_first(json_get(list, "rules"));
	    r != NULL; r = json_next(r))
		if (is_rule(r, rule))
			return true;
	return false;
}

/* The list with the rule, or without it. What the company fills in itself is
 * not sent back; all else is, as it came. */
static struct json *
changed_list(const struct json *list, const struct digitalocean_rule *rule,
    bool add)
{
	struct json *patch = json_object(), *out = json_object();
	struct json *to = json_add(out, "rules", json_array());
	struct json *made;

	json_add(patch, "cluster_uuid", json_string(NULL));
	json_add(patch, "created_at", json_string(NULL));
	for (const struct json *r = json_first(json_get(list, "rules"));
	    r != NULL; r = json_next(r))
		if (!is_rule(r, rule))
			json_merge(json_add(to, NULL, json_copy(r)), patch);
	json_free(patch);
	if (!add)
		return out;
	made = json_add(to, NULL, json_object());
	json_set_str(made, "type", rule->type);
	json_set_str(made, "value", rule->value);
	if (rule->description != NULL)
		json_set_str(made, "description", rule->description);
	return out;
}

/* Written, or to be tried again from reading on. */
static bool
write_list(struct digitalocean *d, const char *id, const struct json *list,
    clock_ms deadline, struct err *e)
{
	const struct digitalocean_call c = {
		.method = "PUT", .path = path_of(d, id), .body = list,
		.once = true, .deadline = deadline,
		.object = "database cluster", .scope = "database:update",
		.what = pool_printf(d->pool, "DigitalOcean: writing the "
		    "trusted sources of database cluster %s", id),
	};
	struct err why = { 0 };
	struct http_reply r = { 0 };
	bool sent = digitalocean_send(d, &c, &r, &why);
	long wait = sent ? http_rate_limited(&r) : 0;

	if (sent && r.status >= 200 && r.status < 300)
		return true;
	if (sent)
		digitalocean_refused(d, &r, &c, &why);
	if ((!sent && why.kind == ERR_INPUT)
	    || (sent && wait == 0 && r.status < 500)
	    || !clock_pause_until(deadline,
		wait > 0 ? wait * 1000 : AGAIN_MS)) {
		*e = why;
		return false;
	}
	return true;
}

/* A list without any rule lets everybody in, so neither its first rule is
 * written nor its last one taken out. */
static bool
check_not_empty(const struct json *list, const char *id, bool add,
    struct err *e)
{
	int n = json_len(json_get(list, "rules"));

	if (add && n == 0)
		return err_set(e, ERR_CONFLICT, "DigitalOcean: database "
		    "cluster %s has no trusted sources, so everybody may "
		    "connect; the first one would lock all others out", id);
	return add || n > 1 || err_set(e, ERR_HAND, "DigitalOcean: this is "
	    "the only trusted source that database cluster %s has left: "
	    "without it everybody could connect; add those who need it, "
	    "then run this again", id);
}

static bool
change_rule(struct digitalocean *d, const char *id,
    const struct digitalocean_rule *rule, bool add, struct err *e)
{
	clock_ms deadline = clock_deadline(CHANGE_SECONDS);
	bool wrote = false, stayed = false;

	for (;;) {
		struct json *list = read_list(d, id, deadline, e), *now;
		bool as_wanted = list != NULL
		    && has_rule(list, rule) == add;
		bool ok = list != NULL && (as_wanted
		    || check_not_empty(list, id, add, e));

		if (ok && !as_wanted) {
			now = changed_list(list, rule, add);
			ok = write_list(d, id, now, deadline, e);
			json_free(now);
			wrote = true;
		}
		json_free(list);
		if (!ok || (as_wanted && (stayed || !wrote)))
			return ok;
		stayed = as_wanted;
		if (!clock_pause_until(deadline, as_wanted ? SETTLE_MS : 0))
			return err_set(e, ERR_TIMEOUT, "DigitalOcean: the "
			    "trusted sources of database cluster %s did not "
			    "stay as written: who else writes them?", id);
	}
}

bool
digitalocean_add_rule(struct digitalocean *d, const char *id,
    const struct digitalocean_rule *rule, struct err *e)
{
	return change_rule(d, id, rule, true, e);
}

bool
digitalocean_remove_rule(struct digitalocean *d, const char *id,
    const struct digitalocean_rule *rule, struct err *e)
{
	return change_rule(d, id, rule, false, e);
}
