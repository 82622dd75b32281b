/*
 * finalhosts - give an instance the host names that it shall have for good.
 *
 * The names of the plan become those of config.yml. One that Tutor derives
 * from LMS_HOST anyway is taken out, so that it follows, unless a template
 * names it. What a build froze with the hosts of before thaws, as
 * replicate-config noted it; elsewhere the old names are replaced. And what
 * replicate-config kept for this moment is written.
 */
#ifndef SITE_FINALHOSTS_H
#define SITE_FINALHOSTS_H

#include <stdbool.h>

#include "base/err.h"

struct configfile;

/* ERR_INPUT: the plan has no hosts.lms. */
bool finalhosts_write(struct configfile *, struct err *) MUST_CHECK;

#endif
