/*
 * http_attempt - one attempt at a request: curl's options out, a reply in.
 */
#include "net/http_own.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/text.h"
#include "net/http.h"

#ifndef TRANSPLANT_VERSION
#define TRANSPLANT_VERSION "0.1"
#endif

enum {
	CONNECT_TIMEOUT = 15 * 1000,	/* ms; two lost SYNs and a slow TLS */
	REPLY_MAX = 8 * 1024 * 1024,
	HEADERS_MAX = 256 * 1024,	/* curl's own limit is 300 KiB */
	URL_MAX = 512 * 1024,
};

_Static_assert((int)HTTP_DETAIL >= CURL_ERROR_SIZE, "room for its words");

const char *
http_host(struct pool *p, const char *url)
{
	const char *host = strstr(url, "://");
	const char *at;
	size_t len;

	host = host != NULL ? host + 3 : url;
	len = strcspn(host, "/?#");
	at = memchr(host, '@', len);
	if (at != NULL) {
		len -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	return pool_strndup(p, host, len);
}

static bool
has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 127)
			return true;
	return false;
}

bool
http_check_request(const struct http_request *rq, const char *host,
    struct err *e)
{
	if (!text_starts(rq->url, "https://")
	    && !text_starts(rq->url, "http://"))
		return err_set(e, ERR_INPUT,
		    "%s: the address must begin with https://", host);
	if (has_control(rq->url) || strchr(rq->url, ' ') != NULL)
		return err_set(e, ERR_INPUT,
		    "%s: the address holds a blank or a line end", host);
	if (rq->authorization != NULL && has_control(rq->authorization))
		return err_set(e, ERR_INPUT, "%s: the token holds a line end"
		    " or another control character", host);
	for (size_t i = 0; rq->headers != NULL && rq->headers[i] != NULL; i++)
		if (has_control(rq->headers[i]))
			return err_set(e, ERR_INPUT, "%s: the header %.*s"
			    " holds a line end or the like", host,
			    (int)strcspn(rq->headers[i], ":"),
			    rq->headers[i]);
	return true;
}

static size_t
on_body(char *data, size_t one, size_t n, void *arg)
{
	struct http_attempt *a = arg;

	if (buf_add(&a->body, data, one * n))
		return one * n;
	a->body_full = true;
	return 0;
}

static size_t
on_header(char *data, size_t one, size_t n, void *arg)
{
	struct http_attempt *a = arg;
	size_t len = one * n;

	while (len > 0 && (data[len - 1] == '\r' || data[len - 1] == '\n'))
		len--;
	if (len >= 5 && memcmp(data, "HTTP/", 5) == 0)
		buf_clear(&a->head);	/* 100 Continue came first */
	else if (len > 0 && (!buf_add(&a->head, data, len)
	    || !buf_putc(&a->head, '\0')))
		return 0;
	return one * n;
}

static void
add_header(struct http_attempt *a, const char *line)
{
	struct curl_slist *l = curl_slist_append(a->headers, line);

	if (l == NULL)
		abort();
	a->headers = l;
}

static bool
gives_header(const struct http_request *rq, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; rq->headers != NULL && rq->headers[i] != NULL; i++)
		if (strncasecmp(rq->headers[i], name, n) == 0
		    && rq->headers[i][n] == ':')
			return true;
	return false;
}

static void
set_headers(struct http_attempt *a)
{
	const struct http_request *rq = a->rq;
	struct buf line = buf_new(64 * 1024);

	for (size_t i = 0; rq->headers != NULL && rq->headers[i] != NULL; i++)
		add_header(a, rq->headers[i]);
	if (rq->authorization != NULL) {
		buf_printf(&line, "Authorization: %s", rq->authorization);
		add_header(a, buf_str(&line));
		mem_wipe(line.data, line.len);
	}
	add_header(a, "Expect:");
	if (!gives_header(rq, "Content-Type"))
		add_header(a, rq->body != NULL
		    ? "Content-Type: application/json" : "Content-Type:");
	buf_free(&line);
	curl_easy_setopt(a->easy, CURLOPT_HTTPHEADER, a->headers);
	curl_easy_setopt(a->easy, CURLOPT_HEADEROPT,
	    (long)CURLHEADER_SEPARATE);
}

static void
set_method(const struct http_attempt *a)
{
	const struct http_request *rq = a->rq;
	bool post = strcmp(rq->method, "POST") == 0;

	assert(rq->body == NULL || (strcmp(rq->method, "GET") != 0
	    && strcmp(rq->method, "HEAD") != 0));
	if (post || rq->body != NULL) {
		curl_easy_setopt(a->easy, CURLOPT_POST, 1L);
		curl_easy_setopt(a->easy, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)rq->body_len);
		curl_easy_setopt(a->easy, CURLOPT_POSTFIELDS,
		    rq->body != NULL ? rq->body : "");
	}
	if (strcmp(rq->method, "HEAD") == 0)
		curl_easy_setopt(a->easy, CURLOPT_NOBODY, 1L);
	else if (!post && strcmp(rq->method, "GET") != 0)
		curl_easy_setopt(a->easy, CURLOPT_CUSTOMREQUEST, rq->method);
	/* On a reused connection that dies, curl would send it once more. */
	if (!http_may_repeat(rq))
		curl_easy_setopt(a->easy, CURLOPT_FRESH_CONNECT, 1L);
}

/*
 * Debian's curl comes with a default CAPATH, and with one set it parses the
 * whole bundle again for every connection: exactly one of both is given.
 */
static void
set_trust(const struct http *h, struct http_attempt *a)
{
	const struct http_request *rq = a->rq;
	bool pem = rq->ca_pem != NULL;
	struct curl_blob blob = { .flags = CURL_BLOB_COPY };

	a->by_folder = !pem && h->ca_folder != NULL;
	curl_easy_setopt(a->easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(a->easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(a->easy, CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(a->easy, CURLOPT_CAPATH, pem ? NULL : h->ca_folder);
	curl_easy_setopt(a->easy, CURLOPT_CAINFO,
	    pem || h->ca_folder != NULL ? NULL : h->ca_file);
	if (pem) {
		blob.data = (void *)(size_t)rq->ca_pem;
		blob.len = strlen(rq->ca_pem);
		curl_easy_setopt(a->easy, CURLOPT_CAINFO_BLOB, &blob);
	}
	if (rq->client_cert_pem == NULL)
		return;
	blob.data = (void *)(size_t)rq->client_cert_pem;
	blob.len = strlen(rq->client_cert_pem);
	curl_easy_setopt(a->easy, CURLOPT_SSLCERTTYPE, "PEM");
	curl_easy_setopt(a->easy, CURLOPT_SSLCERT_BLOB, &blob);
	blob.data = (void *)(size_t)rq->client_key_pem;
	blob.len = strlen(rq->client_key_pem);
	curl_easy_setopt(a->easy, CURLOPT_SSLKEYTYPE, "PEM");
	curl_easy_setopt(a->easy, CURLOPT_SSLKEY_BLOB, &blob);
}

static void
set_connect_to(struct http_attempt *a, const char *entry)
{
	a->connect_to = curl_slist_append(NULL, entry);
	if (a->connect_to == NULL)
		abort();
	curl_easy_setopt(a->easy, CURLOPT_CONNECT_TO, a->connect_to);
}

/*
 * curl takes the name to verify from the URL: so that name stands there, and
 * the server's own where the connection goes and in the Host header.
 */
static void
set_tls_name(struct http_attempt *a)
{
	const struct http_request *rq = a->rq;
	const char *host = strstr(rq->url, "://") + 3;
	const char *path = host + strcspn(host, "/?#"), *port = path;
	int host_len = (int)(path - host);
	struct buf text = buf_new(URL_MAX);

	while (port > host && isdigit((unsigned char)port[-1]))
		port--;
	port = port > host && port[-1] == ':' ? port - 1 : path;
	buf_printf(&text, "%.*s%s%s", (int)(host - rq->url), rq->url,
	    rq->tls_name, port);
	curl_easy_setopt(a->easy, CURLOPT_URL, buf_str(&text));
	buf_clear(&text);
	buf_printf(&text, "Host: %.*s", host_len, host);
	add_header(a, buf_str(&text));
	buf_clear(&text);
	buf_printf(&text, "::%.*s%s", host_len, host, port < path ? "" : ":");
	set_connect_to(a, buf_str(&text));
	buf_free(&text);
}

static void
set_address(struct http_attempt *a)
{
	const char *to = a->rq->connect_to;
	struct buf entry = buf_new(512);

	if (a->rq->proxy != NULL)
		curl_easy_setopt(a->easy, CURLOPT_PROXY, a->rq->proxy);
	if (to != NULL) {
		buf_printf(&entry, strchr(to, ':') != NULL ? "::[%s]:"
		    : "::%s:", to);
		set_connect_to(a, buf_str(&entry));
	} else if (a->rq->tls_name != NULL) {
		set_tls_name(a);
	}
	buf_free(&entry);
}

static void
set_options(const struct http *h, struct http_attempt *a, long ms)
{
	CURL *c = a->easy;

	curl_easy_reset(c);	/* keeps connections, sessions and names */
	curl_easy_setopt(c, CURLOPT_URL, a->rq->url);
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_USERAGENT,
	    "transplant/" TRANSPLANT_VERSION);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, ms);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
	    ms < CONNECT_TIMEOUT ? ms : (long)CONNECT_TIMEOUT);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, a->detail);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, a);
	curl_easy_setopt(c, CURLOPT_CONNECT_ONLY,
	    a->rq->connect_only ? 1L : 0L);
	if (h->dns_servers != NULL)
		curl_easy_setopt(c, CURLOPT_DNS_SERVERS, h->dns_servers);
	if (a->rq->digest_user != NULL) {
		curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_DIGEST);
		curl_easy_setopt(c, CURLOPT_USERNAME, a->rq->digest_user);
		curl_easy_setopt(c, CURLOPT_PASSWORD, a->rq->digest_password);
	}
	set_method(a);
	set_address(a);
	set_headers(a);
	set_trust(h, a);
	a->detail[0] = '\0';
}

void
http_attempt_begin(struct http *h, struct http_attempt *a,
    const struct http_request *rq, clock_ms deadline)
{
	long left = clock_left(deadline);
	long most = (rq->timeout > 0 ? rq->timeout : HTTP_TIMEOUT) * 1000L;

	*a = (struct http_attempt){ .rq = rq, .host = a->host,
	    .easy = a->easy };
	a->body = buf_new(rq->reply_max > 0 ? rq->reply_max : REPLY_MAX);
	a->head = buf_new(HEADERS_MAX);
	/* curl takes 0 ms for "no limit" */
	set_options(h, a, left < 1 ? 1 : left < most ? left : most);
}

static const char *const *
split_headers(struct pool *p, const struct buf *head)
{
	size_t n = 0, i = 0;
	const char **v;

	for (size_t k = 0; k < head->len; k++)
		n += head->data[k] == '\0';
	v = pool_alloc(p, (n + 1) * sizeof(*v));
	for (size_t k = 0; i < n; k += strlen(head->data + k) + 1)
		v[i++] = pool_strdup(p, head->data + k);
	return v;
}

const char *
http_header(const struct http_reply *r, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; r->headers != NULL && r->headers[i] != NULL; i++) {
		const char *line = r->headers[i];

		if (strncasecmp(line, name, n) != 0 || line[n] != ':')
			continue;
		line += n + 1;
		return line + strspn(line, " \t");
	}
	return NULL;
}

void
http_fill_reply(struct pool *p, const struct http_attempt *a,
    struct http_reply *r)
{
	const char *address = NULL, *type, *date;
	int attempts = r->attempts;

	*r = (struct http_reply){ .attempts = attempts };
	curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &r->status);
	curl_easy_getinfo(a->easy, CURLINFO_PRIMARY_IP, &address);
	r->headers = split_headers(p, &a->head);
	r->body = pool_strndup(p, buf_str(&a->body), a->body.len);
	r->body_len = a->body.len;
	r->address = pool_strdup(p, address != NULL ? address : "");
	type = http_header(r, "Content-Type");
	r->type = type != NULL ? type : "";
	date = http_header(r, "Date");
	r->date = date != NULL ? (long long)curl_getdate(date, NULL) : 0;
	if (r->date < 0)
		r->date = 0;
}

/* The reply may hold secrets (settings), so nothing of it stays behind. */
void
http_attempt_end(struct http_attempt *a)
{
	/* the connection may live on (connect_only), and complain */
	curl_easy_setopt(a->easy, CURLOPT_ERRORBUFFER, NULL);
	curl_slist_free_all(a->headers);
	curl_slist_free_all(a->connect_to);
	a->headers = a->connect_to = NULL;
	if (a->body.data != NULL)
		mem_wipe(a->body.data, a->body.len);
	buf_free(&a->body);
	buf_free(&a->head);
}
