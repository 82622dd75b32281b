/*
 * route53_in - what the files of the Route 53 double share.
 *
 * route53.c       every request, zones, lists, the status of changes
 * route53_batch.c a batch of changes, and what is wrong with it
 * route53_sign.c  is the request signed by the key?
 * route53_xml.c   documents in
 */
#ifndef ROUTE53_IN_H
#define ROUTE53_IN_H

#include <stdbool.h>
#include <stddef.h>

#include "world_http.h"

struct cJSON;
struct text;

/* A document as a tree of {"name", "text", "children"}; NULL: it is none. */
struct cJSON *route53_parse(const char *, size_t);
/* The first child of that name, or NULL; and its text, or NULL. */
const struct cJSON *route53_child(const struct cJSON *, const char *name);
const char *route53_value(const struct cJSON *, const char *name);
/* Text between tags. */
void route53_escape(struct text *, const char *);

/* The code of what is wrong with the signature; NULL: nothing. */
const char *route53_unsigned(const struct request *);

/* Lower case, with a final dot, escapes undone; to be freed. */
char *route53_name(const char *);

/* Change the list as the document says, all or nothing. Else *code and
 * *message, to be freed, say what is wrong. */
bool route53_change(struct cJSON **list, const struct cJSON *doc,
    const char **code, char **message);

#endif
