/*
 * health - see health.h.
 */
#include "site/health.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"

enum { SAID_MAX = 160 };

static bool
has_heartbeat(const struct host *h)
{
	return text_same(h->kind, "lms") || text_same(h->kind, "cms")
	    || text_same(h->kind, "preview");
}

struct tls_question
health_question(const struct host *h, const char *address)
{
	return (struct tls_question){ .address = address, .host = h->name,
		.path = has_heartbeat(h) ? "/heartbeat"
		    : text_same(h->kind, "meilisearch") ? "/health" : "/" };
}

/* What stands between the visitor and the application, by its manner. */
static const char *
status_words(struct pool *p, const struct tls_facts *f)
{
	const char *cause = "";

	if (f->status == 404 && strstr(f->body, "default backend") != NULL)
		cause = ": the ingress does not know this host";
	else if (f->status == 400)
		cause = ": the application does not know this host";
	else if (f->status == 502 || f->status == 504)
		cause = ": the application behind the ingress does not "
		    "answer";
	else if (f->status == 503)
		cause = ": no pod is ready";
	return pool_printf(p, "HTTP %ld%s", f->status, cause);
}

/* One part of a heartbeat, "" if well. */
static const char *
part_words(struct pool *p, const struct json *j, const char *part)
{
	const struct json *one = json_get(j, part);
	bool ok = false;
	const char *said = json_str(one, "message");

	if (json_bool(one, "status", &ok) && ok)
		return "";
	if (one == NULL)
		return pool_printf(p, "%s: not in the heartbeat; ", part);
	return pool_printf(p, "%s: %.*s; ", part, SAID_MAX,
	    said != NULL ? said : "false");
}

/* {"modulestore": {"status": true}, "sql": {"status": true}} */
static bool
judge_heartbeat(struct pool *p, const struct tls_facts *f, const char **words)
{
	struct err ignored;
	struct json *j = json_parse(f->body, f->body_len, "heartbeat",
	    &ignored);
	const char *bad;

	if (json_str(j, "error") != NULL) {
		*words = pool_printf(p, "HTTP %ld, heartbeat: %.*s",
		    f->status, SAID_MAX, json_str(j, "error"));
		json_free(j);
		return false;
	}
	if (!json_is_object(j)) {
		*words = f->status == 200 ? pool_printf(p, "HTTP 200, but no "
		    "heartbeat (%zu bytes of %s)", f->body_len,
		    f->type[0] != '\0' ? f->type : "no type")
		    : status_words(p, f);
		json_free(j);
		return false;
	}
	bad = pool_printf(p, "%s%s", part_words(p, j, "modulestore"),
	    part_words(p, j, "sql"));
	json_free(j);
	*words = bad[0] == '\0' ? pool_printf(p, "HTTP %ld, both databases "
	    "answer", f->status) : pool_printf(p, "HTTP %ld, %.*s", f->status,
	    (int)strlen(bad) - 2, bad);
	return bad[0] == '\0' && f->status == 200;
}

/* The host that a Location leads to; "" if it stays on this one. */
static const char *
location_host(struct pool *p, const char *location)
{
	const char *s = strstr(location, "://");

	return s != NULL ? pool_strndup(p, s + 3, strcspn(s + 3, "/:?#"))
	    : "";
}

static bool
judge_page(struct pool *p, const struct hosts *hosts,
    const struct tls_facts *f, const char **words)
{
	if (f->status >= 300 && f->status < 400) {
		const char *to = location_host(p, f->location);

		*words = pool_printf(p, "HTTP %ld to %s", f->status,
		    f->location[0] != '\0' ? f->location : "nowhere");
		return f->location[0] != '\0'
		    && (to[0] == '\0' || hosts_has(hosts, to));
	}
	if (f->status != 200) {
		*words = status_words(p, f);
		return false;
	}
	*words = f->body_len > 0 ? "HTTP 200" : "HTTP 200 with an empty "
	    "body: a proxy answers so for a host it does not know";
	return f->body_len > 0;
}

/* {"status": "available"} */
static bool
judge_search(struct pool *p, const struct tls_facts *f, const char **words)
{
	struct err ignored;
	struct json *j = json_parse(f->body, f->body_len, "health",
	    &ignored);
	const char *status = json_str(j, "status");
	bool ok = f->status == 200 && text_same(status, "available");

	*words = status == NULL ? status_words(p, f) : pool_printf(p,
	    "HTTP %ld, %.*s", f->status, SAID_MAX, status);
	json_free(j);
	return ok;
}

bool
health_is_good(struct pool *p, const struct host *h,
    const struct hosts *hosts, const struct tls_facts *f, const char **words)
{
	if (f->stage != TLS_ANSWERED) {
		*words = f->why;
		return false;
	}
	if (has_heartbeat(h))
		return judge_heartbeat(p, f, words);
	if (text_same(h->kind, "meilisearch"))
		return judge_search(p, f, words);
	return judge_page(p, hosts, f, words);
}
