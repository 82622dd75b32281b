/*
 * workers - see workers.h.
 */
#include "site/workers.h"

#include <stddef.h>
#include <string.h>

#include "api/kube.h"
#include "base/text.h"
#include "data/json.h"

enum { UWSGI_DEFAULT = 2, MANY = 10000 };

static long
number_or(const char *text, long otherwise)
{
	struct err unseen;
	long n;

	return text != NULL && text_number(text, 1, MANY, &n, &unseen) ? n :
	    otherwise;
}

/* Of "10,3" the 10. */
static long
number_before_comma(const char *text, long otherwise)
{
	size_t n = strcspn(text, ",");
	char first[8] = "";

	if (n < sizeof(first))
		memcpy(first, text, n);
	return number_or(first, otherwise);
}

/* "--concurrency=4", "--concurrency", "-c" with a word behind, and
 * "--autoscale=10,3": what Celery's words say; 0: nothing. */
static long
said(const struct json *words)
{
	const struct json *w = json_first(words);
	long n = 0;

	for (; w != NULL; w = json_next(w)) {
		const char *text = json_str(w, ""), *value;
		const char *next = json_str(json_next(w), "");

		if (text == NULL)
			continue;
		value = strchr(text, '=');
		value = value != NULL ? value + 1 : next;
		if (value != NULL && (text_same(text, "-c")
		    || text_starts(text, "--concurrency")
		    || text_starts(text, "--autoscale")))
			n = number_before_comma(value, n);
	}
	return n;
}

static long
celery_processes(const struct json *deployment, long cpus)
{
	const struct json *c = json_at(deployment,
	    "spec.template.spec.containers[0]");
	long n = said(json_get(c, "args"));

	if (n == 0)
		n = said(json_get(c, "command"));
	return n > 0 ? n : cpus;
}

bool
workers_count(struct kube *k, long cpus, long *n, struct err *e)
{
	static const struct {
		const char *name;
		bool celery;
	} parts[] = {
		{ "lms", false }, { "cms", false },
		{ "lms-worker", true }, { "cms-worker", true },
	};

	*n = 0;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		struct err why = { 0 };
		const struct json *d = kube_find_deployment(k, parts[i].name,
		    &why);
		double replicas = 1;

		if (d == NULL && why.kind != ERR_NOT_FOUND) {
			*e = why;
			return false;
		}
		if (d == NULL)
			continue;
		(void)json_num(d, "spec.replicas", &replicas);
		*n += (long)replicas * (parts[i].celery ?
		    celery_processes(d, cpus) :
		    number_or(kube_env(d, parts[i].name, "UWSGI_WORKERS"),
		    UWSGI_DEFAULT));
	}
	return true;
}
