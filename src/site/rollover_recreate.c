/*
 * rollover_recreate - the user is deleted and made again, which is how the
 * guide gives him other rights.
 *
 * Between the one and the deployment of the other nobody can log in. A token
 * that is not told passwords would end in a user whom nobody can be: so one
 * is made on trial before anything is deleted.
 */
#include "site/rollover.h"

#include "api/repo.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "site/rollover_own.h"
#include "step/step.h"

enum { AGAIN_SECONDS = 90, AGAIN_MS = 1000 };

static const char GONE[] = "deleted";

static const char *
account_of(const struct rollover *r, const char *user)
{
	return pool_printf(r->pool, "recreate/%s", user);
}

bool
rollover_is_between(const struct rollover *r, const char *user)
{
	return accessrecord_state(r->record) == ACCESS_RESTRICTING
	    && rollover_has(r, account_of(r, user), GONE);
}

/* Is the token told passwords? One on trial comes and goes. */
static bool
check_password_is_told(struct rollover *r,
    const struct digitalocean_user *wish, struct err *e)
{
	struct digitalocean_user trial = *wish;
	const char *password = NULL;

	trial.name = rollover_next_name(r);
	if (trial.name == NULL)
		return err_set(e, ERR_HAND, "DigitalOcean: no name is free "
		    "for a user on trial: delete users that nobody needs");
	rollover_keep_first(r);
	rollover_keep_made(r, trial.name);
	return (accessrecord_save(r->record, r->config.repo,
		ACCESS_RESTRICTING, e)
	    && rollover_make(r, &trial, &password, e)
	    && digitalocean_drop_user(r->company, r->cluster, trial.name, e))
	    || err_within(e, "a user on trial (%s); nobody was deleted",
	    trial.name);
}

static bool
ensure_recorded(struct rollover *r, struct err *e)
{
	accessrecord_keep(r->record, account_of(r, r->now.user), GONE);
	return accessrecord_save(r->record, r->config.repo,
	    ACCESS_RESTRICTING, e);
}

/* Once he is gone, his name is free some seconds later. */
static bool
make_again(struct rollover *r, const struct digitalocean_user *wish,
    const char **password, struct err *e)
{
	clock_ms deadline = clock_deadline(AGAIN_SECONDS);
	struct err why;

	do {
		why = (struct err){ 0 };
		if (digitalocean_drop_user(r->company, r->cluster,
		    wish->name, &why)
		    && rollover_make(r, wish, password, &why))
			return true;
		log_info("%s: %s", wish->name, why.text);
	} while (why.kind != ERR_DENIED && why.kind != ERR_NOT_FOUND
	    && clock_pause_until(deadline, AGAIN_MS));
	*e = why;
	return err_within(e, "%s was deleted and could not be made again, so "
	    "that the site can't log in (run this again)", wish->name);
}

static bool
recreate(struct rollover *r, const struct mongo_role *v, size_t n,
    struct err *e)
{
	struct digitalocean_user wish;
	const char *password = NULL;

	if (!rollover_wish(r, r->now.user, v, n, &wish, e)
	    || !rollover_check_only_place(r, e)
	    || (!rollover_is_between(r, wish.name)
	    && !check_password_is_told(r, &wish, e))
	    || !ensure_recorded(r, e)
	    || !make_again(r, &wish, &password, e)
	    || !rollover_write(r, wish.name, password, e))
		return false;
	r->now = rollover_take(r->pool, &wish);
	r->password = password;
	log_warn("%s has a new password: nobody can log in to MongoDB until "
	    "config.yml is built and deployed", wish.name);
	return true;
}

bool
rollover_recreate(struct rollover *r, const struct mongo_role *v, size_t n,
    enum access_state state, struct err *e)
{
	const char *words = pool_printf(r->pool, "MongoDB user %s at "
	    "DigitalOcean", r->now.user);
	const char *was = roles_print(r->pool, r->now.roles, r->now.nroles);

	if (roles_same(&r->now, v, n)
	    && !rollover_is_between(r, r->now.user)) {
		step_same(words, was);
		return step_common()->dry_run
		    || accessrecord_state(r->record) != ACCESS_RESTRICTING
		    || accessrecord_save(r->record, r->config.repo, state, e);
	}
	r->is_anew = true;
	step_change(words, was, pool_printf(r->pool, "%s, with a new "
	    "password", roles_print(r->pool, v, n)));
	return step_common()->dry_run || (recreate(r, v, n, e)
	    && accessrecord_save(r->record, r->config.repo, state, e));
}
