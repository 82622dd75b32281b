/*
 * xml - a tree of elements out of expat's events.
 */
#include "data/xml.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <expat.h>

#include "base/mem.h"

enum {
	DEPTH_MAX = 32,		/* S3 needs 5, EC2 8 */
	ELEMENTS_MAX = 1000 * 1000,	/* a listing of 1,000 has 8,000 */
};

struct xml {
	const char *name, *text;
	struct xml *first, *last, *next;
};

struct reader {
	struct pool *p;
	XML_Parser parser;
	struct xml *open[DEPTH_MAX];	/* from the outermost to this one */
	struct buf text[DEPTH_MAX];	/* of each of those so far */
	size_t depth, elements;
	struct xml *root;
	const char *refused;	/* what expat would have taken */
};

static void
refuse(struct reader *r, const char *why)
{
	if (r->refused == NULL)
		r->refused = why;
	XML_StopParser(r->parser, XML_FALSE);
}

static const char *
local_name(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon != NULL ? colon + 1 : name;
}

static void XMLCALL
on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct reader *r = arg;
	struct xml *x, *parent;

	(void)attributes;
	if (r->refused != NULL)
		return;
	if (r->depth == DEPTH_MAX) {
		refuse(r, "too many elements in one another");
		return;
	}
	if (++r->elements > ELEMENTS_MAX) {
		refuse(r, "too many elements");
		return;
	}
	x = pool_alloc(r->p, sizeof(*x));
	x->name = pool_strdup(r->p, local_name(name));
	parent = r->depth > 0 ? r->open[r->depth - 1] : NULL;
	if (parent == NULL)
		r->root = x;
	else if (parent->last == NULL)
		parent->first = x;
	else
		parent->last->next = x;
	if (parent != NULL)
		parent->last = x;
	buf_clear(&r->text[r->depth]);
	r->open[r->depth++] = x;
}

static void XMLCALL
on_end(void *arg, const XML_Char *name)
{
	struct reader *r = arg;

	(void)name;
	if (r->refused != NULL)
		return;
	r->depth--;
	r->open[r->depth]->text = pool_strdup(r->p,
	    buf_str(&r->text[r->depth]));
}

static void XMLCALL
on_text(void *arg, const XML_Char *text, int n)
{
	struct reader *r = arg;

	if (r->refused == NULL && r->depth > 0)
		buf_add(&r->text[r->depth - 1], text, (size_t)n);
}

static void XMLCALL
on_doctype(void *arg, const XML_Char *name, const XML_Char *system,
    const XML_Char *public, int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	refuse(arg, "it has a document type, which no service sends");
}

static bool
tell(const struct reader *r, const char *what, struct err *e)
{
	const char *why = r->refused;

	if (why == NULL)
		why = XML_ErrorString(XML_GetErrorCode(r->parser));
	return err_set(e, ERR_OTHER, "%s: line %lu, column %lu: %s", what,
	    (unsigned long)XML_GetCurrentLineNumber(r->parser),
	    (unsigned long)XML_GetCurrentColumnNumber(r->parser) + 1, why);
}

const struct xml *
xml_parse(struct pool *p, const char *text, size_t n, const char *what,
    struct err *e)
{
	struct reader r = { .p = p, .parser = XML_ParserCreate(NULL) };
	bool ok;

	if (r.parser == NULL)
		abort();
	if (n > INT_MAX) {
		XML_ParserFree(r.parser);
		err_set(e, ERR_OTHER, "%s: too large", what);
		return NULL;
	}
	for (size_t i = 0; i < DEPTH_MAX; i++)
		r.text[i] = buf_new(n);
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, on_start, on_end);
	XML_SetCharacterDataHandler(r.parser, on_text);
	XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
	ok = XML_Parse(r.parser, text, (int)n, XML_TRUE) == XML_STATUS_OK;
	if (!ok)
		tell(&r, what, e);
	for (size_t i = 0; i < DEPTH_MAX; i++)
		buf_free(&r.text[i]);
	XML_ParserFree(r.parser);
	return ok ? r.root : NULL;
}

const char *
xml_name(const struct xml *x)
{
	return x->name;
}

/* The first of this name from here on. */
static const struct xml *
find(const struct xml *x, const char *name)
{
	while (x != NULL && strcmp(x->name, name) != 0)
		x = x->next;
	return x;
}

const struct xml *
xml_child(const struct xml *x, const char *name)
{
	return x != NULL ? find(x->first, name) : NULL;
}

const struct xml *
xml_next(const struct xml *x)
{
	return find(x->next, x->name);
}

const char *
xml_value(const struct xml *x, const char *name)
{
	const struct xml *child = xml_child(x, name);

	return child != NULL ? child->text : NULL;
}
