/*
 * openedx - a few lines of Python for Django's shell, and their answer.
 */
#include "api/openedx.h"

#include <string.h>

#include "api/kube.h"
#include "api/reply.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"

enum {
	SECONDS = 5 * 60,	/* importing the platform takes a minute */
	ANSWER_MAX = 16 * 1024 * 1024,
	PROGRAM_MAX = 16 * 1024,
	COMPLAINT_MAX = 64 * 1024,
};

/* Between two marks, as other things are printed too. No comprehensions:
 * older Django runs this where they see no names. */
static const char program[] =
    "import json\n"
    "from django.conf import settings as s\n"
    "found = {}\n"
    "for name in '%s'.split(','):\n"
    "    if hasattr(s, name):\n"
    "        found[name] = getattr(s, name)\n"
    "for store in s.MODULESTORE['default']['OPTIONS']['stores']:\n"
    "    of = {'DOC_STORE_CONFIG': store.get('DOC_STORE_CONFIG')}\n"
    "    if found.setdefault('%s', of) != of:\n"
    "        raise SystemExit('the module stores differ')\n"
    "print('%s' + json.dumps(found, default=str) + '%s')\n";

/* A running pod of this side that mounts the map; NULL: none, or an error. */
static const char *
find_pod(struct kube *k, struct pool *p, const char *side, const char *map,
    struct err *e)
{
	const struct json *all = kube_find_pods(k, pool_printf(p,
	    "app.kubernetes.io/name=%s", side), e);
	const char *volume = pool_printf(p, "settings-%s", side);

	if (all == NULL)
		return NULL;
	for (const struct json *one = json_first(all); one != NULL;
	    one = json_next(one))
		if (text_same(json_str(one, "status.phase"), "Running")
		    && json_is_null(one, "metadata.deletionTimestamp")
		    && text_same(kube_mounted_configmap(one, volume), map))
			return json_str(one, "metadata.name");
	err_set(e, ERR_HAND, "no running pod of %s mounts ConfigMap %s", side,
	    map);
	return NULL;
}

/* The last line of what was complained. Tracebacks end with the reason. */
static const char *
last_line(struct pool *p, struct buf *text)
{
	const char *line;

	while (text->len > 0 && text->data[text->len - 1] == '\n')
		text->data[--text->len] = '\0';
	line = strrchr(buf_str(text), '\n');
	return reply_line(p, line != NULL ? line + 1 : buf_str(text));
}

/* What stands between the two marks. */
static struct json *
read_answer(const struct buf *out, const char *mark, struct err *e)
{
	const char *from = strstr(buf_str(out), mark), *to;

	if (from != NULL)
		from += strlen(mark);
	to = from != NULL ? strstr(from, mark) : NULL;
	if (to != NULL)
		return json_parse(from, (size_t)(to - from),
		    "what manage.py shell printed", e);
	err_set(e, ERR_OTHER, "manage.py shell did not print the settings");
	return NULL;
}

static struct json *
ask(struct kube *k, struct pool *p, const char *pod, const char *side,
    const char *code, const char *mark, struct err *e)
{
	const char *const argv[] = { "./manage.py", side, "shell", "-c", code,
		NULL };
	struct buf out = buf_new(ANSWER_MAX), said = buf_new(COMPLAINT_MAX);
	const struct kube_command c = {
		.pod = pod, .container = side, .argv = argv,
		.deadline = clock_deadline(SECONDS), .out = &out,
		.err = &said,
	};
	struct json *j = NULL;
	long status;

	if (kube_exec(k, &c, &status, e)) {
		if (status == 0)
			j = read_answer(&out, mark, e);
		else
			err_set(e, ERR_HAND, "manage.py %s shell in pod %s"
			    " ended with %ld: %s", side, pod, status,
			    last_line(p, &said));
	}
	if (out.data != NULL)
		mem_wipe(out.data, out.len);
	buf_free(&out);
	buf_free(&said);
	return j;
}

struct json *
openedx_find_settings(struct kube *k, const char *side, const char *map,
    const char *names, const char *stores, struct err *e)
{
	struct pool *p = pool_new();
	struct buf mark = buf_new(64), code = buf_new(PROGRAM_MAX);
	const char *pod = find_pod(k, p, side, map, e);
	struct json *j = NULL;

	text_random_hex(&mark, 16);
	buf_printf(&code, program, names, stores, buf_str(&mark),
	    buf_str(&mark));
	if (pod != NULL && buf_check(&code, "the program", e))
		j = ask(k, p, pod, side, buf_str(&code), buf_str(&mark), e);
	if (j != NULL && !json_is_object(j)) {
		json_free(j);
		j = NULL;
		err_set(e, ERR_OTHER, "manage.py shell printed no settings");
	}
	buf_free(&mark);
	buf_free(&code);
	pool_free(p);
	return j;
}
