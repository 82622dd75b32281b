/*
 * dispatch - which run of a workflow will do.
 */
#include "api/dispatch.h"

#include <ctype.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"

enum {
	COMMITS = 100,		/* of config.yml that are looked at */
	SLACK = 60,		/* s between a runner's clock and GitHub's */
	LOOK_UP = 120,		/* s; the list lags a dispatch by seconds */
	CONFIG_MAX = 1024 * 1024,
};

/* What a build writes into config.yml is no change that needs a build. */
static const char *const image_keys[] = {
	"DOCKER_IMAGE_OPENEDX", "MFE_DOCKER_IMAGE", NULL
};

/* What is looked up once for all runs. */
struct look {
	struct github *g;
	const struct dispatch_want *want;
	const char *head, *contains;
	struct github_commits commits;	/* of config, newest first */
	struct pool *pool;
};

static bool
is_word_byte(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.';
}

/* Is the word in the text, not as a part of a longer one? */
static bool
has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *s = strstr(text, word); s != NULL;
	    s = strstr(s + 1, word))
		if ((s == text || !is_word_byte(s[-1]))
		    && !is_word_byte(s[n]))
			return true;
	return false;
}

static bool
is_ours(const struct dispatch_want *want, const struct github_run *run)
{
	return want->title != NULL ? strstr(run->title, want->title) != NULL
	    : has_word(run->title, want->instance);
}

/* ids are digits without leading zeros */
static bool
is_newer(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);

	return na != nb ? na > nb : strcmp(a, b) > 0;
}

/* "Run: https://.../actions/runs/<id>" in a message; NULL: none. */
static const char *
run_in_message(const char *message)
{
	static const char before[] = "/actions/runs/";
	const char *s = strstr(message, before);

	return s != NULL ? s + sizeof(before) - 1 : NULL;
}

/* Subjects of the commits that Launchpad's workflows make. */
static bool
is_launchpads(const char *message)
{
	return text_starts(message, "chore: update tutor env and config for ")
	    || text_starts(message, "chore: update service: ")
	    || text_starts(message, "feat: add instance ");
}

/*
 * Did this run make the commit? Launchpad's env commit names the run; the
 * commits of image tags and of a new instance have only their author, the
 * subject and the time.
 */
static bool
is_made_by(const struct github_run *run, const struct github_commit *c)
{
	const char *named = run_in_message(c->message);
	size_t n = strlen(run->id);

	if (named != NULL)
		return strncmp(named, run->id, n) == 0
		    && !isdigit((unsigned char)named[n]);
	if (!text_ends(c->author, "GitHub Actions")
	    && !text_ends(c->author, "[bot]"))
		return false;
	return is_launchpads(c->message)
	    && c->date >= run->created - SLACK
	    && (!github_is_over(run) || c->date <= run->updated + SLACK);
}

/* A commit that history has lost is contained in nothing. */
static bool
holds(struct look *l, const char *commit, const char *ancestor, bool *yes,
    struct err *e)
{
	struct err lost = { 0 };

	*yes = false;
	if (github_contains(l->g, commit, ancestor, yes, &lost)
	    || lost.kind == ERR_NOT_FOUND)
		return true;
	*e = lost;
	return false;
}

static bool
check_contains(struct look *l, struct err *e)
{
	bool yes;

	if (l->want->contains == NULL) {
		l->contains = l->commits.n > 0 ? l->commits.v[0].sha : l->head;
		return true;
	}
	l->contains = l->want->contains;
	if (!holds(l, l->head, l->contains, &yes, e))
		return false;
	return yes || err_set(e, ERR_INPUT, "commit %s is not in branch %s:"
	    " was it pushed? No run could hold it", l->contains,
	    l->want->branch);
}

static bool
open_look(struct look *l, struct err *e)
{
	l->head = github_find_head(l->g, l->want->branch, e);
	if (l->head == NULL)
		return false;
	if (l->want->config != NULL
	    && !github_find_commits(l->g, l->head, l->want->config, COMMITS,
	    &l->commits, e))
		return false;
	return check_contains(l, e);
}

/* Is the commit in the run's head, or made by the run? */
static bool
accepts(struct look *l, const struct github_run *run, bool *yes,
    struct err *e)
{
	if (!holds(l, run->head, l->contains, yes, e))
		return false;
	for (size_t i = 0; i < l->commits.n && !*yes; i++)
		*yes = strcmp(l->commits.v[i].sha, l->contains) == 0
		    && is_made_by(run, &l->commits.v[i]);
	return true;
}

/* How many of the newest commits to config came after the run's head; all
 * that are known if the boundary is not among them. */
static bool
count_since(struct look *l, const struct github_run *run, size_t *n,
    struct err *e)
{
	struct github_commits last;

	if (!github_find_commits(l->g, run->head, l->want->config, 1, &last,
	    e))
		return false;
	for (*n = 0; *n < l->commits.n; ++*n)
		if (last.n > 0
		    && strcmp(l->commits.v[*n].sha, last.v[0].sha) == 0)
			return true;
	return true;
}

static bool
is_listed(const char *const *list, const char *key)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		if (strcmp(list[i], key) == 0)
			return true;
	return false;
}

static struct yaml *
read_config(struct look *l, const char *at, struct err *e)
{
	struct buf text = buf_new(CONFIG_MAX);
	struct yaml *y = NULL;

	if (github_read_file(l->g, at, l->want->config, &text, e))
		y = yaml_parse(buf_str(&text), text.len, l->want->config, e);
	buf_free(&text);
	return y;
}

/* The first key of a whose value b does not have; NULL: none. */
static const char *
differing_key(struct look *l, struct yaml *a, struct yaml *b)
{
	struct buf path = buf_new(4096);
	const char *key, *found = NULL;

	for (int i = 0; found == NULL && (key = yaml_key(a, "", i)) != NULL;
	    i++) {
		buf_clear(&path);
		yaml_path_key(&path, key);
		if (!is_listed(image_keys, key)
		    && !is_listed(l->want->no_image, key)
		    && !yaml_same(a, b, buf_str(&path)))
			found = pool_strdup(l->pool, key);
	}
	buf_free(&path);
	return found;
}

/* Compare config.yml as values; *why is set where they differ. */
static bool
compare_config(struct look *l, const char *base, const char **why,
    struct err *e)
{
	struct yaml *then = read_config(l, base, e);
	struct yaml *now = then != NULL ? read_config(l, l->head, e) : NULL;
	const char *key = NULL;

	if (now != NULL) {
		key = differing_key(l, now, then);
		if (key == NULL)
			key = differing_key(l, then, now);
	}
	if (key != NULL)
		*why = pool_printf(l->pool, "%s has changed since", key);
	yaml_close(then);
	yaml_close(now);
	return now != NULL;
}

/* Files of the instance that a build reads, but for config.yml itself. */
static bool
is_input_of_build(struct look *l, const char *file)
{
	const char *slash = strrchr(l->want->config, '/');
	size_t n = slash != NULL ? (size_t)(slash + 1 - l->want->config) : 0;

	return strncmp(file, l->want->config, n) == 0
	    && strcmp(file, l->want->config) != 0
	    && strcmp(file + n, "application.yml") != 0
	    && !text_starts(file + n, "env/");
}

/* What came after `base` that the run did not see; *why NULL: nothing. */
static bool
find_foreign(struct look *l, const char *base, const char **why,
    struct err *e)
{
	struct github_files files;
	bool config = false;

	*why = NULL;
	if (!github_find_changes(l->g, base, l->head, &files, e))
		return false;
	if (files.n >= GITHUB_FILES_MAX)
		*why = "too much has changed since";
	for (size_t i = 0; i < files.n && *why == NULL; i++) {
		config |= strcmp(files.path[i], l->want->config) == 0;
		if (is_input_of_build(l, files.path[i]))
			*why = pool_printf(l->pool, "%s has changed since",
			    files.path[i]);
	}
	if (*why != NULL || !config)
		return true;
	return compare_config(l, base, why, e);
}

/*
 * Is a run that succeeded still good? Its own commits follow its head; what
 * follows those must hold the same values.
 */
static bool
is_current(struct look *l, const struct github_run *run, const char **why,
    struct err *e)
{
	bool has;
	size_t n, i;

	*why = "a finished run is not enough for this workflow";
	if (l->want->config == NULL)
		return true;
	if (!accepts(l, run, &has, e) || !count_since(l, run, &n, e))
		return false;
	for (i = 0; i < n && !has; i++)
		has = strcmp(l->commits.v[i].sha, l->contains) == 0;
	*why = pool_printf(l->pool, "the last run does not hold %.12s",
	    l->contains);
	if (!has)
		return true;
	for (i = n; i > 0 && is_made_by(run, &l->commits.v[i - 1]); i--)
		;
	return find_foreign(l, i == n ? run->head : l->commits.v[i].sha, why,
	    e);
}

/* Among the active runs one that holds the commit, else one that doesn't. */
static bool
find_active(struct look *l, const struct github_runs *runs,
    struct dispatch_found *found, struct err *e)
{
	for (size_t i = 0; i < runs->n; i++) {
		bool yes;

		if (github_is_over(&runs->v[i])
		    || !is_ours(l->want, &runs->v[i]))
			continue;
		if (!accepts(l, &runs->v[i], &yes, e))
			return false;
		if (yes || found->state == DISPATCH_NONE)
			found->run = runs->v[i];
		if (found->state == DISPATCH_NONE)
			found->state = DISPATCH_OLDER;
		if (yes) {
			found->state = DISPATCH_ACTIVE;
			return true;
		}
	}
	return true;
}

/* The newest finished run decides: what an older one did may be undone. */
static bool
find_done(struct look *l, const struct github_runs *runs,
    struct dispatch_found *found, struct err *e)
{
	size_t i = 0;

	while (i < runs->n && !is_ours(l->want, &runs->v[i]))
		i++;
	found->why = "there was no run yet";
	if (i == runs->n)
		return true;
	if (!github_is_success(&runs->v[i])) {
		found->why = pool_printf(l->pool, "the last run ended with %s",
		    runs->v[i].conclusion);
		return true;
	}
	if (!is_current(l, &runs->v[i], &found->why, e))
		return false;
	if (found->why == NULL) {
		found->state = DISPATCH_DONE;
		found->run = runs->v[i];
	}
	return true;
}

bool
dispatch_find(struct github *g, const struct dispatch_want *want,
    struct dispatch_found *found, struct err *e)
{
	struct look l = { .g = g, .want = want, .pool = github_pool(g) };
	struct github_runs runs;

	*found = (struct dispatch_found){ .state = DISPATCH_NONE };
	if (!github_find_runs(g, want->workflow, want->branch, &runs, e)
	    || !open_look(&l, e))
		return false;
	found->head = l.head;
	found->newest = "";
	for (size_t i = 0; i < runs.n; i++)
		if (is_newer(runs.v[i].id, found->newest))
			found->newest = runs.v[i].id;
	if (!find_active(&l, &runs, found, e))
		return false;
	return found->state != DISPATCH_NONE
	    || find_done(&l, &runs, found, e);
}

/* Runs newer than those before that could be the one just dispatched. */
static size_t
candidates(const struct dispatch_want *want, const struct github_runs *runs,
    const char *newest, const struct github_run **one, struct buf *urls)
{
	size_t n = 0;

	for (size_t i = 0; i < runs->n; i++) {
		if (!is_newer(runs->v[i].id, newest)
		    || !is_ours(want, &runs->v[i]))
			continue;
		*one = &runs->v[i];
		buf_printf(urls, " %s", runs->v[i].url);
		n++;
	}
	return n;
}

/* Look for it until the list has caught up. */
static bool
look_up(struct github *g, const struct dispatch_want *want,
    const char *newest, const char **id, struct err *e)
{
	clock_ms deadline = clock_deadline(LOOK_UP);
	const struct github_run *one = NULL;
	struct github_runs runs;
	struct buf urls = buf_new(1024);
	long ms = 1000;
	size_t n = 0;
	bool ok = true;

	while (ok && n == 0 && clock_pause_until(deadline, ms)) {
		ok = github_find_runs(g, want->workflow, want->branch, &runs,
		    e);
		if (ok)
			n = candidates(want, &runs, newest, &one, &urls);
		ms = ms < 8000 ? ms * 2 : ms;
	}
	if (ok && n == 1)
		*id = one->id;
	if (ok && n > 1)
		ok = err_set(e, ERR_CONFLICT, "more than one run of %s could"
		    " be ours:%s", want->workflow, buf_str(&urls));
	if (ok && n == 0)
		ok = err_set(e, ERR_NETWORK, "no run of %s is to be seen after"
		    " %d s: it is not known whether the dispatch was taken."
		    " Run this step again: it adopts the run if there is one",
		    want->workflow, LOOK_UP);
	buf_free(&urls);
	return ok;
}

bool
dispatch_start(struct github *g, const struct dispatch_want *want,
    const struct json *inputs, const struct dispatch_found *before,
    const char **id, struct err *e)
{
	bool unclear;
	struct err said = { 0 };

	if (!github_dispatch(g, want->workflow, want->branch, inputs, id,
	    &unclear, &said)) {
		if (!unclear) {
			*e = said;
			return false;
		}
		log_warn("%s; looking whether a run was made", said.text);
	}
	return (*id)[0] != '\0'
	    || look_up(g, want, before->newest, id, e);
}
