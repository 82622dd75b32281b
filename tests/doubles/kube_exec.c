/*
 * Commands in the Pods of the Kubernetes doubles: they are run on this
 * machine, in a folder that holds what the Pod mounts (a folder a volume)
 * and a manage.py that reads settings from there, and talk over a WebSocket
 * in Kubernetes' channels, version 5 or 4.
 *
 * Frames come as awkwardly as the RFC allows: a ping first, and a head whose
 * bytes arrive one by one.
 */
#include "kube.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <openssl/sha.h>

#include "world_child.h"
#include "world_http.h"
#include "world_json.h"
#include "world_set.h"
#include "world_text.h"

extern char **environ;

enum { STDOUT = 1, STDERR = 2, STATUS = 3, CLOSE = 0x88, PING = 0x89,
    BINARY = 0x82, SLOW_FRAMES = 20, ARGV_MAX = 32, PART = 32 * 1024 };

struct session {
	int fd, frames;
	bool takes_input;
	int input;		/* the command's stdin; -1: it has none */
	struct text came;	/* of frames that are not whole yet */
	char *folder;
	char *argv[ARGV_MAX + 1];
};

/* --- frames ------------------------------------------------------------ */

/* The end that we are given does not block. */
static void
put(struct session *s, const void *p, size_t n)
{
	struct pollfd ready = { .fd = s->fd, .events = POLLOUT };
	const char *at = p;

	while (n > 0) {
		ssize_t done = send(s->fd, at, n, MSG_NOSIGNAL);

		if (done < 0 && (errno == EAGAIN || errno == EINTR)) {
			(void)poll(&ready, 1, -1);
			continue;
		}
		if (done <= 0)
			return;
		at += done;
		n -= (size_t)done;
	}
}

static void
put_frame(struct session *s, int opcode, const void *p, size_t n)
{
	const struct timespec blink = { .tv_nsec = 1000000 };
	unsigned char head[10] = { (unsigned char)opcode };
	size_t more = n < 126 ? 0 : n < 65536 ? 2 : 8, i;

	head[1] = (unsigned char)(more == 0 ? n : more == 2 ? 126 : 127);
	for (i = 0; i < more; i++)
		head[2 + i] = (unsigned char)(n >> (8 * (more - 1 - i)));
	for (i = 0; i < 2 + more && s->frames < SLOW_FRAMES; i++) {
		put(s, head + i, 1);
		(void)nanosleep(&blink, NULL);
	}
	put(s, head + i, 2 + more - i);
	put(s, p, n);
	s->frames++;
}

static void
put_channel(struct session *s, char channel, const void *p, size_t n)
{
	struct text t = { 0 };

	text_bytes(&t, &channel, 1);
	text_bytes(&t, p, n);
	put_frame(s, BINARY, t.s, t.len);
	text_free(&t);
}

/* --- the command ------------------------------------------------------- */

/* A Pod's own: it trusts the sandbox's roots, and has the distribution's
 * programs, whatever else the machine has. */
static char **
environment(void)
{
	size_t n = 0, k = 3;
	char **all;

	while (environ[n] != NULL)
		n++;
	all = calloc(n + k + 1, sizeof(*all));
	if (all == NULL)
		abort();
	all[2] = text_copy("PATH=/usr/bin:/bin");
	all[0] = text_make("SSL_CERT_FILE=%s", env_or("SB_CA_BUNDLE", ""));
	all[1] = text_make("AWS_CA_BUNDLE=%s", env_or("SB_CA_BUNDLE", ""));
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "PATH=", 5) != 0)
			all[k++] = environ[i];
	return all;
}

static pid_t
begin(const struct session *s, const int in[2], const int out[2],
    const int err[2])
{
	char **vars = environment();
	char *path = strchr(s->argv[0], '/') != NULL ?
	    text_copy(s->argv[0]) : text_make("/usr/bin/%s", s->argv[0]);
	posix_spawn_file_actions_t acts;
	pid_t pid = -1;

	(void)posix_spawn_file_actions_init(&acts);
	(void)posix_spawn_file_actions_addchdir_np(&acts, s->folder);
	if (s->takes_input)
		(void)posix_spawn_file_actions_adddup2(&acts, in[0], 0);
	else
		(void)posix_spawn_file_actions_addopen(&acts, 0, "/dev/null",
		    O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&acts, out[1], 1);
	(void)posix_spawn_file_actions_adddup2(&acts, err[1], 2);
	if (posix_spawn(&pid, path, &acts, NULL, s->argv, vars)
	    != 0)
		pid = -1;
	(void)posix_spawn_file_actions_destroy(&acts);
	free(vars[0]);
	free(vars[1]);
	free(vars[2]);
	free(vars);
	free(path);
	(void)close(in[0]);
	(void)close(out[1]);
	(void)close(err[1]);
	return pid;
}

/* What one pipe gives, into its channel; false at its end. */
static bool
carry(struct session *s, int fd, char channel)
{
	static _Thread_local char part[PART];
	ssize_t n = read(fd, part, sizeof(part));

	if (n > 0)
		put_channel(s, channel, part, (size_t)n);
	return n > 0 || (n < 0 && errno == EINTR);
}

static void
end_input(struct session *s)
{
	if (s->input >= 0)
		(void)close(s->input);
	s->input = -1;
}

/* A message of the client's: stdin, or (version 5) the end of a channel. */
static void
take_message(struct session *s, const unsigned char *p, size_t n)
{
	const char *at = (const char *)p + 1;

	if (n == 2 && p[0] == 255 && p[1] == 0)
		end_input(s);
	for (n -= n > 0; p[0] == 0 && n > 0 && s->input >= 0; ) {
		ssize_t done = write(s->input, at, n);

		if (done < 0 && errno != EINTR) {
			end_input(s);
		} else if (done > 0) {
			at += done;
			n -= (size_t)done;
		}
	}
}

/* The first frame, if it is whole, unmasked: how long it was. */
static size_t
take_frame(struct session *s)
{
	unsigned char *p = (unsigned char *)s->came.s, *mask;
	size_t n, head = 2, i;

	if (s->came.len < 2)
		return 0;
	n = p[1] & 0x7f;
	head += n == 126 ? 2 : n == 127 ? 8 : 0;
	if (s->came.len < head + 4)
		return 0;
	for (i = 2, n = head > 2 ? 0 : n; i < head; i++)
		n = n << 8 | p[i];
	if ((p[1] & 0x80) == 0 || s->came.len < head + 4 + n)
		return 0;
	mask = p + head;
	for (i = 0; i < n; i++)
		p[head + 4 + i] ^= mask[i % 4];
	if (p[0] == BINARY && n > 0)
		take_message(s, p + head + 4, n);
	return head + 4 + n;
}

/* What the client sends; false: it has hung up, which the command does not
 * notice unless it reads. */
static bool
take_input(struct session *s)
{
	static _Thread_local char part[PART];
	ssize_t n = recv(s->fd, part, sizeof(part), 0);
	size_t used;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0) {
		end_input(s);
		return false;
	}
	text_bytes(&s->came, part, (size_t)n);
	while ((used = take_frame(s)) > 0) {
		memmove(s->came.s, s->came.s + used, s->came.len - used);
		s->came.len -= used;
	}
	return true;
}

static void
carry_all(struct session *s, int out, int err)
{
	struct pollfd p[3] = {
		{ .fd = out, .events = POLLIN },
		{ .fd = err, .events = POLLIN },
		{ .fd = s->fd, .events = POLLIN }
	};

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		if (poll(p, 3, -1) < 0 && errno != EINTR)
			return;
		for (int i = 0; i < 2; i++) {
			if (p[i].revents != 0 && !carry(s, p[i].fd,
			    i == 0 ? STDOUT : STDERR))
				p[i].fd = -1;
		}
		if (p[2].revents != 0 && !take_input(s))
			p[2].fd = -1;
	}
}

/* How it ended, as a kubelet says it. */
static void
put_status(struct session *s, bool begun, int code)
{
	cJSON *o = json_make("{\"metadata\":{},\"status\":\"%s\"}",
	    begun && code == 0 ? "Success" : "Failure");
	char *text;

	if (!begun) {
		json_puts(o, "message", "Internal error occurred: Internal "
		    "error occurred: error executing command in container: "
		    "executable file not found in $PATH");
		json_puts(o, "reason", "InternalError");
		json_putn(o, "code", 500);
	} else if (code != 0) {
		text = text_make("command terminated with non-zero exit "
		    "code: exit status %d", code);
		json_puts(o, "message", text);
		free(text);
		json_puts(o, "reason", "NonZeroExitCode");
		json_put(o, "details", json_make("{\"causes\":[{\"reason\":"
		    "\"ExitCode\",\"message\":\"%d\"}]}", code));
	}
	text = json_text(o);
	put_channel(s, STATUS, text, strlen(text));
	free(text);
	cJSON_Delete(o);
}

static void
run(struct session *s)
{
	int in[2], out[2], err[2], status = 0;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0
	    || pipe2(err, O_CLOEXEC) != 0)
		abort();
	s->input = in[1];
	pid = begin(s, in, out, err);
	carry_all(s, out[0], err[0]);
	end_input(s);
	(void)close(out[0]);
	(void)close(err[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	put_status(s, pid > 0, WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status));
}

static void
talk(int fd, void *arg)
{
	struct session *s = arg;

	s->fd = fd;
	put_frame(s, PING, "here?", 5);
	put_channel(s, STDOUT, "", 0);
	put_channel(s, STDERR, "", 0);
	run(s);
	put_frame(s, CLOSE, "\x03\xe8", 2);
	folder_remove(s->folder);
	for (char **a = s->argv; *a != NULL; a++)
		free(*a);
	text_free(&s->came);
	free(s);
}

/* --- what the Pod mounts ------------------------------------------------- */

static void
write_file(const char *folder, const cJSON *file)
{
	char *path = text_make("%s/%s", folder, file->string);
	FILE *f = fopen(path, "we");

	free(path);
	if (f == NULL)
		return;
	(void)fputs(cJSON_GetStringValue(file), f);
	(void)fclose(f);
}

/* What the database lacks is no file of the Pod's: a knob says it. */
static void
write_unapplied(const char *folder)
{
	char *path = text_make("%s/unapplied", folder);
	FILE *f = fopen(path, "we");

	free(path);
	if (f == NULL)
		return;
	(void)fputs(knob("migrations.unapplied"), f);
	(void)fclose(f);
}

static char *
pod_folder(struct cluster *c, const cJSON *pod)
{
	char *folder = folder_make("pod"), *at, *script;
	const cJSON *volume, *file, *map;

	cJSON_ArrayForEach(volume, json_at(pod, "spec/volumes")) {
		const char *name = json_str(volume, "configMap/name");

		map = name == NULL ? NULL : kube_find(c, "configmaps",
		    json_str(pod, "metadata/namespace"), name);
		at = text_make("%s/%s", folder, json_str(volume, "name"));
		if (map != NULL && mkdir(at, 0700) == 0) {
			cJSON_ArrayForEach(file, json_at(map, "data"))
				write_file(at, file);
		}
		free(at);
	}
	write_unapplied(folder);
	script = child_fixture("pod/manage.py");
	at = text_make("%s/manage.py", folder);
	(void)symlink(script, at);
	free(script);
	free(at);
	return folder;
}

/* --- the request --------------------------------------------------------- */

/* The first of the protocols offered that we speak; NULL: none. */
static const char *
protocol(const struct request *r)
{
	const char *offered = header(r, "sec-websocket-protocol");

	if (offered == NULL)
		return NULL;
	if (strstr(offered, "v5.channel.k8s.io") != NULL)
		return "v5.channel.k8s.io";
	return strstr(offered, "v4.channel.k8s.io") != NULL ?
	    "v4.channel.k8s.io" : NULL;
}

static void
accept_key(const struct request *r, struct reply *p)
{
	char *text = text_make("%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
	    header(r, "sec-websocket-key"));
	unsigned char hash[SHA_DIGEST_LENGTH];
	char *key;

	(void)SHA1((const unsigned char *)text, strlen(text), hash);
	key = base64(hash, sizeof(hash), 0);
	reply_header(p, "Sec-WebSocket-Accept", key);
	free(key);
	free(text);
}

bool
kube_exec(const struct request *r, struct reply *p, struct cluster *c,
    const cJSON *pod)
{
	struct session *s;
	const cJSON *q;
	int n = 0;

	if (header(r, "sec-websocket-key") == NULL || protocol(r) == NULL)
		return false;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		abort();
	cJSON_ArrayForEach(q, r->query) {
		if (strcmp(q->string, "command") == 0 && n < ARGV_MAX)
			s->argv[n++] = text_copy(q->valuestring);
	}
	q = cJSON_GetObjectItem(r->query, "stdin");
	s->takes_input = q != NULL && strcmp(q->valuestring, "true") == 0;
	s->folder = pod_folder(c, pod);
	p->status = 101;
	p->talk = talk;
	p->talk_arg = s;
	reply_header(p, "Sec-WebSocket-Protocol", protocol(r));
	accept_key(r, p);
	return true;
}
