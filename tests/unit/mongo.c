/* Proves what db/mongo.h promises of logins that never reach a server. */
#include <stdio.h>
#include <string.h>

#include "db/mongo.h"
#include "tests/kit/httpd.h"
#include "tests/kit/kit.h"

/* Nobody listens there. */
static struct mongo_login
login(const char *host)
{
	return (struct mongo_login){ .host = host, .port = 9, .user = "u",
	    .password = "a-password", .tls = "off", .seconds = 1 };
}

START_TEST(a_name_that_begins_like_the_scheme_is_a_name)
{
	const struct mongo_login l = login("mongodb.invalid");
	struct err e = { 0 };

	ck_assert_ptr_null(mongo_open(&l, &e));
	ck_assert_msg(e.kind == ERR_NETWORK, "%s", e.text);
	kit_contains(e.text, "u@mongodb.invalid");
}
END_TEST

START_TEST(a_login_within_the_uri_is_never_shown)
{
	static const char *const uris[] = {
		"mongodb://someone:in-the-uri@127.0.0.1:9/db",
		"mongodb://someone:in-the-uri@127.0.0.1:9/?no=%zz",
		"mongodb://someone:in-the-uri@",
	};

	for (size_t i = 0; i < sizeof uris / sizeof *uris; i++) {
		const struct mongo_login l = login(uris[i]);
		struct err e = { 0 };

		ck_assert_ptr_null(mongo_open(&l, &e));
		ck_assert_str_ne(e.text, "");
		kit_lacks(e.text, "in-the-uri");
		kit_lacks(e.text, "someone");
	}
}
END_TEST

START_TEST(a_host_of_a_person_is_a_name_or_a_uri_without_login)
{
	struct err e = { 0 };

	ck_assert(mongo_check_host("mongodb", &e));
	ck_assert(mongo_check_host("mongodb.example.org", &e));
	ck_assert(mongo_check_host("mongodb://a.test,b.test/?tls=true", &e));
	ck_assert(!mongo_check_host("mongodb://u:p@a.test", &e));
	ck_assert(!mongo_check_host("mongodb:27017", &e));
}
END_TEST

/* The server's certificate is of an authority that nobody knows. */
START_TEST(an_address_can_not_switch_verification_off)
{
	static const char *const allowed[] = { "", "?tlsInsecure=true",
	    "?tlsAllowInvalidCertificates=true",
	    "?tlsAllowInvalidHostnames=true&ssl=true" };
	struct httpd *server = httpd_start("127.0.0.1");

	for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
		char uri[128];
		struct mongo_login l = login(uri);
		struct err e = { 0 };

		snprintf(uri, sizeof uri, "mongodb://127.0.0.1:%d/%s",
		    httpd_port(server), allowed[i]);
		l.tls = "verify";
		ck_assert_ptr_null(mongo_open(&l, &e));
		kit_contains(e.text, "certificate verify failed");
		/* without: it talks, and meets no MongoDB */
		l.tls = "require";
		ck_assert_ptr_null(mongo_open(&l, &e));
		kit_lacks(e.text, "certificate");
	}
	httpd_stop(server);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mongo");
	TCase *c = tcase_create("login");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, a_name_that_begins_like_the_scheme_is_a_name);
	tcase_add_test(c, a_login_within_the_uri_is_never_shown);
	tcase_add_test(c, a_host_of_a_person_is_a_name_or_a_uri_without_login);
	tcase_add_test(c, an_address_can_not_switch_verification_off);
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
