/*
 * transplant - all steps in one program, as release tags carry them.
 *
 * `transplant steps` lists them, `transplant <step>` runs one with inputs
 * from the environment, `transplant <step> --help` explains it.
 */
#include <stdio.h>
#include <string.h>

#include "step/step.h"

/* Written by the build from the folders under actions/. */
extern const struct step *const transplant_steps[];

static void
print_steps(FILE *to)
{
	for (size_t i = 0; transplant_steps[i] != NULL; i++)
		fprintf(to, "%-20s %s\n", transplant_steps[i]->name,
		    transplant_steps[i]->about);
}

int
main(int argc, char **argv)
{
	if (argc == 2 && (strcmp(argv[1], "steps") == 0
	    || strcmp(argv[1], "--help") == 0)) {
		print_steps(stdout);
		return 0;
	}
	for (size_t i = 0; argc > 1 && transplant_steps[i] != NULL; i++)
		if (strcmp(transplant_steps[i]->name, argv[1]) == 0)
			return step_main(transplant_steps[i], argc - 1,
			    argv + 1);
	fprintf(stderr, "usage: transplant steps | transplant STEP [--help]\n"
	    "\n");
	print_steps(stderr);
	return 2;
}
