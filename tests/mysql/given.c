/* given - take the URL apart. */
#include "tests/mysql/given.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Cut the text at the last such character, and give what is behind. */
static char *
cut(char *text, char at)
{
	char *p = text != NULL ? strrchr(text, at) : NULL;

	if (p == NULL)
		return NULL;
	*p = '\0';
	return p + 1;
}

struct sql_login
given_login(void)
{
	static const char scheme[] = "mysql://";
	const char *ca = getenv("TRANSPLANT_TEST_MYSQL_CA");
	const char *url = getenv("TRANSPLANT_TEST_MYSQL_URL");
	struct sql_login l = { .seconds = 20 };
	char *text, *host, *port = NULL, *password = NULL;

	l.tls = text_empty(ca) ? "off" : "verify";
	l.ca_file = text_empty(ca) ? NULL : ca;
	if (url != NULL && text_starts(url, scheme)) {
		text = strdup(url + strlen(scheme));
		host = cut(text, '@');
		port = cut(host, ':');
		password = cut(text, ':');
		l.user = text;
		l.password = password;
		l.host = host;
	}
	if (port == NULL || password == NULL) {
		fprintf(stderr, "TRANSPLANT_TEST_MYSQL_URL is not "
		    "mysql://admin:password@host:port\n");
		exit(2);
	}
	l.port = strtol(port, NULL, 10);
	/* cppcheck-suppress memleak ; the login points into it */
	return l;
}
