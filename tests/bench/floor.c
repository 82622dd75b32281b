/*
 * floor N SERVER ADDRESS - the least that five probes of each of N instances
 * can take: c-ares and curl in one epoll loop, roots loaded when they are
 * needed, one connection for all of an instance. There are 200 hosts.
 *
 * Of each: the A records of its host are exactly ADDRESS, and there is no
 * AAAA record, by SERVER's authority; at ADDRESS the certificate is trusted,
 * for the host, and good for two days; /heartbeat says that both databases
 * are well; the micro-frontends' configuration names the host.
 */
#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <curl/curl.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { HOSTS = 200, AT_ONCE = 200, BODY = 4096, HOST = 64, EVENTS = 64,
	WAIT_MS = 1000 };

struct instance {
	char host[HOST];
	int asked;		/* pages */
	bool certificate;
	char body[BODY];
	size_t len;
	CURL *easy;
};

static struct {
	int n, next, good, over, epoll;
	const char *address;
	struct in_addr addr;
	struct instance *v;
	CURLM *multi;
	ares_channel dns;
	X509_STORE *roots;
	struct curl_slist *connect_to;
	long timer;		/* of curl, ms; -1: none */
} at;

/* ---- DNS ---- */

static void
on_a(void *arg, int status, int timeouts, unsigned char *b, int len)
{
	struct ares_addrttl a[4];
	int n = 4;

	(void)arg;
	(void)timeouts;
	at.over++;
	at.good += status == ARES_SUCCESS && len > 3 && (b[2] & 4) != 0
	    && ares_parse_a_reply(b, len, NULL, a, &n) == ARES_SUCCESS
	    && n == 1 && a[0].ipaddr.s_addr == at.addr.s_addr;
}

static void
on_aaaa(void *arg, int status, int timeouts, unsigned char *b, int len)
{
	(void)arg;
	(void)timeouts;
	at.over++;
	at.good += status == ARES_ENODATA && b != NULL && len > 3
	    && (b[2] & 4) != 0;
}

static void
on_dns_socket(void *arg, ares_socket_t fd, int in, int out)
{
	struct epoll_event ev = { .data.u64 = (uint64_t)fd << 1 | 1,
		.events = (in ? EPOLLIN : 0) | (out ? EPOLLOUT : 0) };

	(void)arg;
	if (!in && !out)
		epoll_ctl(at.epoll, EPOLL_CTL_DEL, fd, &ev);
	else if (epoll_ctl(at.epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
		epoll_ctl(at.epoll, EPOLL_CTL_MOD, fd, &ev);
}

static bool
open_dns(const char *server)
{
	struct ares_options o = { .flags = ARES_FLAG_NORECURSE
	    | ARES_FLAG_NOSEARCH, .sock_state_cb = on_dns_socket,
	    .socket_receive_buffer_size = 1 << 20, .timeout = 2000 };

	return ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS
	    && ares_init_options(&at.dns, &o, ARES_OPT_FLAGS
		| ARES_OPT_SOCK_STATE_CB | ARES_OPT_SOCK_RCVBUF
		| ARES_OPT_TIMEOUTMS) == ARES_SUCCESS
	    && ares_set_servers_csv(at.dns, server) == ARES_SUCCESS;
}

/* ---- pages ---- */

static int
on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *data)
{
	struct epoll_event ev = { .data.u64 = (uint64_t)fd << 1,
		.events = (what & CURL_POLL_IN ? EPOLLIN : 0)
		    | (what & CURL_POLL_OUT ? EPOLLOUT : 0) };

	(void)easy;
	(void)arg;
	(void)data;
	if (what == CURL_POLL_REMOVE)
		epoll_ctl(at.epoll, EPOLL_CTL_DEL, fd, &ev);
	else if (epoll_ctl(at.epoll, EPOLL_CTL_MOD, fd, &ev) != 0)
		epoll_ctl(at.epoll, EPOLL_CTL_ADD, fd, &ev);
	return 0;
}

static int
on_curl_timer(CURLM *multi, long ms, void *arg)
{
	(void)multi;
	(void)arg;
	at.timer = ms;
	return 0;
}

static size_t
on_body(char *data, size_t one, size_t n, void *arg)
{
	struct instance *i = arg;
	size_t len = one * n;

	if (i->len + len >= BODY)
		return 0;
	memcpy(i->body + i->len, data, len);
	i->len += len;
	i->body[i->len] = '\0';
	return len;
}

/* The connection is verified by now: how long will the certificate do? */
static size_t
on_header(char *data, size_t one, size_t n, void *arg)
{
	struct instance *i = arg;
	struct curl_tlssessioninfo *tls = NULL;
	int days = 0, seconds;
	X509 *cert;

	(void)data;
	if (i->certificate)
		return one * n;
	curl_easy_getinfo(i->easy, CURLINFO_TLS_SSL_PTR, &tls);
	cert = tls != NULL && tls->internals != NULL
	    ? SSL_get0_peer_certificate(tls->internals) : NULL;
	i->certificate = cert != NULL && ASN1_TIME_diff(&days, &seconds, NULL,
	    X509_get0_notAfter(cert)) == 1 && days >= 2;
	return one * n;
}

/* One store for all connections: curl's own would be read for each. */
static CURLcode
on_ssl(CURL *easy, void *ctx, void *arg)
{
	(void)easy;
	(void)arg;
	SSL_CTX_set1_cert_store(ctx, at.roots);
	return CURLE_OK;
}

static void
get(struct instance *i, const char *path)
{
	char url[256];

	snprintf(url, sizeof url, "https://%s%s", i->host, path);
	i->len = 0;
	curl_easy_setopt(i->easy, CURLOPT_URL, url);
	curl_multi_add_handle(at.multi, i->easy);
}

static void
begin(struct instance *i)
{
	CURL *c = i->easy = curl_easy_init();

	curl_easy_setopt(c, CURLOPT_PRIVATE, i);
	curl_easy_setopt(c, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_ssl);
	curl_easy_setopt(c, CURLOPT_CONNECT_TO, at.connect_to);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, i);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, i);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, 15L);
	ares_query(at.dns, i->host, ns_c_in, ns_t_a, on_a, i);
	ares_query(at.dns, i->host, ns_c_in, ns_t_aaaa, on_aaaa, i);
	get(i, "/heartbeat");
}

static bool
is_well(const struct instance *i, const char *part)
{
	char text[HOST];

	snprintf(text, sizeof text, "\"%s\": {\"status\": true", part);
	return strstr(i->body, text) != NULL;
}

static void
end(struct instance *i, CURLcode code)
{
	long status = 0;
	bool ok;

	curl_easy_getinfo(i->easy, CURLINFO_RESPONSE_CODE, &status);
	ok = code == CURLE_OK && status == 200;
	curl_multi_remove_handle(at.multi, i->easy);
	at.over++;
	if (i->asked++ == 0) {
		at.good += ok && is_well(i, "modulestore")
		    && is_well(i, "sql");
		at.good += ok && i->certificate;
		at.over++;
		get(i, "/api/mfe_config/v1?mfe=authn");
		return;
	}
	at.good += ok && strstr(i->body, i->host) != NULL;
	curl_easy_cleanup(i->easy);
	if (at.next < at.n)
		begin(&at.v[at.next++]);
}

static void
end_finished(void)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(at.multi, &left)) != NULL) {
		char *i = NULL;

		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &i);
		end((struct instance *)(void *)i, m->data.result);
	}
}

static void
turn(void)
{
	struct epoll_event ev[EVENTS];
	int ms = at.timer >= 0 && at.timer < WAIT_MS ? (int)at.timer
	    : WAIT_MS, n = epoll_wait(at.epoll, ev, EVENTS, ms), running;

	if (n <= 0) {
		at.timer = -1;
		curl_multi_socket_action(at.multi, CURL_SOCKET_TIMEOUT, 0,
		    &running);
		ares_process_fd(at.dns, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	}
	for (int i = 0; i < n; i++) {
		int fd = (int)(ev[i].data.u64 >> 1);
		bool in = (ev[i].events & ~(unsigned)EPOLLOUT) != 0;
		bool out = (ev[i].events & EPOLLOUT) != 0;

		if ((ev[i].data.u64 & 1) != 0)
			ares_process_fd(at.dns, in ? fd : ARES_SOCKET_BAD,
			    out ? fd : ARES_SOCKET_BAD);
		else
			curl_multi_socket_action(at.multi, fd,
			    (in ? CURL_CSELECT_IN : 0)
			    | (out ? CURL_CSELECT_OUT : 0), &running);
	}
	end_finished();
}

int
main(int argc, char **argv)
{
	char to[128];

	if (argc != 4 || inet_pton(AF_INET, argv[3], &at.addr) != 1) {
		fputs("usage: floor N SERVER ADDRESS\n", stderr);
		return 2;
	}
	at.n = (int)strtol(argv[1], NULL, 10);
	at.address = argv[3];
	at.timer = -1;
	at.epoll = epoll_create1(EPOLL_CLOEXEC);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	at.multi = curl_multi_init();
	curl_multi_setopt(at.multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(at.multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(at.multi, CURLMOPT_MAXCONNECTS, (long)AT_ONCE);
	at.roots = X509_STORE_new();
	X509_STORE_load_path(at.roots, "/etc/ssl/certs");
	snprintf(to, sizeof to, "::%s:443", at.address);
	at.connect_to = curl_slist_append(NULL, to);
	at.v = calloc((size_t)at.n, sizeof *at.v);
	if (!open_dns(argv[2]))
		return 2;
	for (int i = 0; i < at.n; i++)
		snprintf(at.v[i].host, HOST, "lms%03d.bench.test",
		    i % HOSTS);
	while (at.next < at.n && at.next < AT_ONCE)
		begin(&at.v[at.next++]);
	while (at.over < 5 * at.n)
		turn();
	if (at.good != 5 * at.n)
		fprintf(stderr, "floor: %d of %d\n", at.good, 5 * at.n);
	return at.good != 5 * at.n;
}
