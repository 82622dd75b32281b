/*
 * given - the server that tests are given by TRANSPLANT_TEST_MYSQL_URL
 * (mysql://admin:password@host:port, nothing of it escaped; an administrator
 * with all privileges) and TRANSPLANT_TEST_MYSQL_CA (vouches for it; empty: no
 * TLS).
 */
#ifndef TESTS_GIVEN_H
#define TESTS_GIVEN_H

#include "db/mysql.h"

/* As that administrator. A wrong or missing URL ends the program. */
struct sql_login given_login(void);

#endif
