/*
 * world_set - the knobs and counters of the world double.
 *
 * A knob is a named value that a test sets through the control API to make
 * the world behave differently: slower, older, broken. The table in
 * world_set.c names them all with their defaults and meanings; a name that
 * is not there is refused, so that a test can't misspell one unnoticed.
 */
#ifndef WORLD_SET_H
#define WORLD_SET_H

#include <stdbool.h>

struct cJSON;

const char *knob(const char *name);
double knob_num(const char *name);
bool knob_on(const char *name);		/* neither empty, 0 nor false */

/* Set one from the outside; false if there is no such knob. */
bool knob_set(const char *name, const char *value);
void knobs_reset(void);
struct cJSON *knobs_tree(void);

/* Counters are made by the first count of their name. */
void count(const char *name);
void counters_reset(void);
struct cJSON *counters_tree(void);

#endif
