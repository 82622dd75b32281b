/*
 * took COMMAND... - run it, and print on descriptor 3 what it took: wall
 * clock and processor in milliseconds, and the largest process in KB.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
ms_of(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

int
main(int argc, char **argv)
{
	struct timespec from, to;
	struct rusage used = { 0 };
	int status = 0;
	pid_t child;

	if (argc < 2) {
		fputs("usage: took COMMAND...\n", stderr);
		return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &from);
	child = fork();
	if (child == 0) {
		close(3);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &used) != child)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &to);
	dprintf(3, "%.1f %.1f %ld\n", (double)(to.tv_sec - from.tv_sec) * 1e3
	    + (double)(to.tv_nsec - from.tv_nsec) / 1e6,
	    ms_of(used.ru_utime) + ms_of(used.ru_stime), used.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
