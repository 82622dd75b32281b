/*
 * faultproxy_rules - which requests are to fail and how, and their log.
 */
#include "faultproxy_rules.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

const char *const fault_names[FAULTS] = {
	[FAULT_NONE] = "none",
	[FAULT_REFUSE] = "refuse",
	[FAULT_RESET_ACCEPT] = "reset-accept",
	[FAULT_RESET_BEFORE] = "reset-before",
	[FAULT_RESET_AFTER] = "reset-after",
	[FAULT_DELAY] = "delay",
	[FAULT_CUT] = "cut",
	[FAULT_CUT_HEAD] = "cut-head",
	[FAULT_STATUS] = "status",
	[FAULT_HTML] = "html",
	[FAULT_GARBAGE] = "garbage",
	[FAULT_HANG] = "hang",
};

struct entry {
	char *method, *path;
	enum fault fault;
	int status;
	const char *error;
};

static struct {
	pthread_mutex_t lock;
	struct rule *rules;
	size_t n_rules;
	struct entry *log;
	size_t n_log;
	long first;		/* number of the log's first entry */
	int last_id;
} all = { .lock = PTHREAD_MUTEX_INITIALIZER, .first = 1 };

enum fault
fault_find(const char *name)
{
	for (int i = FAULT_NONE + 1; i < FAULTS; i++) {
		if (strcmp(fault_names[i], name) == 0)
			return (enum fault)i;
	}
	return FAULT_NONE;
}

void
rules_drop(void)
{
	(void)pthread_mutex_lock(&all.lock);
	all.n_rules = 0;
	(void)pthread_mutex_unlock(&all.lock);
}

/* A request under way has a number that is then too old to be logged. */
void
rules_clear(void)
{
	(void)pthread_mutex_lock(&all.lock);
	all.n_rules = 0;
	for (size_t i = 0; i < all.n_log; i++) {
		free(all.log[i].method);
		free(all.log[i].path);
	}
	all.first += (long)all.n_log;
	all.n_log = 0;
	(void)pthread_mutex_unlock(&all.lock);
}

static void *
grow(void *v, size_t n, size_t size)
{
	void *p = realloc(v, (n + 1) * size);

	if (p == NULL)
		abort();
	return p;
}

int
rules_add(const struct rule *r)
{
	int id;

	(void)pthread_mutex_lock(&all.lock);
	all.rules = grow(all.rules, all.n_rules, sizeof(*all.rules));
	all.rules[all.n_rules] = *r;
	id = all.rules[all.n_rules].id = ++all.last_id;
	all.n_rules++;
	(void)pthread_mutex_unlock(&all.lock);
	return id;
}

bool
rules_have(enum fault f)
{
	bool have = false;

	(void)pthread_mutex_lock(&all.lock);
	for (size_t i = 0; i < all.n_rules; i++)
		have |= all.rules[i].fault == f;
	(void)pthread_mutex_unlock(&all.lock);
	return have;
}

static bool
for_connections(enum fault f)
{
	return f == FAULT_REFUSE || f == FAULT_RESET_ACCEPT;
}

/* Count a match; whether it is one of those to be hit. */
static bool
is_hit(struct rule *r)
{
	r->seen++;
	return r->seen >= r->nth
	    && (r->times == 0 || r->seen < r->nth + r->times);
}

/* Every rule counts what it matches; the first that hits acts. */
static void
match(const char *method, const char *path, struct rule *out)
{
	for (size_t i = 0; i < all.n_rules; i++) {
		struct rule *r = &all.rules[i];

		if (for_connections(r->fault)
		    || (r->method[0] != '\0'
		    && strcasecmp(r->method, method) != 0)
		    || (r->path[0] != '\0' && strstr(path, r->path) == NULL))
			continue;
		if (is_hit(r) && out->fault == FAULT_NONE)
			*out = *r;
	}
}

long
rules_request(const char *method, const char *path, struct rule *out)
{
	struct entry *e;
	long number;

	*out = (struct rule){ 0 };
	(void)pthread_mutex_lock(&all.lock);
	match(method, path, out);
	all.log = grow(all.log, all.n_log, sizeof(*all.log));
	e = &all.log[all.n_log];
	*e = (struct entry){ .method = strdup(method), .path = strdup(path),
	    .fault = out->fault };
	if (e->method == NULL || e->path == NULL)
		abort();
	number = all.first + (long)all.n_log++;
	(void)pthread_mutex_unlock(&all.lock);
	return number;
}

bool
rules_reset_accept(void)
{
	bool hit = false;

	(void)pthread_mutex_lock(&all.lock);
	for (size_t i = 0; i < all.n_rules; i++) {
		if (all.rules[i].fault == FAULT_RESET_ACCEPT)
			hit |= is_hit(&all.rules[i]);
	}
	(void)pthread_mutex_unlock(&all.lock);
	return hit;
}

void
rules_outcome(long number, int status, const char *error)
{
	(void)pthread_mutex_lock(&all.lock);
	if (number >= all.first && number < all.first + (long)all.n_log) {
		struct entry *e = &all.log[number - all.first];

		e->status = status;
		e->error = error;
	}
	(void)pthread_mutex_unlock(&all.lock);
}

static char *
print(cJSON *doc)
{
	char *text = cJSON_PrintUnformatted(doc);

	if (text == NULL)
		abort();
	cJSON_Delete(doc);
	return text;
}

char *
rules_log_json(void)
{
	cJSON *doc = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(doc, "requests");

	(void)pthread_mutex_lock(&all.lock);
	for (size_t i = 0; i < all.n_log; i++) {
		const struct entry *e = &all.log[i];
		cJSON *row = cJSON_CreateObject();

		/* Numbers start at 1 after each clearing. */
		cJSON_AddNumberToObject(row, "n", (double)(i + 1));
		cJSON_AddStringToObject(row, "method", e->method);
		cJSON_AddStringToObject(row, "path", e->path);
		if (e->fault != FAULT_NONE)
			cJSON_AddStringToObject(row, "fault",
			    fault_names[e->fault]);
		if (e->status != 0)
			cJSON_AddNumberToObject(row, "status", e->status);
		if (e->error != NULL)
			cJSON_AddStringToObject(row, "error", e->error);
		cJSON_AddItemToArray(list, row);
	}
	(void)pthread_mutex_unlock(&all.lock);
	return print(doc);
}

char *
rules_json(void)
{
	cJSON *doc = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(doc, "faults");

	(void)pthread_mutex_lock(&all.lock);
	for (size_t i = 0; i < all.n_rules; i++) {
		const struct rule *r = &all.rules[i];
		cJSON *row = cJSON_CreateObject();

		cJSON_AddNumberToObject(row, "id", r->id);
		cJSON_AddStringToObject(row, "fault",
		    fault_names[r->fault]);
		cJSON_AddStringToObject(row, "method", r->method);
		cJSON_AddStringToObject(row, "path", r->path);
		cJSON_AddNumberToObject(row, "nth", (double)r->nth);
		cJSON_AddNumberToObject(row, "times", (double)r->times);
		cJSON_AddNumberToObject(row, "seen", (double)r->seen);
		cJSON_AddItemToArray(list, row);
	}
	(void)pthread_mutex_unlock(&all.lock);
	return print(doc);
}
