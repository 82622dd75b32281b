/*
 * emptyroot - see emptyroot.h.
 */
#include "tests/kit/emptyroot.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/kit/world.h"

/* A namespace of its own gives an ordinary user the right to do so. */
static bool
enter(const char *root)
{
	if (chroot(root) != 0 && (unshare(CLONE_NEWUSER) != 0
	    || chroot(root) != 0))
		return false;
	return chdir("/") == 0;
}

bool
emptyroot_possible(void)
{
	pid_t pid = fork();
	int w = 1;

	if (pid == 0)
		_exit(enter("/") ? 0 : 1);
	return pid > 0 && waitpid(pid, &w, 0) == pid && w == 0;
}

const char *
emptyroot_make(void)
{
	const char *root = kit_folder();
	char *clone = world_clone();

	/* Where the plan says how to see the world from outside of it, the
	 * root's own files say so already */
	kit_out("cd '%s' && mkdir -p etc/ssl/certs home && "
	    "mv '%s' home/repository && "
	    "sed -i '/^network:/,/^$/d' home/repository/migrations/*/plan.yml && "
	    "cp '%s' etc/ssl/certs/ca-certificates.crt && "
	    "echo 'nameserver %s' >etc/resolv.conf", root, clone,
	    kit_env("SB_CA_BUNDLE"), kit_env("SB_RESOLVER_ADDR"));
	free(clone);
	return root;
}

static void
become(const char *root, const char *const *vars, int log)
{
	static const char *const own[] = { "PATH=/bin", "HOME=/home",
	    "RUNNER_TEMP=/home", "GITHUB_OUTPUT=/home/outputs",
	    "GITHUB_STEP_SUMMARY=/home/summary",
	    "INPUT_WORKSPACE=/home/repository", NULL };

	if (!enter(root) || chdir("/home") != 0)
		_exit(126);
	dup2(log, 1);
	dup2(log, 2);
	close(log);
	close(0);
	clearenv();
	for (size_t i = 0; vars[i] != NULL; i++)
		putenv(kit_variable(vars[i]));
	for (size_t i = 0; own[i] != NULL; i++)
		putenv(strdup(own[i]));
	execl("/step", "/step", (char *)NULL);
	_exit(127);
}

static void
check_standard(pid_t pid)
{
	char to[128];

	for (int fd = 0; fd <= 2; fd++) {
		ssize_t n = readlink(kit_text("/proc/%d/fd/%d", (int)pid, fd),
		    to, sizeof to - 1);

		to[n > 0 ? n : 0] = '\0';
		ck_assert_msg(strstr(to, "socket:") == NULL, "descriptor %d "
		    "of the step is %s", fd, to);
	}
}

static char *
read_or_empty(const char *root, const char *name)
{
	const char *path = kit_text("%s/home/%s", root, name);

	return access(path, R_OK) == 0 ? kit_read(path) : strdup("");
}

struct kit_run
emptyroot_step(const char *root, const char *step, const char *const *vars)
{
	const char *bin = getenv("KIT_BIN"),
	    *log = kit_text("%s/home/log", root);
	struct timespec tick = { .tv_nsec = 2 * 1000 * 1000 };
	struct kit_run r = { .dir = strdup(root) };
	pid_t pid;
	int w = 0, fd;

	kit_out("cp '%s/%s' '%s/step' && rm -f '%s'/home/outputs "
	    "'%s'/home/summary", bin != NULL ? bin : "build/bin", step, root,
	    root, root);
	fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		become(root, vars, fd);
	close(fd);
	while (waitpid(pid, &w, WNOHANG) == 0) {
		check_standard(pid);
		nanosleep(&tick, NULL);
	}
	r.status = WIFSIGNALED(w) ? 128 + WTERMSIG(w) : WEXITSTATUS(w);
	r.out = read_or_empty(root, "log");
	r.outputs = read_or_empty(root, "outputs");
	r.summary = read_or_empty(root, "summary");
	return r;
}
