/*
 * http - one request over libcurl: options, retries, and errors in words.
 *
 * One easy handle is reused, so that connections, TLS sessions, name answers
 * and the parsed roots are shared by all requests of a struct http.
 */
#include "net/http.h"

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/http_own.h"

_Static_assert(HTTP_DETAIL >= CURL_ERROR_SIZE, "room for curl's words");

#ifndef TRANSPLANT_VERSION
#define TRANSPLANT_VERSION "0.1"
#endif

enum {
	TIMEOUT = 60,			/* seconds; a proxy's usual patience */
	CONNECT_TIMEOUT = 15 * 1000,	/* ms; two lost SYNs and a slow TLS */
	REPLY_MAX = 8 * 1024 * 1024,
	HEADERS_MAX = 256 * 1024,	/* curl's own limit is 300 KiB */
	TRIES = 6,			/* 0.5+1+2+4+8 s of waiting */
	FIRST_WAIT = 500,		/* ms */
	LONGEST_WAIT = 30 * 1000,	/* ms */
	SECONDARY_WAIT = 60,		/* s; what GitHub asks for */
	URL_MAX = 512 * 1024,
	TELL_WAIT = 3 * 1000,		/* ms; a longer one is told */
};

/* Where systems keep their roots; the first that is there is taken. */
static const char CA_FOLDER[] = "/etc/ssl/certs";
static const char *const ca_bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",	/* Debian, Alpine */
	"/etc/pki/tls/certs/ca-bundle.crt",	/* Fedora */
	"/etc/ssl/ca-bundle.pem",		/* SUSE */
	"/etc/ssl/cert.pem",
	NULL
};

/* One attempt. */
struct attempt {
	const struct http_request *rq;
	struct curl_slist *headers, *connect_to;
	struct buf body, head;	/* head: "Name: value\0" one after another */
	bool body_full;
	CURLcode code;
};

/* Is there a link as c_rehash makes them: 8 hex digits, dot, number? */
static bool
has_hashed_links(const char *folder)
{
	DIR *d = opendir(folder);
	bool found = false;
	struct dirent *f;

	if (d == NULL)
		return false;
	while (!found && (f = readdir(d)) != NULL)
		found = strspn(f->d_name, "0123456789abcdef") == 8
		    && f->d_name[8] == '.'
		    && isdigit((unsigned char)f->d_name[9]);
	closedir(d);
	return found;
}

static void
find_roots(struct http *h, const char *ca_file)
{
	if (ca_file != NULL) {
		h->ca_file = mem_strdup(ca_file);
		return;
	}
	if (has_hashed_links(CA_FOLDER))
		h->ca_folder = mem_strdup(CA_FOLDER);
	for (int i = 0; ca_bundles[i] != NULL; i++)
		if (access(ca_bundles[i], R_OK) == 0) {
			h->ca_file = mem_strdup(ca_bundles[i]);
			return;
		}
}

/* curl without c-ares can't be told name servers: say so at once. */
static bool
check_dns_servers(struct http *h, struct err *e)
{
	CURLcode code;

	if (h->dns_servers == NULL)
		return true;
	code = curl_easy_setopt(h->easy, CURLOPT_DNS_SERVERS, h->dns_servers);
	if (code == CURLE_OK)
		return true;
	if (code == CURLE_NOT_BUILT_IN || code == CURLE_UNKNOWN_OPTION)
		return err_set(e, ERR_OTHER, "dns-servers: this build of curl"
		    " has no resolver that could be told");
	return err_set(e, ERR_INPUT, "dns-servers: \"%s\" is not a list of"
	    " addresses such as 192.0.2.53 or 192.0.2.53:5353, with commas",
	    h->dns_servers);
}

struct http *
http_open(const char *ca_file, const char *dns_servers, struct err *e)
{
	struct http *h;

	if (ca_file != NULL && access(ca_file, R_OK) != 0) {
		err_set(e, ERR_INPUT, "ca-file: %s can't be read", ca_file);
		return NULL;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
	h = mem_alloc(sizeof(*h));
	h->easy = curl_easy_init();
	if (h->easy == NULL)
		abort();
	find_roots(h, ca_file);
	h->dns_servers = dns_servers != NULL ? mem_strdup(dns_servers) : NULL;
	if (!check_dns_servers(h, e)) {
		http_close(h);
		return NULL;
	}
	return h;
}

void
http_close(struct http *h)
{
	if (h == NULL)
		return;
	curl_easy_cleanup(h->easy);
	curl_global_cleanup();
	mem_free(h->ca_file);
	mem_free(h->ca_folder);
	mem_free(h->dns_servers);
	mem_free(h);
}

/* "https://api.github.com:443/x?y" gives "api.github.com:443". */
static const char *
host_of(struct pool *p, const char *url)
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

/* A line end in a token (a common slip) would start a header of its own. */
static bool
check_request(const struct http_request *rq, const char *host, struct err *e)
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
	struct attempt *a = arg;

	if (buf_add(&a->body, data, one * n))
		return one * n;
	a->body_full = true;
	return 0;
}

static size_t
on_header(char *data, size_t one, size_t n, void *arg)
{
	struct attempt *a = arg;
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
add_header(struct attempt *a, const char *line)
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
set_headers(struct http *h, struct attempt *a)
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
	curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, a->headers);
	curl_easy_setopt(h->easy, CURLOPT_HEADEROPT,
	    (long)CURLHEADER_SEPARATE);
}

/* Methods whose repetition is harmless (RFC 9110, 9.2.2). */
static bool
is_idempotent(const char *method)
{
	return strcmp(method, "POST") != 0 && strcmp(method, "PATCH") != 0;
}

static void
set_method(struct http *h, const struct http_request *rq)
{
	bool post = strcmp(rq->method, "POST") == 0;

	assert(rq->body == NULL || (strcmp(rq->method, "GET") != 0
	    && strcmp(rq->method, "HEAD") != 0));
	if (post || rq->body != NULL) {
		curl_easy_setopt(h->easy, CURLOPT_POST, 1L);
		curl_easy_setopt(h->easy, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)rq->body_len);
		curl_easy_setopt(h->easy, CURLOPT_POSTFIELDS,
		    rq->body != NULL ? rq->body : "");
	}
	if (strcmp(rq->method, "HEAD") == 0)
		curl_easy_setopt(h->easy, CURLOPT_NOBODY, 1L);
	else if (!post && strcmp(rq->method, "GET") != 0)
		curl_easy_setopt(h->easy, CURLOPT_CUSTOMREQUEST, rq->method);
	/* On a reused connection that dies, curl would send it once more. */
	if (!is_idempotent(rq->method))
		curl_easy_setopt(h->easy, CURLOPT_FRESH_CONNECT, 1L);
}

/*
 * Debian's curl comes with a default CAPATH, and with one set it parses the
 * whole bundle again for every connection: exactly one of both is given.
 */
static void
set_trust(struct http *h, const struct http_request *rq)
{
	bool pem = rq->ca_pem != NULL;
	struct curl_blob blob = { .flags = CURL_BLOB_COPY };

	curl_easy_setopt(h->easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(h->easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(h->easy, CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(h->easy, CURLOPT_CAPATH, pem ? NULL : h->ca_folder);
	curl_easy_setopt(h->easy, CURLOPT_CAINFO,
	    pem || h->ca_folder != NULL ? NULL : h->ca_file);
	if (pem) {
		blob.data = (void *)(size_t)rq->ca_pem;
		blob.len = strlen(rq->ca_pem);
		curl_easy_setopt(h->easy, CURLOPT_CAINFO_BLOB, &blob);
	}
	if (rq->client_cert_pem == NULL)
		return;
	blob.data = (void *)(size_t)rq->client_cert_pem;
	blob.len = strlen(rq->client_cert_pem);
	curl_easy_setopt(h->easy, CURLOPT_SSLCERTTYPE, "PEM");
	curl_easy_setopt(h->easy, CURLOPT_SSLCERT_BLOB, &blob);
	blob.data = (void *)(size_t)rq->client_key_pem;
	blob.len = strlen(rq->client_key_pem);
	curl_easy_setopt(h->easy, CURLOPT_SSLKEYTYPE, "PEM");
	curl_easy_setopt(h->easy, CURLOPT_SSLKEY_BLOB, &blob);
}

static void
set_connect_to(struct http *h, struct attempt *a, const char *entry)
{
	a->connect_to = curl_slist_append(NULL, entry);
	if (a->connect_to == NULL)
		abort();
	curl_easy_setopt(h->easy, CURLOPT_CONNECT_TO, a->connect_to);
}

/*
 * curl takes the name to verify from the URL: so that name stands there, and
 * the server's own where the connection goes and in the Host header.
 */
static void
set_tls_name(struct http *h, struct attempt *a)
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
	curl_easy_setopt(h->easy, CURLOPT_URL, buf_str(&text));
	buf_clear(&text);
	buf_printf(&text, "Host: %.*s", host_len, host);
	add_header(a, buf_str(&text));
	buf_clear(&text);
	buf_printf(&text, "::%.*s%s", host_len, host, port < path ? "" : ":");
	set_connect_to(h, a, buf_str(&text));
	buf_free(&text);
}

static void
set_address(struct http *h, struct attempt *a)
{
	const char *to = a->rq->connect_to;
	struct buf entry = buf_new(512);

	if (a->rq->proxy != NULL)
		curl_easy_setopt(h->easy, CURLOPT_PROXY, a->rq->proxy);
	if (to != NULL) {
		buf_printf(&entry, strchr(to, ':') != NULL ? "::[%s]:"
		    : "::%s:", to);
		set_connect_to(h, a, buf_str(&entry));
	} else if (a->rq->tls_name != NULL) {
		set_tls_name(h, a);
	}
	buf_free(&entry);
}

static void
set_options(struct http *h, struct attempt *a, long ms)
{
	CURL *c = h->easy;

	curl_easy_reset(c);	/* keeps connections, sessions and names */
	curl_easy_setopt(c, CURLOPT_URL, a->rq->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_USERAGENT,
	    "transplant/" TRANSPLANT_VERSION);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, ms);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
	    ms < CONNECT_TIMEOUT ? ms : (long)CONNECT_TIMEOUT);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->detail);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, a);
	curl_easy_setopt(c, CURLOPT_CONNECT_ONLY,
	    a->rq->connect_only ? 1L : 0L);
	if (h->dns_servers != NULL)
		curl_easy_setopt(c, CURLOPT_DNS_SERVERS, h->dns_servers);
	set_method(h, a->rq);
	set_address(h, a);
	set_headers(h, a);
	set_trust(h, a->rq);
	h->detail[0] = '\0';
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

/* A reply's header by name, in any case. */
static const char *
header_of(const struct http_reply *r, const char *name)
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

static void
fill_reply(struct http *h, struct pool *p, const struct attempt *a,
    struct http_reply *r)
{
	const char *address = NULL, *type, *date;
	int attempts = r->attempts;

	*r = (struct http_reply){ .attempts = attempts };
	curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &r->status);
	curl_easy_getinfo(h->easy, CURLINFO_PRIMARY_IP, &address);
	r->headers = split_headers(p, &a->head);
	r->body = pool_strndup(p, buf_str(&a->body), a->body.len);
	r->body_len = a->body.len;
	r->address = pool_strdup(p, address != NULL ? address : "");
	type = header_of(r, "Content-Type");
	r->type = type != NULL ? type : "";
	date = header_of(r, "Date");
	r->date = date != NULL ? (long long)curl_getdate(date, NULL) : 0;
	if (r->date < 0)
		r->date = 0;
}

/* The reply may hold secrets (settings), so nothing of it stays behind. */
static void
attempt_free(struct attempt *a)
{
	curl_slist_free_all(a->headers);
	curl_slist_free_all(a->connect_to);
	if (a->body.data != NULL)
		mem_wipe(a->body.data, a->body.len);
	buf_free(&a->body);
	buf_free(&a->head);
}

/* A header that is a whole number; -1 if there is none. */
static long long
header_number(const struct http_reply *r, const char *name)
{
	const char *s = header_of(r, name);
	char *end;
	long long n;

	if (s == NULL || !isdigit((unsigned char)*s))
		return -1;
	n = strtoll(s, &end, 10);
	end += strspn(end, " \t");
	return *end == '\0' || *end == ',' || *end == ';' ? n : -1;
}

/* Seconds of a Retry-After, by the server's own clock; -1: none. */
static long long
retry_after(const struct http_reply *r)
{
	const char *s = header_of(r, "Retry-After");
	long long n = header_number(r, "Retry-After");
	long long when;

	if (s == NULL || n >= 0)
		return n;
	when = (long long)curl_getdate(s, NULL);
	if (when < 0)
		return -1;
	when -= r->date > 0 ? r->date : (long long)time(NULL);
	return when > 0 ? when : 0;
}

/* Seconds until a limit whose remaining count is 0 is lifted; -1: none. */
static long long
limit_reset(const struct http_reply *r, const char *remaining,
    const char *reset)
{
	/* Larger is a moment since 1970, smaller a number of seconds. */
	const long long moment = 1000000000;
	long long n = header_number(r, reset);

	if (header_number(r, remaining) != 0 || n < 0)
		return -1;
	if (n < moment)
		return n;
	n -= r->date > 0 ? r->date : (long long)time(NULL);
	return n > 0 ? n + 1 : 0;
}

static bool
mentions_limit(const struct http_reply *r)
{
	static const char words[] = "rate limit";
	const size_t n = sizeof(words) - 1;

	for (size_t i = 0; i + n <= r->body_len; i++)
		if (strncasecmp(r->body + i, words, n) == 0)
			return true;
	return false;
}

long
http_rate_limited(const struct http_reply *r)
{
	long long s;

	if (r->status != 403 && r->status != 429)
		return 0;
	s = retry_after(r);
	if (s < 0)
		s = limit_reset(r, "x-ratelimit-remaining",
		    "x-ratelimit-reset");
	if (s < 0)
		s = limit_reset(r, "ratelimit-remaining", "ratelimit-reset");
	if (s < 0 && mentions_limit(r))
		s = SECONDARY_WAIT;
	if (s < 0)
		return r->status == 429 ? 1 : 0;
	return s < 1 ? 1 : s > 86400 ? 86400 : (long)s;
}

/* Doubling, give or take a quarter, so that many jobs don't come at once. */
static long
backoff(int attempts)
{
	unsigned long dice = (unsigned long)clock_now() * 2654435761UL
	    + (unsigned long)getpid() * 40503UL;
	long ms = LONGEST_WAIT;

	assert(attempts > 0);
	if (attempts <= TRIES)
		ms = (long)FIRST_WAIT << (attempts - 1);
	return ms - ms / 4 + (long)(dice >> 8 & 0xffff) % (ms / 2);
}

/* How long to wait before the same request again, in ms; -1: it is an answer.
 */
static long
wait_after_reply(const struct http_request *rq, const struct http_reply *r)
{
	long limited = http_rate_limited(r);
	long doubling = backoff(r->attempts);
	long long after;

	if (rq->once)
		return -1;
	if (limited > 0)
		return limited * 1000 > doubling ? limited * 1000 : doubling;
	if (r->status != 502 && r->status != 503 && r->status != 504)
		return -1;
	if (rq->quick || !is_idempotent(rq->method))
		return -1;
	after = retry_after(r);
	if (after > 86400)
		after = 86400;
	return after > 0 ? (long)after * 1000 : doubling;
}

/* Nothing of the request had been sent when it failed. */
static bool
never_sent(struct http *h, CURLcode code)
{
	curl_off_t t = 0;

	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_URL_MALFORMAT:
		return true;
	case CURLE_OPERATION_TIMEDOUT:
		curl_easy_getinfo(h->easy, CURLINFO_PRETRANSFER_TIME_T, &t);
		return t == 0;
	default:
		return false;
	}
}

/* Might the same request fare better a little later? */
static bool
may_heal(struct http *h, const struct attempt *a)
{
	switch (a->code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
		return true;
	case CURLE_OPERATION_TIMEDOUT:
		return never_sent(h, a->code) || is_idempotent(a->rq->method);
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:	/* bytes that are no HTTP */
	case CURLE_CHUNK_FAILED:
		return is_idempotent(a->rq->method);
	default:
		return false;
	}
}

static const char *
stage_of(struct http *h, CURLcode code)
{
	curl_off_t t = 0;

	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return "the name can't be resolved";
	case CURLE_COULDNT_CONNECT:
		return "can't connect";
	case CURLE_PEER_FAILED_VERIFICATION:
		return "its certificate does not verify";
	case CURLE_SSL_CONNECT_ERROR:
		return "TLS can't be set up";
	case CURLE_URL_MALFORMAT:
		return "is no address that can be asked";
	case CURLE_SSL_CACERT_BADFILE:
		return "the trusted roots (ca-file) can't be read";
	case CURLE_SSL_CERTPROBLEM:
		return "the client certificate or its key can't be used";
	case CURLE_SEND_ERROR:
		return "the connection broke while sending";
	case CURLE_OPERATION_TIMEDOUT:
		break;
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_CHUNK_FAILED:
		return "the answer is not HTTP";
	default:
		return "the connection broke while receiving";
	}
	curl_easy_getinfo(h->easy, CURLINFO_NAMELOOKUP_TIME_T, &t);
	if (t == 0)
		return "no answer in time from the name servers";
	curl_easy_getinfo(h->easy, CURLINFO_CONNECT_TIME_T, &t);
	if (t == 0)
		return "can't connect in time";
	curl_easy_getinfo(h->easy, CURLINFO_PRETRANSFER_TIME_T, &t);
	if (t == 0)
		return "TLS could not be set up in time";
	curl_easy_getinfo(h->easy, CURLINFO_STARTTRANSFER_TIME_T, &t);
	return t == 0 ? "no answer in time" : "the answer did not end in time";
}

static bool
tell_failure(struct http *h, const struct attempt *a, const char *host,
    int attempts, struct err *e)
{
	enum err_kind kind = a->code == CURLE_OPERATION_TIMEDOUT
	    ? ERR_TIMEOUT : ERR_NETWORK;
	char times[32] = "";
	struct buf t = buf_new(sizeof(times) - 1);

	if (a->body_full)
		return err_set(e, ERR_OTHER,
		    "%s: the answer is larger than %zu bytes", host,
		    a->body.limit);
	if (attempts > 1)
		buf_printf(&t, " (tried %d times)", attempts);
	memcpy(times, buf_str(&t), t.len + 1);
	buf_free(&t);
	for (char *c = h->detail; *c != '\0'; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	return err_set(e, kind, "%s: %s: %s%s", host, stage_of(h, a->code),
	    h->detail[0] != '\0' ? h->detail : curl_easy_strerror(a->code),
	    times);
}

/*
 * The hashed folder may lack a root that the bundle has (a bundle mounted
 * into a container): then the bundle is the store from now on.
 */
static bool
try_bundle(struct http *h, const struct attempt *a)
{
	if (a->code != CURLE_PEER_FAILED_VERIFICATION
	    || a->rq->ca_pem != NULL || h->ca_folder == NULL
	    || h->ca_file == NULL)
		return false;
	mem_free(h->ca_folder);
	h->ca_folder = NULL;
	return true;
}

static struct attempt
send_once(struct http *h, const struct http_request *rq, clock_ms deadline)
{
	struct attempt a = { .rq = rq };
	long left = clock_left(deadline);
	long most = (rq->timeout > 0 ? rq->timeout : TIMEOUT) * 1000L;

	a.body = buf_new(rq->reply_max > 0 ? rq->reply_max : REPLY_MAX);
	a.head = buf_new(HEADERS_MAX);
	/* curl takes 0 ms for "no limit" */
	set_options(h, &a, left < 1 ? 1 : left < most ? left : most);
	a.code = curl_easy_perform(h->easy);
	if (a.code == CURLE_PEER_FAILED_VERIFICATION && try_bundle(h, &a)) {
		attempt_free(&a);
		return send_once(h, rq, deadline);
	}
	return a;
}

/* Wait if the deadline allows it. */
static bool
pause_before_retry(const char *host, const char *why, long ms,
    clock_ms deadline)
{
	if (ms < 0 || ms >= clock_left(deadline))
		return false;
	if (ms >= TELL_WAIT)
		log_info("%s: %s; again in %ld s", host, why, ms / 1000);
	clock_pause(ms);
	return true;
}

static bool
retry_reply(struct http *h, struct pool *p, const struct attempt *a,
    const char *host, clock_ms deadline, struct http_reply *r)
{
	long ms;

	fill_reply(h, p, a, r);
	if (a->rq->deadline == 0 && r->attempts >= TRIES)
		return false;
	ms = wait_after_reply(a->rq, r);
	return pause_before_retry(host,
	    http_rate_limited(r) > 0 ? "too many requests"
	    : pool_printf(p, "HTTP %ld", r->status), ms, deadline);
}

static bool
retry_failure(struct http *h, const struct attempt *a, const char *host,
    int attempts, clock_ms deadline)
{
	if (a->rq->once || a->body_full || !may_heal(h, a))
		return false;
	if (a->rq->deadline == 0 && attempts >= TRIES)
		return false;
	return pause_before_retry(host, stage_of(h, a->code),
	    backoff(attempts), deadline);
}

bool
http_send(struct http *h, struct pool *p, const struct http_request *rq,
    struct http_reply *r, struct err *e)
{
	const char *host = host_of(p, rq->url);
	clock_ms deadline = rq->deadline;
	struct attempt a;
	bool again, ok;

	h->unsent = true;
	if (!check_request(rq, host, e))
		return false;
	if (deadline == 0)
		deadline = clock_deadline(rq->timeout > 0 ? rq->timeout
		    : TIMEOUT);
	*r = (struct http_reply){ 0 };
	do {
		r->attempts++;
		a = send_once(h, rq, deadline);
		ok = a.code == CURLE_OK;
		h->unsent = !ok && never_sent(h, a.code);
		again = ok ? retry_reply(h, p, &a, host, deadline, r)
		    : retry_failure(h, &a, host, r->attempts, deadline);
		if (!ok && !again)
			tell_failure(h, &a, host, r->attempts, e);
		attempt_free(&a);
	} while (again);
	return ok;
}

bool
http_unsent(const struct http *h)
{
	return h->unsent;
}
