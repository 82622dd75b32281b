/*
 * dnshost - what api/dnshost makes of answers of Cloudflare, DigitalOcean and
 * Route 53 that no double gives: foreign ones, wrong ones, those of other
 * times.
 */
#include <stdlib.h>
#include <string.h>

#include "api/dnshost.h"
#include "base/mem.h"
#include "data/json.h"
#include "net/http.h"
#include "tests/kit/httpd.h"
#include "tests/kit/kit.h"

#define TOKEN "a-token-of-the-company"
#define CF_ZONE "{\"success\":true,\"errors\":[],\"result\":[{\"id\":\"0a\"," \
	"\"name\":\"example.test\",\"status\":\"active\"}]}"
#define CF(list) "{\"success\":true,\"errors\":[],\"result\":[" list "]}"
#define CF_A(id, content, more) "{\"id\":\"" id "\",\"type\":\"A\"," \
	"\"name\":\"A.example.TEST\",\"content\":\"" content "\"," \
	"\"ttl\":60" more "}"
#define DO_ZONE "{\"domain\":{\"name\":\"example.test\",\"ttl\":1800}}"
#define DO(list) "{\"domain_records\":[" list "],\"links\":{}," \
	"\"meta\":{\"total\":1}}"
#define R53_ZONE "<R><HostedZones><HostedZone><Id>/hostedzone/Z1</Id>" \
	"<Name>example.test.</Name></HostedZone></HostedZones>" \
	"<IsTruncated>false</IsTruncated></R>"
#define R53(list) "<R><ResourceRecordSets>" list "</ResourceRecordSets>" \
	"<IsTruncated>false</IsTruncated></R>"
#define R53_A(name, ttl, values) "<ResourceRecordSet><Name>" name "</Name>" \
	"<Type>A</Type><TTL>" ttl "</TTL><ResourceRecords>" values \
	"</ResourceRecords></ResourceRecordSet>"
#define VALUE(v) "<ResourceRecord><Value>" v "</Value></ResourceRecord>"

enum { CLOUDFLARE, DIGITALOCEAN, ROUTE53 };

static const char *const company[] = { "cloudflare", "digitalocean",
	"route53" };
static const char *const zone[] = { CF_ZONE, DO_ZONE, R53_ZONE };

static struct httpd *server;
static struct http *http;
static struct dnshost *host;
static struct pool *p;
static struct err e;

static void
begin(void)
{
	p = pool_new();
	server = httpd_start(NULL);
	e = (struct err){ 0 };
	http = http_open(NULL, NULL, &e);
	host = NULL;
}

static void
end(void)
{
	dnshost_close(host);
	http_close(http);
	httpd_stop(server);
	pool_free(p);
}

static bool
opens(int c)
{
	host = dnshost_open(http, &(struct dnshost_open){
	    .company = company[c], .server = httpd_url(server),
	    .token = TOKEN, .key_id = "AKIAEXAMPLE", .secret = TOKEN,
	    .zone = "example.test" }, &e);
	return host != NULL;
}

static void
begin_at(int c)
{
	httpd_answer(server, "GET", 1, 200, "", zone[c]);
	ck_assert_msg(opens(c), "%s", e.text);
}

static bool
finds(struct dns_set **s, size_t *n)
{
	const char *const names[] = { "a.example.test", NULL };

	return dnshost_find(host, p, names, s, n, &e);
}

static const struct {
	int company;
	const char *body;
} foreign[] = {
	{ CLOUDFLARE, "<html>gateway</html>" }, { CLOUDFLARE, "{}" },
	{ CLOUDFLARE, "" }, { CLOUDFLARE, "{\"success\":false}" },
	{ CLOUDFLARE, "{\"success\":true,\"result\":{}}" },
	{ CLOUDFLARE, CF("{\"name\":\"a.example.test\"}") },
	{ CLOUDFLARE, CF(CF_A("../0a", "192.0.2.1", "")) },
	{ CLOUDFLARE, CF(CF_A("", "192.0.2.1", "")) },
	{ DIGITALOCEAN, "<html>gateway</html>" }, { DIGITALOCEAN, "{}" },
	{ DIGITALOCEAN, "" }, { DIGITALOCEAN, DO("{\"name\":\"a\"}") },
	{ DIGITALOCEAN, DO("{\"name\":\"a\",\"id\":1,\"type\":\"A\","
	  "\"ttl\":\"60\",\"data\":\"192.0.2.1\"}") },
	{ ROUTE53, "<html>" }, { ROUTE53, "{}" }, { ROUTE53, "<R/>" },
	{ ROUTE53, R53("<ResourceRecordSet/>") },
	{ ROUTE53, R53(R53_A("a.example.test.", "x", VALUE("192.0.2.1"))) },
	{ ROUTE53, R53(R53_A("a.example.test.", "60", "")) },
	{ ROUTE53, "<R><ResourceRecordSets/><IsTruncated>true</IsTruncated>"
	  "</R>" },
};

START_TEST(foreign_answers_are_errors)
{
	struct dns_set *s;
	size_t n;

	begin_at(foreign[_i].company);
	httpd_answer(server, "GET", 0, 200, "", foreign[_i].body);
	ck_assert(!finds(&s, &n));
	ck_assert_int_ne(e.kind, ERR_CONFLICT);
	kit_lacks(e.text, TOKEN);
}
END_TEST

static const struct {
	int company;
	const char *body;
} others[] = {
	{ CLOUDFLARE, CF(CF_A("0b", "192.0.2.1", ",\"proxied\":false")) },
	{ DIGITALOCEAN, DO("{\"name\":\"A\",\"id\":9007199254740991,"
	  "\"type\":\"A\",\"ttl\":60,\"data\":\"192.0.2.1\"},{\"name\":"
	  "\"a.b\",\"id\":2,\"type\":\"A\",\"ttl\":9,\"data\":\"1\"}") },
	{ ROUTE53, R53(R53_A("\\141.EXAMPLE.test.", "60", VALUE("192.0.2.1"))
	  R53_A("b.example.test.", "5", VALUE("192.0.2.2"))) },
};

START_TEST(names_are_read_in_our_form_and_others_left_out)
{
	struct dns_set *s;
	size_t n;

	begin_at(others[_i].company);
	httpd_answer(server, "GET", 0, 200, "", others[_i].body);
	ck_assert_msg(finds(&s, &n), "%s", e.text);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(s[0].name, "a.example.test");
	ck_assert_str_eq(dns_set_words(p, &s[0]), "A 192.0.2.1 TTL 60");
}
END_TEST

static const struct {
	int company;
	int status;
	const char *body;
	enum err_kind kind;
	const char *says;
} refusals[] = {
	{ CLOUDFLARE, 400, "{\"success\":false,\"errors\":[{\"code\":6003,"
	  "\"message\":\"Invalid request headers\",\"error_chain\":[{\"code\":"
	  "6111,\"message\":\"Invalid format for Authorization header\"}]}]}",
	  ERR_DENIED, "Invalid format for Authorization header (6003)" },
	{ CLOUDFLARE, 200, CF(""), ERR_NOT_FOUND, "sees no such zone" },
	{ CLOUDFLARE, 200, "{\"success\":false,\"errors\":[{\"code\":1003,"
	  "\"message\":\"no\"}]}", ERR_OTHER, "no (1003)" },
	{ DIGITALOCEAN, 401, "{\"id\":\"Unauthorized\",\"message\":\"Unable "
	  "to authenticate you\"}", ERR_DENIED, "dns-token is refused" },
	{ DIGITALOCEAN, 403, "{\"id\":\"Forbidden\",\"message\":\"no\"}",
	  ERR_DENIED, "domain:read" },
	{ ROUTE53, 403, "<ErrorResponse><Error><Code>SignatureDoesNotMatch"
	  "</Code><Message>no</Message></Error></ErrorResponse>", ERR_DENIED,
	  "aws-secret-access-key" },
	{ ROUTE53, 403, "<ErrorResponse><Error><Code>AccessDenied</Code>"
	  "<Message>User: x is not authorized</Message></Error>"
	  "</ErrorResponse>", ERR_DENIED, "policies" },
	{ ROUTE53, 200, "<R><HostedZones/><IsTruncated>false</IsTruncated>"
	  "</R>", ERR_NOT_FOUND, "no such zone" },
	{ ROUTE53, 200, "<R><HostedZones><HostedZone><Id>/hostedzone/Z1</Id>"
	  "<Name>example.test.</Name><Config><PrivateZone>true</PrivateZone>"
	  "</Config></HostedZone></HostedZones><IsTruncated>false"
	  "</IsTruncated></R>", ERR_NOT_FOUND, "a private one" },
};

START_TEST(a_refusal_says_what_would_be_right)
{
	httpd_answer(server, "GET", 0, refusals[_i].status, "",
	    refusals[_i].body);
	ck_assert(!opens(refusals[_i].company));
	ck_assert_msg(e.kind == refusals[_i].kind, "%s", e.text);
	kit_contains(e.text, refusals[_i].says);
	kit_lacks(e.text, TOKEN);
}
END_TEST

/* Its older form. */
START_TEST(a_refused_batch_of_messages_is_a_conflict)
{
	const struct dns_value v1 = { .text = "192.0.2.1" };
	const struct dns_value v2 = { .text = "192.0.2.2" };
	const struct dns_set was = { .name = "a.example.test", .type = "A",
	    .ttl = 60, .value = &v1, .n = 1 };
	struct dns_set now = was;

	now.value = &v2;
	begin_at(ROUTE53);
	httpd_answer(server, "GET", 0, 200, "", others[ROUTE53].body);
	httpd_answer(server, "POST", 1, 400, "", "<InvalidChangeBatch>"
	    "<Messages><Message>Tried to delete a.example.test. but it was "
	    "not found</Message></Messages></InvalidChangeBatch>");
	ck_assert(!dnshost_replace(host, &was, &now, 1, &e));
	ck_assert_msg(e.kind == ERR_CONFLICT, "%s", e.text);
	kit_contains(e.text, "it was not found");
	kit_contains(httpd_seen(server, "POST", 0), "<Action>DELETE</Action>"
	    "<ResourceRecordSet><Name>\\141.EXAMPLE.test.</Name>");
}
END_TEST

START_TEST(what_a_company_needs_is_asked_for)
{
	static const char *const says[] = { "dns-token", "dns-token",
	    "aws-access-key-id" };

	ck_assert(dnshost_open(http, &(struct dnshost_open){
	    .company = company[_i], .zone = "example.test", .token = "",
	    .key_id = "AKIAEXAMPLE" }, &e) == NULL);
	ck_assert_int_eq(e.kind, ERR_INPUT);
	kit_contains(e.text, says[_i]);
}
END_TEST

static const enum dnshost_kind kinds[] = { DNSHOST_PLAIN, DNSHOST_PROXIED,
	DNSHOST_ALIAS, DNSHOST_ROUTED };

START_TEST(kinds_survive_the_record)
{
	const struct dns_value v = { .text = "lb.example.net Z1 true" };
	const struct dns_set s = { .name = "a.example.test", .type = "A",
	    .ttl = 60, .value = &v, .n = 1, .kind = kinds[_i] };
	struct json *j = dns_set_json(&s);
	struct dns_set back;

	ck_assert(dns_set_read(p, j, &back));
	ck_assert_int_eq(back.kind, kinds[_i]);
	ck_assert(dns_set_same(&s, &back));
	ck_assert_int_eq(dns_set_with_ttl(s, 5).ttl, _i == 0 ? 5 : 60);
	json_set_str(j, "kind", "other");
	ck_assert(!dns_set_read(p, j, &back));
	json_set_num(j, "kind", 1);
	ck_assert(!dns_set_read(p, j, &back));
	json_free(j);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dnshost_companies");
	TCase *t = tcase_create("dnshost_companies");

	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, foreign_answers_are_errors, 0,
	    sizeof foreign / sizeof foreign[0]);
	tcase_add_loop_test(t,
	    names_are_read_in_our_form_and_others_left_out, 0, 3);
	tcase_add_loop_test(t, a_refusal_says_what_would_be_right, 0,
	    sizeof refusals / sizeof refusals[0]);
	tcase_add_test(t, a_refused_batch_of_messages_is_a_conflict);
	tcase_add_loop_test(t, what_a_company_needs_is_asked_for, 0, 3);
	tcase_add_loop_test(t, kinds_survive_the_record, 0, 4);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return kit_main(suite(), (Suite *)NULL);
}
