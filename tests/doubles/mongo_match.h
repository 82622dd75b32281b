/*
 * mongo_match - which documents a filter picks, their order, and which of
 * their fields are given: the part of MongoDB's query language that dumps,
 * counts and probes use.
 *
 * Filters: equality (also of paths with dots, and of an array's elements),
 * $eq $ne $gt $gte $lt $lte $in $nin $exists, $and $or $nor.
 */
#ifndef DOUBLES_MONGO_MATCH_H
#define DOUBLES_MONGO_MATCH_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>

/* The first operator in the filter that we don't know, or NULL. */
const char *
filter_unknown(const bson_t *filter);

bool
filter_match(const bson_t *filter, const bson_t *doc);

/* Sort by {field: 1 or -1, ...}; a missing field counts as null. */
void
docs_sort(bson_t **docs, size_t n, const bson_t *spec);

/* A copy with the fields that {field: 1 or 0, ...} leaves; top level only. */
bson_t *
doc_project(const bson_t *doc, const bson_t *spec);

#endif
