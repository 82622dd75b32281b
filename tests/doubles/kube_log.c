/*
 * What the Pods of the Kubernetes doubles say: our own lines, in the forms
 * in which Open edX, Celery and Caddy log.
 */
#include "kube.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "world_http.h"
#include "world_json.h"
#include "world_set.h"
#include "world_text.h"

enum { LINES = 40, SECONDS_APART = 30 };

static void
say_django(struct text *t, const char *when, int i)
{
	text_add(t, "%.10s %.8s,%03d INFO 1 [tracking] [user None] "
	    "[ip 10.244.0.7] logger.py:41 - request %d served", when,
	    when + 11, i * 7 % 1000, i);
}

static void
say_celery(struct text *t, const char *when, int i)
{
	text_add(t, "[%.10s %.8s,%03d: INFO/MainProcess] Task "
	    "sandbox.tasks.tidy[%08x] succeeded in 0.0%ds: None", when,
	    when + 11, i * 7 % 1000, (unsigned int)i * 2654435761u, i % 9);
}

static void
say_caddy(struct text *t, double at, int i)
{
	text_add(t, "{\"level\":\"info\",\"ts\":%.3f,\"logger\":"
	    "\"http.log.access\",\"msg\":\"handled request\",\"status\":200,"
	    "\"size\":%d}", at, 512 + i);
}

static void
say_error(struct text *t, const char *when)
{
	text_add(t, "%.10s %.8s,113 ERROR 1 [django.request] [user None] "
	    "[ip 10.244.0.7] log.py:241 - Internal Server Error: /courses",
	    when, when + 11);
}

static void
say(struct text *t, const char *container, double at, int i, bool error)
{
	char *when = time_rfc3339(at);

	if (error)
		say_error(t, when);
	else if (strcmp(container, "caddy") == 0
	    || strcmp(container, "mfe") == 0)
		say_caddy(t, at, i);
	else if (strstr(container, "worker") != NULL)
		say_celery(t, when, i);
	else
		say_django(t, when, i);
	free(when);
}

char *
kube_log(const struct request *r, const cJSON *pod, const char *container)
{
	const char *since = query(r, "sinceSeconds");
	const char *tail = query(r, "tailLines");
	const char *limit = query(r, "limitBytes");
	const char *stamps = query(r, "timestamps");
	double age = since != NULL ? strtod(since, NULL) : 1e9;
	int lines = tail != NULL ? (int)strtol(tail, NULL, 10) : LINES;
	int errors = (int)knob_num("logs.errors");
	struct text t = { 0 };

	(void)pod;
	text_bytes(&t, "", 0);
	for (int i = LINES > lines ? LINES - lines : 0; i < LINES; i++) {
		double ago = (double)(LINES - 1 - i) * SECONDS_APART;

		if (ago > age)
			continue;
		if (stamps != NULL && strcmp(stamps, "true") == 0) {
			char *when = time_rfc3339(now() - ago);

			text_add(&t, "%.19s.000000000Z ", when);
			free(when);
		}
		say(&t, container, now() - ago, i, i >= LINES - errors);
		text_bytes(&t, "\n", 1);
	}
	if (limit != NULL && strtoul(limit, NULL, 10) < t.len)
		t.s[strtoul(limit, NULL, 10)] = '\0';
	return t.s;
}
