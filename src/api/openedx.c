/*
 * openedx - manage.py in the platform's own pods: a few lines of Python for
 * Django's shell, and the plan of its migrations.
 */
#include "api/openedx.h"

#include <string.h>

#include "api/kube.h"
#include "api/reply.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"

enum {
	SECONDS = 5 * 60,	/* importing the platform takes a minute */
	START_SECONDS = 60,	/* for our own programs: python3 begins */
	ANSWER_MAX = 16 * 1024 * 1024,
	PROGRAM_MAX = 16 * 1024,
	COMPLAINT_MAX = 64 * 1024,
	WAITING_MAX = 1200,
};

/* Between two marks, as other things are printed too. No comprehensions:
 * older Django runs this where they see no names. What JSON lacks is said as
 * text, the same in every process: sets sorted, objects without address. */
static const char program[] =
    "import json\n"
    "from django.conf import settings as s\n"
    "plain = lambda v: sorted(v, key=str) if isinstance(v, (set, "
    "frozenset)) else str(v).split(' at 0x')[0]\n"
    "found = {}\n"
    "for name in '%s'.split(','):\n"
    "    if hasattr(s, name):\n"
    "        found[name] = getattr(s, name)\n"
    "        try:\n"
    "            json.dumps(found[name], default=plain)\n"
    "        except (TypeError, ValueError):\n"
    "            found[name] = plain(found[name])\n"
    "for store in s.MODULESTORE['default']['OPTIONS']['stores']:\n"
    "    of = {'DOC_STORE_CONFIG': store.get('DOC_STORE_CONFIG')}\n"
    "    if found.setdefault('%s', of) != of:\n"
    "        raise SystemExit('the module stores differ')\n"
    "print('%s' + json.dumps(found, default=plain) + '%s')\n";

/* A running pod of this side that mounts the map; NULL: none, or an error. */
static const char *
find_pod(struct kube *k, struct pool *p, const char *side, const char *map,
    struct err *e)
{
	const struct json *all = kube_find_pods(k, pool_printf(p,
	    "app.kubernetes.io/name=%s", side), e);
	const char *volume = pool_printf(p, "settings-%s", side);

	if (all == NULL)
		return NULL;
	for (const struct json *one = json_first(all); one != NULL;
	    one = json_next(one))
		if (text_same(json_str(one, "status.phase"), "Running")
		    && json_is_null(one, "metadata.deletionTimestamp")
		    && text_same(kube_mounted_configmap(one, volume), map))
			return json_str(one, "metadata.name");
	err_set(e, ERR_HAND, "no running pod of %s mounts ConfigMap %s", side,
	    map);
	return NULL;
}

/* The last line of what was complained. Tracebacks end with the reason. */
static const char *
last_line(struct pool *p, struct buf *text)
{
	const char *line;

	while (text->len > 0 && text->data[text->len - 1] == '\n')
		text->data[--text->len] = '\0';
	line = strrchr(buf_str(text), '\n');
	return reply_line(p, line != NULL ? line + 1 : buf_str(text));
}

/* What stands between the two marks. */
static struct json *
read_answer(const struct buf *out, const char *mark, const char *who,
    struct err *e)
{
	const char *from = strstr(buf_str(out), mark), *to;

	if (from != NULL)
		from += strlen(mark);
	to = from != NULL ? strstr(from, mark) : NULL;
	if (to != NULL)
		return json_parse(from, (size_t)(to - from), who, e);
	err_set(e, ERR_HAND, "%s: no answer was printed", who);
	return NULL;
}

/* One command of manage.py, and what it printed. */
struct manage {
	const char *pod, *side;
	const char *const *argv;	/* argv[2] is its verb */
	struct buf out, said;
	long status;
};

static bool
manage_run(struct kube *k, struct manage *m, struct err *e)
{
	const struct kube_command c = {
		.pod = m->pod, .container = m->side, .argv = m->argv,
		.deadline = clock_deadline(SECONDS), .out = &m->out,
		.err = &m->said,
	};

	m->out = buf_new(ANSWER_MAX);
	m->said = buf_new(COMPLAINT_MAX);
	return kube_exec(k, &c, &m->status, e);
}

/* The error of one that failed: always false. */
static bool
manage_blame(struct pool *p, struct manage *m, struct err *e)
{
	return err_set(e, ERR_HAND, "manage.py %s %s in pod %s ended with"
	    " %ld: %s", m->side, m->argv[2], m->pod, m->status,
	    last_line(p, &m->said));
}

static void
manage_free(struct manage *m)
{
	if (m->out.data != NULL)
		mem_wipe(m->out.data, m->out.len);
	buf_free(&m->out);
	buf_free(&m->said);
}

static struct json *
ask(struct kube *k, struct pool *p, const char *pod, const char *side,
    const char *code, const char *mark, struct err *e)
{
	const char *const argv[] = { "./manage.py", side, "shell", "-c", code,
		NULL };
	struct manage m = { .pod = pod, .side = side, .argv = argv };
	struct json *j = NULL;

	if (manage_run(k, &m, e)) {
		if (m.status == 0)
			j = read_answer(&m.out, mark, "manage.py shell", e);
		else
			manage_blame(p, &m, e);
	}
	manage_free(&m);
	return j;
}

struct json *
openedx_find_settings(struct kube *k, const char *side, const char *map,
    const char *names, const char *stores, struct err *e)
{
	struct pool *p = pool_new();
	struct buf mark = buf_new(64), code = buf_new(PROGRAM_MAX);
	const char *pod = find_pod(k, p, side, map, e);
	struct json *j = NULL;

	text_random_hex(&mark, 16);
	buf_printf(&code, program, names, stores, buf_str(&mark),
	    buf_str(&mark));
	if (pod != NULL && buf_check(&code, "the program", e))
		j = ask(k, p, pod, side, buf_str(&code), buf_str(&mark), e);
	if (j != NULL && !json_is_object(j)) {
		json_free(j);
		j = NULL;
		err_set(e, ERR_OTHER, "manage.py shell printed no settings");
	}
	buf_free(&mark);
	buf_free(&code);
	pool_free(p);
	return j;
}

/* ---- migrations ---- */

static bool
is_ready(const struct json *pod)
{
	const struct json *c = json_first(json_at(pod, "status.conditions"));

	while (c != NULL && !text_same(json_str(c, "type"), "Ready"))
		c = json_next(c);
	return c != NULL && text_same(json_str(c, "status"), "True")
	    && text_same(json_str(pod, "status.phase"), "Running")
	    && json_is_null(pod, "metadata.deletionTimestamp");
}

static const char *
made_at(const struct json *pod)
{
	const char *at = json_str(pod, "metadata.creationTimestamp");

	return at != NULL ? at : "";
}

/* The newest pod of this side that is ready: of two generations, the one
 * that was deployed last. */
static const char *
find_ready_pod(struct kube *k, struct pool *p, const char *side,
    struct err *e)
{
	const struct json *all = kube_find_pods(k, pool_printf(p,
	    "app.kubernetes.io/name=%s", side), e), *best = NULL;
	struct buf why = buf_new(WAITING_MAX);

	if (all == NULL)
		return NULL;
	for (const struct json *one = json_first(all); one != NULL;
	    one = json_next(one)) {
		if (!is_ready(one))
			kube_say_waiting(one, &why);
		else if (best == NULL
		    || strcmp(made_at(one), made_at(best)) > 0)
			best = one;
	}
	if (best == NULL)
		err_set(e, ERR_HAND, "no pod of %s is ready%s%s", side,
		    why.len > 0 ? ": " : "", reply_line(p, buf_str(&why)));
	buf_free(&why);
	return best != NULL ? json_str(best, "metadata.name") : NULL;
}

/* "auth.0012_alter_user": an app's label, then the file's name. */
static bool
is_migration(const char *line, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	size_t label = strspn(line, letters);

	return label > 0 && line[label] == '.' && label + 1 < n
	    && label + 1 + strspn(line + label + 1, letters) == n;
}

/*
 * What `migrate --plan` prints from Django 2.2 to 5.2: a title, then each
 * migration on a line of its own with its operations indented below it, or an
 * indented sentence that there is none. Before the title anything may stand.
 */
static bool
read_plan(const struct buf *out, struct buf *names, int *n)
{
	static const char title[] = "Planned operations:\n";
	const char *at = strstr(buf_str(out), title);

	*n = 0;
	if (at == NULL)
		return false;
	for (at += strlen(title); *at != '\0'; at += *at == '\n') {
		size_t len = strcspn(at, "\n");

		if (is_migration(at, len)) {
			buf_add(names, at, len);
			buf_putc(names, '\n');
			(*n)++;
		}
		at += len;
	}
	return true;
}

bool
openedx_find_unapplied(struct kube *k, const char *side, struct buf *names,
    struct err *e)
{
	const char *const argv[] = { "./manage.py", side, "migrate",
		"--check", "--plan", "--no-color", NULL };
	struct pool *p = pool_new();
	struct manage m = { .side = side, .argv = argv };
	bool ok;
	int n;

	m.pod = find_ready_pod(k, p, side, e);
	ok = m.pod != NULL && manage_run(k, &m, e);
	if (ok && (!read_plan(&m.out, names, &n) || m.status != (n > 0)))
		ok = manage_blame(p, &m, e);
	if (ok)
		ok = buf_check(names, "the list of migrations", e);
	manage_free(&m);
	pool_free(p);
	return ok;
}

/* ---- a program of ours ---- */

/* The line that the pod's python3 reads; what it needs of it is in argv. */
static const char starter[] = "import json, sys\n"
    "given = json.loads(sys.stdin.buffer.readline())\n"
    "exec(given['program'], {'given': given})\n";

static struct json *
run_in(struct kube *k, struct pool *p, const char *pod, const char *side,
    const struct buf *line, const char *mark, long seconds, struct err *e)
{
	const char *const argv[] = { "python3", "-c", starter, NULL };
	struct manage m = { .pod = pod, .out = buf_new(ANSWER_MAX),
		.said = buf_new(COMPLAINT_MAX) };
	const struct kube_command c = {
		.pod = pod, .container = side, .argv = argv,
		.input = buf_str(line), .input_len = line->len,
		.deadline = clock_deadline(seconds + START_SECONDS),
		.out = &m.out, .err = &m.said,
	};
	struct json *j = NULL;

	if (kube_exec(k, &c, &m.status, e)) {
		if (m.status == 0)
			j = read_answer(&m.out, mark, pool_printf(p,
			    "python3 in pod %s", pod), e);
		else
			err_set(e, ERR_HAND, "python3 in pod %s ended with "
			    "%ld: %s", pod, m.status, last_line(p, &m.said));
	}
	manage_free(&m);
	return j;
}

struct json *
openedx_run(struct kube *k, const char *side, const char *code,
    struct json *given, long seconds, struct err *e)
{
	struct pool *p = pool_new();
	struct buf mark = buf_new(64), line = buf_new(ANSWER_MAX);
	const char *pod = find_ready_pod(k, p, side, e);
	struct json *j = NULL;

	text_random_hex(&mark, 16);
	json_set_str(given, "program", code);
	json_set_str(given, "mark", buf_str(&mark));
	json_set_num(given, "seconds", (double)seconds);
	json_print(given, false, &line);
	buf_putc(&line, '\n');
	if (pod != NULL && buf_check(&line, "the program's input", e))
		j = run_in(k, p, pod, side, &line, buf_str(&mark), seconds,
		    e);
	mem_wipe(line.data, line.len);
	buf_free(&mark);
	buf_free(&line);
	pool_free(p);
	return j;
}
