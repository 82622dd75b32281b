/*
 * json - read and build JSON (the only user of cJSON).
 *
 * Reading never crashes on a missing or wrong-typed member: each getter says
 * so in its result. A path is member names with dots and [i]:
 * "status.operationState.phase", "items[0].metadata.name". A member whose
 * own name has a dot is reached with json_get. Numbers of 2^53 and more are
 * not read, and a copy of them is not printed digit for digit.
 */
#ifndef DATA_JSON_H
#define DATA_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf;
struct json;

/* `what` names the source in errors; the text itself is never in them. A
 * text that is not UTF-8 or holds a NUL is refused. Free with json_free. */
struct json *json_parse(const char *, size_t, const char *what, struct err *)
    MUST_CHECK;
void json_free(struct json *);

/* Parts belong to the whole. NULL in gives NULL out. */
const struct json *json_at(const struct json *, const char *path);
const struct json *json_get(const struct json *, const char *member);
const struct json *json_item(const struct json *, int i);
int json_len(const struct json *);		/* array or object; else 0 */
const char *json_name(const struct json *);	/* member's name, or NULL */
/* For loops over long arrays and objects: json_item counts from the start
 * each time. NULL at the end. */
const struct json *json_first(const struct json *);
const struct json *json_next(const struct json *);

/* NULL where the place is absent, null, or not a string. */
const char *json_str(const struct json *, const char *path);
/* false where it is absent or not a number (a bool). */
bool json_num(const struct json *, const char *path, double *);
bool json_bool(const struct json *, const char *path, bool *);
bool json_is_null(const struct json *, const char *path); /* null or absent */
bool json_is_object(const struct json *);
bool json_is_array(const struct json *);
/* Append the text of a string, bool or number below 2^53; false, and nothing
 * appended, for anything else. */
bool json_scalar(const struct json *, struct buf *);
bool json_same(const struct json *, const struct json *); /* by value */

/* Building. Each returns the new or changed node; strings are copied. A
 * node given to json_add belongs to its parent from then on. */
struct json *json_object(void);
struct json *json_array(void);
struct json *json_string(const char *);		/* NULL makes null */
struct json *json_copy(const struct json *);
/* Set a member (replacing one of that name). member NULL: append to array. */
struct json *json_add(struct json *, const char *member, struct json *child);
struct json *json_set_str(struct json *, const char *member, const char *);
struct json *json_set_num(struct json *, const char *member, double);
struct json *json_set_bool(struct json *, const char *member, bool);

/* Change an object as an RFC 7386 merge patch says: null takes a member away,
 * an object changes the one that is there, all else replaces. */
void json_merge(struct json *, const struct json *patch);

/* Append the text; pretty: two blanks a level and a final line end. */
void json_print(const struct json *, bool pretty, struct buf *);

#endif
