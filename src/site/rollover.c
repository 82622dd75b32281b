/*
 * rollover - see rollover.h.
 */
#include "site/rollover.h"

#include <string.h>

#include "api/repo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"
#include "edx/config.h"
#include "edx/databases.h"
#include "edx/edit.h"
#include "site/dbuser.h"
#include "site/managed.h"
#include "site/rightsrecord.h"
#include "site/rollover_own.h"
#include "step/step.h"

enum { NAMES_TRIED = 100, TEXT_MAX = 4096 };

static const char MADE[] = "made", USED[] = "used",
    EVERYTHING[] = "unrestricted", OF[] = "digitalocean/";

/* --- their words and the server's --- */

static const struct {
	const char *theirs, *role, *everywhere;
} words[] = {
	{ "readOnly", "read", "readAnyDatabase" },
	{ "readWrite", "readWrite", "readWriteAnyDatabase" },
	{ "dbAdmin", "dbAdmin", "dbAdminAnyDatabase" },
};
enum { WORDS = sizeof words / sizeof *words };

static struct mongo_role
role_of(const char *theirs, const char *db)
{
	struct mongo_role r = { .db = db, .role = theirs };

	for (size_t i = 0; i < WORDS; i++)
		if (text_same(words[i].theirs, theirs))
			r.role = text_same(db, "admin") ? words[i].everywhere
			    : words[i].role;
	return r;
}

struct mongo_user
rollover_take(struct pool *pool, const struct digitalocean_user *u)
{
	struct mongo_role *v;
	size_t n = 0, room = 1;

	while (u->databases[room - 1] != NULL)
		room++;
	v = pool_alloc(pool, room * sizeof *v);
	if (u->role == NULL)
		v[n++] = (struct mongo_role){ .role = EVERYTHING,
		    .db = "admin", .resolved = true,
		    .severity = SEV_CRITICAL };
	for (size_t i = 0; u->role != NULL && u->databases[i] != NULL; i++)
		v[n++] = role_of(u->role, u->databases[i]);
	return (struct mongo_user){ .user = u->name, .db = "admin",
		.roles = v, .nroles = n };
}

/* NULL: they have no word for this role. */
static const char *
word_of(const struct mongo_role *r)
{
	for (size_t i = 0; i < WORDS; i++)
		if (text_same(r->role, words[i].role)
		    || (text_same(r->role, words[i].everywhere)
		    && text_same(r->db, "admin")))
			return words[i].theirs;
	return NULL;
}

bool
rollover_wish(struct rollover *r, const char *name, const struct mongo_role *v,
    size_t n, struct digitalocean_user *out, struct err *e)
{
	const char **names = pool_alloc(r->pool, (n + 1) * sizeof *names);

	*out = (struct digitalocean_user){ .name = name,
		.databases = names };
	if (n == 1 && text_same(v[0].role, EVERYTHING))
		return true;
	out->role = n > 0 ? word_of(&v[0]) : NULL;
	for (size_t i = 0; i < n; i++) {
		if (word_of(&v[i]) == NULL
		    || !text_same(word_of(&v[i]), out->role))
			out->role = NULL;
		names[i] = v[i].db;
	}
	return out->role != NULL || err_set(e, ERR_HAND, "DigitalOcean gives"
	    " a user one role on all his databases, and has none for %s",
	    roles_print(r->pool, v, n));
}

/* --- whom config.yml names --- */

static const char *
account_of(const struct rollover *r, const char *user)
{
	return pool_printf(r->pool, "%s%s", OF, user);
}

static bool
is_recorded(const struct rollover *r, const char *user)
{
	size_t account;

	return accessrecord_find(r->record, account_of(r, user), &account);
}

bool
rollover_has(const struct rollover *r, const char *account, const char *line)
{
	size_t at;

	if (!accessrecord_find(r->record, account, &at))
		return false;
	for (size_t i = 0; i < accessrecord_lines(r->record, at); i++)
		if (text_same(accessrecord_line(r->record, at, i), line))
			return true;
	return false;
}

static bool
has_line(const struct rollover *r, const char *user, const char *line)
{
	return rollover_has(r, account_of(r, user), line);
}

static const struct digitalocean_user *
find_user(const struct rollover *r, const char *name)
{
	for (size_t i = 0; i < r->users.n; i++)
		if (text_same(r->users.v[i].name, name))
			return &r->users.v[i];
	return NULL;
}

static bool
find_named(struct rollover *r, const struct dbuser *who, struct err *e)
{
	const struct step_common *c = step_common();
	struct databases d;

	if (!databases_find(r->pool, c->workspace, c->instance, &d, e))
		return false;
	r->now.user = d.mongo.user;
	r->password = d.mongo.password;
	if (text_empty(r->now.user))
		return err_set(e, ERR_INPUT, "config.yml: it names no "
		    "MONGODB_USERNAME whom another user could follow");
	if (d.mongo.host != NULL && strchr(d.mongo.host, '@') != NULL)
		return err_set(e, ERR_INPUT, "config.yml: MONGODB_HOST holds "
		    "a login: have it in MONGODB_USERNAME and "
		    "MONGODB_PASSWORD");
	return text_same(who->user, r->now.user)
	    || is_recorded(r, r->now.user) || err_set(e, ERR_INPUT,
	    "mongodb-user: it is %s, but config.yml names %s", who->user,
	    r->now.user);
}

static bool
find_now(struct rollover *r, struct err *e)
{
	const struct digitalocean_user *u;

	if (!digitalocean_find_users(r->company, r->cluster, &r->users, e))
		return false;
	u = find_user(r, r->now.user);
	if (u == NULL && rollover_is_between(r, r->now.user)) {
		r->now.db = "admin";
		return true;
	}
	if (u == NULL)
		return err_set(e, ERR_NOT_FOUND, "DigitalOcean: database "
		    "cluster %s has no user %s, whom config.yml names",
		    r->cluster, r->now.user);
	r->now = rollover_take(r->pool, u);
	return true;
}

struct rollover *
rollover_open(const struct dbuser *who, struct err *e)
{
	const struct step_common *c = step_common();
	struct rollover *r = pool_alloc(c->pool, sizeof *r);
	bool ok;

	*r = (struct rollover){ .pool = c->pool };
	r->company = managed_open_digitalocean(&r->cluster, e);
	ok = r->company != NULL && configfile_open(&r->config, e)
	    && (r->config.edit.yaml != NULL || err_set(e, ERR_NOT_FOUND,
		"%s: there is no such file on the branch %s",
		r->config.file, c->branch));
	r->record = !ok ? NULL : accessrecord_load(r->config.repo,
	    c->instance, "mongodb", e);
	if (r->record != NULL && find_named(r, who, e) && find_now(r, e))
		return r;
	rollover_close(r);
	return NULL;
}

void
rollover_close(struct rollover *r)
{
	if (r == NULL)
		return;
	accessrecord_close(r->record);
	configfile_close(&r->config);
	digitalocean_close(r->company);
}

const struct mongo_user *
rollover_user(const struct rollover *r)
{
	return &r->now;
}

const char *
rollover_password(const struct rollover *r)
{
	return r->password;
}

/* --- another one --- */

static const char *
user_words(const struct rollover *r, const char *user)
{
	return pool_printf(r->pool, "MongoDB user %s at DigitalOcean", user);
}

/* "acme" of "acme-v2". */
static const char *
stem_of(const struct rollover *r, const char *user)
{
	const char *v = strrchr(user, '-');

	return v != NULL && v > user && v[1] == 'v' && v[2] != '\0'
	    && strspn(v + 2, "0123456789") == strlen(v + 2)
	    ? pool_strndup(r->pool, user, (size_t)(v - user)) : user;
}

/* One who was made, but whose password was lost before anybody had it. */
static bool
is_leftover(const struct rollover *r, const char *user)
{
	return !text_same(user, r->now.user) && has_line(r, user, MADE)
	    && !has_line(r, user, USED);
}

/* That of a leftover is free, too. */
const char *
rollover_next_name(const struct rollover *r)
{
	const char *stem = stem_of(r, r->now.user);

	for (int i = 2; i < NAMES_TRIED; i++) {
		const char *name = pool_printf(r->pool, "%s-v%d", stem, i);

		if (find_user(r, name) == NULL || is_leftover(r, name))
			return name;
	}
	return NULL;
}

struct elsewhere {
	const char *password, *where;
	struct pool *pool;
};

static bool
is_not_there(const char *path, const char *text, void *with)
{
	struct elsewhere *w = with;

	if (text_same(path, "MONGODB_PASSWORD")
	    || strstr(text, w->password) == NULL)
		return true;
	w->where = pool_strdup(w->pool, path);
	return false;
}

bool
rollover_check_only_place(const struct rollover *r, struct err *e)
{
	struct elsewhere w = { .password = r->password, .pool = r->pool };

	if (!text_empty(r->password))
		config_walk(r->config.edit.yaml, "", is_not_there, &w);
	return w.where == NULL || err_set(e, ERR_HAND, "config.yml: %s holds"
	    " the password of %s, too: let it say {{ MONGODB_PASSWORD }} and"
	    " {{ MONGODB_USERNAME }}, so that it follows", w.where,
	    r->now.user);
}

void
rollover_keep_first(struct rollover *r)
{
	const char *account = account_of(r, r->now.user);

	if (is_recorded(r, r->now.user))
		return;
	accessrecord_start(r->record, r->now.user);
	rightsrecord_keep_roles(r->pool, r->record, account, r->now.roles,
	    r->now.nroles);
}

void
rollover_keep_made(struct rollover *r, const char *user)
{
	accessrecord_keep(r->record, account_of(r, user), MADE);
}

/* What he might, and that another one is about to be made. */
static bool
ensure_recorded(struct rollover *r, const char *next, struct err *e)
{
	if (has_line(r, r->now.user, MADE))
		accessrecord_keep(r->record, account_of(r, r->now.user),
		    USED);
	rollover_keep_first(r);
	rollover_keep_made(r, next);
	return accessrecord_save(r->record, r->config.repo,
	    ACCESS_RESTRICTING, e);
}

bool
rollover_make(struct rollover *r, const struct digitalocean_user *wish,
    const char **password, struct err *e)
{
	if (find_user(r, wish->name) != NULL
	    && !digitalocean_drop_user(r->company, r->cluster, wish->name, e))
		return false;
	if (!digitalocean_make_user(r->company, r->cluster, wish, password,
	    e))
		return false;
	if (*password != NULL)
		return true;
	if (!digitalocean_drop_user(r->company, r->cluster, wish->name, e))
		return err_within(e, "a user was made whose password nobody "
		    "knows");
	return err_set(e, ERR_DENIED, "digitalocean-token needs the scope "
	    "database:view_credentials: without it the password of a new "
	    "user is told to nobody; none was made");
}

static bool
commit_config(struct rollover *r, const char *user, struct err *e)
{
	const char *const paths[] = { r->config.file, NULL };
	char sha[41];
	bool changed;

	if (!repo_commit(r->config.repo, paths, pool_printf(r->pool,
	    "chore: %s uses MongoDB as %s", step_common()->instance, user),
	    sha, &changed, e))
		return false;
	if (changed)
		log_info("Pushed %.12s: config.yml names %s; build and "
		    "deploy next", sha, user);
	return true;
}

/* The password is nowhere else: what is next is that it is kept. */
bool
rollover_write(struct rollover *r, const char *user, const char *password,
    struct err *e)
{
	struct edit *ed = &r->config.edit;

	return (edit_set(ed, "MONGODB_USERNAME", YAML_STRING, user, e)
	    && edit_set(ed, "MONGODB_PASSWORD", YAML_STRING, password, e)
	    && configfile_save(&r->config, e)
	    && commit_config(r, user, e))
	    || err_within(e, "%s was made, but config.yml does not name it "
		"yet (run this again)", user);
}

static bool
roll(struct rollover *r, const char *next, const struct mongo_role *v,
    size_t n, struct err *e)
{
	struct digitalocean_user wish;
	const char *password = NULL;

	if (!rollover_wish(r, next, v, n, &wish, e)
	    || !rollover_check_only_place(r, e)
	    || !ensure_recorded(r, next, e)
	    || !rollover_make(r, &wish, &password, e)
	    || !rollover_write(r, next, password, e))
		return false;
	r->now = rollover_take(r->pool, &wish);
	r->password = password;
	return true;
}

/* A run that was killed may have left config.yml written, not committed. */
static bool
ensure_finished(struct rollover *r, enum access_state state, struct err *e)
{
	bool made = has_line(r, r->now.user, MADE);

	if (accessrecord_state(r->record) == ACCESS_NONE)
		return true;
	if (made && !has_line(r, r->now.user, USED)
	    && !commit_config(r, r->now.user, e))
		return false;
	if (made)
		accessrecord_keep(r->record, account_of(r, r->now.user),
		    USED);
	return accessrecord_save(r->record, r->config.repo, state, e);
}

bool
rollover_ensure(struct rollover *r, const struct mongo_role *v, size_t n,
    enum access_state state, struct err *e)
{
	const char *next;

	if (roles_same(&r->now, v, n)) {
		step_same(user_words(r, r->now.user),
		    roles_print(r->pool, v, n));
		return step_common()->dry_run || ensure_finished(r, state, e);
	}
	next = rollover_next_name(r);
	if (next == NULL)
		return err_set(e, ERR_HAND, "DigitalOcean: all names up to "
		    "%s-v%d are taken: delete users that nobody needs",
		    stem_of(r, r->now.user), NAMES_TRIED - 1);
	r->is_next = true;
	step_change(user_words(r, next), pool_printf(r->pool, "%s: %s",
	    r->now.user, roles_print(r->pool, r->now.roles, r->now.nroles)),
	    pool_printf(r->pool, "%s, in its place", roles_print(r->pool, v,
	    n)));
	return step_common()->dry_run
	    || (roll(r, next, v, n, e) && ensure_finished(r, state, e));
}

/* --- what was before --- */

bool
rollover_find_saved(const struct rollover *r, struct mongo_role **v,
    size_t *n, struct err *e)
{
	const char *first = accessrecord_user(r->record);
	size_t account;

	if (!is_recorded(r, r->now.user) || !accessrecord_find(r->record,
	    account_of(r, first), &account))
		return err_set(e, ERR_HAND, "the record holds no rights that "
		    "a user had before %s: nothing to restore", r->now.user);
	return rightsrecord_read_roles(r->pool, r->record, account, v, n, e);
}

/* --- the end of those before --- */

/* One that is recorded, is there, and whom config.yml does not name. */
static bool
is_superseded(const struct rollover *r, const char *account)
{
	const char *user = account + strlen(OF);

	return text_starts(account, OF) && !text_same(user, r->now.user)
	    && find_user(r, user) != NULL;
}

const char *
rollover_superseded(const struct rollover *r)
{
	struct buf list = buf_new(TEXT_MAX);
	const char *text;

	for (size_t i = 0; i < accessrecord_accounts(r->record); i++) {
		const char *account = accessrecord_account(r->record, i);

		if (is_superseded(r, account))
			buf_printf(&list, "%s%s", list.len > 0 ? " " : "",
			    account + strlen(OF));
	}
	if (step_common()->dry_run && r->is_next)
		buf_printf(&list, "%s%s", list.len > 0 ? " " : "",
		    r->now.user);
	text = pool_strdup(r->pool, buf_str(&list));
	buf_free(&list);
	return text;
}

bool
rollover_must_deploy(const struct rollover *r)
{
	return r->is_next || r->is_anew
	    || accessrecord_state(r->record) != ACCESS_NONE;
}

static bool
drop_user(struct rollover *r, const char *user, struct err *e)
{
	step_change(user_words(r, user), "followed by another",
	    "(deleted)");
	return step_common()->dry_run
	    || digitalocean_drop_user(r->company, r->cluster, user, e);
}

bool
rollover_check_retire(const struct rollover *r, struct err *e)
{
	return (has_line(r, r->now.user, MADE)
	    && accessrecord_state(r->record) == ACCESS_RESTRICTED)
	    || err_set(e, ERR_HAND, "the record does not say that %s follows "
	    "another user: run mode restrict before, and deploy",
	    r->now.user);
}

bool
rollover_retire(struct rollover *r, const char *deployed, struct err *e)
{
	size_t dropped = 0;

	if (!text_same(deployed, r->now.user))
		return err_set(e, ERR_HAND, "the running site still uses "
		    "MongoDB as %s: deploy config.yml, which names %s, "
		    "before the old user is deleted", deployed, r->now.user);
	for (size_t i = 0; i < accessrecord_accounts(r->record); i++) {
		const char *account = accessrecord_account(r->record, i);
		const char *user = account + strlen(OF);

		if (!is_superseded(r, account))
			continue;
		if (!drop_user(r, user, e))
			return false;
		dropped++;
	}
	if (dropped == 0)
		step_same(user_words(r, accessrecord_user(r->record)),
		    "(deleted)");
	return true;
}
