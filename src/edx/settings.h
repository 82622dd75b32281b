/*
 * settings - what the old instance runs with, as values of config.yml.
 *
 * One table maps the places of Django's settings to Tutor's keys. A value is
 * taken only if it can be read in all its places and all agree, in the LMS
 * and in Studio; everything else is reported. The result is the settings
 * file that fetch-settings writes and later steps of the job read:
 *
 *   { "tutor": "20.0.5", "major": 20, "configmaps": { "config": ... },
 *     "values": { "MYSQL_HOST": "...", "MYSQL_PORT": 3306, ... },
 *     "unmapped": [ what no key carries; see unmapped.h ],
 *     "in-cluster": [ "MYSQL_HOST is mysql" ], "jwt-modulus": "..." }
 *
 * "values" holds what a value truly is, before the escape that config.yml
 * needs. It holds passwords.
 */
#ifndef EDX_SETTINGS_H
#define EDX_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "data/yaml.h"

struct buf;
struct json;
struct pool;
struct pysettings;

/* A key of config.yml that point-at-data writes. */
struct setting {
	const char *key;
	enum yaml_kind kind;	/* as which it is written */
	bool secret;
	bool needed;		/* an instance without it has no data */
};

/* The i-th row of the table; NULL past the end. */
const struct setting *settings_row(size_t i);
/* The names of the Django settings that all rows are read from, and those of
 * this file's "unmapped" (settings may be NULL), with commas between them; in
 * the pool. */
const char *settings_names(struct pool *, const struct json *settings);

struct settings_source {
	const struct pysettings *lms, *cms;
	const char *tutor;		/* version of the old side, or NULL */
	const char *forum_database;	/* of the Ruby forum's Deployment, or
					 * NULL */
};

/*
 * The settings as the JSON above, without "configmaps". What can't be read,
 * or differs between its places, is left out and appended to problems, one
 * a line. Free with json_free.
 */
struct json *settings_read(struct pool *, const struct settings_source *,
    struct buf *problems);

/* "unmapped" of what the platform says of itself: as its files have it, but
 * for what can't be read in them. */
void settings_take_unmapped(struct json *platform, const struct json *files);

/* One value of the settings file as text; NULL: it has none. null is "". In
 * the pool. */
const char *settings_value(struct pool *, const struct json *settings,
    const char *key);
/* Never print the secrets among the values from now on: also an address that
 * holds a login. */
void settings_mask(const struct json *settings);
/* Read the settings file and mask its secrets. ERR_INPUT: it is none. */
struct json *settings_load(const char *path, struct err *) MUST_CHECK;

#endif
