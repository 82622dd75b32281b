/*
 * Proves what db/mysql_grants.h, mysql_pattern.h, mysql_judge.h and
 * mysql_plan.h promise, on lines as MySQL 5.6 and 9.7 and MariaDB 10.11
 * print them.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/finding.h"
#include "db/mysql_grants.h"
#include "db/mysql_judge.h"
#include "db/mysql_pattern.h"
#include "db/mysql_plan.h"
#include "tests/kit/kit.h"

enum { LINES = 16, TEXT = 64 * 1024 };

static struct pool *pool;
static struct err e;
static char got[TEXT];

static void
set_up(void)
{
	pool = pool_new();
	e = (struct err){ 0 };
	got[0] = '\0';
}

static void
tear_down(void)
{
	pool_free(pool);
}

/* ---- one line ----------------------------------------------------------- */

static const struct grants_source modern = { .account = { "app", "%" } };

/* The line as we write it, or "cannot read". */
static const char *
read_as(const struct grants_source *s, const char *line)
{
	struct grant g;

	if (!grants_parse(pool, s, line, &g, &e))
		return "cannot read";
	return grant_text(pool, &g);
}

static const struct {
	const char *line, *as;	/* NULL: just as it is */
} modern_lines[] = {
	{ "GRANT USAGE ON *.* TO `app`@`%`", NULL },
	{ "GRANT ALL PRIVILEGES ON *.* TO `app`@`%` WITH GRANT "
	  "OPTION", NULL },
	{ "GRANT SELECT, CREATE TEMPORARY TABLES ON *.* TO "
	  "`app`@`%`", NULL },
	{ "GRANT BACKUP_ADMIN,XA_RECOVER_ADMIN ON *.* TO `app`@`%`",
	  "GRANT BACKUP_ADMIN, XA_RECOVER_ADMIN ON *.* TO "
	  "`app`@`%`" },
	{ "GRANT SOME_FUTURE_ADMIN ON *.* TO `app`@`%`", NULL },
	{ "GRANT ALL PRIVILEGES ON `my\\_db`.* TO `app`@`%`", NULL },
	{ "GRANT ALL PRIVILEGES ON \"db\".* TO \"app\"@\"%\"",
	  "GRANT ALL PRIVILEGES ON `db`.* TO `app`@`%`" },
	{ "GRANT SELECT, SELECT (`a`), UPDATE (`a`, `b`) ON "
	  "`other`.`t` TO `app`@`%`",
	  "GRANT SELECT, SELECT(`a`), UPDATE(`a`, `b`) ON "
	  "`other`.`t` TO `app`@`%`" },
	{ "GRANT SELECT (`c,o)l`) ON `d`.`t` TO `app`@`%`",
	  "GRANT SELECT(`c,o)l`) ON `d`.`t` TO `app`@`%`" },
	{ "GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE `d`.`p to "
	  "``x``@``y`` with grant option` TO `app`@`%` WITH GRANT "
	  "OPTION", NULL },
	{ "GRANT EXECUTE ON FUNCTION `d`.`f1` TO `app`@`%`", NULL },
	{ "GRANT EXECUTE ON PACKAGE BODY `d`.`p` TO `app`@`%`",
	  NULL },
	{ "GRANT EXECUTE ON PACKAGE `d`.`p` TO `app`@`%`", NULL },
	{ "GRANT PROXY ON `o'x`@`%` TO `app`@`%` WITH GRANT OPTION",
	  NULL },
	{ "GRANT PROXY ON ''@'' TO `app`@`%`",
	  "GRANT PROXY ON ``@`` TO `app`@`%`" },
	{ "GRANT `r1`@`%`,`we,ird`@`10.%` TO `app`@`%`",
	  "GRANT `r1`@`%`, `we,ird`@`10.%` TO `app`@`%`" },
	{ "GRANT `r2` TO `app`@`%` WITH ADMIN OPTION", NULL },
	{ "SET DEFAULT ROLE `r2` FOR `app`@`%`", NULL },
	{ "SET DEFAULT ROLE `r`@`%`, `s`@`h` TO `app`@`%`", NULL },
	{ "REVOKE INSERT, UPDATE ON `mysql`.* FROM `app`@`%`", NULL },
	{ "GRANT SELECT ON `t`.* TO PUBLIC", NULL },
	{ "GRANT USAGE ON *.* TO ``@`localhost`", NULL },
	{ "GRANT BACKUP_ADMIN ON *.* TO ''@`localhost`",
	  "GRANT BACKUP_ADMIN ON *.* TO ``@`localhost`" },
	{ "GRANT USAGE ON *.* TO `x WITH GRANT OPTION`@`%`", NULL },
	{ "GRANT ALL PRIVILEGES ON *.* TO `ON`@`%`", NULL },
	{ "GRANT ALL PRIVILEGES ON `a\tb`.* TO `app`@`%`", NULL },
	{ "GRANT USAGE ON *.* TO `app`@`%` IDENTIFIED BY PASSWORD "
	  "'*B69027D44F6E5EDC07F1AEAD1477967B16F28227' REQUIRE SSL "
	  "WITH GRANT OPTION MAX_USER_CONNECTIONS 5",
	  "GRANT USAGE ON *.* TO `app`@`%` WITH GRANT OPTION" },
	{ "GRANT USAGE ON *.* TO `app`@`%` REQUIRE ISSUER '/CN=b ON "
	  "*.* TO' SUBJECT '/CN=O''Brien TO x' CIPHER 'AES'",
	  "GRANT USAGE ON *.* TO `app`@`%`" },
	{ "GRANT USAGE ON *.* TO `app`@`%` IDENTIFIED VIA "
	  "mysql_native_password USING '*AB' OR unix_socket",
	  "GRANT USAGE ON *.* TO `app`@`%`" },
	{ "GRANT USAGE ON *.* TO `app`@`%` IDENTIFIED VIA "
	  "unix_socket WITH MAX_QUERIES_PER_HOUR 10 "
	  "MAX_STATEMENT_TIME 1.500000",
	  "GRANT USAGE ON *.* TO `app`@`%`" },
};

START_TEST(every_form_of_a_modern_line_is_read)
{
	size_t n = sizeof modern_lines / sizeof modern_lines[0];

	for (size_t i = 0; i < n; i++)
		ck_assert_str_eq(read_as(&modern, modern_lines[i].line),
		    modern_lines[i].as != NULL ? modern_lines[i].as :
		    modern_lines[i].line);
}
END_TEST

START_TEST(a_line_that_is_not_understood_to_its_end_is_an_error)
{
	static const char *const lines[] = {
		"", "GRANT", "GRANT SELECT", "GRANT SELECT ON *.*",
		"GRANT SELECT ON *.* TO", "GRANT SELECT ON *.* TO app",
		"GRANT SELECT ON *.* TO `app`@`%", "GRANT , ON *.* TO `a`",
		"GRANT SELECT ON db.* TO `app`@`%`",
		"GRANT SELECT ON `db` TO `app`@`%`",
		"GRANT SELECT ON `db`.* TO `app`@`%` AND MORE",
		"GRANT SELECT ON `db`.* TO `app`@`%` WITH",
		"GRANT SELECT ON `db`.* TO `app`@`%` WITH FOO",
		"GRANT SELECT () ON `db`.`t` TO `app`@`%`",
		"GRANT SELECT (a) ON `db`.`t` TO `app`@`%`",
		"GRANT SELECT (`a` ON `db`.`t` TO `app`@`%`",
		"GRANT PROXY ON `p` `x`", "REVOKE SELECT ON *.* TO `app`@`%`",
		"GRANT SELECT ON *.* FROM `app`@`%`", "DROP USER `app`@`%`",
		"SET DEFAULT ROLE NONE FOR `app`@`%`",
		"REVOKE PROXY ON `p`@`%` FROM `app`@`%`",
		"REVOKE `r`@`%` FROM `app`@`%`",
		"GRANT SELECT ON *.* TO `app`@`%`; DROP DATABASE `x`",
		"GRANT USAGE ON *.* TO `app`@`%` IDENTIFIED",
		"GRANT USAGE ON *.* TO `app`@`%` REQUIRE",
	};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		ck_assert_msg(strcmp(read_as(&modern, lines[i]),
		    "cannot read") == 0, "was read: %s", lines[i]);
}
END_TEST

START_TEST(every_cut_of_a_line_is_an_error_or_a_shorter_truth)
{
	static const char line[] = "GRANT SELECT (`a`, `b``c`), CREATE VIEW "
	    "ON `d``b`.`t` TO `app`@`10.0.0.0/255.0.0.0` REQUIRE SSL WITH "
	    "GRANT OPTION MAX_USER_CONNECTIONS 5";
	char cut[sizeof line];

	for (size_t n = 0; n < sizeof line - 1; n++) {
		memcpy(cut, line, n);
		cut[n] = '\0';
		if (strcmp(read_as(&modern, cut), "cannot read") != 0)
			kit_contains(read_as(&modern, cut), " TO `app`");
	}
}
END_TEST

START_TEST(an_error_or_a_report_never_shows_a_hash)
{
	struct grant g;

	ck_assert(!grants_parse(pool, &modern, "GRANT USAGE ON *.* TO "
	    "`app`@`%` IDENTIFIED BY PASSWORD '*SECRETHASH' NONSENSE", &g,
	    &e));
	kit_contains(e.text, "IDENTIFIED ***");
	kit_lacks(e.text, "SECRETHASH");
	ck_assert(!grants_parse(pool, &modern, "GRANT USAGE ON *.* TO "
	    "`a`@`%` IDENTIFIED VIA x USING 'SECRETHASH' NONSENSE", &g, &e));
	kit_lacks(e.text, "SECRETHASH");
}
END_TEST

/* MySQL 5.x: raw accounts, bare columns. */
START_TEST(a_5_x_account_is_known_by_its_raw_text)
{
	static const struct {
		const char *user, *line, *as;
	} cases[] = {
		{ "app", "GRANT ALL PRIVILEGES ON `own`.* TO 'app'@'%'",
		  "GRANT ALL PRIVILEGES ON `own`.* TO `app`@`%`" },
		{ "o'x", "GRANT SELECT ON `other`.`t` TO 'o'x'@'%'",
		  "GRANT SELECT ON `other`.`t` TO `o'x`@`%`" },
		{ "q'@'r", "GRANT SELECT, INSERT ON *.* TO 'q'@'r'@'%' WITH "
		  "GRANT OPTION", "GRANT SELECT, INSERT ON *.* TO "
		  "`q'@'r`@`%` WITH GRANT OPTION" },
		{ "a\\c", "GRANT USAGE ON *.* TO 'a\\c'@'%' IDENTIFIED BY "
		  "PASSWORD '*AB'", "GRANT USAGE ON *.* TO `a\\c`@`%`" },
		{ "app", "GRANT USAGE ON *.* TO 'app'@'%' IDENTIFIED BY "
		  "PASSWORD <secret> WITH GRANT OPTION", "GRANT USAGE ON "
		  "*.* TO `app`@`%` WITH GRANT OPTION" },
		{ "app", "GRANT USAGE ON *.* TO 'app'@'%' IDENTIFIED BY "
		  "PASSWORD", "GRANT USAGE ON *.* TO `app`@`%`" },
		{ "app", "GRANT SELECT ON *.* TO 'o'x'@'%'", "cannot read" },
		{ "app", "GRANT SELECT (a) ON `other`.`t` TO 'app'@'%'",
		  "cannot read" },	/* the grant tables were not read */
		{ "app", "GRANT PROXY ON 'p'@'%' TO 'app'@'%'",
		  "cannot read" },
		/* Percona 5.7 prints rows of other accounts that apply. */
		{ "app", "GRANT SELECT ON `d`.* TO 'app'@'10.%'",
		  "GRANT SELECT ON `d`.* TO `app`@`10.%`" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct grants_source s = { .account = { cases[i].user, "%" },
		    .legacy = true };

		ck_assert_str_eq(read_as(&s, cases[i].line), cases[i].as);
	}
}
END_TEST

START_TEST(the_5_x_columns_and_proxies_come_from_the_grant_tables)
{
	static const struct grants_side side[] = {
		{ SIDE_COLUMN, "other", "t", "a", "Select" },
		{ SIDE_COLUMN, "other", "t", "c, d", "Select" },
		{ SIDE_COLUMN, "other", "t", "e)", "Update" },
		{ SIDE_COLUMN, "other", "t", "f`g", "Insert" },
		{ SIDE_COLUMN, "other", "t2", "z", "Select" },
		{ SIDE_TABLE, "other", "t", "", "Delete,Grant,Create View" },
		{ SIDE_PROXY, "o'p", "%", "", "1" },
	};
	const struct grants_source s = { .account = { "app", "%" },
	    .legacy = true, .side = side,
	    .nside = sizeof side / sizeof side[0] };

	ck_assert_str_eq(read_as(&s, "GRANT SELECT (a, c, d), INSERT (f`g), "
	    "UPDATE (e)), DELETE, CREATE VIEW ON `other`.`t` TO 'app'@'%' "
	    "WITH GRANT OPTION"), "GRANT DELETE, CREATE VIEW, SELECT(`a`, "
	    "`c, d`), UPDATE(`e)`), INSERT(`f``g`) ON `other`.`t` TO "
	    "`app`@`%` WITH GRANT OPTION");
	ck_assert_str_eq(read_as(&s, "GRANT PROXY ON 'o'p'@'%' TO 'app'@'%' "
	    "WITH GRANT OPTION"),
	    "GRANT PROXY ON `o'p`@`%` TO `app`@`%` WITH GRANT OPTION");
	ck_assert_str_eq(read_as(&s, "GRANT PROXY ON 'q'@'%' TO 'app'@'%'"),
	    "cannot read");
}
END_TEST

START_TEST(a_setting_lists_accounts_quoted_or_bare)
{
	const struct account *a;
	size_t n;

	ck_assert(grants_parse_accounts(pool, "`r,1`@`%`, role2,r3@localhost",
	    &a, &n));
	ck_assert_uint_eq(n, 3);
	ck_assert_str_eq(account_text(pool, &a[0]), "`r,1`@`%`");
	ck_assert_str_eq(account_text(pool, &a[1]), "`role2`@`%`");
	ck_assert_str_eq(account_text(pool, &a[2]), "`r3`@`localhost`");
	ck_assert(grants_parse_accounts(pool, "", &a, &n) && n == 0);
	ck_assert(!grants_parse_accounts(pool, "`open", &a, &n));
}
END_TEST

/* ---- patterns ----------------------------------------------------------- */

START_TEST(a_pattern_matches_as_the_server_does)
{
	static const struct {
		const char *pattern, *db;
		bool literal, fold, match;
	} cases[] = {
		{ "a_b", "a_b", false, false, true },
		{ "a_b", "axb", false, false, true },
		{ "a_b", "a\xc3\xa9" "b", false, false, true },
		{ "a_b", "ab", false, false, false },
		{ "a\\_b", "axb", false, false, false },
		{ "a\\_b", "a_b", false, false, true },
		{ "s\\lash", "slash", false, false, true },
		{ "s\\\\lash", "s\\lash", false, false, true },
		{ "%", "anything", false, false, true },
		{ "my%db", "my_own_db", false, false, true },
		{ "my%db", "my_own_dbx", false, false, false },
		{ "%a%b", "xxaybab", false, false, true },
		{ "a_b", "axb", true, false, false },
		{ "%", "anything", true, false, false },
		{ "a\\_b", "a\\_b", true, false, true },
		{ "Case", "case", false, false, false },
		{ "Case", "case", false, true, true },
		{ "mysq_", "mysql", false, false, true },
		{ "", "", false, false, true },
		{ "", "a", false, false, false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ck_assert_msg(pattern_matches(cases[i].pattern, cases[i].db,
		    cases[i].literal, cases[i].fold) == cases[i].match,
		    "%s on %s", cases[i].pattern, cases[i].db);
}
END_TEST

START_TEST(an_escaped_name_matches_itself_alone)
{
	static const char *const names[] = { "a_b", "100%", "s\\lash",
	    "plain", "_", "datenb\xc3\xa4nk_1" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct buf spelled = buf_new(TEXT);

		pattern_escape(&spelled, names[i], false);
		ck_assert(!pattern_is_live(buf_str(&spelled), false));
		ck_assert_str_eq(pattern_name(pool, buf_str(&spelled), false),
		    names[i]);
		for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
			ck_assert_int_eq(pattern_matches(buf_str(&spelled),
			    names[k], false, false), i == k);
		buf_free(&spelled);
	}
	ck_assert_uint_eq(pattern_length("d\xc3\xa4\xe6\x97\xa5_"), 4);
}
END_TEST

/* ---- judging and planning ----------------------------------------------- */

struct shape {
	const char *lines[LINES];
	const char *findings;	/* "severity text" each, sorted as found */
	const char *plan;	/* statements, one a line */
};

static const char *const existing[] = { "information_schema", "mysql",
    "my_db", "myxdb", "other", "own", "performance_schema", "sys", NULL };
static const char *const own[] = { "own", NULL };
static const char *const my_db[] = { "my_db", NULL };

static struct grants
list_of(const struct grants_source *s, const char *const *lines)
{
	struct grant *v = pool_alloc(pool, LINES * sizeof *v);
	struct grants list = { .account = s->account, .v = v };

	for (; lines[list.n] != NULL; list.n++)
		ck_assert_msg(grants_parse(pool, s, lines[list.n],
		    &v[list.n], &e), "%s", e.text);
	return list;
}

static void
add(const char *first, const char *second)
{
	size_t n = strlen(got);

	(void)snprintf(got + n, sizeof got - n, "%s%s\n", first, second);
}

/* Findings but information, as "critical SELECT ON *.*\n". */
static const char *
judged(const struct grants_world *w, const struct grants *list)
{
	struct findings f = { 0 };

	got[0] = '\0';
	grants_judge(pool, w, list, &f);
	for (size_t i = 0; i < f.n; i++)
		if (f.v[i].severity > SEV_INFO)
			add(f.v[i].kind == FINDING_MISSING ? "missing " :
			    pool_printf(pool, "%s ",
			    severity_name(f.v[i].severity)), f.v[i].text);
	return got;
}

static const char *
planned(const struct grants_world *w, const struct grants *list)
{
	struct plan p = { 0 };

	got[0] = '\0';
	plan_scope(pool, w, list, &p);
	for (size_t i = 0; i < p.n; i++)
		add(p.v[i].sql, "");
	return got;
}

static void
check(const struct grants_world *w, const struct grants_source *s,
    const struct shape *shape)
{
	struct grants list = list_of(s, shape->lines);

	ck_assert_str_eq(judged(w, &list), shape->findings);
	ck_assert_str_eq(planned(w, &list), shape->plan);
}

static const struct grants_world mysql9 = { .own = own,
    .existing = existing, .version = 90704 };
static const struct grants_world mariadb = { .own = own,
    .existing = existing, .mariadb = true, .version = 101119 };

#define OWN "GRANT ALL PRIVILEGES ON `own`.* TO `app`@`%`"
#define USAGE "GRANT USAGE ON *.* TO `app`@`%`"

START_TEST(mysql_9_is_revoked_name_by_name_and_its_option_last)
{
	static const struct shape shapes[] = {
		{ { USAGE, OWN, NULL }, "", "" },
		{ { "GRANT SELECT, RELOAD, SHOW DATABASES ON *.* TO "
		    "`app`@`%` WITH GRANT OPTION",
		    "GRANT BACKUP_ADMIN,SYSTEM_USER ON *.* TO `app`@`%` "
		    "WITH GRANT OPTION", NULL },
		  "critical SELECT ON *.*\nhigh RELOAD ON *.*\n"
		  "low SHOW DATABASES ON *.*\n"
		  "critical GRANT OPTION ON *.*\n"
		  "high BACKUP_ADMIN ON *.*\ncritical SYSTEM_USER ON *.*\n"
		  "missing ALL PRIVILEGES ON `own`.*\n",
		  OWN "\n"
		  "REVOKE SELECT, RELOAD, SHOW DATABASES ON *.* FROM "
		  "`app`@`%`\n"
		  "REVOKE BACKUP_ADMIN, SYSTEM_USER ON *.* FROM `app`@`%`\n"
		  "REVOKE GRANT OPTION ON *.* FROM `app`@`%`\n" },
		{ { USAGE, OWN " WITH GRANT OPTION",
		    "GRANT SELECT, INSERT ON `%`.* TO `app`@`%` WITH GRANT "
		    "OPTION", NULL },
		  "medium GRANT OPTION ON `own`.*\n"
		  "critical SELECT ON `%`.*\ncritical INSERT ON `%`.*\n"
		  "critical GRANT OPTION ON `%`.*\n",
		  "REVOKE SELECT, INSERT ON `%`.* FROM `app`@`%`\n"
		  "REVOKE GRANT OPTION ON `own`.* FROM `app`@`%`\n"
		  "REVOKE GRANT OPTION ON `%`.* FROM `app`@`%`\n" },
		{ { USAGE, OWN, "GRANT SELECT, SELECT (`a`) ON `other`.`t` "
		    "TO `app`@`%`", "GRANT SELECT ON `own`.`t` TO `app`@`%`",
		    "GRANT SELECT ON `mysq_`.* TO `app`@`%`",
		    "GRANT SELECT ON `gone`.* TO `app`@`%`", NULL },
		  "high SELECT ON `other`.`t`\n"
		  "high SELECT(`a`) ON `other`.`t`\n"
		  "critical SELECT ON `mysq_`.*\nlow SELECT ON `gone`.*\n",
		  "REVOKE SELECT, SELECT(`a`) ON `other`.`t` FROM "
		  "`app`@`%`\n"
		  "REVOKE SELECT ON `mysq_`.* FROM `app`@`%`\n"
		  "REVOKE SELECT ON `gone`.* FROM `app`@`%`\n" },
	};

	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
		check(&mysql9, &modern, &shapes[i]);
}
END_TEST

START_TEST(all_on_everything_is_revoked_only_where_it_was_printed)
{
	static const struct shape shape = {
		{ "GRANT `r2` TO `app`@`%` WITH ADMIN OPTION",
		  "GRANT ALL PRIVILEGES ON *.* TO `app`@`%` IDENTIFIED BY "
		  "PASSWORD '*AB' WITH GRANT OPTION",
		  "GRANT PROXY ON `pu`@`%` TO `app`@`%`",
		  "SET DEFAULT ROLE `r2` FOR `app`@`%`", NULL },
		"critical ROLE `r2` WITH ADMIN OPTION\n"
		"critical ALL PRIVILEGES ON *.*\n"
		"critical GRANT OPTION ON *.*\nhigh PROXY ON `pu`@`%`\n"
		"low DEFAULT ROLE `r2`\nmissing ALL PRIVILEGES ON `own`.*\n",
		OWN "\nSET DEFAULT ROLE NONE FOR `app`@`%`\n"
		"REVOKE ALL PRIVILEGES ON *.* FROM `app`@`%`\n"
		"REVOKE PROXY ON `pu`@`%` FROM `app`@`%`\n"
		"REVOKE GRANT OPTION ON *.* FROM `app`@`%`\n"
		"REVOKE `r2` FROM `app`@`%`\n" };

	check(&mariadb, &modern, &shape);
}
END_TEST

START_TEST(a_live_wildcard_is_replaced_by_the_escaped_name)
{
	static const char *const alone[] = { "mysql", "my_db", NULL };
	struct grants_world w = mariadb;
	struct shape shape = {
		{ USAGE, "GRANT ALL PRIVILEGES ON `my_db`.* TO `app`@`%`",
		  NULL },
		"high ALL PRIVILEGES ON `my_db`.*\n"
		"missing ALL PRIVILEGES ON `my\\_db`.*\n",
		"GRANT ALL PRIVILEGES ON `my\\_db`.* TO `app`@`%`\n"
		"REVOKE ALL PRIVILEGES ON `my_db`.* FROM `app`@`%`\n" };

	w.own = my_db;
	check(&w, &modern, &shape);
	w.existing = alone;
	shape.findings = "medium ALL PRIVILEGES ON `my_db`.*\n"
	    "missing ALL PRIVILEGES ON `my\\_db`.*\n";
	check(&w, &modern, &shape);
}
END_TEST

START_TEST(with_partial_revokes_a_name_is_a_name)
{
	struct grants_world w = mysql9;
	const struct shape plain = { { USAGE,
	    "GRANT ALL PRIVILEGES ON `my_db`.* TO `app`@`%`",
	    "GRANT ALL PRIVILEGES ON `my\\_db`.* TO `app`@`%`",
	    "GRANT SELECT ON `%`.* TO `app`@`%`", NULL },
	    "low ALL PRIVILEGES ON `my\\_db`.*\nlow SELECT ON `%`.*\n",
	    "REVOKE ALL PRIVILEGES ON `my\\_db`.* FROM `app`@`%`\n"
	    "REVOKE SELECT ON `%`.* FROM `app`@`%`\n" };
	const struct shape restricted = { {
	    "GRANT SELECT ON *.* TO `app`@`%`",
	    "REVOKE SELECT ON `mysql`.* FROM `app`@`%`",
	    "REVOKE SELECT ON `my_db`.* FROM `app`@`%`", NULL },
	    "critical SELECT ON *.*\nmissing ALL PRIVILEGES ON `my_db`.*\n",
	    "GRANT ALL PRIVILEGES ON `my_db`.* TO `app`@`%`\n"
	    "GRANT ALL PRIVILEGES ON `my_db`.* TO `app`@`%`\n"
	    "REVOKE SELECT ON *.* FROM `app`@`%`\n" };

	w.own = my_db;
	w.literal = true;
	check(&w, &modern, &plain);
	check(&w, &modern, &restricted);
}
END_TEST

START_TEST(what_is_missing_of_all_is_named)
{
	struct grants list = list_of(&modern, (const char *const[]){ USAGE,
	    "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, "
	    "INDEX, ALTER, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, "
	    "CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, TRIGGER "
	    "ON `own`.* TO `app`@`%`", NULL });
	struct grants_world folding = mysql9;

	ck_assert_str_eq(judged(&mysql9, &list), "missing EVENT ON `own`.*\n");
	ck_assert_str_eq(judged(&mariadb, &list), "missing EVENT ON `own`.*\n"
	    "missing DELETE HISTORY ON `own`.*\n");
	ck_assert_str_eq(planned(&mariadb, &list), OWN "\n");
	list = list_of(&modern, (const char *const[]){ USAGE,
	    "GRANT ALL PRIVILEGES ON `OWN`.* TO `app`@`%`", NULL });
	folding.fold = true;
	ck_assert_str_eq(judged(&folding, &list), "");
	ck_assert_str_eq(judged(&mysql9, &list), "low ALL PRIVILEGES ON "
	    "`OWN`.*\nmissing ALL PRIVILEGES ON `own`.*\n");
}
END_TEST

START_TEST(a_role_counts_as_the_worst_that_it_grants)
{
	const struct grants_source r = { .account = { "r", "%" } };
	const struct grants_source s = { .account = { "s", "%" } };
	struct grants known[2];
	struct grants_world w = mysql9;
	struct grants list = list_of(&modern, (const char *const[]){ USAGE,
	    OWN, "GRANT `r`@`%` TO `app`@`%`", NULL });

	known[0] = list_of(&r, (const char *const[]){
	    "GRANT USAGE ON *.* TO `r`@`%`",
	    "GRANT ALL PRIVILEGES ON `own`.* TO `r`@`%`", NULL });
	known[1] = list_of(&s, (const char *const[]){
	    "GRANT FILE ON *.* TO `s`@`%`",
	    "GRANT `r`@`%` TO `s`@`%`", NULL });
	ck_assert_str_eq(judged(&w, &list), "high ROLE `r`@`%`\n");
	w.known = known;
	w.nknown = 2;
	ck_assert_str_eq(judged(&w, &list), "medium ROLE `r`@`%`\n");
	known[0] = list_of(&r, (const char *const[]){
	    "GRANT `s`@`%` TO `r`@`%`", NULL });	/* and round again */
	ck_assert_str_eq(judged(&w, &list), "critical ROLE `r`@`%`\n");
	ck_assert_str_eq(planned(&w, &list),
	    "REVOKE `r`@`%` FROM `app`@`%`\n");
}
END_TEST

START_TEST(a_line_for_another_account_is_for_a_person)
{
	struct grants list = list_of(&modern, (const char *const[]){ USAGE,
	    OWN, "GRANT SELECT ON `other`.* TO PUBLIC", NULL });
	struct findings f = { 0 };

	grants_judge(pool, &mariadb, &list, &f);
	ck_assert_uint_eq(findings_count(&f, FINDING_HAND), 1);
	ck_assert_str_eq(f.v[0].text, "VIA PUBLIC: SELECT ON `other`.*");
	ck_assert_str_eq(planned(&mariadb, &list), "");
}
END_TEST

START_TEST(a_refused_list_is_split_into_its_names)
{
	struct grants list = list_of(&modern, (const char *const[]){
	    "GRANT SELECT, SELECT (`a`), SUPER ON *.* TO `app`@`%`", OWN,
	    NULL });
	struct plan p = { 0 }, each = { 0 };

	plan_scope(pool, &mysql9, &list, &p);
	ck_assert_uint_eq(p.n, 1);
	plan_split(pool, &p.v[0], &each);
	ck_assert_uint_eq(each.n, 3);
	ck_assert_str_eq(each.v[1].sql,
	    "REVOKE SELECT(`a`) ON *.* FROM `app`@`%`");
	ck_assert_str_eq(each.v[2].sql, "REVOKE SUPER ON *.* FROM `app`@`%`");
}
END_TEST

START_TEST(restoring_says_only_what_is_not_there)
{
	struct grants saved = list_of(&modern, (const char *const[]){
	    "GRANT SELECT, RELOAD ON *.* TO `app`@`%` WITH GRANT OPTION",
	    "GRANT SELECT ON `own`.* TO `app`@`%`",
	    "REVOKE SELECT ON `mysql`.* FROM `app`@`%`",
	    "SET DEFAULT ROLE `r`@`%` TO `app`@`%`",
	    "GRANT `r`@`%` TO `app`@`%`", NULL });
	struct grants now = list_of(&modern, (const char *const[]){ USAGE,
	    OWN, NULL });
	struct plan p = { 0 };

	plan_restore(pool, &mysql9, &saved, &now, &p);
	ck_assert_uint_eq(p.n, 4);
	ck_assert_str_eq(p.v[0].sql, "GRANT SELECT, RELOAD ON *.* TO "
	    "`app`@`%` WITH GRANT OPTION");
	ck_assert_str_eq(p.v[1].sql, "GRANT `r`@`%` TO `app`@`%`");
	ck_assert_str_eq(p.v[2].sql, "SET DEFAULT ROLE `r`@`%` TO `app`@`%`");
	ck_assert_str_eq(p.v[3].sql,
	    "REVOKE SELECT ON `mysql`.* FROM `app`@`%`");
	p.n = 0;
	plan_restore(pool, &mysql9, &saved, &saved, &p);
	ck_assert_uint_eq(p.n, 0);
}
END_TEST

/* What restricting added goes, and then what lay on the own database. */
START_TEST(restoring_exactly_takes_what_was_added)
{
	struct grants_world partial = mysql9;
	struct grants now = list_of(&modern, (const char *const[]){ OWN,
	    NULL });
	struct grants none = list_of(&modern, (const char *const[]){ USAGE,
	    "REVOKE DROP ON `own`.* FROM `app`@`%`", NULL });
	struct grants some = list_of(&modern, (const char *const[]){
	    "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES,"
	    " INDEX, ALTER, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE,"
	    " CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE ON "
	    "`own`.* TO `app`@`%` WITH GRANT OPTION", NULL });
	struct plan p = { 0 };

	partial.literal = true;
	plan_restore(pool, &partial, &none, &now, &p);
	ck_assert_uint_eq(p.n, 0);
	plan_exactly(pool, &partial, &none, &now, &p);
	ck_assert_uint_eq(p.n, 2);
	ck_assert_str_eq(p.v[0].sql, "REVOKE ALL PRIVILEGES ON `own`.* FROM "
	    "`app`@`%`");
	ck_assert_str_eq(p.v[1].sql, "REVOKE DROP ON `own`.* FROM "
	    "`app`@`%`");
	p.n = 0;
	plan_exactly(pool, &mysql9, &some, &now, &p);
	ck_assert_uint_eq(p.n, 1);
	ck_assert_str_eq(p.v[0].sql, "REVOKE EVENT, TRIGGER ON `own`.* FROM "
	    "`app`@`%`");
	p.n = 0;
	plan_exactly(pool, &mysql9, &now, &now, &p);
	ck_assert_uint_eq(p.n, 0);
}
END_TEST

START_TEST(what_an_account_requires_is_kept_and_given_back)
{
	static const char line[] = "ALTER USER `app`@`%` REQUIRE ISSUER "
	    "'/CN=o''x' CIPHER 'A:B' WITH MAX_QUERIES_PER_HOUR 9 "
	    "MAX_USER_CONNECTIONS 5";
	static const char *const wrong[] = {
		"ALTER USER `app`@`%` IDENTIFIED BY PASSWORD 'x'",
		"ALTER USER `app`@`%` REQUIRE SSL; DROP USER x",
		"ALTER USER `app`@`%` WITH GRANT OPTION",
		"ALTER USER `app`@`%`",
	};
	struct grants_world mysql5 = mysql9;
	struct grants now = list_of(&modern, (const char *const[]){ OWN,
	    NULL });
	struct grants saved = list_of(&modern, (const char *const[]){ line,
	    NULL });
	struct plan p = { 0 };
	struct grant g;

	plan_restore(pool, &mysql9, &saved, &now, &p);
	ck_assert_uint_eq(p.n, 1);
	ck_assert_str_eq(p.v[0].sql, line);
	plan_restore(pool, &mysql9, &saved, &saved, &p);
	ck_assert_uint_eq(p.n, 1);
	mysql5.version = 50624;
	plan_restore(pool, &mysql5, &saved, &now, &p);
	ck_assert(text_starts(p.v[1].sql, "GRANT USAGE ON *.* TO `app`@`%` "
	    "REQUIRE ISSUER"));
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		ck_assert_msg(!grants_parse(pool, &modern, wrong[i], &g, &e),
		    "%s", wrong[i]);
}
END_TEST

START_TEST(findings_are_merged_and_counted)
{
	struct findings f = { 0 };
	struct buf out = buf_new(TEXT);

	ck_assert(findings_clean(&f));
	findings_add(pool, &f, SEV_INFO, FINDING_EXCESS, "a", "x%d", 1);
	ck_assert(findings_clean(&f));
	findings_add(pool, &f, SEV_HIGH, FINDING_EXCESS, "a", "x%d", 1);
	findings_add(pool, &f, SEV_LOW, FINDING_EXCESS, "a", "x%d", 1);
	findings_add(pool, &f, SEV_CRITICAL, FINDING_HAND, "b", "y");
	ck_assert_uint_eq(f.n, 2);
	ck_assert_int_eq(findings_worst(&f), SEV_CRITICAL);
	ck_assert_uint_eq(findings_count(&f, FINDING_EXCESS), 1);
	findings_print(&f, &out);
	ck_assert_str_eq(buf_str(&out),
	    "critical: b: only by hand: y\nhigh: a: x1\n");
	buf_free(&out);
}
END_TEST

static void
add_case(Suite *s, const char *name, const TTest *const *tests, size_t n)
{
	TCase *c = tcase_create(name);

	tcase_add_checked_fixture(c, set_up, tear_down);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(c, tests[i]);
	suite_add_tcase(s, c);
}

int
main(void)
{
	Suite *s = suite_create("mysql_grants");
	const TTest *const lines[] = {
		every_form_of_a_modern_line_is_read,
		a_line_that_is_not_understood_to_its_end_is_an_error,
		every_cut_of_a_line_is_an_error_or_a_shorter_truth,
		an_error_or_a_report_never_shows_a_hash,
		a_5_x_account_is_known_by_its_raw_text,
		the_5_x_columns_and_proxies_come_from_the_grant_tables,
		a_setting_lists_accounts_quoted_or_bare,
	};
	const TTest *const patterns[] = {
		a_pattern_matches_as_the_server_does,
		an_escaped_name_matches_itself_alone,
	};
	const TTest *const judging[] = {
		mysql_9_is_revoked_name_by_name_and_its_option_last,
		all_on_everything_is_revoked_only_where_it_was_printed,
		a_live_wildcard_is_replaced_by_the_escaped_name,
		with_partial_revokes_a_name_is_a_name,
		what_is_missing_of_all_is_named,
		a_role_counts_as_the_worst_that_it_grants,
		a_line_for_another_account_is_for_a_person,
		a_refused_list_is_split_into_its_names,
		restoring_says_only_what_is_not_there,
		restoring_exactly_takes_what_was_added,
		what_an_account_requires_is_kept_and_given_back,
		findings_are_merged_and_counted,
	};

	add_case(s, "lines", lines, sizeof lines / sizeof lines[0]);
	add_case(s, "patterns", patterns,
	    sizeof patterns / sizeof patterns[0]);
	add_case(s, "judging", judging, sizeof judging / sizeof judging[0]);
	return kit_main(s, NULL);
}
