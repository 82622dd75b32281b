/*
 * mapping - write what the old instance runs with into a new config.yml.
 *
 * The settings file's values under their keys, the plugin that reads the
 * bucket's, the package that an SRV address needs, and patches for what no
 * key carries. The names MYSQL_DATABASE, MYSQL_USERNAME, MYSQL_PASSWORD and
 * SECRET_KEY go: where they stand, Tutor lets them win over OPENEDX_*.
 *
 * Whether it may be done at all (is the data within the old cluster, do the
 * releases fit, are init jobs off) is the step's question.
 */
#ifndef EDX_MAPPING_H
#define EDX_MAPPING_H

#include <stdbool.h>

#include "base/err.h"

struct edit;
struct json;
struct patch;

struct mapping {
	struct edit *edit;
	const struct json *settings;	/* as settings_load gives them */
	const char *s3_plugin;	/* what pip installs; "": what is known to
				 * fit the release */
	struct patch *patch;	/* with its buffers and accepted paths */
};

/* ERR_HAND: uploads are in a bucket and no plugin that reads it is known; or
 * the forum's database can't be given to this release. */
bool mapping_write(struct mapping *, struct err *) MUST_CHECK;

#endif
