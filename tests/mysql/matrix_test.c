/*
 * matrix_test - every shape of account that a server can have: the step
 * restrict-mysql leaves it scoped or refuses with the reason, and gives back
 * the same grants; nothing that the site does meanwhile fails.
 *
 * Judged from outside, by the lines of SHOW GRANTS as they are and by logging
 * in, not by the code that restricts. Parts of the table may run side by side:
 * MATRIX_PART=2/4; part 0 is what must be alone on the server. With
 * MATRIX_PARTIAL=1 partial_revokes is switched on, and the shapes for that
 * are taken.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "tests/kit/kit.h"
#include "tests/mysql/clients.h"
#include "tests/mysql/given.h"
#include "tests/mysql/shapes.h"

#define PASSWORD "pw '\\\"` of an app"

enum { SQL = 64 * 1024, VARS = 20, SHOWN = 4000 };

static bool partial, mariadb;
static long version;

/* The test that runs. */
static struct {
	const struct shape *shape;
	struct pool *pool;
	struct sql *admin;
	struct err e;
	const char *p, *user, *host[2], *own[2];
	const char *here;		/* our address, told by the server */
	const char *folder;
	struct sql_login login;		/* of the user */
	const char *tls;		/* of the step; NULL: as it is given */
} at;

/* ---- names, in our own spelling ---------------------------------------- */

/* In backquotes, and as a pattern that names exactly it. */
static const char *
quoted(const char *name, bool pattern)
{
	struct buf b = buf_new(SQL);
	const char *text;

	buf_putc(&b, '`');
	for (; *name != '\0'; name++) {
		if (pattern && strchr("_%\\", *name) != NULL)
			buf_putc(&b, '\\');
		buf_puts(&b, *name == '`' ? "``" : (char[]){ *name, '\0' });
	}
	buf_putc(&b, '`');
	text = pool_strdup(at.pool, buf_str(&b));
	buf_free(&b);
	return text;
}

static const char *
exactly(const char *database)
{
	return quoted(database, !partial);
}

static const char *
account(size_t i)
{
	return pool_printf(at.pool, "%s@%s", quoted(at.user, false),
	    quoted(at.host[i], false));
}

/* As this server prints it: 5.x raw. */
static const char *
printed(size_t i)
{
	return mariadb || version >= 80000 ? account(i) :
	    pool_printf(at.pool, "'%s'@'%s'", at.user, at.host[i]);
}

/* The first half of our address: "127.0." */
static const char *
net(void)
{
	const char *dot = strchr(at.here, '.');

	ck_assert_msg(dot != NULL && strchr(dot + 1, '.') != NULL, "%s",
	    at.here);
	return pool_strndup(at.pool, at.here,
	    (size_t)(strchr(dot + 1, '.') + 1 - at.here));
}

static const char *
value_of(char name)
{
	switch (name) {
	case 'p': return at.p;
	case 'u': return account(0);
	case 'v': return account(1);
	case 'o': return quoted(at.own[0], false);
	case 'e': return exactly(at.own[0]);
	case 'x': return pool_printf(at.pool, "`%s_other`", at.p);
	case 'h': return at.here;
	case 'n': return pool_printf(at.pool, "%s0.0/255.255.0.0", net());
	case 'w': return pool_printf(at.pool, "%s%%", net());
	}
	ck_abort_msg("{%c} is nothing", name);
}

static const char *
fill(const char *text)
{
	struct buf b = buf_new(SQL);
	const char *full;

	for (; text != NULL && *text != '\0'; text++)
		if (text[0] == '{' && text[1] != '\0' && text[2] == '}') {
			buf_puts(&b, value_of(text[1]));
			text += 2;
		} else
			buf_putc(&b, *text);
	full = text == NULL ? NULL : pool_strdup(at.pool, buf_str(&b));
	buf_free(&b);
	return full;
}

/* ---- the server --------------------------------------------------------- */

static void
say(const char *template)
{
	ck_assert_msg(sql_run(at.admin, fill(template), NULL, NULL, &at.e),
	    "%s: %s", at.shape->name, at.e.text);
}

static void
say_if_possible(const char *template)
{
	struct err ignored = { 0 };

	if (!sql_run(at.admin, fill(template), NULL, NULL, &ignored))
		ck_assert_int_ne(ignored.kind, ERR_NETWORK);
}

static void
say_all(const char *query)
{
	struct sql_rows rows;

	ck_assert_msg(sql_run(at.admin, query, at.pool, &rows, &at.e), "%s",
	    at.e.text);
	for (size_t i = 0; i < rows.n; i++)
		say_if_possible(sql_cell(&rows, i, 0));
}

/* All that the test made, and what an earlier one left. */
static void
drop_all(void)
{
	if (mariadb)
		say_all(pool_printf(at.pool, "SELECT CONCAT('DROP ROLE `',"
		    " REPLACE(User, '`', '``'), '`') FROM mysql.user WHERE"
		    " is_role = 'Y' AND User LIKE '%s%%'", at.p));
	say_all(pool_printf(at.pool, "SELECT CONCAT('DROP USER `',"
	    " REPLACE(User, '`', '``'), '`@`', Host, '`') FROM mysql.user"
	    " WHERE User LIKE '%s%%'", at.p));
	say_all(pool_printf(at.pool, "SELECT CONCAT('DROP DATABASE `',"
	    " REPLACE(SCHEMA_NAME, '`', '``'), '`') FROM"
	    " information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '%s%%'",
	    at.p));
}

static void
make_world(void)
{
	static const char *const statements[] = {
		"CREATE DATABASE {o}", "CREATE DATABASE {x}",
		"CREATE TABLE {o}.t (id INT AUTO_INCREMENT PRIMARY KEY, "
		    "v INT)",
		"CREATE TABLE {x}.t (a INT, b INT, `b,c)` INT, "
		    "`SELECT (a)` INT)",
		"CREATE PROCEDURE {x}.p() SELECT 1",
		"CREATE PROCEDURE {x}.`p TO x`() SELECT 1",
		"CREATE FUNCTION {x}.f() RETURNS INT DETERMINISTIC RETURN 1",
		"CREATE DATABASE `{p}_ownxdb`",
		"CREATE TABLE `{p}_ownxdb`.t (a INT)",
	};
	static const char password[] =
	    " IDENTIFIED BY 'pw \\'\\\\\"` of an app'";

	for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
		say(statements[i]);
	for (size_t i = 0; i < 2 && at.host[i] != NULL; i++)
		say(pool_printf(at.pool, "CREATE USER {%c}%s",
		    i == 0 ? 'u' : 'v', password));
	if (at.own[1] != NULL)
		say(pool_printf(at.pool, "CREATE DATABASE %s",
		    quoted(at.own[1], false)));
	for (size_t i = 0; i < SHAPE_STATEMENTS
	    && at.shape->sql[i] != NULL; i++)
		say(at.shape->sql[i]);
}

/* ---- what SHOW GRANTS says --------------------------------------------- */

struct lines {
	const char *v[64];
	size_t n;
};

/* The hash is no right: "'*" and 40 digits. */
static const char *
without_hash(const char *line)
{
	static const char words[] = " IDENTIFIED BY PASSWORD '*";
	const char *from = strstr(line, words);

	return from == NULL ? line : pool_printf(at.pool, "%.*s%s",
	    (int)(from - line), line, from + strlen(words) + 41);
}

static void
add_rows(struct lines *l, const char *query)
{
	struct sql_rows rows;

	ck_assert_msg(sql_run(at.admin, query, at.pool, &rows, &at.e), "%s",
	    at.e.text);
	for (size_t i = 0; i < rows.n; i++) {
		ck_assert_uint_lt(l->n, 64);
		l->v[l->n++] = without_hash(sql_cell(&rows, i, 0));
	}
}

static struct lines
grants_of(size_t i)
{
	struct lines l = { .n = 0 };

	add_rows(&l, pool_printf(at.pool, "SHOW GRANTS FOR %s", account(i)));
	return l;
}

/* All accounts', with what belongs to them besides. */
static struct lines
all_grants(void)
{
	struct lines l = { .n = 0 };

	for (size_t i = 0; i < 2 && at.host[i] != NULL; i++) {
		struct buf who = buf_new(SQL);

		add_rows(&l, pool_printf(at.pool, "SHOW GRANTS FOR %s",
		    account(i)));
		buf_puts(&who, "User = ");
		sql_literal(&who, at.user);
		buf_puts(&who, " AND Host = ");
		sql_literal(&who, at.host[i]);
		add_rows(&l, pool_printf(at.pool, "SELECT CONCAT_WS(' ', "
		    "'account', ssl_type, ssl_cipher, max_questions, "
		    "max_user_connections) FROM mysql.user WHERE %s",
		    buf_str(&who)));
		if (!mariadb && version >= 80000)
			add_rows(&l, pool_printf(at.pool, "SELECT CONCAT("
			    "'default ', DEFAULT_ROLE_USER) FROM "
			    "mysql.default_roles WHERE %s", buf_str(&who)));
		buf_free(&who);
	}
	return l;
}

static int
compare_bytes(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

/* Servers print columns in the order of a hash, and 5.x without quotes: with
 * the same characters it is the same line. */
static bool
same_line(const char *a, const char *b)
{
	char *x = pool_strdup(at.pool, a), *y = pool_strdup(at.pool, b);

	if (text_same(a, b))
		return true;
	qsort(x, strlen(x), 1, compare_bytes);
	qsort(y, strlen(y), 1, compare_bytes);
	return strstr(a, " (") != NULL && text_same(x, y);
}

static bool
has(const struct lines *l, const char *line)
{
	for (size_t i = 0; i < l->n; i++)
		if (same_line(l->v[i], line))
			return true;
	return false;
}

static const char *
shown(const struct lines *l)
{
	struct buf b = buf_new(SHOWN);
	const char *text;

	for (size_t i = 0; i < l->n; i++)
		buf_printf(&b, "%s\n", l->v[i]);
	text = pool_strdup(at.pool, buf_str(&b));
	buf_free(&b);
	return text;
}

/* Each of some is in all, but for what `spare` takes out. */
static void
check_within(const struct lines *some, const struct lines *all,
    bool (*spare)(const char *), const char *when)
{
	for (size_t i = 0; i < some->n; i++)
		ck_assert_msg(has(all, some->v[i])
		    || (spare != NULL && spare(some->v[i])),
		    "%s: %s: \"%s\" is in one alone\n%s---\n%s",
		    at.shape->name, when, some->v[i], shown(some),
		    shown(all));
}

/* A row of an own database, or a restriction on it. */
static bool
is_about_own(const char *line)
{
	for (size_t i = 0; i < 2 && at.own[i] != NULL; i++)
		if (strstr(line, pool_printf(at.pool, " ON %s.* ",
		    exactly(at.own[i]))) != NULL)
			return true;
	return at.shape->lost != NULL
	    && strstr(line, at.shape->lost) != NULL;
}

static bool
is_lost(const char *line)
{
	return at.shape->lost != NULL
	    && strstr(line, at.shape->lost) != NULL;
}

/* ---- the step ----------------------------------------------------------- */

/* As it stands between double quotes. */
static const char *
escaped(const char *text)
{
	struct buf b = buf_new(SQL);
	const char *got;

	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_putc(&b, '\\');
		buf_putc(&b, *text);
	}
	got = pool_strdup(at.pool, buf_str(&b));
	buf_free(&b);
	return got;
}

/* Tutor pastes a value between the quotes of a JSON file; it stands between
 * those of YAML. */
static const char *
yaml_text(const char *text)
{
	return escaped(escaped(text));
}

static void
make_workspace(void)
{
	struct buf config = buf_new(SQL);

	at.folder = kit_folder();
	buf_printf(&config, "OPENEDX_MYSQL_DATABASE: \"%s\"\n"
	    "OPENEDX_MYSQL_USERNAME: \"%s\"\n"
	    "OPENEDX_MYSQL_PASSWORD: \"%s\"\n", yaml_text(at.own[0]),
	    yaml_text(at.user), yaml_text(PASSWORD));
	if (at.own[1] != NULL)
		buf_printf(&config, "PLUGIN_MYSQL_DATABASE: \"%s\"\n"
		    "PLUGIN_MYSQL_USERNAME: \"%s\"\n",
		    yaml_text(at.own[1]), yaml_text(at.user));
	free(kit_sh("mkdir -p %s/clone/instances/%s", at.folder, at.p));
	kit_write(pool_printf(at.pool, "%s/clone/instances/%s/config.yml",
	    at.folder, at.p), buf_str(&config));
	buf_free(&config);
	free(kit_sh("cd %s && export HOME=%s GIT_CONFIG_NOSYSTEM=1 "
	    "GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.test "
	    "GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.test && "
	    "git init -q -b main clone && cd clone && "
	    "git add -A && git commit -q -m start && "
	    "git clone -q --bare . ../bare.git && "
	    "git remote add origin %s/bare.git", at.folder, at.folder,
	    at.folder));
}

static struct kit_run
run(const char *mode, const char *more)
{
	const struct sql_login l = given_login();
	const char *vars[VARS] = { NULL };
	const char *const given[] = {
		"branch=main", "old-running=true", "dry-run=false",
		pool_printf(at.pool, "instance-name=%s", at.p),
		pool_printf(at.pool, "workspace=%s/clone", at.folder),
		pool_printf(at.pool, "mysql-host=%s", l.host),
		pool_printf(at.pool, "mysql-port=%ld", l.port),
		pool_printf(at.pool, "mysql-tls=%s", at.tls != NULL ?
		    at.tls : l.tls),
		pool_printf(at.pool, "mysql-admin=%s", l.user),
		pool_printf(at.pool, "mysql-admin-password=%s", l.password),
		pool_printf(at.pool, "mode=%s", mode),
	};

	for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
		kit_add(vars, VARS, given[i]);
	if (l.ca_file != NULL)
		kit_add(vars, VARS, pool_printf(at.pool, "mysql-ca-file=%s",
		    l.ca_file));
	if (more != NULL)
		kit_add(vars, VARS, more);
	return kit_step("restrict-mysql", vars);
}

/* *said lasts as long as the test. */
static const char *
expect(struct kit_run r, const char *mode, bool ok)
{
	const char *said = pool_strdup(at.pool, r.out);

	ck_assert_msg((r.status == 0) == ok, "%s: %s: status %d\n%s",
	    at.shape->name, mode, r.status, said);
	kit_lacks(said, "IDENTIFIED");
	kit_lacks(said, PASSWORD);
	kit_run_free(&r);
	return said;
}

/* ---- the verdict, from outside ------------------------------------------ */

static bool
is_usage(const char *line, size_t i)
{
	const char *begin = pool_printf(at.pool, "GRANT USAGE ON *.* TO %s",
	    printed(i));
	const char *tail = line + strlen(begin);

	return text_starts(line, begin) && (*tail == '\0'
	    || text_same(tail, " REQUIRE SSL")
	    || text_starts(tail, " WITH MAX_"));
}

/* On a table or routine of the own database, and not to be handed on. */
static bool
is_inside(const char *line, size_t i)
{
	const char *o = quoted(at.own[0], false);

	return (strstr(line, pool_printf(at.pool, " ON %s.`", o)) != NULL
	    || strstr(line, pool_printf(at.pool, " ON PROCEDURE %s.`", o))
	    != NULL)
	    && text_ends(line, pool_printf(at.pool, " TO %s", printed(i)));
}

static void
check_scoped(size_t i)
{
	struct lines l = grants_of(i);
	size_t usage = 0, inside = 0, own = 0;

	for (size_t k = 0; k < 2 && at.own[k] != NULL; k++) {
		const char *row = pool_printf(at.pool, "GRANT ALL PRIVILEGES"
		    " ON %s.* TO %s", exactly(at.own[k]), printed(i));

		ck_assert_msg(has(&l, row), "%s: no own row\n%s",
		    at.shape->name, shown(&l));
		own++;
	}
	for (size_t k = 0; k < l.n; k++) {
		usage += is_usage(l.v[k], i);
		inside += is_inside(l.v[k], i);
	}
	ck_assert_msg(usage == 1 && usage + inside + own == l.n,
	    "%s: not scoped:\n%s", at.shape->name, shown(&l));
}

/* As the user, in a session of now. */
static void
check_login(void)
{
	static const char *const allowed[] = {
		"INSERT INTO {o}.t (v) VALUES (2)", "SELECT * FROM {o}.t",
		"CREATE TABLE {o}.made (a INT)", "DROP TABLE {o}.made",
	};
	static const char *const denied[] = {
		"USE {x}", "SELECT * FROM {x}.t",
		"INSERT INTO {x}.t (a) VALUES (1)", "CALL {x}.p()",
		"SELECT * FROM `{p}_ownxdb`.t", "SELECT User FROM mysql.user",
		"CREATE DATABASE `{p}_made`", "CREATE USER `{p}_made`@`%`",
		"SET GLOBAL max_connections = 299",
		"GRANT SELECT ON {e}.* TO {u}", "GRANT SELECT ON *.* TO {u}",
	};
	struct sql *s = sql_open(&at.login, &at.e);

	ck_assert_msg(s != NULL, "%s: %s", at.shape->name, at.e.text);
	for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
		ck_assert_msg(sql_run(s, fill(allowed[i]), NULL, NULL,
		    &at.e), "%s: %s", at.shape->name, at.e.text);
	for (size_t i = 0; i < sizeof denied / sizeof denied[0]; i++) {
		ck_assert_msg(!sql_run(s, fill(denied[i]), NULL, NULL,
		    &at.e), "%s: may still %s", at.shape->name,
		    fill(denied[i]));
		ck_assert_msg(at.e.kind == ERR_DENIED || sql_code(s) == 1410,
		    "%s: %s", at.shape->name, at.e.text);
	}
	sql_close(s);
}

/* ---- the tests ---------------------------------------------------------- */

static const char *
or_usual(const char *given, const char *usual)
{
	const char *text = fill(given != NULL ? given : usual);

	return text;
}

static const char *
where_from(void)
{
	struct sql_rows rows;

	ck_assert_msg(sql_run(at.admin, "SELECT SUBSTRING_INDEX(USER(), '@',"
	    " -1)", at.pool, &rows, &at.e), "%s", at.e.text);
	return sql_cell(&rows, 0, 0);
}

static void
set_up(const struct shape *shape, size_t number)
{
	const struct sql_login l = given_login();

	memset(&at, 0, sizeof at);
	at.shape = shape;
	at.pool = pool_new();
	at.admin = sql_open(&l, &at.e);
	ck_assert_msg(at.admin != NULL, "%s", at.e.text);
	at.p = pool_printf(at.pool, "%c%03zu", partial ? 'p' : 'm', number);
	at.here = where_from();
	at.user = or_usual(shape->user, "{p}_app");
	at.host[0] = or_usual(shape->host, "%");
	at.host[1] = fill(shape->host2);
	at.own[0] = or_usual(shape->own, "{p}_own_db");
	at.own[1] = fill(shape->own2);
	at.login = l;
	if (!shape->tls)
		at.login.tls = "off";	/* so many logins */
	at.login.user = at.user;
	at.login.password = PASSWORD;
	drop_all();
	make_workspace();
	make_world();
}

static void
tear_down(void)
{
	if (at.shape->after != NULL)
		say(at.shape->after);
	drop_all();
	free(kit_sh("rm -rf %s", at.folder));
	sql_close(at.admin);
	pool_free(at.pool);
}

/* Nothing was changed, and it says why. */
static void
check_refused(const struct lines *before)
{
	const char *said = expect(run("restrict", NULL), "restrict", false);
	struct lines now = all_grants();

	kit_contains(said, at.shape->why);
	check_within(before, &now, NULL, "refused");
	check_within(&now, before, NULL, "refused");
}

static void
check_restricted(void)
{
	const char *said = expect(run("restrict", NULL), "restrict",
	    at.shape->ends != ENDS_BY_HAND);

	if (at.shape->why != NULL)
		kit_contains(said, at.shape->why);
	for (size_t i = 0; i < 2 && at.host[i] != NULL; i++)
		check_scoped(i);
	check_login();
}

/* The row of the own database stays; else all is as before. */
static void
check_restored(const struct lines *before)
{
	struct lines now;

	(void)expect(run("restore", NULL), "restore",
	    true);
	now = all_grants();
	check_within(before, &now, is_about_own, "restored");
	check_within(&now, before, is_about_own, "restored");
}

static void
check_restored_exactly(const struct lines *before)
{
	struct lines now;

	(void)expect(run("restore", "restore-exact=true"), "restore-exact",
	    true);
	now = all_grants();
	check_within(before, &now, is_lost, "restored exactly");
	check_within(&now, before, NULL, "restored exactly");
}

/* Mostly nobody is there at the end, which takes no wait. */
static void
check_shape(size_t number)
{
	struct lines before = all_grants();
	const char *why;
	bool able;

	if (at.shape->ends == ENDS_REFUSED) {
		check_refused(&before);
		return;
	}
	able = clients_start(&at.login, at.own[0]);
	check_restricted();
	clients_start_late();
	if (at.shape->ends != ENDS_UNCHANGED)
		check_restored(&before);
	clients_go_on();
	if (!able || number % 4 != 0)
		ck_assert_msg(clients_stop(&why) == 0, "%s: %s",
		    at.shape->name, why);
	if (at.shape->ends != ENDS_UNCHANGED)
		check_restored_exactly(&before);
	if (able && number % 4 == 0)
		clients_go_on();
	ck_assert_msg(clients_stop(&why) == 0, "%s: exactly: %s",
	    at.shape->name, why);
	printf("# %s: %lu statements\n", at.shape->name, clients_done());
}

START_TEST(it_is_scoped_or_refused_and_comes_back_and_nothing_fails)
{
	set_up(&shapes[_i], (size_t)_i);
	check_shape((size_t)_i);
	tear_down();
}
END_TEST

/* The test can fail: in the guide's order a statement does. */
START_TEST(revoking_first_would_have_failed)
{
	const char *why;

	set_up(&shapes[0], 900);
	ck_assert(clients_start(&at.login, at.own[0]));
	say("REVOKE ALL PRIVILEGES ON *.* FROM {u}");
	clients_go_on();
	say("GRANT ALL PRIVILEGES ON {e}.* TO {u}");
	ck_assert_uint_gt(clients_stop(&why), 0);
	tear_down();
}
END_TEST

/* And so in the other direction. */
START_TEST(taking_the_own_row_with_sessions_open_would_have_failed)
{
	const char *why;

	set_up(&shapes[0], 901);
	ck_assert(clients_start(&at.login, at.own[0]));
	check_restricted();
	clients_start_late();
	(void)expect(run("restore", NULL), "restore", true);
	say("REVOKE ALL PRIVILEGES ON {e}.* FROM {u}");
	clients_go_on();
	ck_assert_uint_gt(clients_stop(&why), 0);
	tear_down();
}
END_TEST

/* The step is a static program, which can't load what it needs for the
 * password; forgetting who was here makes the server ask for all of it. */
START_TEST(the_password_of_today_is_told_by_tls_and_without)
{
	static const char *const words[] = { "verify", "require", "off" };
	struct sql_rows rows;

	if (mariadb || version < 80000 || given_login().ca_file == NULL)
		return;
	set_up(&shapes[0], 902);
	ck_assert(sql_run(at.admin, "SELECT plugin FROM mysql.user WHERE "
	    "CONCAT(User, '@', Host) = CURRENT_USER()", at.pool, &rows,
	    &at.e));
	ck_assert_str_eq(sql_cell(&rows, 0, 0), "caching_sha2_password");
	for (size_t i = 0; i < 3; i++) {
		say("FLUSH PRIVILEGES");
		at.tls = words[i];
		(void)expect(run("plan", NULL), words[i], true);
	}
	tear_down();
}
END_TEST

/* ---- which of them ------------------------------------------------------ */

static unsigned
find_side(void)
{
	const struct sql_login l = given_login();
	struct err e = { 0 };
	struct sql *s = sql_open(&l, &e);

	if (s == NULL) {
		fprintf(stderr, "%s\n", e.text);
		return 0;
	}
	mariadb = sql_is_mariadb(s);
	version = sql_version(s);
	if (partial && (mariadb || version < 80016
	    || !sql_run(s, "SET GLOBAL partial_revokes = ON", NULL, NULL,
	    &e)))
		partial = false;
	sql_close(s);
	return partial ? ON_PARTIAL : mariadb ? ON_MARIADB :
	    version >= 80000 ? ON_MYSQL9 : ON_MYSQL5;
}

int
main(void)
{
	const char *part = getenv("MATRIX_PART");
	bool asked = getenv("MATRIX_PARTIAL") != NULL;
	Suite *s = suite_create("matrix");
	TCase *c = tcase_create("shapes");
	unsigned side, k = 1, of = 1, n = 0;
	bool tls = given_login().ca_file != NULL;

	if (part != NULL && sscanf(part, "%u/%u", &k, &of) != 2)
		return 2;
	partial = asked;
	side = find_side();
	if (side == 0)
		return 1;
	if (asked && !partial)
		return 0;	/* this server has none */
	for (size_t i = 0; i < shapes_n; i++)
		if ((shapes[i].on & side) != 0 && (!shapes[i].tls || tls)
		    && k > 0 && n++ % of == k - 1)
			tcase_add_loop_test(c,
	    it_is_scoped_or_refused_and_comes_back_and_nothing_fails,
			    (int)i, (int)i + 1);
	if (k == 0 || of == 1) {
		tcase_add_test(c, revoking_first_would_have_failed);
		tcase_add_test(c,
		    the_password_of_today_is_told_by_tls_and_without);
		tcase_add_test(c,
		    taking_the_own_row_with_sessions_open_would_have_failed);
	}
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
