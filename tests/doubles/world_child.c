/*
 * Children of the world double.
 */
#include "world_child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "world_text.h"

enum { ARGV_MAX = 24 };

extern char **environ;

static struct {
	char *run, *git, *source;
} place;

bool
child_init(const char *run, const char *git, const char *source)
{
	char *path = text_make("%s/world.gitconfig", run);
	FILE *f = fopen(path, "we");

	place.run = text_copy(run);
	place.git = text_copy(git);
	place.source = text_copy(source);
	if (f == NULL) {
		(void)fprintf(stderr, "world: can't write %s\n", path);
		free(path);
		return false;
	}
	(void)fprintf(f, "[user]\n\tname = github-actions[bot]\n"
	    "\temail = 41898282+github-actions[bot]@users.noreply.github.com"
	    "\n[safe]\n\tdirectory = *\n[init]\n\tdefaultBranch = main\n"
	    "[gc]\n\tauto = 0\n[core]\n\tfsync = none\n"
	    "[advice]\n\tdetachedHead = false\n");
	(void)fclose(f);
	(void)setenv("GIT_CONFIG_GLOBAL", path, 1);
	(void)setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	(void)setenv("GIT_TERMINAL_PROMPT", "0", 1);
	(void)setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
	free(path);
	return true;
}

/* Start argv with its output on `fd`; -1 on failure. */
static pid_t
spawn(const char *dir, const char *const argv[], int fd)
{
	posix_spawn_file_actions_t acts;
	pid_t pid = -1;
	int rc;

	(void)posix_spawn_file_actions_init(&acts);
	if (dir != NULL)
		(void)posix_spawn_file_actions_addchdir_np(&acts, dir);
	(void)posix_spawn_file_actions_addopen(&acts, 0, "/dev/null",
	    O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&acts, fd, 1);
	rc = posix_spawnp(&pid, argv[0], &acts, NULL,
	    (char *const *)(size_t)argv, environ);
	(void)posix_spawn_file_actions_destroy(&acts);
	if (rc != 0) {
		(void)fprintf(stderr, "world: %s: %s\n", argv[0],
		    strerror(rc));
		return -1;
	}
	return pid;
}

static void
drain(int fd, struct text *out)
{
	char part[16384];
	ssize_t n;

	while ((n = read(fd, part, sizeof(part))) > 0
	    || (n < 0 && errno == EINTR)) {
		if (n > 0 && out != NULL)
			text_bytes(out, part, (size_t)n);
	}
}

bool
child_run(const char *dir, const char *const argv[], struct text *out)
{
	int fds[2], status = 0;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return false;
	pid = spawn(dir, argv, fds[1]);
	(void)close(fds[1]);
	if (pid > 0)
		drain(fds[0], out);
	(void)close(fds[0]);
	if (pid < 0)
		return false;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool
child_render(struct text *out, const char *verb, const char *a,
    const char *b, const char *c)
{
	char *script = text_make("%s/render.py", place.source);
	const char *argv[] = { "python3", script, verb, a, b, c, NULL };
	bool ok = child_run(NULL, argv, out);

	free(script);
	return ok;
}

char *
child_fixture(const char *name)
{
	return text_make("%s/fixtures/%s", place.source, name);
}

char *
git_path(const char *repo)
{
	return text_make("%s/%s.git", place.git, repo);
}

static bool
git_run(struct text *out, const char *dir, va_list ap)
{
	const char *argv[ARGV_MAX] = { "git", "-C", dir };
	size_t n = 3;
	bool ok;

	while ((argv[n] = va_arg(ap, const char *)) != NULL) {
		n++;
		assert(n < ARGV_MAX);
	}
	ok = child_run(NULL, argv, out);
	if (out != NULL && out->len > 0 && out->s[out->len - 1] == '\n')
		out->s[--out->len] = '\0';
	return ok;
}

bool
git_bare(struct text *out, const char *repo, ...)
{
	char *dir = git_path(repo);
	struct stat st;
	va_list ap;
	bool ok;

	va_start(ap, repo);
	ok = stat(dir, &st) == 0 && git_run(out, dir, ap);
	va_end(ap);
	free(dir);
	return ok;
}

bool
git_at(struct text *out, const char *dir, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, dir);
	ok = git_run(out, dir, ap);
	va_end(ap);
	return ok;
}

char *
folder_make(const char *what)
{
	char *path = text_make("%s/%s.XXXXXX", place.run, what);

	if (mkdtemp(path) == NULL) {
		(void)fprintf(stderr, "world: %s: %s\n", path,
		    strerror(errno));
		abort();
	}
	return path;
}

void
folder_remove(char *path)
{
	const char *argv[] = { "rm", "-rf", "--", path, NULL };

	(void)child_run(NULL, argv, NULL);
	free(path);
}
