/*
 * text - numbers, names and encodings, with the strictness of a gate.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf;
struct pool;

bool text_starts(const char *, const char *prefix);
bool text_ends(const char *, const char *suffix);
bool text_same(const char *, const char *);	/* NULL equals NULL only */
bool text_same_fold(const char *, const char *);	/* ASCII case folded */
bool text_empty(const char *);			/* NULL or "" */

/* Decimal, the whole string, within [min, max]. ERR_INPUT names the range. */
bool text_number(const char *, long min, long max, long *, struct err *)
    MUST_CHECK;

/*
 * Checks for values from people. ERR_INPUT says what would be right.
 * name: an instance's name, ^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$ (it becomes a
 * path, a host label and a namespace). host: a DNS name, letters, digits,
 * hyphens and dots, labels of 1 to 63, 253 in all. ip: an IPv4 or IPv6
 * address. machine: host or ip. ips: a list of ip, as for text_split, not
 * empty. servers: the same, each with a port (192.0.2.1:53,
 * [2001:db8::1]:53) or without. https: a URL that begins with https:// and
 * has no user or blank. url: the same, http:// allowed too. path: relative,
 * without "..". repository: owner/name. sha: 40 hexadecimal digits. branch:
 * what git check-ref-format takes.
 */
bool text_check_name(const char *, struct err *);
bool text_check_host(const char *, struct err *);
bool text_check_ip(const char *, struct err *);
bool text_check_machine(const char *, struct err *);
bool text_check_ips(const char *, struct err *);
bool text_check_servers(const char *, struct err *);
bool text_check_https(const char *, struct err *);
bool text_check_url(const char *, struct err *);
bool text_check_path(const char *, struct err *);
bool text_check_repository(const char *, struct err *);
bool text_check_sha(const char *, struct err *);
bool text_check_branch(const char *, struct err *);

/*
 * The parts of a list written with commas, blanks or line ends, none empty;
 * in the pool, NULL at the end. *n may be NULL.
 */
const char **text_split(struct pool *, const char *, size_t *n);

/* RFC 3986: all but A-Z a-z 0-9 - . _ ~ becomes %XX. */
void text_percent(struct buf *, const char *);
/* Back again. false: a % without two digits behind it. */
bool text_unpercent(struct buf *, const char *) MUST_CHECK;
/* RFC 4648 with padding. Decoding: ERR_OTHER on a wrong character. */
void text_base64(struct buf *, const void *, size_t);
bool text_unbase64(const char *, struct buf *, struct err *) MUST_CHECK;
/* Lower-case hexadecimal. */
void text_hex(struct buf *, const void *, size_t);
/* n random bytes in that form. No entropy: the program ends. */
void text_random_hex(struct buf *, size_t n);

/* true if the bytes are well-formed UTF-8 without NUL. */
bool text_is_utf8(const char *, size_t);

/* For Markdown tables: |, <, backquotes and line ends made harmless. */
void text_markdown(struct buf *, const char *);

#endif
