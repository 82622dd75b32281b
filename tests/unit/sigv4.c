/*
 * sigv4 - our signatures are those that the algorithm's publisher gives for
 * its test requests (the signature version 4 test suite, and the examples of
 * the S3 manual).
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/sigv4.h"
#include "tests/kit/kit.h"

static struct pool *p;

static void
set_up(void)
{
	p = pool_new();
}

static void
tear_down(void)
{
	pool_free(p);
}

enum { HEADERS = 4 };

struct vector {
	const char *name, *method, *path, *headers[HEADERS], *body, *token;
	const char *signature;
};

/* As the suite's files have it; those of one signature are one request. */
#define VANILLA \
	"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
#define FORM "Content-Type: application/x-www-form-urlencoded"
#define ALL \
	"-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static const struct vector suite[] = {
	{ .name = "get-vanilla", .path = "/", .signature = VANILLA },
	{ .name = "get-vanilla-query", .path = "/", .signature = VANILLA },
	{ .name = "get-relative", .path = "/example/..",
	  .signature = VANILLA },
	{ .name = "get-relative-relative", .path = "/example1/example2/../..",
	  .signature = VANILLA },
	{ .name = "get-slash", .path = "//", .signature = VANILLA },
	{ .name = "get-slash-dot-slash", .path = "/./",
	  .signature = VANILLA },
	{ .name = "get-slashes", .path = "//example//", .signature =
	"9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84" },
	{ .name = "get-slash-pointless-dot", .path = "/./example",
	  .signature =
	"ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5" },
	{ .name = "get-unreserved", .path = "/" ALL, .signature =
	"07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f" },
	{ .name = "get-utf8", .path = "/\xe1\x88\xb4", .signature =
	"8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85" },
	{ .name = "get-space", .path = "/example space/", .signature =
	"652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741" },
	{ .name = "get-vanilla-empty-query-key", .path = "/?Param1=value1",
	  .signature =
	"a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb" },
	{ .name = "get-vanilla-query-order-key-case",
	  .path = "/?Param2=value2&Param1=value1", .signature =
	"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
	{ .name = "get-vanilla-query-order-value",
	  .path = "/?Param1=value2&Param1=value1", .signature =
	"5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694" },
	{ .name = "get-vanilla-query-unreserved",
	  .path = "/?" ALL "=" ALL, .signature =
	"9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197" },
	{ .name = "get-vanilla-utf8-query", .path = "/?\xe1\x88\xb4=bar",
	  .signature =
	"2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04" },
	{ .name = "get-header-value-order", .path = "/",
	  .headers = { "My-Header1:value4", "My-Header1:value1",
	    "My-Header1:value3", "My-Header1:value2" }, .signature =
	"08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01" },
	{ .name = "get-header-key-duplicate", .path = "/",
	  .headers = { "My-Header1:value2", "My-Header1:value2",
	    "My-Header1:value1" }, .signature =
	"c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea" },
	{ .name = "get-header-value-trim", .path = "/",
	  .headers = { "My-Header1: value1", "My-Header2: \"a   b   c\"" },
	  .signature =
	"acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736" },
	{ .name = "get-vanilla-with-session-token", .path = "/", .token =
	"6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
	  .signature =
	"07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8" },
	{ .name = "post-vanilla", .method = "POST", .path = "/", .signature =
	"5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b" },
	{ .name = "post-x-www-form-urlencoded", .method = "POST",
	  .path = "/", .headers = { FORM }, .body = "Param1=value1",
	  .signature =
	"ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a" },
	{ .name = "post-x-www-form-urlencoded-parameters", .method = "POST",
	  .path = "/", .headers = { FORM "; charset=utf8" },
	  .body = "Param1=value1", .signature =
	"1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe" },
};

/* The examples of the S3 manual: another key, day, host and service. */
#define BUCKET "https://examplebucket.s3.amazonaws.com"
#define DATE "Date: Fri, 24 May 2013 00:00:00 GMT"

static const struct vector manual[] = {
	{ .name = "get an object's beginning", .path = BUCKET "/test.txt",
	  .headers = { "Range: bytes=0-9" }, .signature =
	"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" },
	{ .name = "put an object", .method = "PUT",
	  .path = BUCKET "/test%24file.text",
	  .headers = { DATE, "x-amz-storage-class: REDUCED_REDUNDANCY" },
	  .body = "Welcome to Amazon S3.", .signature =
	"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd" },
	{ .name = "a query without a value", .path = BUCKET "/?lifecycle",
	  .signature =
	"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
	{ .name = "list objects", .path = BUCKET "/?max-keys=2&prefix=J",
	  .signature =
	"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
};

static const char *
signature_of(const struct sigv4_key *key, const struct vector *v,
    const char *url, time_t when)
{
	const char *headers[HEADERS + 1] = { 0 };
	struct sigv4_request rq = { .url = url, .headers = headers,
	    .method = v->method != NULL ? v->method : "GET",
	    .body = v->body, .when = when };
	struct sigv4_signature s;

	memcpy(headers, v->headers, sizeof(v->headers));
	rq.body_len = v->body != NULL ? strlen(v->body) : 0;
	sigv4_sign(p, key, &rq, &s);
	return strstr(s.authorization, "Signature=") + strlen("Signature=");
}

START_TEST(the_suites_requests_get_the_published_signatures)
{
	const struct vector *v = &suite[_i];
	struct sigv4_key key = { .id = "AKIDEXAMPLE", .token = v->token,
	    .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	    .region = "us-east-1", .service = "service" };
	const time_t when = 1440938160;	/* 2015-08-30 12:36:00 */
	const char *got = signature_of(&key, v, pool_printf(p,
	    "https://example.amazonaws.com%s", v->path), when);

	ck_assert_msg(strcmp(got, v->signature) == 0, "%s: %s", v->name, got);
}
END_TEST

START_TEST(the_s3_manuals_requests_get_the_published_signatures)
{
	const struct vector *v = &manual[_i];
	struct sigv4_key key = { .id = "AKIAIOSFODNN7EXAMPLE",
	    .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	    .region = "us-east-1", .service = "s3" };
	const time_t when = 1369353600;	/* 2013-05-24 */
	const char *got = signature_of(&key, v, v->path, when);

	ck_assert_msg(strcmp(got, v->signature) == 0, "%s: %s", v->name, got);
}
END_TEST

static struct sigv4_signature
sign(const char *service, const char *url, const char *payload)
{
	struct sigv4_key key = { .id = "id", .secret = "a-long-secret",
	    .region = "nyc3", .service = service };
	struct sigv4_request rq = { .method = "GET", .url = url,
	    .payload = payload, .when = 1440938160 };
	struct sigv4_signature s;

	sigv4_sign(p, &key, &rq, &s);
	return s;
}

static bool
same(const char *service, const char *a, const char *b)
{
	return strcmp(sign(service, a, NULL).authorization,
	    sign(service, b, NULL).authorization) == 0;
}

START_TEST(an_s3_path_is_signed_as_it_is_sent_any_other_is_encoded_again)
{
	ck_assert(!same("s3", "https://h/a//b", "https://h/a/b"));
	ck_assert(!same("s3", "https://h/a/../b", "https://h/b"));
	ck_assert(same("ec2", "https://h/a/../b", "https://h/b"));
	ck_assert(same("ec2", "https://h", "https://h/"));
	ck_assert(same("s3", "https://h?a", "https://h/?a="));
	ck_assert(!same("ec2", "https://h/a%20b", "https://h/a b"));
}
END_TEST

START_TEST(a_query_is_the_same_however_it_was_encoded)
{
	ck_assert(same("s3", "https://h/?p=a/b", "https://h/?p=a%2fb"));
	ck_assert(same("s3", "https://h/?x=1&&a=2", "https://h/?a=2&x=1"));
	ck_assert(!same("s3", "https://h/?p=a+b", "https://h/?p=a%20b"));
	ck_assert(same("s3", "https://h/?p=a=b", "https://h/?p=a%3Db"));
	ck_assert(same("s3", "https://h/?p=5%", "https://h/?p=5%25"));
}
END_TEST

START_TEST(a_port_and_an_unsigned_body_are_signed_too)
{
	const char *bare = sign("s3", "https://h/", NULL).authorization;
	struct sigv4_signature s = sign("s3", "https://h/", SIGV4_UNSIGNED);

	ck_assert(!same("s3", "https://h/", "https://h:444/"));
	ck_assert_str_ne(bare, s.authorization);
	ck_assert_str_eq(s.headers[0], "X-Amz-Date: 20150830T123600Z");
	ck_assert_str_eq(s.headers[1],
	    "X-Amz-Content-Sha256: UNSIGNED-PAYLOAD");
	ck_assert_ptr_null(s.headers[2]);
}
END_TEST

START_TEST(the_secret_is_in_nothing_that_is_sent)
{
	struct sigv4_signature s = sign("s3", "https://h/", NULL);

	kit_lacks(s.authorization, "a-long-secret");
	kit_contains(s.authorization, "Credential=id/20150830/nyc3/s3/");
	kit_contains(s.authorization,
	    "SignedHeaders=host;x-amz-content-sha256;x-amz-date, ");
	for (size_t i = 0; s.headers[i] != NULL; i++)
		kit_lacks(s.headers[i], "a-long-secret");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sigv4");
	TCase *t = tcase_create("sigv4");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t,
	    the_suites_requests_get_the_published_signatures, 0,
	    sizeof(suite) / sizeof(suite[0]));
	tcase_add_loop_test(t,
	    the_s3_manuals_requests_get_the_published_signatures, 0,
	    sizeof(manual) / sizeof(manual[0]));
	tcase_add_test(t,
	    an_s3_path_is_signed_as_it_is_sent_any_other_is_encoded_again);
	tcase_add_test(t, a_query_is_the_same_however_it_was_encoded);
	tcase_add_test(t, a_port_and_an_unsigned_body_are_signed_too);
	tcase_add_test(t, the_secret_is_in_nothing_that_is_sent);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
