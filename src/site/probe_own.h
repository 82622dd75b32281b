/* probe_own - what the files of probe share; see probe.h. */
#ifndef SITE_PROBE_OWN_H
#define SITE_PROBE_OWN_H

#include <stdbool.h>

struct probe;

/* src/site/probe_script.py. */
extern const char probe_script[];

/* The verdict, in words, of what the script calls this cause. port: where it
 * was tried, 0 if that is not known; dry: what a dry run leaves undone may
 * be why. */
void probe_explain(struct probe *, const char *cause, long port, bool dry);

#endif
