/*
 * http - the handle, its roots of trust, and one request from end to end.
 *
 * One easy handle is reused, so that connections, TLS sessions, name answers
 * and the parsed roots are shared by all requests of a struct http.
 */
#include "net/http.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/mem.h"
#include "net/http_own.h"

/* Where systems keep their roots; the first that is there is taken. */
static const char CA_FOLDER[] = "/etc/ssl/certs";
static const char *const ca_bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",	/* Debian, Alpine */
	"/etc/pki/tls/certs/ca-bundle.crt",	/* Fedora */
	"/etc/ssl/ca-bundle.pem",		/* SUSE */
	"/etc/ssl/cert.pem",
	NULL
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

bool
http_send(struct http *h, struct pool *p, const struct http_request *rq,
    struct http_reply *r, struct err *e)
{
	struct http_attempt a = { .easy = h->easy,
	    .host = http_host(p, rq->url) };
	clock_ms deadline = rq->deadline;
	long pause;

	h->unsent = true;
	if (!http_check_request(rq, a.host, e))
		return false;
	if (deadline == 0)
		deadline = clock_deadline(rq->timeout > 0 ? rq->timeout
		    : HTTP_TIMEOUT);
	*r = (struct http_reply){ 0 };
	do {
		r->attempts++;
		http_attempt_begin(h, &a, rq, deadline);
		a.code = curl_easy_perform(a.easy);
		h->unsent = http_never_sent(&a);
		pause = http_judge(h, p, &a, deadline, r, e);
		http_attempt_end(&a);
		if (pause > 0)
			clock_pause(pause);
	} while (pause >= 0);
	return a.code == CURLE_OK;
}

bool
http_unsent(const struct http *h)
{
	return h->unsent;
}
