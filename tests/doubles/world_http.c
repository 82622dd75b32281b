/*
 * The HTTP side of the world double: libmicrohttpd, TLS, routing, the lock.
 */
#include "world_http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>

#include "world_json.h"
#include "world_text.h"

enum {
	SERVICES_MAX = 12,
	SEGMENTS_MAX = 24,
	BODY_MAX = 8 * 1024 * 1024,
	/* A test may think long between two requests of one connection. */
	IDLE_SECONDS = 120
};

static pthread_mutex_t big_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t nobody = PTHREAD_COND_INITIALIZER;
static struct MHD_Daemon *daemons[SERVICES_MAX];
static size_t ndaemons;
static bool ending;		/* under the lock */

void
world_lock(void)
{
	(void)pthread_mutex_lock(&big_lock);
}

void
world_unlock(void)
{
	(void)pthread_mutex_unlock(&big_lock);
}

void
world_wait(double seconds)
{
	double end = now() + seconds;
	struct timespec t;

	t.tv_sec = (time_t)end;
	t.tv_nsec = (long)((end - (double)t.tv_sec) * 1e9);
	(void)pthread_cond_timedwait(&nobody, &big_lock, &t);
}

const char *
query(const struct request *r, const char *name)
{
	return json_str(r->query, name);
}

const char *
header(const struct request *r, const char *name)
{
	return json_str(r->headers, name);
}

void
reply_json(struct reply *p, int status, cJSON *o)
{
	p->status = status;
	p->type = "application/json";
	free(p->body);
	p->body = json_text(o);
	p->body_len = 0;
	cJSON_Delete(o);
}

void
reply_text(struct reply *p, int status, const char *type, const char *s)
{
	p->status = status;
	p->type = type;
	free(p->body);
	p->body = text_copy(s);
	p->body_len = 0;
}

void
reply_header(struct reply *p, const char *name, const char *value)
{
	json_puts(p->headers, name, value);
}

/* --- one request ------------------------------------------------------- */

/* What is kept from a request's first call to its end. */
struct visit {
	struct text body;
	cJSON *headers, *query;
	char *segments[SEGMENTS_MAX];
	char *whole;
	size_t nsegments;
	bool too_large;
};

static enum MHD_Result
take_header(void *cls, enum MHD_ValueKind kind, const char *key,
    const char *value)
{
	char *lower = text_copy(key);

	(void)kind;
	for (char *p = lower; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	(void)cJSON_AddStringToObject(cls, lower, value != NULL ? value : "");
	free(lower);
	return MHD_YES;
}

static enum MHD_Result
take_query(void *cls, enum MHD_ValueKind kind, const char *key,
    const char *value)
{
	(void)kind;
	(void)cJSON_AddStringToObject(cls, key, value != NULL ? value : "");
	return MHD_YES;
}

/* The daemon unescapes nothing (keep_url), so that %2F stays one segment. */
static size_t
keep_url(void *cls, struct MHD_Connection *c, char *s)
{
	(void)cls;
	(void)c;
	return strlen(s);
}

static void
visit_split(struct visit *v, const char *url)
{
	char *p, *next;

	v->whole = text_copy(url[0] == '/' ? url + 1 : url);
	for (p = v->whole; p != NULL && v->nsegments < SEGMENTS_MAX;
	    p = next) {
		next = strchr(p, '/');
		if (next != NULL)
			*next++ = '\0';
		percent_decode(p, false);
		v->segments[v->nsegments++] = p;
	}
}

static struct visit *
visit_open(struct MHD_Connection *c, const char *url)
{
	struct visit *v = calloc(1, sizeof(*v));
	cJSON *q;

	if (v == NULL)
		abort();
	v->headers = cJSON_CreateObject();
	v->query = cJSON_CreateObject();
	(void)MHD_get_connection_values(c, MHD_HEADER_KIND, take_header,
	    v->headers);
	(void)MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, take_query,
	    v->query);
	cJSON_ArrayForEach(q, v->query) {
		percent_decode(q->string, true);
		percent_decode(q->valuestring, true);
	}
	visit_split(v, url);
	return v;
}

static void
visit_close(struct visit *v)
{
	if (v == NULL)
		return;
	text_free(&v->body);
	cJSON_Delete(v->headers);
	cJSON_Delete(v->query);
	free(v->whole);
	free(v);
}

/* --- routing ----------------------------------------------------------- */

/* All segments from i on, joined again; freed with the request. */
static char *
visit_rest(const struct visit *v, size_t i)
{
	struct text t = { 0 };

	for (size_t k = i; k < v->nsegments; k++)
		text_add(&t, "%s%s", k > i ? "/" : "", v->segments[k]);
	return t.s != NULL ? t.s : text_copy("");
}

/* Does the pattern match the path? Fills args; *rest is to be freed. */
static bool
route_match(const char *pattern, const struct visit *v,
    const char *arg[ARGS_MAX], char **rest)
{
	size_t i = 0, nargs = 0, len;
	const char *p = pattern + 1, *end;

	for (;; p = end + 1, i++) {
		end = strchrnul(p, '/');
		len = (size_t)(end - p);
		if (len == 3 && strncmp(p, "{*}", 3) == 0) {
			*rest = visit_rest(v, i);
			arg[nargs] = *rest;
			return true;
		}
		if (i >= v->nsegments)
			return false;
		if (len == 2 && strncmp(p, "{}", 2) == 0) {
			if (v->segments[i][0] == '\0')
				return false;
			assert(nargs < ARGS_MAX);
			arg[nargs++] = v->segments[i];
		} else if (strlen(v->segments[i]) != len
		    || strncmp(p, v->segments[i], len) != 0) {
			return false;
		}
		if (*end == '\0')
			return i + 1 == v->nsegments;
	}
}

static void
dispatch(const struct service *s, struct request *r, struct reply *p,
    const struct visit *v, char **rest)
{
	const struct route *at;

	if (s->admit != NULL && !s->admit(r, p))
		return;
	for (at = s->routes; at->method != NULL; at++) {
		const char *arg[ARGS_MAX] = { 0 };

		if (strcmp(at->method, r->method) != 0)
			continue;
		if (!route_match(at->pattern, v, arg, rest))
			continue;
		memcpy(r->arg, arg, sizeof(arg));
		at->handle(r, p);
		return;
	}
	if (s->unknown != NULL)
		s->unknown(r, p);
	else
		reply_text(p, 404, "text/plain", "404 page not found\n");
}

/* --- after a 101 ------------------------------------------------------- */

struct talk {
	void (*with)(int fd, void *arg);
	void *arg;
	int fd;
	struct MHD_UpgradeResponseHandle *handle;
};

static void *
talk_run(void *arg)
{
	struct talk *t = arg;

	t->with(t->fd, t->arg);
	(void)MHD_upgrade_action(t->handle, MHD_UPGRADE_ACTION_CLOSE);
	free(t);
	return NULL;
}

/* The thread that calls this goes on to carry bytes to and from TLS. */
static void
on_upgrade(void *cls, struct MHD_Connection *c, void *state,
    const char *early, size_t nearly, MHD_socket fd,
    struct MHD_UpgradeResponseHandle *handle)
{
	struct talk *t = cls;
	pthread_t thread;

	(void)c;
	(void)state;
	(void)early;
	assert(nearly == 0);	/* clients wait for the 101 */
	t->fd = fd;
	t->handle = handle;
	if (pthread_create(&thread, NULL, talk_run, t) != 0)
		abort();
	(void)pthread_detach(thread);
}

static struct MHD_Response *
upgrade_response(const struct reply *p)
{
	struct talk *t = calloc(1, sizeof(*t));
	struct MHD_Response *m;

	if (t == NULL)
		abort();
	*t = (struct talk){ .with = p->talk, .arg = p->talk_arg };
	m = MHD_create_response_for_upgrade(on_upgrade, t);
	if (m != NULL)
		(void)MHD_add_response_header(m, "Upgrade", "websocket");
	return m;
}

static enum MHD_Result
reply_send(struct MHD_Connection *c, const struct reply *p)
{
	size_t len = p->body == NULL ? 0 :
	    p->body_len > 0 ? p->body_len : strlen(p->body);
	struct MHD_Response *m;
	enum MHD_Result ok;
	cJSON *h;

	m = p->talk != NULL ? upgrade_response(p) :
	    MHD_create_response_from_buffer(len,
	    p->body != NULL ? p->body : text_copy(""), MHD_RESPMEM_MUST_FREE);
	if (m == NULL)
		abort();
	if (p->type != NULL)
		(void)MHD_add_response_header(m, "Content-Type", p->type);
	cJSON_ArrayForEach(h, p->headers) {
		(void)MHD_add_response_header(m, h->string,
		    h->valuestring);
	}
	ok = MHD_queue_response(c, (unsigned int)p->status, m);
	MHD_destroy_response(m);
	return ok;
}

/* The name in a certificate; "" if it has none that fits. */
static void
name_of(const gnutls_datum_t *der, char *name, size_t size)
{
	gnutls_x509_crt_t cert;

	name[0] = '\0';
	if (gnutls_x509_crt_init(&cert) != GNUTLS_E_SUCCESS)
		return;
	if (gnutls_x509_crt_import(cert, der, GNUTLS_X509_FMT_DER)
	    != GNUTLS_E_SUCCESS || gnutls_x509_crt_get_dn_by_oid(cert,
	    GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size)
	    != GNUTLS_E_SUCCESS)
		name[0] = '\0';
	gnutls_x509_crt_deinit(cert);
}

/* As request.client has it. */
static const char *
client_of(const struct service *s, struct MHD_Connection *c, char *name,
    size_t size)
{
	const union MHD_ConnectionInfo *tls = s->ask_client
	    ? MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION)
	    : NULL;
	const gnutls_datum_t *chain;
	unsigned int n = 0, bad = 0;

	if (tls == NULL)
		return NULL;
	chain = gnutls_certificate_get_peers(tls->tls_session, &n);
	if (chain == NULL || n == 0)
		return NULL;
	name[0] = '\0';
	if (gnutls_certificate_verify_peers2(tls->tls_session, &bad)
	    == GNUTLS_E_SUCCESS && bad == 0)
		name_of(&chain[0], name, size);
	return name;
}

static enum MHD_Result
visit_answer(const struct service *s, struct MHD_Connection *c,
    struct visit *v, const char *url, const char *method)
{
	struct request r = { .method = method, .path = url,
	    .query = v->query, .headers = v->headers,
	    .body = text_str(&v->body), .body_len = v->body.len,
	    .self = s->self };
	struct reply p = { .status = 500 };
	enum MHD_Result ok;
	char *rest = NULL, name[256];

	r.client = client_of(s, c, name, sizeof(name));
	p.headers = cJSON_CreateObject();
	world_lock();
	if (v->too_large)
		reply_text(&p, 413, "text/plain", "request too large\n");
	else
		dispatch(s, &r, &p, v, &rest);
	if (s->finish != NULL)
		s->finish(&r, &p);
	world_unlock();
	ok = reply_send(c, &p);
	cJSON_Delete(p.headers);
	free(rest);
	return ok;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *data, size_t *size,
    void **state)
{
	struct visit *v = *state;

	(void)version;
	if (v == NULL) {
		*state = visit_open(c, url);
		return MHD_YES;
	}
	if (*size > 0) {
		if (v->body.len + *size > BODY_MAX)
			v->too_large = true;
		else
			text_bytes(&v->body, data, *size);
		*size = 0;
		return MHD_YES;
	}
	return visit_answer(cls, c, v, url, method);
}

static void
on_done(void *cls, struct MHD_Connection *c, void **state,
    enum MHD_RequestTerminationCode how)
{
	(void)cls;
	(void)c;
	(void)how;
	visit_close(*state);
	*state = NULL;
}

/* --- starting ---------------------------------------------------------- */

static bool
read_pem(struct text *t, const char *dir, const char *stem, const char *end)
{
	char *path = text_make("%s/%s.%s", dir, stem, end);
	bool ok = text_file(t, path);

	if (!ok)
		(void)fprintf(stderr, "world: can't read %s\n", path);
	free(path);
	return ok;
}

static struct MHD_Daemon *
start(const struct service *s, const struct sockaddr_in *at,
    const char *key, const char *cert, const char *ca)
{
	unsigned int flags = MHD_USE_INTERNAL_POLLING_THREAD
	    | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ERROR_LOG
	    | MHD_ALLOW_UPGRADE;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(size_t)key },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(size_t)cert },
		{ s->ask_client ? MHD_OPTION_HTTPS_MEM_TRUST
		    : MHD_OPTION_END, 0, (void *)(size_t)ca },
		{ MHD_OPTION_END, 0, NULL }
	};
	struct MHD_OptionItem plain[] = { { MHD_OPTION_END, 0, NULL } };

	if (s->cert != NULL)
		flags |= MHD_USE_TLS;
	return MHD_start_daemon(flags, (uint16_t)s->port, NULL, NULL,
	    on_request, (void *)(size_t)s,
	    MHD_OPTION_SOCK_ADDR, at,
	    MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL,
	    MHD_OPTION_UNESCAPE_CALLBACK, keep_url, NULL,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_SECONDS,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(256 * 1024),
	    MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
	    MHD_OPTION_ARRAY, s->cert != NULL ? tls : plain,
	    MHD_OPTION_END);
}

bool
http_serve(const struct service *s, const char *ca_dir)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)s->port) };
	struct text key = { 0 }, cert = { 0 }, ca = { 0 };
	struct MHD_Daemon *d = NULL;

	if (inet_pton(AF_INET, s->address, &at.sin_addr) != 1) {
		(void)fprintf(stderr, "world: %s: bad address %s\n", s->name,
		    s->address);
		return false;
	}
	assert(ndaemons < SERVICES_MAX);
	if (s->cert == NULL || (read_pem(&key, ca_dir, s->cert, "key")
	    && read_pem(&cert, ca_dir, s->cert, "crt")
	    && read_pem(&ca, ca_dir, "ca", "crt")))
		d = start(s, &at, text_str(&key), text_str(&cert),
		    text_str(&ca));
	text_free(&key);
	text_free(&cert);
	text_free(&ca);
	if (d == NULL) {
		(void)fprintf(stderr, "world: %s can't listen on %s:%u\n",
		    s->name, s->address, s->port);
		return false;
	}
	daemons[ndaemons++] = d;
	return true;
}

bool
world_ending(void)
{
	return ending;
}

void
http_stop(void)
{
	world_lock();
	ending = true;
	world_unlock();
	while (ndaemons > 0)
		MHD_stop_daemon(daemons[--ndaemons]);
}
