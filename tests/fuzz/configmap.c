/*
 * Fuzz what a cluster answers: lists and objects as api/kube reads them,
 * what Deployments and Pods say of themselves, and a ConfigMap's files on
 * their way into data/yaml and data/pysettings.
 *
 * The input is a series of answers with a NUL between them; each begins with
 * a byte that chooses its status. No server is asked.
 */
#include <stdbool.h>
#include <string.h>

#include "api/kube.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/pysettings.h"
#include "data/yaml.h"
#include "net/http.h"
#include "tests/fuzz/fuzz.h"

static const char *left;	/* of the input */
static size_t left_len;

/* ---- in place of net/http ---- */

struct http *
http_open(const char *ca_file, const char *dns_servers, struct err *e)
{
	(void)ca_file, (void)dns_servers, (void)e;
	return mem_alloc(1);
}

void
http_close(struct http *h)
{
	mem_free(h);
}

bool
http_unsent(const struct http *h)
{
	return h == NULL;
}

long
http_rate_limited(const struct http_reply *r)
{
	return r->status == 429;
}

bool
http_send(struct http *h, struct pool *p, const struct http_request *rq,
    struct http_reply *r, struct err *e)
{
	static const long statuses[] = { 200, 201, 401, 403, 404, 410, 429,
	    500 };
	const char *end = left_len > 0 ? memchr(left, '\0', left_len) : NULL;
	size_t n = end != NULL ? (size_t)(end - left) : left_len;

	(void)h;
	fuzz_holds(text_starts(rq->url, "https://kube.example.test/"), "%s",
	    rq->url);
	if (left_len == 0)
		return err_set(e, ERR_NETWORK, "no more answers");
	*r = (struct http_reply){ .status = n == 0 ? 502
	    : statuses[(unsigned char)left[0] % 8], .type = "",
	    .address = "", .attempts = 1,
	    .body = pool_strndup(p, left + (n > 0), n - (n > 0)),
	    .body_len = n - (n > 0) };
	left += n + (end != NULL);
	left_len -= n + (end != NULL);
	return true;
}

/* ---- what is done with answers ---- */

static void
read_settings(const char *env, const char *code)
{
	struct err e = { 0 };
	struct yaml *y = yaml_parse(env, strlen(env), "lms.env.yml", &e);
	struct pysettings *ps = pysettings_new();

	if (y != NULL && pysettings_add_yaml(ps, y, &e) && code != NULL
	    && !pysettings_add_python(ps, code, strlen(code),
	    "production.py", &e))
		fuzz_holds(text_starts(e.text, "production.py:"), "%s",
		    e.text);
	(void)pysettings_find(ps, "DATABASES.default.HOST");
	pysettings_free(ps);
	yaml_close(y);
}

static void
read_object(const struct json *o)
{
	const char *env = kube_data(o, "lms.env.yml");
	struct buf said = buf_new(2000), text = buf_new(1 << 20);
	struct err e = { 0 };
	struct json *again;
	bool ready = kube_is_ready(o, &said);

	fuzz_holds(ready == (said.len == 0), "%s", buf_str(&said));
	buf_clear(&said);
	fuzz_holds(kube_say_waiting(o, &said) == (said.len > 0), "%s",
	    buf_str(&said));
	(void)kube_mounted_configmap(o, "config");
	(void)kube_env(o, "forum", "MONGODB_DATABASE");
	(void)kube_env(o, "", "DB_MIGRATION_HOST");
	if (env != NULL)
		read_settings(env, kube_data(o, "production.py"));
	json_print(o, false, &text);
	again = json_parse(buf_str(&text), text.len, "again", &e);
	fuzz_holds(again != NULL, "%s", e.text);
	json_free(again);
	buf_free(&said);
	buf_free(&text);
}

static void
check_error(const struct err *e)
{
	fuzz_holds(e->text[0] != '\0' && text_is_utf8(e->text,
	    strlen(e->text)), "%s", e->text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kube_open o = { .server = "https://kube.example.test",
	    .token = "a-token", .space = "acme" };
	struct err e = { 0 };
	struct kube *k = kube_open(&o, &e);
	const struct json *one;

	fuzz_holds(k != NULL, "%s", e.text);
	left = (const char *)data;
	left_len = size;
	while (left_len > 0) {
		one = kube_find_configmap(k, "openedx-config", &e);
		if (one != NULL)
			read_object(one);
		else
			check_error(&e);
		one = kube_find_pods(k, "app.kubernetes.io/name=lms", &e);
		for (const struct json *i = json_first(one); i != NULL;
		    i = json_next(i))
			read_object(i);
		if (one == NULL)
			check_error(&e);
	}
	kube_close(k);
	return 0;
}
