/*
 * tables - what make writes out of the tables of all steps: a program of the
 * build, which is no part of what is shipped.
 *
 * usage: tables places	what a plan may hold, as C
 *        tables schema	the same as JSON Schema
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "step/frame.h"

enum { TEXT_MAX = 1024 * 1024 };

/* Written by the build from the folders under actions/. */
extern const struct step *const transplant_steps[];

int
main(int argc, char **argv)
{
	struct buf out = buf_new(TEXT_MAX);
	struct err e = { 0 };
	bool ok;

	if (argc != 2 || (strcmp(argv[1], "places") != 0
	    && strcmp(argv[1], "schema") != 0)) {
		fprintf(stderr, "usage: tables places|schema\n");
		return 2;
	}
	ok = strcmp(argv[1], "places") == 0
	    ? frame_print_places(transplant_steps, &out, &e)
	    : frame_print_schema(transplant_steps, &out, &e);
	if (ok)
		fputs(buf_str(&out), stdout);
	else
		fprintf(stderr, "tables: %s\n", e.text);
	buf_free(&out);
	return ok ? 0 : 1;
}
