/*
 * http_many - requests side by side over curl's multi interface and the loop,
 * so that a thousand that wait cost nothing.
 */
#include "net/http_many.h"

#include <assert.h>
#include <stdlib.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/http_own.h"
#include "net/loop.h"

enum {
	LONGEST_SLEEP = 1000,	/* ms; a look at the clock between */
	CALM = 16,		/* good answers, until one more may go */
	SLOWED = 500,		/* ms; what was sent before is no news */
};

struct job {
	struct http_many *many;
	struct job *next, *before;	/* among all that are on their way */
	struct pool *pool;
	struct http_request rq;
	struct http_attempt a;
	struct http_outcome out;
	clock_ms deadline, again_at;	/* again_at: while it pauses */
	bool refused;			/* it can't be sent at all */
	http_done *done;
	void *arg;
};

struct http_many {
	struct http *http;
	CURLM *multi;
	struct loop *loop;
	size_t most, allowed, n, calm;
	size_t over;			/* since the last wait began */
	struct job *jobs, *pausing;	/* of different lists */
	struct job *spare;		/* with a handle, for the next */
	clock_ms slowed;		/* when last */
	clock_ms timer;			/* curl wants to be asked; -1: no */
};

/* ---- lists ---- */

static void
link_job(struct job **list, struct job *j)
{
	j->before = NULL;
	j->next = *list;
	if (*list != NULL)
		(*list)->before = j;
	*list = j;
}

static void
unlink_job(struct job **list, struct job *j)
{
	if (j->next != NULL)
		j->next->before = j->before;
	if (j->before != NULL)
		j->before->next = j->next;
	else
		*list = j->next;
}

/* ---- what curl asks for ---- */

static void
on_ready(void *arg, int fd, unsigned what)
{
	struct http_many *m = arg;
	int running;

	curl_multi_socket_action(m->multi, fd,
	    (what & LOOP_IN ? CURL_CSELECT_IN : 0)
	    | (what & LOOP_OUT ? CURL_CSELECT_OUT : 0), &running);
}

/* data: not NULL once the loop knows the socket; its number may have been
 * another's before, which curl has closed. */
static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *data)
{
	struct http_many *m = arg;

	(void)easy;
	if (data == NULL || what == CURL_POLL_REMOVE)
		loop_forget(m->loop, fd);
	if (what != CURL_POLL_REMOVE)
		loop_watch(m->loop, fd, (what & CURL_POLL_IN ? LOOP_IN : 0U)
		    | (what & CURL_POLL_OUT ? LOOP_OUT : 0U), on_ready, m);
	curl_multi_assign(m->multi, fd, what == CURL_POLL_REMOVE ? NULL : m);
	return 0;
}

static int
on_timer(CURLM *multi, long ms, void *arg)
{
	struct http_many *m = arg;

	(void)multi;
	m->timer = ms < 0 ? -1 : clock_now() + ms;
	return 0;
}

/* ---- the life of a request ---- */

struct http_many *
http_many_open(struct http *h, size_t at_once)
{
	struct http_many *m = mem_alloc(sizeof(*m));

	assert(at_once > 0);
	m->http = h;
	m->most = m->allowed = at_once;
	m->timer = -1;
	m->multi = curl_multi_init();
	m->loop = loop_open();
	if (m->multi == NULL)
		abort();
	curl_multi_setopt(m->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(m->multi, CURLMOPT_SOCKETDATA, m);
	curl_multi_setopt(m->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(m->multi, CURLMOPT_TIMERDATA, m);
	curl_multi_setopt(m->multi, CURLMOPT_MAXCONNECTS, (long)at_once);
	return m;
}

static void
free_jobs(struct http_many *m, struct job *list, bool on_its_way)
{
	struct job *j;

	while ((j = list) != NULL) {
		list = j->next;
		if (on_its_way)
			curl_multi_remove_handle(m->multi, j->a.easy);
		http_attempt_end(&j->a);
		curl_easy_cleanup(j->a.easy);
		pool_free(j->pool);
		mem_free(j);
	}
}

void
http_many_close(struct http_many *m)
{
	if (m == NULL)
		return;
	free_jobs(m, m->jobs, true);
	free_jobs(m, m->pausing, false);
	free_jobs(m, m->spare, false);
	curl_multi_cleanup(m->multi);
	loop_close(m->loop);
	mem_free(m);
}

bool
http_many_room(const struct http_many *m)
{
	return m->n < m->allowed;
}

bool
http_many_busy(const struct http_many *m)
{
	return m->n > 0;
}

static void
begin_attempt(struct job *j)
{
	struct http_many *m = j->many;

	j->out.reply.attempts++;
	http_attempt_begin(m->http, &j->a, &j->rq, j->deadline);
	curl_easy_setopt(j->a.easy, CURLOPT_PRIVATE, j);
	link_job(&m->jobs, j);
	if (curl_multi_add_handle(m->multi, j->a.easy) != CURLM_OK)
		abort();
}

static struct job *
take_job(struct http_many *m)
{
	struct job *j = m->spare;

	if (j != NULL) {
		unlink_job(&m->spare, j);
		return j;
	}
	j = mem_alloc(sizeof(*j));
	j->many = m;
	j->a.easy = curl_easy_init();
	if (j->a.easy == NULL)
		abort();
	return j;
}

/* A request that can't be sent is over at the next wait, like any other. */
static void
end_at_once(struct job *j)
{
	j->refused = true;
	j->again_at = clock_now();
	link_job(&j->many->pausing, j);
}

void
http_many_send(struct http_many *m, const struct http_request *rq,
    http_done *done, void *arg)
{
	struct job *j = take_job(m);

	assert(!rq->connect_only);
	m->n++;
	j->pool = pool_new();
	j->rq = *rq;
	j->done = done;
	j->arg = arg;
	j->out = (struct http_outcome){ .unsent = true };
	j->refused = false;
	j->deadline = rq->deadline != 0 ? rq->deadline
	    : clock_deadline(rq->timeout > 0 ? rq->timeout : HTTP_TIMEOUT);
	j->a.host = http_host(j->pool, rq->url);
	if (http_check_request(rq, j->a.host, &j->out.err))
		begin_attempt(j);
	else
		end_at_once(j);
}

static void
end_job(struct job *j)
{
	struct http_many *m = j->many;

	m->n--;
	m->over++;
	j->done(j->arg, &j->out);
	pool_free(j->pool);
	j->pool = NULL;
	link_job(&m->spare, j);
}

/* "Slow down" halves what may be on its way; good answers win it back. */
static void
adapt(struct http_many *m, const struct job *j, bool again)
{
	bool slow = again && j->a.code == CURLE_OK;

	if (slow && clock_now() >= m->slowed + SLOWED) {
		m->allowed = m->allowed > 1 ? m->allowed / 2 : 1;
		m->slowed = clock_now();
		m->calm = 0;
	} else if (!again && m->allowed < m->most && ++m->calm == CALM) {
		m->allowed++;
		m->calm = 0;
	}
}

static void
end_attempt(struct job *j, CURLcode code)
{
	struct http_many *m = j->many;
	long pause;

	curl_multi_remove_handle(m->multi, j->a.easy);
	unlink_job(&m->jobs, j);
	j->a.code = code;
	j->out.unsent = http_never_sent(&j->a);
	pause = http_judge(m->http, j->pool, &j->a, j->deadline,
	    &j->out.reply, &j->out.err);
	adapt(m, j, pause >= 0);
	j->out.ok = code == CURLE_OK;
	http_attempt_end(&j->a);
	if (pause < 0) {
		end_job(j);
		return;
	}
	j->again_at = clock_now() + pause;
	link_job(&m->pausing, j);
}

/* ---- the loop ---- */

static void
end_finished(struct http_many *m)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(m->multi, &left)) != NULL) {
		char *j = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &j);
		end_attempt((struct job *)(void *)j, msg->data.result);
	}
}

static void
end_pauses(struct http_many *m)
{
	struct job *j = m->pausing, *next;
	clock_ms now = clock_now();

	for (; j != NULL; j = next) {
		next = j->next;
		if (j->again_at > now)
			continue;
		unlink_job(&m->pausing, j);
		if (j->refused)
			end_job(j);
		else
			begin_attempt(j);
	}
}

/* Until when nothing needs to be done unless a socket has news. */
static clock_ms
sleep_until(const struct http_many *m)
{
	clock_ms until = clock_now() + LONGEST_SLEEP;

	if (m->timer >= 0)
		until = clock_sooner(until, m->timer);
	for (const struct job *j = m->pausing; j != NULL; j = j->next)
		until = clock_sooner(until, j->again_at);
	return until;
}

static void
turn(struct http_many *m, clock_ms until)
{
	int running;

	loop_turn(m->loop, until);
	if (m->timer >= 0 && m->timer <= clock_now()) {
		m->timer = -1;
		curl_multi_socket_action(m->multi, CURL_SOCKET_TIMEOUT, 0,
		    &running);
	}
	end_finished(m);
	end_pauses(m);
}

void
http_many_wait(struct http_many *m)
{
	m->over = 0;
	while (m->n > 0 && m->over == 0)
		turn(m, sleep_until(m));
}

void
http_many_poll(struct http_many *m)
{
	turn(m, clock_now());
}
