/*
 * atlas_access - who may connect to a project.
 */
#include "api/atlas.h"

#include "api/atlas_own.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"

enum {
	ACTIVE_SECONDS = 300,
	LOOK_MS = 1000,
	PAGE = 500,		/* the most that it gives at once */
	PAGES = 20,
	DATE_MAX = 64,
};

static void
take_entry(struct atlas *a, const struct json *j, struct atlas_entry *out)
{
	const char *cidr = json_str(j, "cidrBlock");
	const char *group = json_str(j, "awsSecurityGroup");
	const char *comment = json_str(j, "comment");
	const char *until = json_str(j, "deleteAfterDate");

	out->cidr = cidr != NULL ? pool_strdup(a->pool, cidr)
	    : group != NULL ? pool_printf(a->pool, "security group %s", group)
	    : pool_printf(a->pool, "%s/32", json_str(j, "ipAddress") == NULL
		? "?" : json_str(j, "ipAddress"));
	out->comment = comment == NULL ? "" : pool_strdup(a->pool, comment);
	out->until = until == NULL ? 0 : clock_parse(until);
}

/* One page is added to the list; *more: another one may follow. */
static bool
find_page(struct atlas *a, int page, struct atlas_entry *v, size_t *n,
    bool *more, struct err *e)
{
	const struct atlas_call c = { .method = "GET",
	    .what = "Atlas: the project's access list",
	    .path = pool_printf(a->pool, "/accessList?pageNum=%d&itemsPerPage"
		"=%d&includeCount=true", page, PAGE) };
	struct json *j;
	const struct json *all;
	int got = 0;

	if (!atlas_ask(a, &c, &j, e))
		return false;
	all = json_get(j, "results");
	if (!json_is_array(all)) {
		json_free(j);
		return err_set(e, ERR_OTHER, "%s: the answer holds no list",
		    c.what);
	}
	for (const struct json *i = json_first(all); i != NULL && got < PAGE;
	    i = json_next(i), got++)
		take_entry(a, i, &v[(*n)++]);
	*more = got == PAGE;
	json_free(j);
	return true;
}

bool
atlas_find_entries(struct atlas *a, struct atlas_entries *out, struct err *e)
{
	struct atlas_entry *v = pool_alloc(a->pool, (size_t)PAGES * PAGE
	    * sizeof *v);
	bool more = true;
	size_t n = 0;

	for (int page = 1; more && page <= PAGES; page++)
		if (!find_page(a, page, v, &n, &more, e))
			return false;
	*out = (struct atlas_entries){ .v = v, .n = n };
	return true;
}

static bool
await_active(struct atlas *a, const char *cidr, clock_ms deadline,
    struct err *e)
{
	const struct atlas_call c = { .method = "GET", .deadline = deadline,
	    .what = pool_printf(a->pool, "Atlas: is %s let in", cidr),
	    .path = pool_printf(a->pool, "/accessList/%s/status",
		atlas_part(a, cidr)) };

	for (;;) {
		struct json *j;
		const char *now;
		bool active, failed;

		if (!atlas_ask(a, &c, &j, e))
			return false;
		now = json_str(j, "STATUS");
		active = text_same(now, "ACTIVE");
		failed = text_same(now, "FAILED");
		json_free(j);
		if (active)
			return true;
		if (failed)
			return err_set(e, ERR_OTHER, "Atlas could not let in "
			    "%s: its project's activity feed says why", cidr);
		if (!clock_pause_until(deadline, LOOK_MS))
			return err_set(e, ERR_TIMEOUT, "Atlas: %s is in the "
			    "access list, but not yet in force after %d s",
			    cidr, ACTIVE_SECONDS);
	}
}

bool
atlas_add_entry(struct atlas *a, const struct atlas_entry *entry,
    struct err *e)
{
	struct json *list = json_array(), *reply;
	struct json *one = json_add(list, NULL, json_object());
	struct buf until = buf_new(DATE_MAX);
	const struct atlas_call c = { .method = "POST", .body = list,
	    .path = "/accessList", .what = pool_printf(a->pool,
		"Atlas: letting in %s", entry->cidr) };
	bool ok;

	json_set_str(one, "cidrBlock", entry->cidr);
	json_set_str(one, "comment", entry->comment);
	if (entry->until != 0) {
		clock_date(&until, entry->until);
		json_set_str(one, "deleteAfterDate", buf_str(&until));
	}
	ok = atlas_ask(a, &c, &reply, e);
	json_free(reply);
	json_free(list);
	buf_free(&until);
	return ok && await_active(a, entry->cidr,
	    clock_deadline(ACTIVE_SECONDS), e);
}

bool
atlas_remove_entry(struct atlas *a, const char *cidr, struct err *e)
{
	const struct atlas_call c = { .method = "DELETE", .may_lack = true,
	    .what = pool_printf(a->pool, "Atlas: taking out %s", cidr),
	    .path = pool_printf(a->pool, "/accessList/%s",
		atlas_part(a, cidr)) };
	struct json *reply;
	bool ok = atlas_ask(a, &c, &reply, e);

	json_free(reply);
	return ok;
}
