/*
 * http_retry - what follows from an attempt: the answer, another attempt
 * after a while, or an error in words. The one place for all of http.
 */
#include "net/http_own.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include <curl/curl.h>

#include "base/log.h"
#include "net/http.h"

enum {
	TRIES = 6,			/* 0.5+1+2+4+8 s of waiting */
	FIRST_WAIT = 500,		/* ms */
	LONGEST_WAIT = 30 * 1000,	/* ms */
	SECONDARY_WAIT = 60,		/* s; what GitHub asks for */
	TELL_WAIT = 3 * 1000,		/* ms; a longer one is told */
};

bool
http_may_repeat(const struct http_request *rq)
{
	return rq->repeatable || (strcmp(rq->method, "POST") != 0
	    && strcmp(rq->method, "PATCH") != 0);
}

/* A header that is a whole number; -1 if there is none. */
static long long
header_number(const struct http_reply *r, const char *name)
{
	const char *s = http_header(r, name);
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
	const char *s = http_header(r, "Retry-After");
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
	unsigned long dice;
	long ms = LONGEST_WAIT;

	assert(attempts > 0);
	if (attempts <= TRIES)
		ms = (long)FIRST_WAIT << (attempts - 1);
	if (getrandom(&dice, sizeof(dice), 0) != (ssize_t)sizeof(dice))
		dice = (unsigned long)clock_now();
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
	if (rq->again != NULL && rq->again(r))
		return doubling;
	if (r->status != 502 && r->status != 503 && r->status != 504)
		return -1;
	if (rq->quick || !http_may_repeat(rq))
		return -1;
	after = retry_after(r);
	if (after > 86400)
		after = 86400;
	return after > 0 ? (long)after * 1000 : doubling;
}

bool
http_never_sent(const struct http_attempt *a)
{
	curl_off_t t = 0;

	switch (a->code) {
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
		curl_easy_getinfo(a->easy, CURLINFO_PRETRANSFER_TIME_T, &t);
		return t == 0;
	default:
		return false;
	}
}

/* Might the same request fare better a little later? */
static bool
may_heal(const struct http_attempt *a)
{
	switch (a->code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
		return true;
	case CURLE_OPERATION_TIMEDOUT:
		return http_never_sent(a) || http_may_repeat(a->rq);
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:	/* bytes that are no HTTP */
	case CURLE_CHUNK_FAILED:
		return http_may_repeat(a->rq);
	default:
		return false;
	}
}

static const char *
stage_of(const struct http_attempt *a)
{
	curl_off_t t = 0;

	switch (a->code) {
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
	curl_easy_getinfo(a->easy, CURLINFO_NAMELOOKUP_TIME_T, &t);
	if (t == 0)
		return "no answer in time from the name servers";
	curl_easy_getinfo(a->easy, CURLINFO_CONNECT_TIME_T, &t);
	if (t == 0)
		return "can't connect in time";
	curl_easy_getinfo(a->easy, CURLINFO_PRETRANSFER_TIME_T, &t);
	if (t == 0)
		return "TLS could not be set up in time";
	curl_easy_getinfo(a->easy, CURLINFO_STARTTRANSFER_TIME_T, &t);
	return t == 0 ? "no answer in time" : "the answer did not end in time";
}

static bool
tell_failure(struct pool *p, const struct http_attempt *a, int attempts,
    struct err *e)
{
	const char *times = attempts > 1
	    ? pool_printf(p, " (tried %d times)", attempts) : "";
	char *detail = pool_strdup(p, a->detail[0] != '\0' ? a->detail
	    : curl_easy_strerror(a->code));

	if (a->body_full)
		return err_set(e, ERR_OTHER,
		    "%s: the answer is larger than %zu bytes", a->host,
		    a->body.limit);
	for (char *c = detail; *c != '\0'; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	return err_set(e, a->code == CURLE_OPERATION_TIMEDOUT
	    ? ERR_TIMEOUT : ERR_NETWORK, "%s: %s: %s%s", a->host,
	    stage_of(a), detail, times);
}

/*
 * The hashed folder may lack a root that the bundle has (a bundle mounted
 * into a container): then the bundle is the store from now on.
 */
static bool
try_bundle(struct http *h, const struct http_attempt *a)
{
	if (a->code != CURLE_PEER_FAILED_VERIFICATION || !a->by_folder
	    || h->ca_file == NULL)
		return false;
	mem_free(h->ca_folder);
	h->ca_folder = NULL;
	return true;
}

/* After how many ms the same request may fare better; -1: it is over. */
static long
wait_after(const struct http_attempt *a, const struct http_reply *r)
{
	if (a->rq->deadline == 0 && r->attempts >= TRIES)
		return -1;
	if (a->code == CURLE_OK)
		return wait_after_reply(a->rq, r);
	if (a->rq->once || a->body_full || !may_heal(a))
		return -1;
	return backoff(r->attempts);
}

static void
tell_wait(const struct http_attempt *a, const struct http_reply *r, long ms)
{
	if (ms < TELL_WAIT)
		return;
	if (a->code != CURLE_OK)
		log_info("%s: %s; again in %ld s", a->host, stage_of(a),
		    ms / 1000);
	else if (http_rate_limited(r) > 0)
		log_info("%s: too many requests; again in %ld s", a->host,
		    ms / 1000);
	else
		log_info("%s: HTTP %ld; again in %ld s", a->host, r->status,
		    ms / 1000);
}

long
http_judge(struct http *h, struct pool *p, const struct http_attempt *a,
    clock_ms deadline, struct http_reply *r, struct err *e)
{
	long ms;

	if (try_bundle(h, a)) {
		r->attempts--;	/* it was our roots' fault */
		return 0;
	}
	if (a->code == CURLE_OK)
		http_fill_reply(p, a, r);
	ms = wait_after(a, r);
	if (ms >= 0 && ms < clock_left(deadline)) {
		tell_wait(a, r, ms);
		return ms;
	}
	if (a->code != CURLE_OK)
		tell_failure(p, a, r->attempts, e);
	return -1;
}
