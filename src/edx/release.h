/*
 * release - Open edX releases: their names and Tutor's numbers for them.
 */
#ifndef EDX_RELEASE_H
#define EDX_RELEASE_H

#include <stdbool.h>

enum { RELEASE_OLDEST = 14, RELEASE_NEWEST = 22 };

/*
 * The major number of what a person or a file calls a release: "20",
 * "v20.0.5", "teak", "release/teak.3", "open-release/redwood.1". 0: unknown.
 */
int release_major(const char *);
/* "teak" of 20; NULL: unknown. */
const char *release_name(int major);
/* What pip installs as the plugin `s3` that fits it; NULL: none is known. */
const char *release_s3_plugin(int major);

#endif
