/* clients - one process each; they tell by memory that all see. */
#include "tests/mysql/clients.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mysql.h>

#include "base/mem.h"
#include "base/text.h"
#include "tests/kit/kit.h"

enum { SQL = 1024, SOME = 4, LOGIN_MS = 5, SESSION_MS = 15,
	WAIT_MS = 60 * 1000, SECONDS = 20 };

struct client {
	volatile sig_atomic_t stop;
	volatile unsigned long done, failed, tried;
	bool able[2];		/* to write, to read: a failure counts */
	char why[1200];
};

static struct {
	struct client *shared;
	pid_t pids[CLIENT_KINDS];
	struct sql_login login;
	const char *database;
	char table[200];
} at;

/* As the driver of a site does, with nothing else said. */
static MYSQL *
log_in(enum client_kind kind, char *why, size_t room, unsigned *code)
{
	const struct sql_login *l = &at.login;
	MYSQL *m = mysql_init(NULL);
	my_bool tls = !text_same(l->tls, "off");
	unsigned seconds = SECONDS;

	if (m == NULL)
		abort();
	mysql_options(m, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	mysql_options(m, MYSQL_OPT_READ_TIMEOUT, &seconds);
	mysql_options(m, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_optionsv(m, MYSQL_OPT_SSL_ENFORCE, &tls);
	mysql_optionsv(m, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &tls);
	if (tls)
		mysql_optionsv(m, MYSQL_OPT_SSL_CA, l->ca_file);
	if (mysql_real_connect(m, l->host, l->user, l->password,
	    kind == CLIENT_INSIDE || kind == CLIENT_LATE ? at.database :
	    NULL, (unsigned)l->port, NULL, 0) != NULL)
		return m;
	*code = mysql_errno(m);
	(void)snprintf(why, room, "login: %s", mysql_error(m));
	mysql_close(m);
	return NULL;
}

static bool
run(MYSQL *m, const char *sql, char *why, size_t room, unsigned *code)
{
	MYSQL_RES *rows;

	if (mysql_query(m, sql) == 0) {
		rows = mysql_store_result(m);
		mysql_free_result(rows);
		if (mysql_errno(m) == 0)
			return true;
	}
	*code = mysql_errno(m);
	(void)snprintf(why, room, "%s: %s", sql, mysql_error(m));
	return false;
}

/* Was the session ended, and not a right taken? From 2000 on the client
 * library says it; 1317 and 1927: in the middle of a statement. */
static bool
was_ended(unsigned code)
{
	return (code >= 2000 && code < 3000) || code == 1317 || code == 1927;
}

/* One statement, on this session or a new one, if the old one was ended. */
static MYSQL *
try_one(struct client *c, enum client_kind kind, MYSQL *m, bool reading,
    const char *sql)
{
	char why[sizeof c->why];
	unsigned code = 0;

	for (int again = 0; again < 3; again++) {
		if (m == NULL)
			m = log_in(kind, why, sizeof why, &code);
		if (m != NULL && run(m, sql, why, sizeof why, &code)) {
			c->done++;
			c->able[reading] = true;
			return m;
		}
		if (!was_ended(code))
			break;
		mysql_close(m);
		m = NULL;
	}
	if (c->able[reading] && c->failed++ == 0)
		(void)snprintf(c->why, sizeof c->why, "%s", why);
	return m;
}

static void
live(struct client *c, enum client_kind kind)
{
	const char *t = kind == CLIENT_INSIDE || kind == CLIENT_LATE ? "t" :
	    at.table;
	char read[SQL], write[SQL];
	MYSQL *m = NULL;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)snprintf(write, sizeof write, "INSERT INTO %s (v) VALUES (1)",
	    t);
	(void)snprintf(read, sizeof read, "SELECT MAX(id) FROM %s", t);
	for (unsigned n = 0; !c->stop; n++) {
		m = try_one(c, kind, m, n % 2, n % 2 == 0 ? write : read);
		if (kind == CLIENT_NEW) {
			mysql_close(m);
			m = NULL;
		}
		c->tried++;
		(void)usleep(1000 * (kind == CLIENT_NEW ? LOGIN_MS :
		    SESSION_MS));
	}
	_exit(0);
}

static void
start(enum client_kind kind)
{
	at.pids[kind] = fork();
	ck_assert_int_ge(at.pids[kind], 0);
	if (at.pids[kind] == 0)
		live(&at.shared[kind], kind);
}

void
clients_go_on(void)
{
	unsigned long before[CLIENT_KINDS];

	for (int i = 0; i < CLIENT_KINDS; i++)
		before[i] = at.shared[i].tried;
	for (int i = 0; i < CLIENT_KINDS; i++)
		for (int ms = 0; at.pids[i] > 0
		    && at.shared[i].tried < before[i] + SOME; ms++) {
			ck_assert_msg(ms < WAIT_MS, "client %d stands still",
			    i);
			(void)usleep(1000);
		}
}

bool
clients_start(const struct sql_login *login, const char *database)
{
	struct buf name = buf_new(sizeof at.table);
	bool able = true;

	sql_name(&name, database);
	(void)snprintf(at.table, sizeof at.table, "%s.t", buf_str(&name));
	buf_free(&name);
	at.login = *login;
	at.database = database;
	at.shared = mmap(NULL, CLIENT_KINDS * sizeof *at.shared,
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(at.shared, MAP_FAILED);
	for (int i = CLIENT_INSIDE; i < CLIENT_LATE; i++)
		start((enum client_kind)i);
	clients_go_on();
	for (int i = CLIENT_INSIDE; i < CLIENT_LATE; i++)
		able = able && at.shared[i].able[0] && at.shared[i].able[1];
	return able;
}

void
clients_start_late(void)
{
	at.shared[CLIENT_LATE].able[0] = at.shared[CLIENT_LATE].able[1] = true;
	start(CLIENT_LATE);
	clients_go_on();
}

unsigned long
clients_stop(const char **why)
{
	static char text[1400];
	unsigned long failed = 0;

	*why = "";
	for (int i = 0; i < CLIENT_KINDS; i++) {
		if (at.pids[i] <= 0)
			continue;
		at.shared[i].stop = 1;
		ck_assert_int_eq(waitpid(at.pids[i], NULL, 0), at.pids[i]);
		at.pids[i] = 0;
		failed += at.shared[i].failed;
		if (at.shared[i].failed > 0) {
			(void)snprintf(text, sizeof text, "client %d, %lu of"
			    " %lu: %s", i, at.shared[i].failed,
			    at.shared[i].tried, at.shared[i].why);
			*why = text;
		}
	}
	return failed;
}

unsigned long
clients_done(void)
{
	unsigned long done = 0;

	for (int i = 0; i < CLIENT_KINDS; i++)
		done += at.shared[i].done;
	return done;
}
