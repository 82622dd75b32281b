/*
 * kit - see kit.h.
 */
#include "tests/kit/kit.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { OUTPUT_MAX = 1 << 20 }; /* bytes that a command may print */

int
kit_main(Suite *first, ...)
{
	SRunner *runner = srunner_create(first);
	va_list ap;
	Suite *s;
	int failed, ran;

	va_start(ap, first);
	while ((s = va_arg(ap, Suite *)) != NULL)
		srunner_add_suite(runner, s);
	va_end(ap);
	srunner_set_tap(runner, "-");
	/* A failure shows a step's whole output; what is longer than this
	 * ends the test program's child without a word */
	check_set_max_msg_size(OUTPUT_MAX + OUTPUT_MAX / 4);
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	ran = srunner_ntests_run(runner);
	srunner_free(runner);
	return failed == 0 && ran > 0 ? 0 : 1;
}

int
kit_skip_all(const char *reason)
{
	printf("1..0 # SKIP %s\n", reason);
	return 0;
}

const char *
kit_env(const char *name)
{
	const char *value = getenv(name);

	ck_assert_msg(value != NULL, "%s is not set: run it inside the "
	    "sandbox (tests/sandbox/sandbox run)", name);
	return value;
}

char *
kit_read(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t n = 0, cap = 1 << 16, got;
	char *text = malloc(cap);

	ck_assert_msg(f != NULL, "can't read %s: %s", path, strerror(errno));
	while ((got = fread(text + n, 1, cap - n - 1, f)) > 0) {
		n += got;
		if (cap - n < 2) {
			char *more = realloc(text, cap *= 2);

			ck_assert_ptr_nonnull(more);
			text = more;
		}
	}
	text[n] = '\0';
	fclose(f);
	return text;
}

void
kit_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	bool ok = f != NULL && fputs(text, f) >= 0;

	if (f != NULL && fclose(f) != 0)
		ok = false;
	ck_assert_msg(ok, "can't write %s: %s", path, strerror(errno));
}

char *
kit_folder(void)
{
	char *dir = NULL;

	mkdir("build", 0777);
	mkdir("build/tmp", 0777);
	ck_assert(asprintf(&dir, "%s/build/tmp/test.XXXXXX",
	    getenv("PWD") != NULL ? getenv("PWD") : ".") > 0);
	ck_assert_msg(mkdtemp(dir) != NULL, "mkdtemp %s: %s", dir,
	    strerror(errno));
	return dir;
}

char *
kit_sh(const char *fmt, ...)
{
	char *line = NULL, *text = malloc(OUTPUT_MAX);
	va_list ap;
	FILE *f;
	size_t n;
	int status;

	va_start(ap, fmt);
	ck_assert(vasprintf(&line, fmt, ap) >= 0);
	va_end(ap);
	f = popen(line, "r");
	ck_assert(f != NULL);
	n = fread(text, 1, OUTPUT_MAX - 1, f);
	text[n] = '\0';
	status = pclose(f);
	ck_assert_msg(status == 0, "exit %d of: %s\n%s", status, line, text);
	free(line);
	return realloc(text, n + 1);
}

/* What lasts as long as the process is no leak: it hangs here. */
struct kept {
	struct kept *next;
	char *text;
};

static const char *
keep(char *text)
{
	static struct kept *all;
	struct kept *this = malloc(sizeof *this);

	*this = (struct kept){ all, text };
	all = this;
	return text;
}

const char *
kit_out(const char *fmt, ...)
{
	char *line = NULL, *text;
	size_t n;
	va_list ap;

	va_start(ap, fmt);
	ck_assert(vasprintf(&line, fmt, ap) >= 0);
	va_end(ap);
	text = kit_sh("%s", line);
	free(line);
	n = strlen(text);
	if (n > 0 && text[n - 1] == '\n')
		text[n - 1] = '\0';
	return keep(text);
}

const char *
kit_text(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	ck_assert(vasprintf(&s, fmt, ap) >= 0);
	va_end(ap);
	return keep(s);
}

void
kit_add(const char **vars, size_t room, const char *var)
{
	size_t n = 0;

	while (vars[n] != NULL)
		n++;
	ck_assert(n + 1 < room);
	vars[n] = var;
	vars[n + 1] = NULL;
}

void
kit_add_usual(const char **vars, size_t room, const char *var)
{
	size_t n = strcspn(var, "=") + 1;

	for (size_t i = 0; vars[i] != NULL; i++)
		if (strncmp(vars[i], var, n) == 0)
			return;
	kit_add(vars, room, var);
}

char *
kit_variable(const char *var)
{
	size_t name = strcspn(var, "=");
	char *s = NULL;

	if (isupper((unsigned char)*var))
		return strdup(var);
	ck_assert(asprintf(&s, "INPUT_%s", var) > 0);
	for (size_t i = 6; i < name + 6; i++)
		s[i] = s[i] == '-' ? '_' : (char)toupper((unsigned char)s[i]);
	return s;
}

/* In the child: what a runner gives a step, and nothing more. */
static void
become_step(const char *step, const char *const *vars, const char *dir,
    const char *log)
{
	char path[4096], var[4300];
	int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	const char *bin = getenv("KIT_BIN");
	const char *path_was = getenv("PATH");
	const char *search = strdup(path_was != NULL ? path_was : "/bin");

	snprintf(path, sizeof path, "%s/%s", bin != NULL ? bin : "build/bin",
	    step);
	dup2(fd, 1);
	dup2(fd, 2);
	dup2(open("/dev/null", O_RDONLY), 0);
	clearenv();
	setenv("PATH", search, 1);
	setenv("HOME", dir, 1);
	setenv("RUNNER_TEMP", dir, 1);
	snprintf(var, sizeof var, "%s/outputs", dir);
	setenv("GITHUB_OUTPUT", var, 1);
	snprintf(var, sizeof var, "%s/summary", dir);
	setenv("GITHUB_STEP_SUMMARY", var, 1);
	for (size_t i = 0; vars[i] != NULL; i++)
		putenv(kit_variable(vars[i]));
	execl(path, path, (char *)NULL);
	fprintf(stderr, "can't run %s: %s\n", path, strerror(errno));
	_exit(127);
}

static void
wait_or_kill(pid_t pid, long ms, int *status)
{
	struct timespec tick = { .tv_nsec = 1000000 };

	while (waitpid(pid, status, WNOHANG) == 0)
		if (ms-- <= 0) {
			kill(pid, SIGKILL);
			waitpid(pid, status, 0);
			return;
		} else
			nanosleep(&tick, NULL);
}

static char *
read_or_empty(const char *dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return access(path, R_OK) == 0 ? kit_read(path) : strdup("");
}

/* A push that a killed step had sent whole is still carried out; then the
 * repository is as the step has left it. */
static void
await_pushes(void)
{
	free(kit_sh("for i in $(seq 100); do "
	    "pgrep -f '[h]ttp-backend|[r]eceive-pack' >/dev/null || break; "
	    "sleep 0.1; done"));
}

struct kit_run
kit_step_killed(const char *step, const char *const *vars, long ms)
{
	struct kit_run r = { .dir = kit_folder() };
	char log[4096];
	pid_t pid;
	int w = 0;

	snprintf(log, sizeof log, "%s/log", r.dir);
	pid = fork();
	ck_assert(pid >= 0);
	if (pid == 0)
		become_step(step, vars, r.dir, log);
	if (ms < 0)
		waitpid(pid, &w, 0);
	else
		wait_or_kill(pid, ms, &w);
	if (WIFSIGNALED(w))
		await_pushes();
	r.status = WIFSIGNALED(w) ? 128 + WTERMSIG(w) : WEXITSTATUS(w);
	r.out = read_or_empty(r.dir, "log");
	r.outputs = read_or_empty(r.dir, "outputs");
	r.summary = read_or_empty(r.dir, "summary");
	return r;
}

struct kit_run
kit_step(const char *step, const char *const *vars)
{
	return kit_step_killed(step, vars, -1);
}

void
kit_run_free(struct kit_run *r)
{
	free(r->out);
	free(r->outputs);
	free(r->summary);
	free(r->dir);
	*r = (struct kit_run){ 0 };
}

pid_t
kit_beside(const char *command)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execl("/bin/bash", "bash", "-c", command, (char *)NULL);
	_exit(127);
}

void
kit_end(pid_t *pid)
{
	if (*pid > 0) {
		kill(*pid, SIGTERM);
		waitpid(*pid, NULL, 0);
	}
	*pid = 0;
}

/* NAME<<DELIMITER, lines, DELIMITER: the form that the frame writes. */
const char *
kit_output(const struct kit_run *r, const char *name)
{
	static char value[65536];
	const char *found = NULL;
	size_t n = strlen(name);

	for (const char *p = r->outputs; *p != '\0';) {
		const char *end = p + strcspn(p, "\n"), *mark, *stop;
		char delimiter[128];

		if ((mark = strstr(p, "<<")) == NULL || mark > end)
			break;
		snprintf(delimiter, sizeof delimiter, "\n%.*s\n",
		    (int)(end - mark - 2), mark + 2);
		stop = strstr(end, delimiter);
		ck_assert(stop != NULL);
		if ((size_t)(mark - p) == n && strncmp(p, name, n) == 0) {
			snprintf(value, sizeof value, "%.*s", stop > end
			    ? (int)(stop - end - 1) : 0, end + 1);
			found = value;
		}
		p = stop + strlen(delimiter);
	}
	return found;
}

void
kit_repository(const char *folder, const char *config)
{
	kit_write(kit_text("%s/config.yml", folder), config);
	free(kit_sh("cd '%s' && export HOME=$PWD GIT_CONFIG_NOSYSTEM=1 "
	    "GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.test "
	    "GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.test && "
	    "git init -q --bare -b main bare.git && "
	    "git clone -q bare.git work 2>/dev/null && "
	    "mkdir -p work/instances/st && "
	    "mv config.yml work/instances/st/ && cd work && git add -A && "
	    "git commit -q -m start && git push -q origin HEAD:main 2>&1",
	    folder));
}
