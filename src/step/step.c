/*
 * step - the whole of main() for one step; see step.h.
 */
#include "step/step.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "step/frame.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_WRONG_INPUT = 2 };

/* There may be no /dev. */
static int
open_nothing(void)
{
	int fd = open("/dev/null", O_RDWR);

	return fd >= 0 ? fd : memfd_create("nothing", 0);
}

/*
 * A step holds secrets: no core file, files for us alone. It never reads
 * stdin (some runners give it a terminal, and a read would hang). Descriptors
 * 0 to 2 must be taken, or a socket could land on one of them.
 */
static void
harden(void)
{
	struct rlimit none = { 0, 0 };
	int fd = open_nothing();

	while (fd >= 0 && fd <= 2)
		fd = open_nothing();
	if (fd > 2) {
		dup2(fd, 0);
		close(fd);
	}
	setrlimit(RLIMIT_CORE, &none);
	umask(077);
	signal(SIGPIPE, SIG_IGN);
}

static int
wrong_inputs(const struct step *s, struct buf *mistakes)
{
	struct err e;

	for (char *line = mistakes->data, *end; *line != '\0'; line = end) {
		end = line + strcspn(line, "\n");
		log_error(s->name, "%.*s", (int)(end - line), line);
		end += *end == '\n';
	}
	if (!frame_report_finish(s, "wrong-input", mistakes->data, &e))
		log_error(s->name, "%s", e.text);
	return EXIT_WRONG_INPUT;
}

static int
run_and_report(const struct step *s)
{
	struct err e = { .text = "" }, late;
	bool ok = s->run(&e);
	const char *status = ok ? frame_status(s)
	    : e.kind == ERR_INPUT ? "wrong-input"
	    : e.kind == ERR_HAND ? "needs-hand" : "failed";

	if (!ok)
		log_error(s->name, "%s", e.text);
	if (!frame_report_finish(s, status, ok ? NULL : e.text, &late)) {
		log_error(s->name, "%s", late.text);
		status = "failed";
		ok = false;
	}
	log_info("%s: %s", s->name, status);
	if (ok)
		return EXIT_DONE;
	return e.kind == ERR_INPUT ? EXIT_WRONG_INPUT : EXIT_FAILED;
}

int
step_main(const struct step *s, int argc, char **argv)
{
	struct buf mistakes = buf_new(64 * 1024);
	int rc;

	harden();
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		frame_print_help(s);
		return EXIT_DONE;
	}
	if (argc > 1 && strcmp(argv[1], "--action") == 0) {
		step_print_action(s);
		return EXIT_DONE;
	}
	if (argc > 1) {
		log_error(s->name, "%s takes no arguments but --help: inputs "
		    "are environment variables", s->name);
		return EXIT_WRONG_INPUT;
	}
	frame_report_start(s);
	rc = frame_read_inputs(s, &mistakes) ? run_and_report(s)
	    : wrong_inputs(s, &mistakes);
	buf_free(&mistakes);
	frame_release();
	return rc;
}
