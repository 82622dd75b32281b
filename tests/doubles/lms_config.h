/*
 * lms_config - the config.yml that the simulated Open edX runs with.
 *
 * Only scalars at the top level are kept, as their text. What Tutor gives a
 * default is asked for with it. A config belongs to the caller.
 */
#ifndef DOUBLES_LMS_CONFIG_H
#define DOUBLES_LMS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

struct config;

/*
 * Read the file as it is now. NULL with *missing: there is none; else it
 * can't be parsed.
 */
struct config *
config_read(const char *path, bool *missing);

void
config_free(struct config *c);

/* The value; the fallback when absent (an empty value is not absent). */
const char *
config_get(const struct config *c, const char *key, const char *fallback);

/* Two names of one setting: the old one wins, as it does in Tutor. */
const char *
config_get_legacy(const struct config *c, const char *legacy,
    const char *key, const char *fallback);

/* A YAML 1.1 truth value. */
bool
config_is_true(const struct config *c, const char *key);

enum { HOST_MAX = 256 };

/*
 * A host: its own key, or else the prefix before LMS_HOST, which is how
 * Tutor's defaults are made.
 */
void
config_host(const struct config *c, const char *key, const char *prefix,
    char out[HOST_MAX]);

#endif
