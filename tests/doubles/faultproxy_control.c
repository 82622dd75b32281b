/*
 * faultproxy_control - the port through which faults are switched.
 */
#include "faultproxy_control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <microhttpd.h>

#include "faultproxy_io.h"
#include "faultproxy_rules.h"

enum { DEFAULT_DELAY_MS = 1000 };

static void (*apply_rules)(void);

static enum MHD_Result
answer(struct MHD_Connection *conn, unsigned int status, const char *text)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
	    strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result ok;

	if (r == NULL)
		return MHD_NO;
	(void)MHD_add_response_header(r, "Content-Type",
	    "application/json");
	ok = MHD_queue_response(conn, status, r);
	MHD_destroy_response(r);
	return ok;
}

static enum MHD_Result
answer_owned(struct MHD_Connection *conn, char *text)
{
	enum MHD_Result ok = answer(conn, MHD_HTTP_OK, text);

	free(text);
	return ok;
}

static bool
read_text(const cJSON *v, char *out, size_t max)
{
	if (!cJSON_IsString(v) || strlen(v->valuestring) >= max)
		return false;
	memcpy(out, v->valuestring, strlen(v->valuestring) + 1);
	return true;
}

static bool
read_number(const cJSON *v, double min, double max, long *out)
{
	if (!cJSON_IsNumber(v) || v->valuedouble < min
	    || v->valuedouble > max)
		return false;
	*out = (long)v->valuedouble;
	return true;
}

/* One member of the document; false when it is unknown or wrong. */
static bool
read_member(const cJSON *v, struct rule *r)
{
	const char *key = v->string;
	long n = 0;

	if (strcmp(key, "fault") == 0) {
		char name[32];

		if (!read_text(v, name, sizeof(name)))
			return false;
		r->fault = fault_find(name);
		return r->fault != FAULT_NONE;
	}
	if (strcmp(key, "method") == 0)
		return read_text(v, r->method, sizeof(r->method));
	if (strcmp(key, "path") == 0)
		return read_text(v, r->path, sizeof(r->path));
	if (strcmp(key, "nth") == 0)
		return read_number(v, 1, 1e9, &r->nth);
	if (strcmp(key, "times") == 0)
		return read_number(v, 1, 1e9, &r->times);
	if (strcmp(key, "ms") == 0)
		return read_number(v, 0, 1e7, &r->ms);
	if (strcmp(key, "bytes") == 0)
		return read_number(v, 0, 1e9, &r->bytes);
	if (strcmp(key, "retry_after") == 0)
		return read_number(v, 0, 1e6, &r->retry_after);
	if (strcmp(key, "status") == 0) {
		bool ok = read_number(v, 200, 599, &n);

		r->status = (int)n;
		return ok;
	}
	if (strcmp(key, "always") == 0 && cJSON_IsTrue(v)) {
		r->times = 0;
		return true;
	}
	if (strcmp(key, "processed") == 0 && cJSON_IsBool(v)) {
		r->processed = cJSON_IsTrue(v);
		return true;
	}
	return false;
}

/* Once, the first time, unless it says otherwise. */
static enum MHD_Result
add_fault(struct MHD_Connection *conn, const struct bytes *body)
{
	struct rule r = { .nth = 1, .times = 1, .ms = DEFAULT_DELAY_MS,
	    .retry_after = -1 };
	cJSON *doc = cJSON_ParseWithLength(body->p != NULL ? body->p : "",
	    body->n);
	bool ok = cJSON_IsObject(doc);
	const cJSON *v;
	char text[64];

	cJSON_ArrayForEach(v, doc)
		ok = ok && read_member(v, &r);
	cJSON_Delete(doc);
	if (!ok || r.fault == FAULT_NONE)
		return answer(conn, MHD_HTTP_BAD_REQUEST,
		    "{\"error\":\"want fault (refuse reset-accept "
		    "reset-before reset-after delay cut cut-head status "
		    "html garbage hang), and of method path nth times "
		    "always ms bytes status retry_after processed\"}\n");
	(void)snprintf(text, sizeof(text), "{\"id\":%d}\n", rules_add(&r));
	apply_rules();
	return answer(conn, MHD_HTTP_OK, text);
}

static enum MHD_Result
carry_out(struct MHD_Connection *conn, const char *method, const char *url,
    const struct bytes *body)
{
	bool post = strcmp(method, "POST") == 0;
	bool get = strcmp(method, "GET") == 0;
	bool fault = strcmp(url, "/fault") == 0;

	if (post && fault)
		return add_fault(conn, body);
	if (get && fault)
		return answer_owned(conn, rules_json());
	if (get && strcmp(url, "/log") == 0)
		return answer_owned(conn, rules_log_json());
	if (post && strcmp(url, "/clear") == 0)
		rules_clear();
	else if (strcmp(method, "DELETE") == 0 && fault)
		rules_drop();
	else
		return answer(conn, MHD_HTTP_NOT_FOUND, "{}\n");
	apply_rules();
	return answer(conn, MHD_HTTP_OK, "{}\n");
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *conn, const char *url,
    const char *method, const char *http, const char *data, size_t *n,
    void **state)
{
	struct bytes *body = *state;

	(void)arg;
	(void)http;
	if (body == NULL) {
		*state = calloc(1, sizeof(*body));
		return *state != NULL ? MHD_YES : MHD_NO;
	}
	if (*n > 0) {
		(void)bytes_add(body, data, *n);
		*n = 0;
		return MHD_YES;
	}
	return carry_out(conn, method, url, body);
}

static void
on_end(void *arg, struct MHD_Connection *conn, void **state,
    enum MHD_RequestTerminationCode why)
{
	(void)arg;
	(void)conn;
	(void)why;
	if (*state != NULL)
		bytes_free(*state);
	free(*state);
}

bool
control_start(const struct sockaddr_in *at, void (*apply)(void))
{
	apply_rules = apply;
	return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD,
	    ntohs(at->sin_port), NULL, NULL, on_request, NULL,
	    MHD_OPTION_SOCK_ADDR, at,
	    MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U,
	    MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL,
	    MHD_OPTION_END) != NULL;
}
