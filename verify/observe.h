/*
 * observe - what a visitor can see of a site, as texts by name, without the
 * addresses it has: hosts of the instance stand there by their kind, so that
 * the same site on other hosts gives the same texts.
 */
#ifndef VERIFY_OBSERVE_H
#define VERIFY_OBSERVE_H

struct hosts;
struct json;
struct pool;
struct side;

/*
 * Of one side, from the pages that were asked for: "title",
 * "mfe-config.LOGO_URL", "asset /static/...": the page names it. also: hosts
 * that are the instance's, too; or NULL. What could not be seen is not there.
 * Free with json_free.
 */
struct json *observe(struct pool *, const struct side *,
    const struct hosts *also);

#endif
