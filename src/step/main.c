/*
 * main - one step as a program of its own.
 *
 * The step's file exports its struct under a name that the build hands in
 * (STEP), so this file is the same for all of them.
 */
#include "step/step.h"

extern const struct step STEP;

int
main(int argc, char **argv)
{
	return step_main(&STEP, argc, argv);
}
