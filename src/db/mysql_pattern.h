/*
 * mysql_pattern - the names of databases in grants.
 *
 * On database level a name is a pattern: _ is one character, % any number,
 * \ takes the next character as it is. With partial_revokes (MySQL 8.0.16
 * and later) it is a plain name; the argument `literal` says so. On table
 * and routine level names are always plain. `fold`: case is ignored
 * (lower_case_table_names is not 0).
 */
#ifndef DB_MYSQL_PATTERN_H
#define DB_MYSQL_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct pool;

enum { PATTERN_MAX = 64 };	/* characters in the server's grant tables */

/* The pattern that names exactly this database. */
void pattern_escape(struct buf *, const char *db, bool literal);
bool pattern_is_live(const char *pattern, bool literal);
/* The one database that a pattern without live wildcards names. */
const char *pattern_name(struct pool *, const char *pattern, bool literal);
bool pattern_matches(const char *pattern, const char *db, bool literal,
    bool fold);
/* Characters, not bytes, of UTF-8. */
size_t pattern_length(const char *);

#endif
