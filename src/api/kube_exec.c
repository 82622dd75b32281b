/*
 * kube_exec - a command in a container: Kubernetes' channels over a
 * WebSocket. The first byte of a message is its channel; how the command
 * ended comes as a Status on a channel of its own.
 */
#include "api/kube_own.h"

#include <string.h>

#include "api/reply.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "net/http.h"
#include "net/http_socket.h"

/* Version 5 could close stdin, too; otherwise both are the same. */
static const char PROTOCOLS[] = "v5.channel.k8s.io, v4.channel.k8s.io";

enum { STDIN = 0, STDOUT = 1, STDERR = 2, STATUS = 3 };

enum {
	MESSAGE_MAX = 1024 * 1024,
	CONNECT_SECONDS = 60,
	STATUS_MAX = 64 * 1024,
	PART = 16 * 1024,		/* of the input, in a message */
};

static const char *
exec_url(struct kube *k, const struct kube_command *c)
{
	struct buf url = buf_new(STATUS_MAX);
	const char *s;

	buf_printf(&url, "%s/api/v1/namespaces/", k->server);
	text_percent(&url, k->space);
	buf_puts(&url, "/pods/");
	text_percent(&url, c->pod);
	buf_puts(&url, "/exec?stdout=true&stderr=true&container=");
	text_percent(&url, c->container);
	if (c->input != NULL)
		buf_puts(&url, "&stdin=true");
	for (const char *const *a = c->argv; *a != NULL; a++) {
		buf_puts(&url, "&command=");
		text_percent(&url, *a);
	}
	s = pool_strdup(k->pool, buf_str(&url));
	buf_free(&url);
	return s;
}

/* "details": {"causes": [{"reason": "ExitCode", "message": "3"}]} */
static bool
read_exit_code(const struct json *status, long *code, struct err *e)
{
	const struct json *c = json_first(json_at(status, "details.causes"));

	while (c != NULL && !text_same(json_str(c, "reason"), "ExitCode"))
		c = json_next(c);
	return c != NULL && json_str(c, "message") != NULL
	    && text_number(json_str(c, "message"), 0, 255, code, e);
}

/* What the Status says: an exit status, or why there is none. */
static bool
read_status(struct kube *k, const struct buf *message, long *code,
    struct err *e)
{
	struct json *status = json_parse(message->data + 1,
	    message->len - 1, "the command's status", e);
	struct err unseen;
	bool ok = status != NULL;

	*code = 0;
	if (ok && !text_same(json_str(status, "status"), "Success"))
		ok = (text_same(json_str(status, "reason"),
		    "NonZeroExitCode")
		    && read_exit_code(status, code, &unseen))
		    || err_set(e, ERR_OTHER, "the command could not be run:"
		    " %s", reply_line(k->pool, json_str(status, "message")));
	json_free(status);
	return ok;
}

static bool
send_input(struct http_socket *s, const struct kube_command *c, struct err *e)
{
	char part[1 + PART] = { STDIN };
	size_t done = 0, n;
	bool ok = true;

	for (; ok && c->input != NULL && done < c->input_len; done += n) {
		n = c->input_len - done < PART ? c->input_len - done : PART;
		memcpy(part + 1, c->input + done, n);
		ok = http_socket_send(s, part, n + 1, c->deadline, e);
	}
	mem_wipe(part, sizeof(part));
	return ok;
}

/* Take messages until the Status comes. */
static bool
take_messages(struct kube *k, struct http_socket *s,
    const struct kube_command *c, long *code, struct err *e)
{
	struct buf message = buf_new(MESSAGE_MAX);
	bool ended = false, told = false, ok = true;

	while (ok && !told) {
		ok = http_socket_receive(s, &message, &ended, c->deadline, e);
		if (ok && ended)
			ok = err_set(e, ERR_NETWORK, "the connection ended"
			    " before the command did");
		if (!ok || message.len < 2)
			continue;	/* channels begin with empty ones */
		if (message.data[0] == STDOUT)
			ok = buf_add(c->out, message.data + 1,
			    message.len - 1) || buf_check(c->out,
			    "its output", e);
		else if (message.data[0] == STDERR)
			buf_add(c->err, message.data + 1, message.len - 1);
		told = message.data[0] == STATUS;
	}
	ok = ok && read_status(k, &message, code, e);
	if (message.data != NULL)
		mem_wipe(message.data, message.len);
	buf_free(&message);
	return ok;
}

bool
kube_exec(struct kube *k, const struct kube_command *c, long *code,
    struct err *e)
{
	const struct kube_ask ask = {
		.url = exec_url(k, c), .good = 101,
		.what = pool_printf(k->pool, "%s: %s in pod %s/%s",
		    k->server, c->argv[0], k->space, c->pod),
		/* a WebSocket begins as a GET; newer servers want both */
		.right = { "", "pods/exec", "get, create" },
	};
	struct http_request rq;
	struct http_socket *s = NULL;
	struct http_reply r = { 0 };
	bool ok;

	do {
		rq = kube_request(k, "GET", ask.url);
		rq.timeout = CONNECT_SECONDS;
		rq.deadline = c->deadline;
		if (!http_socket_open(k->http, k->pool, &rq, PROTOCOLS, &r,
		    &s, e))
			return err_within(e, "%s", ask.what);
	} while (s == NULL && kube_renew(k, &r));
	if (s == NULL)
		return kube_tell_status(k, &ask, &r, e);
	ok = (send_input(s, c, e) && take_messages(k, s, c, code, e))
	    || err_within(e, "%s", ask.what);
	http_socket_close(s);
	return ok;
}
