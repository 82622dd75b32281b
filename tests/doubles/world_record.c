/*
 * The record of requests and replies.
 */
#include "world_record.h"

#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "world_http.h"
#include "world_json.h"

static cJSON *
body_of(const char *s)
{
	cJSON *o;

	if (s == NULL || s[0] == '\0')
		return cJSON_CreateNull();
	o = cJSON_Parse(s);
	return o != NULL ? o : cJSON_CreateString(s);
}

/* Members of these names, however deep, lose their text. */
static void
blank(cJSON *o, const char *names)
{
	cJSON *member;

	cJSON_ArrayForEach(member, o) {
		if (cJSON_IsString(member) && member->string != NULL
		    && word_in(member->string, names))
			(void)cJSON_SetValuestring(member, "");
		blank(member, names);
	}
}

void
record(const char *file, const struct request *r, const struct reply *p,
    const char *leave_out)
{
	FILE *f = fopen(file, "ae");
	cJSON *o = cJSON_CreateObject(), *reply = body_of(p->body);
	char *line;

	if (leave_out != NULL)
		blank(reply, leave_out);
	json_puts(o, "method", r->method);
	json_puts(o, "path", r->path);
	json_put(o, "query", cJSON_Duplicate(r->query, true));
	json_put(o, "headers", cJSON_Duplicate(r->headers, true));
	if (header(r, "authorization") != NULL)
		json_puts(o, "headers/authorization", "(left out)");
	json_put(o, "body", body_of(r->body));
	json_putn(o, "status", p->status);
	json_put(o, "reply_headers", cJSON_Duplicate(p->headers, true));
	if (p->type != NULL)
		json_puts(o, "reply_headers/Content-Type", p->type);
	json_put(o, "reply", reply);
	line = json_text(o);
	if (f != NULL) {
		(void)fprintf(f, "%s\n", line);
		(void)fclose(f);
	}
	free(line);
	cJSON_Delete(o);
}
