/* shapes - the table. */
#include "tests/mysql/shapes.h"

#define EVERYTHING "GRANT ALL PRIVILEGES ON *.* TO {u} WITH GRANT OPTION"
#define LONG_50 "ddddddddddddddddddddddddddddddddddddddddddddddddd" "d"

const struct shape shapes[] = {
	/* ---- on everything ---- */
	{ "everything, with option", ON_BOTH, .sql = { EVERYTHING } },
	{ "everything", ON_BOTH, .sql = { "GRANT ALL PRIVILEGES ON *.* TO {u}"
	    } },
	{ "everything but one", ON_BOTH, .sql = { EVERYTHING, "REVOKE SUPER "
	    "ON *.* FROM {u}" } },
	{ "data of everybody", ON_BOTH, .sql = { "GRANT SELECT, INSERT, "
	    "UPDATE, DELETE ON *.* TO {u}" } },
	{ "reading everywhere", ON_BOTH, .sql = { "GRANT SELECT ON *.* TO {u}"
	    } },
	{ "no data", ON_ALL, .sql = { "GRANT RELOAD, PROCESS ON *.* TO {u}" }
	    },
	{ "super", ON_ALL, .sql = { "GRANT SUPER ON *.* TO {u}" } },
	{ "files", ON_ALL, .sql = { "GRANT FILE ON *.* TO {u} WITH GRANT "
	    "OPTION" } },
	{ "users", ON_BOTH, .sql = { "GRANT CREATE USER ON *.* TO {u}" } },
	{ "names of databases", ON_ALL, .sql = { "GRANT SHOW DATABASES ON "
	    "*.* TO {u}" } },
	{ "option alone", ON_BOTH, .sql = { "GRANT USAGE ON *.* TO {u} WITH "
	    "GRANT OPTION" } },
	{ "reading, with option", ON_ALL, .sql = { "GRANT SELECT ON *.* TO "
	    "{u} WITH GRANT OPTION" } },
	{ "replication", ON_ALL, .sql = { "GRANT REPLICATION SLAVE, "
	    "REPLICATION CLIENT ON *.* TO {u}" } },
	{ "two words each", ON_ALL, .sql = { "GRANT CREATE TEMPORARY TABLES, "
	    "LOCK TABLES, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER "
	    "ROUTINE, CREATE TABLESPACE ON *.* TO {u}" } },
	{ "nothing", ON_BOTH, .sql = { NULL } },
	{ "dynamic", ON_MYSQL9, .sql = { "GRANT BACKUP_ADMIN, "
	    "CONNECTION_ADMIN ON *.* TO {u}" } },
	{ "dynamic, with option", ON_MYSQL9, .sql = { "GRANT BACKUP_ADMIN, "
	    "SYSTEM_VARIABLES_ADMIN ON *.* TO {u} WITH GRANT OPTION" } },
	{ "dynamic, with and without option", ON_MYSQL9 | ON_PARTIAL, .sql = {
	    "GRANT BACKUP_ADMIN ON *.* TO {u} WITH GRANT OPTION", "GRANT "
	    "CONNECTION_ADMIN ON *.* TO {u}" } },
	{ "dynamic, granted over and over", ON_MYSQL9, .sql = { "GRANT "
	    "SYSTEM_VARIABLES_ADMIN ON *.* TO {u} WITH GRANT OPTION",
	    "REVOKE GRANT OPTION ON *.* FROM {u}", "GRANT GRANT OPTION ON "
	    "*.* TO {u}", "REVOKE GRANT OPTION ON *.* FROM {u}" } },
	{ "roles of others", ON_MYSQL9, .sql = { "GRANT ROLE_ADMIN, "
	    "XA_RECOVER_ADMIN ON *.* TO {u}" } },
	{ "a system user", ON_MYSQL9 | ON_PARTIAL, .sql = { "GRANT "
	    "SYSTEM_USER, SELECT ON *.* TO {u}" } },
	{ "MariaDB's own", ON_MARIADB, .sql = { "GRANT BINLOG ADMIN, "
	    "CONNECTION ADMIN, READ_ONLY ADMIN, SET USER ON *.* TO {u}" } },
	{ "history", ON_MARIADB, .sql = { "GRANT SELECT, DELETE HISTORY ON "
	    "*.* TO {u}" } },
	/* ---- databases ---- */
	{ "own as it should be", ON_BOTH, .sql = { "GRANT ALL PRIVILEGES ON "
	    "{e}.* TO {u}" }, .ends = ENDS_UNCHANGED },
	{ "own, with option", ON_BOTH, .sql = { "GRANT ALL PRIVILEGES ON "
	    "{e}.* TO {u} WITH GRANT OPTION" } },
	{ "own, reading", ON_BOTH, .sql = { "GRANT SELECT ON {e}.* TO {u}" } },
	{ "own, all but one", ON_BOTH, .sql = { "GRANT ALL PRIVILEGES ON "
	    "{e}.* TO {u}", "REVOKE TRIGGER ON {e}.* FROM {u}" } },
	{ "own as a live wildcard", ON_ALL, .sql = { "GRANT ALL PRIVILEGES "
	    "ON {o}.* TO {u}" } },
	{ "own, half escaped", ON_BOTH, .sql = { "GRANT ALL PRIVILEGES ON "
	    "`{p}\\_own_db`.* TO {u} WITH GRANT OPTION" } },
	{ "own, narrow beside live", ON_ALL, .sql = { "GRANT ALL PRIVILEGES "
	    "ON {o}.* TO {u}", "GRANT SELECT ON {e}.* TO {u}" } },
	{ "own by any character", ON_BOTH, .sql = { "GRANT ALL PRIVILEGES ON "
	    "`{p}_own___`.* TO {u}" } },
	{ "a wide wildcard", ON_BOTH, .sql = { "GRANT ALL PRIVILEGES ON "
	    "`{p}\\_%`.* TO {u}" } },
	{ "wide, and narrow on top", ON_ALL, .sql = { "GRANT ALL PRIVILEGES "
	    "ON `{p}%`.* TO {u}", "GRANT SELECT, INSERT ON {e}.* TO {u}" } },
	{ "every database, with option", ON_BOTH, .sql = { "GRANT ALL "
	    "PRIVILEGES ON `%`.* TO {u} WITH GRANT OPTION" } },
	{ "every database, data", ON_ALL, .sql = { "GRANT SELECT, INSERT ON "
	    "`%`.* TO {u}" } },
	{ "foreign", ON_BOTH, .sql = { "GRANT ALL PRIVILEGES ON {x}.* TO {u}" }
	    },
	{ "foreign, with option", ON_ALL, .sql = { "GRANT SELECT, EXECUTE ON "
	    "{x}.* TO {u} WITH GRANT OPTION" } },
	{ "foreign, option alone", ON_ALL, .sql = { "GRANT SELECT ON {x}.* "
	    "TO {u} WITH GRANT OPTION", "REVOKE SELECT ON {x}.* FROM {u}" } },
	{ "the server's", ON_BOTH, .sql = { "GRANT SELECT, INSERT ON mysql.* "
	    "TO {u}" } },
	{ "the server's, by a wildcard", ON_ALL, .sql = { "GRANT SELECT ON "
	    "`mysq_`.* TO {u}" } },
	{ "a database that is gone", ON_BOTH, .sql = { "GRANT SELECT ON "
	    "`{p}\\_gone`.* TO {u}" } },
	{ "a wildcard that fits nothing", ON_ALL, .sql = { "GRANT SELECT ON "
	    "`{p}\\_g%`.* TO {u} WITH GRANT OPTION" } },
	{ "a backslash", ON_BOTH, .sql = { "GRANT ALL PRIVILEGES ON "
	    "`{p}\\_s\\\\lash`.* TO {u}" } },
	{ "words in a name", ON_ALL, .sql = { "GRANT SELECT ON `{p}`` TO ``x "
	    "WITH GRANT OPTION`.* TO {u}" } },
	{ "everything and own and foreign", ON_BOTH, .sql = { EVERYTHING,
	    "GRANT SELECT ON {o}.* TO {u} WITH GRANT OPTION", "GRANT SELECT "
	    "ON {e}.* TO {u}", "GRANT ALL PRIVILEGES ON {x}.* TO {u}" } },
	/* ---- tables ---- */
	{ "a foreign table, with option", ON_BOTH, .sql = { "GRANT SELECT, "
	    "UPDATE ON {x}.t TO {u} WITH GRANT OPTION" } },
	{ "all of a foreign table", ON_ALL, .sql = { "GRANT ALL PRIVILEGES "
	    "ON {x}.t TO {u}" } },
	{ "the server's tables", ON_ALL, .sql = { "GRANT SELECT ON mysql.db "
	    "TO {u}", "GRANT SELECT ON mysql.user TO {u}" } },
	{ "views", ON_ALL, .sql = { "GRANT CREATE VIEW, SHOW VIEW ON {x}.t "
	    "TO {u}" } },
	{ "an own table", ON_BOTH, .sql = { "GRANT SELECT, INSERT ON {o}.t "
	    "TO {u}" } },
	{ "an own table, with option", ON_ALL, .sql = { EVERYTHING, "GRANT "
	    "SELECT ON {o}.t TO {u} WITH GRANT OPTION" } },
	{ "a table that is gone", ON_ALL, .sql = { "CREATE TABLE {x}.gone (a "
	    "INT)", "GRANT SELECT ON {x}.gone TO {u}", "DROP TABLE {x}.gone" },
	    .why = "the table is gone", .lost = "`gone`" },
	{ "a table with an odd name", ON_ALL, .sql = { "CREATE TABLE "
	    "{x}.`a``.b TO c` (a INT)", "GRANT SELECT, INSERT ON {x}.`a``.b "
	    "TO c` TO {u}" } },
	/* ---- columns ---- */
	{ "a column", ON_BOTH, .sql = { "GRANT SELECT (a) ON {x}.t TO {u}" } },
	{ "columns of many rights", ON_ALL, .sql = { "GRANT SELECT (a, b), "
	    "INSERT (b), UPDATE (a), REFERENCES (b) ON {x}.t TO {u} WITH "
	    "GRANT OPTION" } },
	{ "columns with odd names", ON_ALL, .sql = { "GRANT SELECT (a, "
	    "`b,c)`), INSERT (`b,c)`, `SELECT (a)`), DELETE ON {x}.t TO {u}" }
	    },
	{ "a column and its table", ON_ALL, .sql = { "GRANT SELECT, SELECT "
	    "(a), UPDATE (b) ON {x}.t TO {u}" } },
	{ "own columns", ON_ALL, .sql = { EVERYTHING, "GRANT SELECT (id), "
	    "UPDATE (v) ON {o}.t TO {u}" } },
	/* ---- routines ---- */
	{ "a procedure", ON_BOTH, .sql = { "GRANT EXECUTE ON PROCEDURE {x}.p "
	    "TO {u}" } },
	{ "a function, with option", ON_ALL, .sql = { "GRANT EXECUTE, ALTER "
	    "ROUTINE ON FUNCTION {x}.f TO {u} WITH GRANT OPTION" } },
	{ "an odd procedure", ON_ALL, .sql = { "GRANT ALTER ROUTINE ON "
	    "PROCEDURE {x}.`p TO x` TO {u}" } },
	{ "an own procedure", ON_ALL, .sql = { EVERYTHING, "CREATE PROCEDURE "
	    "{o}.q() SELECT 1", "GRANT EXECUTE ON PROCEDURE {o}.q TO {u} "
	    "WITH GRANT OPTION" } },
	{ "a package", ON_MARIADB, .sql = { "SET SESSION sql_mode = "
	    "'ORACLE'", "CREATE PACKAGE {x}.k AS PROCEDURE a(); END",
	    "CREATE PACKAGE BODY {x}.k AS PROCEDURE a() AS BEGIN NULL; END; "
	    "END", "GRANT EXECUTE ON PACKAGE {x}.k TO {u}", "GRANT EXECUTE "
	    "ON PACKAGE BODY {x}.k TO {u} WITH GRANT OPTION",
	    "SET SESSION sql_mode = ''" } },
	/* ---- being somebody else ---- */
	{ "a proxy", ON_ALL, .sql = { "CREATE USER `{p}_pu`@`%`", "GRANT "
	    "PROXY ON `{p}_pu`@`%` TO {u}" } },
	{ "a proxy, with option", ON_BOTH, .sql = { "CREATE USER `{p}_pu`@`%`",
	    "GRANT PROXY ON `{p}_pu`@`%` TO {u} WITH GRANT OPTION" } },
	{ "a proxy of everybody", ON_ALL, .sql = { "GRANT PROXY ON ''@'' TO "
	    "{u} WITH GRANT OPTION" } },
	{ "two proxies, one odd", ON_ALL, .sql = { "CREATE USER `{p}_pu`@`%`",
	    "CREATE USER `{p} o'x`@`%`", "GRANT PROXY ON `{p}_pu`@`%` TO {u}",
	    "GRANT PROXY ON `{p} o'x`@`%` TO {u} WITH GRANT OPTION" } },
	/* ---- roles ---- */
	{ "a role", ON_NEW, .sql = { "CREATE ROLE `{p}_r1`", "GRANT SELECT "
	    "ON {x}.* TO `{p}_r1`", "GRANT `{p}_r1` TO {u}" } },
	{ "a role, with admin", ON_NEW, .sql = { "CREATE ROLE `{p}_r1`",
	    "GRANT ALL PRIVILEGES ON *.* TO `{p}_r1`", "GRANT `{p}_r1` TO "
	    "{u} WITH ADMIN OPTION" } },
	{ "a role in a role", ON_NEW | ON_PARTIAL, .sql = { "CREATE ROLE "
	    "`{p}_r1`", "CREATE ROLE `{p}_r2`", "GRANT SELECT ON *.* TO "
	    "`{p}_r1`", "GRANT `{p}_r1` TO `{p}_r2`", "GRANT `{p}_r2` TO {u} "
	    "WITH ADMIN OPTION", EVERYTHING } },
	{ "a default role", ON_MARIADB, .sql = { EVERYTHING, "CREATE ROLE "
	    "`{p}_r1`", "GRANT SELECT ON {x}.* TO `{p}_r1`", "GRANT `{p}_r1` "
	    "TO {u}", "SET DEFAULT ROLE `{p}_r1` FOR {u}" } },
	{ "default roles", ON_MYSQL9, .sql = { EVERYTHING, "CREATE ROLE "
	    "`{p}_r1`, `{p}_r2`", "GRANT SELECT ON {x}.* TO `{p}_r1`",
	    "GRANT `{p}_r1`, `{p}_r2` TO {u}", "SET DEFAULT ROLE `{p}_r1`, "
	    "`{p}_r2` TO {u}" } },
	{ "own by its default role", ON_MARIADB, .sql = { "CREATE ROLE "
	    "`{p}_r1`", "GRANT ALL PRIVILEGES ON {e}.* TO `{p}_r1`", "GRANT "
	    "`{p}_r1` TO {u}", "SET DEFAULT ROLE `{p}_r1` FOR {u}" } },
	{ "own by its default role", ON_MYSQL9, .sql = { "CREATE ROLE "
	    "`{p}_r1`", "GRANT ALL PRIVILEGES ON {e}.* TO `{p}_r1`", "GRANT "
	    "`{p}_r1` TO {u}", "SET DEFAULT ROLE `{p}_r1` TO {u}" } },
	/* ---- hosts ---- */
	{ "on two hosts", ON_BOTH, .sql = { EVERYTHING, "GRANT ALL "
	    "PRIVILEGES ON *.* TO {v}" }, .host = "{h}", .host2 = "%" },
	{ "on two hosts, one without rights", ON_ALL, .sql = { "GRANT ALL "
	    "PRIVILEGES ON {e}.* TO {u}", "GRANT SELECT ON {x}.* TO {v}" },
	    .host2 = "10.0.0.0/255.0.0.0" },
	{ "from a net", ON_ALL, .sql = { EVERYTHING }, .host = "{n}" },
	{ "from hosts by a wildcard", ON_ALL, .sql = { EVERYTHING }, .host =
	    "{w}" },
	/* Nothing is flushed: for a moment nobody could log in. */
	{ "a row without account", ON_ALL, .sql = { EVERYTHING, "INSERT INTO "
	    "mysql.db (Host, Db, User, Select_priv) VALUES ('10.1.%', "
	    "'{p}_other', '{p}_app', 'Y')" }, .ends = ENDS_BY_HAND,
	    .why = "ROW WITHOUT ACCOUNT",
	    .after = "DELETE FROM mysql.db WHERE Db = '{p}_other'" },
	/* ---- odd users: 5.6 takes no more than 16 characters ---- */
	{ "user with a quote", ON_BOTH, .sql = { EVERYTHING }, .user = "{p} "
	    "o'x" },
	{ "user with a backslash", ON_ALL, .sql = { EVERYTHING }, .user =
	    "{p} a\\c" },
	{ "user like an account", ON_ALL, .sql = { EVERYTHING, "GRANT SELECT "
	    "(a) ON {x}.t TO {u}" }, .user = "{p}q'@'r" },
	{ "user with a word", ON_ALL, .sql = { EVERYTHING, "GRANT SELECT ON "
	    "{x}.t TO {u}" }, .user = "{p}` TO `x" },
	{ "user like the tail", ON_NEW, .sql = { "GRANT SELECT ON *.* TO {u}"
	    }, .user = "{p}` WITH GRANT OPTION" },
	{ "user with an at", ON_ALL, .sql = { EVERYTHING }, .user = "{p}@h" },
	{ "user in two quotes", ON_ALL, .sql = { EVERYTHING }, .user =
	    "{p}\"d'" },
	{ "user of a wildcard", ON_ALL, .sql = { EVERYTHING }, .user = "{p}%_"
	    },
	{ "user in another script", ON_ALL, .sql = { EVERYTHING }, .user =
	    "{p} sch\xc3\xb6n" },
	{ "user ending in a quote", ON_ALL, .sql = { EVERYTHING, "CREATE "
	    "USER `{p}_pu`@`%`", "GRANT PROXY ON `{p}_pu`@`%` TO {u}" }, .user
	    = "{p}'" },
	/* ---- odd databases ---- */
	{ "own with a tab", ON_ALL, .sql = { EVERYTHING }, .own = "{p}\tx" },
	{ "own escaped, which is another", ON_PARTIAL, .sql = { "GRANT ALL "
	    "PRIVILEGES ON `{p}\\_own\\_db`.* TO {u}", "GRANT SELECT ON "
	    "*.* TO {u}" } },
	{ "own with a hyphen", ON_BOTH, .sql = { EVERYTHING }, .own = "{p}-own"
	    },
	{ "own with a backquote", ON_ALL, .sql = { EVERYTHING }, .own =
	    "{p}we`ird" },
	{ "own with a wildcard", ON_BOTH, .sql = { EVERYTHING }, .own =
	    "{p}per%cent" },
	{ "own with a backslash", ON_BOTH, .sql = { EVERYTHING }, .own =
	    "{p}back\\slash" },
	{ "own with blanks and words", ON_ALL, .sql = { EVERYTHING, "GRANT "
	    "SELECT ON {o}.t TO {u}" }, .own = "{p} TO x WITH GRANT OPTION" },
	{ "own with a dot", ON_ALL, .sql = { EVERYTHING }, .own = "{p}.d" },
	{ "own with quotes", ON_ALL, .sql = { EVERYTHING }, .own = "{p}'q\"" },
	{ "own in another script", ON_ALL, .sql = { EVERYTHING }, .own =
	    "{p}\xc3\xbcn\xc3\xaf_" },
	{ "own as long as can be", ON_BOTH, .sql = { EVERYTHING }, .own =
	    "{p}-" LONG_50 "123456789" },
	{ "own too long for its row", ON_ALL, .sql = { EVERYTHING }, .own =
	    "{p}_" LONG_50 "_______89", .ends = ENDS_REFUSED, .why =
	    "characters when _ and % are escaped" },
	{ "own with all of its length", ON_PARTIAL, .sql = { EVERYTHING }, .own
	    = "{p}_" LONG_50 "_______89" },
	{ "own that is not there", ON_ALL, .sql = { EVERYTHING, "DROP "
	    "DATABASE {o}" }, .ends = ENDS_REFUSED, .why = "there is no "
	    "database" },
	{ "two own databases", ON_BOTH, .sql = { EVERYTHING }, .own2 =
	    "{p}_plugin" },
	{ "two own databases, one granted", ON_BOTH, .sql = { "GRANT ALL "
	    "PRIVILEGES ON {e}.* TO {u}" }, .own2 = "{p}_plugin" },
	/* ---- what an account requires ---- */
	{ "limits", ON_MARIADB | ON_MYSQL5, .sql = { "GRANT SELECT, INSERT "
	    "ON *.* TO {u} WITH GRANT OPTION MAX_QUERIES_PER_HOUR 900000 "
	    "MAX_USER_CONNECTIONS 50" } },
	{ "limits", ON_MYSQL9, .sql = { EVERYTHING, "ALTER USER {u} WITH "
	    "MAX_QUERIES_PER_HOUR 900000 MAX_USER_CONNECTIONS 50" } },
	{ "TLS only", ON_MARIADB, .sql = { "GRANT ALL PRIVILEGES ON *.* TO "
	    "{u} REQUIRE SSL WITH GRANT OPTION" }, .tls = true },
	{ "TLS only", ON_MYSQL9, .sql = { EVERYTHING, "ALTER USER {u} REQUIRE "
	    "SSL" }, .tls = true },
	/* ---- restrictions ---- */
	{ "restricted in own", ON_PARTIAL, .sql = { EVERYTHING, "REVOKE "
	    "CREATE ROUTINE, EVENT ON {o}.* FROM {u}" } },
	{ "restricted wholly in own", ON_PARTIAL, .sql = { EVERYTHING,
	    "REVOKE ALL PRIVILEGES ON {o}.* FROM {u}" } },
	{ "restricted elsewhere", ON_PARTIAL, .sql = { EVERYTHING, "REVOKE "
	    "ALL PRIVILEGES ON mysql.* FROM {u}", "REVOKE INSERT ON {x}.* "
	    "FROM {u}" } },
	{ "a row and a restriction", ON_PARTIAL, .sql = { "GRANT SELECT, "
	    "INSERT, DROP ON *.* TO {u}", "GRANT ALTER ON {o}.* TO {u}",
	    "REVOKE DROP ON {o}.* FROM {u}" } },
	/* ---- all of it ---- */
	{ "all at once", ON_NEW | ON_PARTIAL, .sql = { EVERYTHING, "GRANT "
	    "SELECT ON {x}.* TO {u} WITH GRANT OPTION", "GRANT SELECT (a), "
	    "INSERT ON {x}.t TO {u}", "GRANT EXECUTE ON PROCEDURE {x}.`p TO "
	    "x` TO {u}", "CREATE ROLE `{p}_r1`", "GRANT ALL PRIVILEGES ON "
	    "*.* TO `{p}_r1`", "GRANT `{p}_r1` TO {u}", "CREATE USER "
	    "`{p}_pu`@`%`", "GRANT PROXY ON `{p}_pu`@`%` TO {u} WITH GRANT "
	    "OPTION" } },
	{ "all at once", ON_MYSQL5, .sql = { EVERYTHING, "GRANT SELECT ON "
	    "{x}.* TO {u} WITH GRANT OPTION", "GRANT SELECT (a, `b,c)`), "
	    "INSERT ON {x}.t TO {u}", "GRANT EXECUTE ON PROCEDURE {x}.`p TO "
	    "x` TO {u}", "CREATE USER `{p}_pu`@`%`", "GRANT PROXY ON "
	    "`{p}_pu`@`%` TO {u} WITH GRANT OPTION" } },
};

const size_t shapes_n = sizeof shapes / sizeof shapes[0];
