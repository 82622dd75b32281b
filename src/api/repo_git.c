/*
 * repo_git - see repo_git.h.
 */
#include "api/repo_git.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "net/resolve.h"

enum {
	RUN_SECONDS = 120,	/* a fetch of a large repository */
	OUT_MAX = 16 * 1024 * 1024,
	ERROUT_MAX = 64 * 1024,
	SAID_MAX = 600,		/* of git's words in an error */
	LOCK_SECONDS = 2,	/* younger ones may be of a git that we don't
				 * see, in another process namespace */
	UNLOCK_SECONDS = 60,
	RESOLVE_SECONDS = 20,
};

/*
 * The rules of every run. Line ends stay as they are in the files; nothing
 * runs in the background; a stalled connection ends.
 */
static const char rules[] =
    "[core]\n\thooksPath = /dev/null\n\tautocrlf = false\n\tsafecrlf = false\n"
    "\tquotePath = false\n\tfsmonitor = false\n\tuntrackedCache = false\n"
    "\taskPass =\n\tattributesFile = /dev/null\n\texcludesFile = /dev/null\n"
    "[credential]\n\thelper =\n"
    "[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n"
    "[commit]\n\tgpgSign = false\n[push]\n\tgpgSign = false\n"
    "[submodule]\n\trecurse = false\n[fetch]\n\trecurseSubmodules = false\n"
    "[color]\n\tui = false\n[advice]\n\tdetachedHead = false\n"
    "[http]\n\tfollowRedirects = false\n\tlowSpeedLimit = 100\n"
    "\tlowSpeedTime = 30\n\tsslVerify = true\n"
    "[protocol]\n\tallow = never\n"
    "[protocol \"https\"]\n\tallow = always\n";

/* A value of a config file, in quotes. */
static void
add_quoted(struct buf *out, const char *s)
{
	buf_putc(out, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_putc(out, '\\');
		if (*s != '\n')
			buf_putc(out, *s);
	}
	buf_putc(out, '"');
}

void
git_init(struct git *g, struct pool *pool, const char *dir)
{
	char real[PATH_MAX];

	*g = (struct git){ .pool = pool, .dir = dir,
	    .config = buf_new(64 * 1024), .out = buf_new(OUT_MAX),
	    .errout = buf_new(ERROUT_MAX) };
	buf_puts(&g->config, rules);
	if (realpath(dir, real) == NULL)
		return;
	/* the checkout may have been made by another user of the machine */
	buf_puts(&g->config, "[safe]\n\tdirectory = ");
	add_quoted(&g->config, real);
	buf_putc(&g->config, '\n');
}

void
git_free(struct git *g)
{
	if (g->config.data != NULL)
		mem_wipe(g->config.data, g->config.len);
	buf_free(&g->config);
	if (g->out.data != NULL)
		mem_wipe(g->out.data, g->out.len);
	buf_free(&g->out);
	buf_free(&g->errout);
}

/*
 * The token as a header for exactly this remote. The empty one before it
 * drops headers that the checkout has for it: two would be refused.
 */
static void
configure_token(struct git *g, const struct git_remote *r)
{
	struct buf login = buf_new(8192), basic = buf_new(16384);

	buf_printf(&login, "%s:%s", r->user, r->token);
	text_base64(&basic, login.data, login.len);
	log_mask(buf_str(&basic));
	buf_puts(&g->config, "[http ");
	add_quoted(&g->config, r->url);
	buf_printf(&g->config, "]\n\textraheader =\n"
	    "\textraheader = \"AUTHORIZATION: basic %s\"\n", buf_str(&basic));
	mem_wipe(login.data, login.len);
	mem_wipe(basic.data, basic.len);
	buf_free(&login);
	buf_free(&basic);
}

/* Git asks the system's name servers; where others are to be asked, git is
 * told the address. */
static bool
configure_address(struct git *g, const struct git_remote *r, struct err *e)
{
	const char *rest = r->url + strlen("https://"), *address, *port;
	const char *host = pool_strndup(g->pool, rest, strcspn(rest, ":/"));
	struct resolve *resolve = resolve_open(r->dns_servers, e);

	if (resolve == NULL)
		return false;
	address = resolve_address(resolve, g->pool, host,
	    clock_deadline(RESOLVE_SECONDS), e);
	resolve_close(resolve);
	if (address == NULL)
		return false;
	rest += strlen(host);
	port = *rest == ':' ? pool_strndup(g->pool, rest + 1,
	    strcspn(rest + 1, "/")) : "443";
	buf_printf(&g->config, "[http]\n\tcurloptResolve = \"%s:%s:%s\"\n",
	    host, port, address);
	return true;
}

bool
git_configure(struct git *g, const struct git_remote *r, bool local,
    struct err *e)
{
	if (local && (*r->url == '/' || text_starts(r->url, "file://"))) {
		buf_puts(&g->config,
		    "[protocol \"file\"]\n\tallow = always\n");
		return true;
	}
	if (!text_check_https(r->url, e))
		return err_within(e, "the repository's address");
	if (r->ca_file != NULL) {
		buf_puts(&g->config, "[http]\n\tsslCAInfo = ");
		add_quoted(&g->config, r->ca_file);
		buf_putc(&g->config, '\n');
	}
	if (r->token != NULL)
		configure_token(g, r);
	return r->dns_servers == NULL || configure_address(g, r, e);
}

bool
git_try(struct git *g, const char *const *args, const char *input, size_t len,
    int *status, struct err *e)
{
	static const char name[] = "github-actions[bot]";
	static const char mail[] =
	    "41898282+github-actions[bot]@users.noreply.github.com";
	const char *argv[48] = { "git", "-c", "include.path=/dev/fd/3" };
	const char *env[12] = { "GIT_CONFIG_NOSYSTEM=1",
	    "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0",
	    "GIT_OPTIONAL_LOCKS=0", "GIT_LITERAL_PATHSPECS=1" };
	size_t n = 3;
	struct child c = { .argv = argv, .env = env, .dir = g->dir,
	    .input = input, .input_len = len, .secret = buf_str(&g->config),
	    .secret_len = g->config.len, .out = &g->out,
	    .errout = &g->errout };

	while (*args != NULL && n < sizeof argv / sizeof *argv - 1)
		argv[n++] = *args++;
	env[5] = pool_printf(g->pool, "GIT_AUTHOR_NAME=%s", name);
	env[6] = pool_printf(g->pool, "GIT_COMMITTER_NAME=%s", name);
	env[7] = pool_printf(g->pool, "GIT_AUTHOR_EMAIL=%s", mail);
	env[8] = pool_printf(g->pool, "GIT_COMMITTER_EMAIL=%s", mail);
	env[9] = "LC_ALL=C";
	if (g->index != NULL)
		env[10] = pool_printf(g->pool, "GIT_INDEX_FILE=%s", g->index);
	c.deadline = clock_deadline(RUN_SECONDS);
	if (g->deadline != 0)
		c.deadline = clock_sooner(c.deadline, g->deadline);
	buf_clear(&g->out);
	buf_clear(&g->errout);
	return child_run(&c, status, e);
}

/* What kind of failure git's words tell of; it has one exit status for all. */
static enum err_kind
kind_of(const char *said)
{
	static const struct {
		const char *words;
		enum err_kind kind;
	} known[] = {
		{ "could not read Username", ERR_DENIED },
		{ "Authentication failed", ERR_DENIED },
		{ "The requested URL returned error: 403", ERR_DENIED },
		{ "The requested URL returned error: 401", ERR_DENIED },
		{ "Permission to ", ERR_DENIED },
		{ "couldn't find remote ref", ERR_NOT_FOUND },
		{ "not our ref", ERR_NOT_FOUND },
		{ "repository not found", ERR_NOT_FOUND },
		{ "Repository not found", ERR_NOT_FOUND },
		{ "does not appear to be a git repository", ERR_NOT_FOUND },
		{ "' not found", ERR_NOT_FOUND },
		{ "unable to access", ERR_NETWORK },
		{ "RPC failed", ERR_NETWORK },
		{ "unexpected disconnect", ERR_NETWORK },
		{ "the remote end hung up", ERR_NETWORK },
		{ "early EOF", ERR_NETWORK },
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strstr(said, known[i].words) != NULL)
			return known[i].kind;
	return ERR_OTHER;
}

bool
git_failed(struct git *g, const char *what, struct err *e)
{
	const char *said = buf_str(&g->errout);
	enum err_kind kind = kind_of(said);
	struct buf line = buf_new(SAID_MAX);

	for (; *said != '\0' && line.len < SAID_MAX - 4; said++)
		if (*said != '\n')
			buf_putc(&line, *said);
		else if (said[1] != '\0')
			buf_puts(&line, "; ");
	err_set(e, kind, "%s: git says: %s", what,
	    line.len > 0 ? buf_str(&line) : "nothing");
	buf_free(&line);
	return false;
}

bool
git_run(struct git *g, const char *what, const char *const *args,
    struct err *e)
{
	int status;

	if (!git_try(g, args, NULL, 0, &status, e))
		return err_within(e, "%s", what);
	return status == 0 || git_failed(g, what, e);
}

const char *
git_line(struct git *g, const char *what, const char *const *args,
    struct err *e)
{
	if (!git_run(g, what, args, e))
		return NULL;
	return pool_strndup(g->pool, buf_str(&g->out),
	    strcspn(buf_str(&g->out), "\n"));
}

/* ---- locks that a killed git left ---- */

/* Is this process a git that works in the work tree? */
static bool
is_git_in(const char *pid, const char *work_tree)
{
	char path[64], cwd[PATH_MAX], name[32];
	ssize_t n;
	FILE *comm;
	bool git = false;

	snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
	comm = fopen(path, "re");
	if (comm != NULL) {
		git = fgets(name, sizeof name, comm) != NULL
		    && text_starts(name, "git");
		fclose(comm);
	}
	if (!git)
		return false;
	snprintf(path, sizeof path, "/proc/%.20s/cwd", pid);
	n = readlink(path, cwd, sizeof cwd - 1);
	if (n < 0)
		return false;
	cwd[n] = '\0';
	return text_starts(cwd, work_tree);
}

static bool
git_at_work(const char *work_tree)
{
	DIR *proc = opendir("/proc");
	bool found = false;

	if (proc == NULL)
		return false;
	for (struct dirent *d; !found && (d = readdir(proc)) != NULL; )
		found = d->d_name[0] >= '1' && d->d_name[0] <= '9'
		    && is_git_in(d->d_name, work_tree);
	closedir(proc);
	return found;
}

static bool
unlock_file(const char *work_tree, const char *lock, struct err *e)
{
	clock_ms deadline = clock_deadline(UNLOCK_SECONDS);
	struct stat st;

	while (stat(lock, &st) == 0) {
		if (time(NULL) - st.st_mtime >= LOCK_SECONDS
		    && !git_at_work(work_tree)) {
			log_warn("%s: left by a git that was killed; removed",
			    lock);
			return file_remove(lock, e);
		}
		if (!clock_pause_until(deadline, 200))
			return err_set(e, ERR_TIMEOUT,
			    "%s: another git keeps the checkout locked",
			    lock);
	}
	return true;
}

/* Our own files carry the id of the process that made them. */
static bool
is_left_over(const char *name)
{
	static const char ours[] = "transplant-";
	const char *id = name + strlen(ours);
	long pid;

	if (!text_starts(name, ours))
		return false;
	id += text_starts(id, "index-") ? strlen("index-") : 0;
	pid = strtol(id, NULL, 10);
	return pid <= 0 || pid == getpid()
	    || (kill((pid_t)pid, 0) != 0 && errno == ESRCH);
}

/* The locks in a folder, and in the folders below it. */
static bool
unlock_folder(struct pool *pool, const char *work_tree, const char *dir,
    int depth, struct err *e)
{
	const char **names = file_list(pool, dir, e);

	if (names == NULL)
		return false;
	for (; *names != NULL; names++) {
		const char *path = pool_printf(pool, "%s/%s", dir, *names);

		if (is_left_over(*names)) {
			if (!file_remove(path, e))
				return false;
		} else if (text_ends(*names, ".lock")) {
			if (!unlock_file(work_tree, path, e))
				return false;
		} else if (depth > 0 && file_is_dir(path)
		    && !unlock_folder(pool, work_tree, path, depth - 1, e)) {
			return false;
		}
	}
	return true;
}

bool
git_unlock(const char *work_tree, const char *git_dir, struct err *e)
{
	struct pool *pool = pool_new();
	char real[PATH_MAX];
	bool ok;

	if (realpath(work_tree, real) == NULL)
		snprintf(real, sizeof real, "%s", work_tree);
	ok = unlock_folder(pool, real, git_dir, 0, e)
	    && unlock_folder(pool, real,
		pool_printf(pool, "%s/refs", git_dir), 8, e);

	pool_free(pool);
	return ok;
}
