/*
 * The Route 53 double's documents: a tree of elements out of expat.
 */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <expat.h>

#include "route53_in.h"
#include "world_json.h"
#include "world_text.h"

enum { DEEPEST = 16 };

struct reader {
	cJSON *at[DEEPEST];	/* the open elements */
	struct text text[DEEPEST];
	int depth;
	cJSON *root;
	bool wrong;
};

static void
on_start(void *arg, const char *name, const char **attributes)
{
	struct reader *r = arg;
	cJSON *o;

	if (r->depth == DEEPEST || (attributes[0] != NULL
	    && (r->depth > 0 || strcmp(attributes[0], "xmlns") != 0
	    || strcmp(attributes[1], "https://route53.amazonaws.com/doc/"
	    "2013-04-01/") != 0))) {
		r->wrong = true;
		return;
	}
	o = cJSON_CreateObject();
	json_puts(o, "name", name);
	json_put(o, "children", cJSON_CreateArray());
	if (r->depth == 0 && r->root == NULL)
		r->root = o;
	else
		cJSON_AddItemToArray(cJSON_GetObjectItem(
		    r->at[r->depth - 1], "children"), o);
	r->at[r->depth] = o;
	text_free(&r->text[r->depth++]);
}

static void
on_end(void *arg, const char *name)
{
	struct reader *r = arg;

	(void)name;
	if (r->wrong || r->depth == 0)
		return;
	r->depth--;
	json_puts(r->at[r->depth], "text", text_str(&r->text[r->depth]));
}

static void
on_text(void *arg, const char *s, int n)
{
	struct reader *r = arg;

	if (!r->wrong && r->depth > 0)
		text_bytes(&r->text[r->depth - 1], s, (size_t)n);
}

cJSON *
route53_parse(const char *s, size_t n)
{
	struct reader r = { .depth = 0 };
	XML_Parser p = XML_ParserCreate(NULL);

	XML_SetUserData(p, &r);
	XML_SetElementHandler(p, on_start, on_end);
	XML_SetCharacterDataHandler(p, on_text);
	if (XML_Parse(p, s, (int)n, XML_TRUE) != XML_STATUS_OK || r.wrong) {
		cJSON_Delete(r.root);
		r.root = NULL;
	}
	XML_ParserFree(p);
	for (int i = 0; i < DEEPEST; i++)
		text_free(&r.text[i]);
	return r.root;
}

const cJSON *
route53_child(const cJSON *o, const char *name)
{
	const cJSON *v;

	cJSON_ArrayForEach(v, cJSON_GetObjectItem(o, "children"))
		if (strcmp(json_str(v, "name"), name) == 0)
			return v;
	return NULL;
}

const char *
route53_value(const cJSON *o, const char *name)
{
	const cJSON *v = route53_child(o, name);

	return v != NULL ? json_str(v, "text") : NULL;
}

void
route53_escape(struct text *t, const char *s)
{
	for (; *s != '\0'; s++)
		if (*s == '&')
			text_add(t, "&amp;");
		else if (*s == '<')
			text_add(t, "&lt;");
		else if (*s == '>')
			text_add(t, "&gt;");
		else
			text_bytes(t, s, 1);
}
