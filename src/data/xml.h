/*
 * xml - read the small documents that services answer with (the only user of
 * expat).
 *
 * A document is read whole: elements, their text, nothing else. Attributes,
 * comments and processing instructions are passed over, and the part before
 * a colon of a name is dropped. A document type, and with it every entity
 * but the five of XML itself, is refused; so is one that is deeper than 32
 * elements or has more than a million.
 */
#ifndef DATA_XML_H
#define DATA_XML_H

#include <stddef.h>

#include "base/err.h"

struct pool;
struct xml;

/* The outermost element; all of it lives in the pool. `what` names the source
 * in errors, which have line and column and never the text itself. */
const struct xml *xml_parse(struct pool *, const char *, size_t,
    const char *what, struct err *) MUST_CHECK;

const char *xml_name(const struct xml *);
/* The first child of that name, or NULL; NULL in gives NULL out. */
const struct xml *xml_child(const struct xml *, const char *name);
/* The next of the same name beside it, or NULL. */
const struct xml *xml_next(const struct xml *);
/* The text of the first child of that name, or NULL; "" where it has none,
 * and its own children's is not in it. */
const char *xml_value(const struct xml *, const char *name);

#endif
