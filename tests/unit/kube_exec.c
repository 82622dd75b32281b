/*
 * Proves what api/kube.h promises of kube_exec, and net/http_socket.h of
 * frames: commands end with their status, and what is no WebSocket, no
 * Status, or nothing at all is told in words.
 */
#include <string.h>

#include "api/kube.h"
#include "base/clock.h"
#include "base/mem.h"
#include "tests/kit/httpd.h"
#include "tests/kit/kit.h"

#define EXEC "GET /api/v1/namespaces/acme/pods/lms-1/exec?"
#define UPGRADED "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" \
	"Connection: Upgrade\r\nSec-WebSocket-Protocol: v5.channel.k8s.io" \
	"\r\n\r\n"
#define SUCCESS "\003{\"metadata\":{},\"status\":\"Success\"}"
#define EXIT(n) "\003{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\"," \
	"\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"" n \
	"\"}]}}"

static struct httpd *d;
static struct kube *k;
static struct err e;
static struct buf out, said, raw;
static long status;

static void
set_up(void)
{
	struct kube_open o = { .token = "kube-token-123456", .space = "acme" };

	d = httpd_start(NULL);
	o.server = httpd_url(d);
	e = (struct err){ 0 };
	out = buf_new(1 << 16);
	said = buf_new(8);
	raw = buf_new(1 << 16);
	buf_puts(&raw, UPGRADED);
	status = -1;
	k = kube_open(&o, &e);
	ck_assert(k != NULL);
}

static void
tear_down(void)
{
	kube_close(k);
	httpd_stop(d);
	buf_free(&out);
	buf_free(&said);
	buf_free(&raw);
}

/*
 * Add a frame. The server of the kit can't send a NUL, so a payload of more
 * than 125 bytes is made 300 long, by blanks.
 */
static void
frame(int first, const char *payload)
{
	size_t n = strlen(payload);

	buf_putc(&raw, (char)first);
	buf_puts(&raw, n < 126 ? "" : "\x7e\x01\x2c");
	if (n < 126)
		buf_putc(&raw, (char)n);
	buf_puts(&raw, payload);
	for (; n >= 126 && n < 300; n++)
		buf_putc(&raw, ' ');
}

static bool
run_for(long seconds)
{
	static const char *const argv[] = { "sh", "-c", "a b&c", NULL };
	const struct kube_command c = {
		.pod = "lms-1", .container = "lms", .argv = argv,
		.deadline = clock_deadline(seconds), .out = &out,
		.err = &said,
	};

	return kube_exec(k, &c, &status, &e);
}

/* Answer with the frames, and run. */
static bool
run(enum httpd_act act)
{
	httpd_rule(d, EXEC, 0, act, buf_str(&raw));
	return run_for(20);
}

START_TEST(a_command_is_asked_for_with_its_words_and_the_token)
{
	frame(0x82, SUCCESS);
	ck_assert_msg(run(HTTPD_SAY), "%s", e.text);
	ck_assert_int_eq(status, 0);
	kit_contains(httpd_seen(d, EXEC, 0), "/exec?stdout=true&stderr=true&"
	    "container=lms&command=sh&command=-c&command=a%20b%26c HTTP/1.1");
	kit_contains(httpd_seen(d, EXEC, 0),
	    "Authorization: Bearer kube-token-123456\r\n");
	kit_contains(httpd_seen(d, EXEC, 0), "Sec-WebSocket-Protocol: "
	    "v5.channel.k8s.io, v4.channel.k8s.io\r\n");
}
END_TEST

/* What it says there, the doubles' own frames prove. */
START_TEST(a_command_with_input_is_asked_for_with_stdin)
{
	static const char *const argv[] = { "cat", NULL };
	const struct kube_command c = {
		.pod = "lms-1", .container = "lms", .argv = argv,
		.input = "secret-of-stdin", .input_len = 15,
		.deadline = clock_deadline(20), .out = &out, .err = &said,
	};

	frame(0x82, SUCCESS);
	httpd_rule(d, EXEC, 0, HTTPD_SAY, buf_str(&raw));
	ck_assert_msg(kube_exec(k, &c, &status, &e), "%s", e.text);
	kit_contains(httpd_seen(d, EXEC, 0), "container=lms&stdin=true&"
	    "command=cat HTTP/1.1");
	kit_lacks(httpd_seen(d, EXEC, 0), "secret-of-stdin");
}
END_TEST

START_TEST(output_comes_whole_whatever_the_frames)
{
	frame(0x82, "\001");
	frame(0x82, "\001abc");
	frame(0x89, "are you there?");
	frame(0x02, "\001defg");	/* a message in two frames */
	frame(0x8a, "a pong in between");
	frame(0x80, "h");
	frame(0x82, "\002complaints, too many of them");
	frame(0x82, "\004a channel that nobody knows");
	frame(0x82, SUCCESS);
	ck_assert_msg(run(HTTPD_SAY), "%s", e.text);
	ck_assert_int_eq(status, 0);
	ck_assert_str_eq(buf_str(&out), "abcdefgh");
	ck_assert_str_eq(buf_str(&said), "complain");
}
END_TEST

START_TEST(an_exit_status_is_no_error)
{
	frame(0x82, "\001some");
	frame(0x82, EXIT("3"));
	ck_assert_msg(run(HTTPD_SAY), "%s", e.text);
	ck_assert_int_eq(status, 3);
}
END_TEST

static const struct {
	const char *status, *says;
} ends[] = {
	{ "\003{\"status\":\"Failure\",\"reason\":\"InternalError\","
	  "\"message\":\"no such\\nprogram\"}", "could not be run: no such"
	  " program" },
	{ EXIT("many"), "could not be run" },
	{ "\003{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\"}",
	  "could not be run" },
	{ "\003<html>", "the command's status" },
};

START_TEST(a_command_that_was_not_run_is_an_error)
{
	frame(0x82, ends[_i].status);
	ck_assert(!run(HTTPD_SAY));
	kit_contains(e.text, ends[_i].says);
	kit_contains(e.text, "sh in pod acme/lms-1");
}
END_TEST

static const struct {
	int first;
	const char *payload, *says;
	enum err_kind kind;
} broken[] = {
	{ 0x88, "\003\351", "ended before the command did", ERR_NETWORK },
	{ 0, NULL, "ended before the command did", ERR_NETWORK },
	{ 0xc2, "\001reserved bits", "no frame", ERR_OTHER },
	{ 0x89, "a ping of more than 125 bytes: ...........................61"
	  "............................................................121"
	  "............", "no frame", ERR_OTHER },
};

START_TEST(a_connection_that_breaks_is_told)
{
	if (broken[_i].payload != NULL)
		frame(broken[_i].first, broken[_i].payload);
	ck_assert(!run(HTTPD_CLOSE));
	kit_contains(e.text, broken[_i].says);
	ck_assert_int_eq(e.kind, broken[_i].kind);
}
END_TEST

START_TEST(a_masked_frame_is_refused)
{
	buf_puts(&raw, "\x82\x81" "abcd\001");
	ck_assert(!run(HTTPD_SAY));
	kit_contains(e.text, "no frame");
}
END_TEST

START_TEST(a_refusal_is_told_with_the_rule_to_add)
{
	httpd_answer(d, EXEC, 0, 403, "", "{\"kind\":\"Status\",\"message\":"
	    "\"pods \\\"lms-1\\\" is forbidden: User \\\"x\\\" cannot create"
	    " resource \\\"pods/exec\\\"\",\"reason\":\"Forbidden\","
	    "\"code\":403}");
	ck_assert(!run_for(20));
	ck_assert_int_eq(e.kind, ERR_DENIED);
	kit_contains(e.text, "cannot create resource");
	kit_contains(e.text, "- {apiGroups: [\"\"], resources: [pods/exec],"
	    " verbs: [get, create]}");
}
END_TEST

static const struct {
	const char *raw, *says;
} odd[] = {
	{ "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n\r\n"
	  "404 page not found\n", "in place of JSON" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
	  "pod acme/lms-1" },
	{ "HTTP/1.1 101 Switching Protocols\r\n\r\n",
	  "none of the protocols" },
	{ "SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP" },
	{ "HTTP/1.1 101", "not HTTP" },
};

START_TEST(what_is_no_websocket_is_told)
{
	httpd_rule(d, EXEC, 0, HTTPD_CLOSE, odd[_i].raw);
	ck_assert(!run_for(20));
	kit_contains(e.text, odd[_i].says);
	kit_lacks(e.text, "kube-token");
}
END_TEST

START_TEST(silence_ends_with_the_deadline)
{
	frame(0x82, "\001abc");
	httpd_rule(d, EXEC, 0, HTTPD_HANG, buf_str(&raw));
	ck_assert(!run_for(1));
	ck_assert_int_eq(e.kind, ERR_TIMEOUT);
}
END_TEST

START_TEST(too_much_output_is_an_error)
{
	buf_free(&out);
	out = buf_new(2);
	frame(0x82, "\001abc");
	ck_assert(!run(HTTPD_SAY));
	kit_contains(e.text, "larger than 2 bytes");
}
END_TEST

START_TEST(a_client_certificate_and_another_name_reach_the_socket_too)
{
	struct httpd *s = httpd_start("kube.example.test");
	struct kube_open o = { .server = httpd_url(s), .space = "acme",
	    .ca_pem = httpd_ca(s), .tls_name = "kube.example.test" };

	httpd_require_client(s);
	kube_close(k);
	k = kube_open(&o, &e);
	ck_assert(!run_for(1));
	ck_assert_int_eq(httpd_count(s, ""), 0);
	kube_close(k);
	o.cert_pem = httpd_client_cert(s);
	o.key_pem = httpd_client_key(s);
	k = kube_open(&o, &e);
	frame(0x82, SUCCESS);
	httpd_rule(s, EXEC, 0, HTTPD_SAY, buf_str(&raw));
	ck_assert_msg(run_for(20), "%s", e.text);
	kit_lacks(httpd_seen(s, EXEC, 0), "Authorization");
	buf_clear(&out);
	buf_printf(&out, "\r\nHost: 127.0.0.1:%d\r\n", httpd_port(s));
	kit_contains(httpd_seen(s, EXEC, 0), buf_str(&out));
	httpd_stop(s);
}
END_TEST

static bool
renew(void *token, struct kube_open *o, struct err *unused)
{
	(void)unused;
	o->token = token;
	return true;
}

START_TEST(a_login_that_ended_is_renewed_before_the_command)
{
	char token[] = "new-token";
	const struct kube_open o = { .server = httpd_url(d), .space = "acme",
	    .token = "old-token", .renew = renew, .source = token };

	kube_close(k);
	k = kube_open(&o, &e);
	httpd_answer(d, EXEC, 1, 401, "", "{\"message\":\"Unauthorized\"}");
	frame(0x82, SUCCESS);
	ck_assert_msg(run(HTTPD_SAY), "%s", e.text);
	kit_contains(httpd_seen(d, EXEC, 1), "Bearer new-token\r\n");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("kube_exec");
	TCase *t = tcase_create("kube_exec");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_command_is_asked_for_with_its_words_and_the_token);
	tcase_add_test(t, a_command_with_input_is_asked_for_with_stdin);
	tcase_add_test(t, output_comes_whole_whatever_the_frames);
	tcase_add_test(t, an_exit_status_is_no_error);
	tcase_add_loop_test(t, a_command_that_was_not_run_is_an_error, 0,
	    sizeof(ends) / sizeof(ends[0]));
	tcase_add_loop_test(t, a_connection_that_breaks_is_told, 0,
	    sizeof(broken) / sizeof(broken[0]));
	tcase_add_test(t, a_masked_frame_is_refused);
	tcase_add_test(t, a_refusal_is_told_with_the_rule_to_add);
	tcase_add_loop_test(t, what_is_no_websocket_is_told, 0,
	    sizeof(odd) / sizeof(odd[0]));
	tcase_add_test(t, silence_ends_with_the_deadline);
	tcase_add_test(t, too_much_output_is_an_error);
	tcase_add_test(t,
	    a_client_certificate_and_another_name_reach_the_socket_too);
	tcase_add_test(t, a_login_that_ended_is_renewed_before_the_command);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
