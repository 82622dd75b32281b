/*
 * Proves what api/digitalocean.h promises, against answers as the vendor's
 * description has them and others that it has not.
 */
#include <string.h>

#include "api/digitalocean.h"
#include "base/mem.h"
#include "base/text.h"
#include "tests/kit/httpd.h"
#include "tests/kit/kit.h"

#define ID "bd5f5959-5e1e-4205-a714-a914373942af"
#define PATH "GET /v2/kubernetes/clusters/" ID "/credentials"
#define SERVER "\"server\":\"https://" ID ".k8s.ondigitalocean.com\""
/* of -----BEGIN CERTIFICATE-----, and of -----BEGIN PRIVATE KEY----- */
#define CA "\"certificate_authority_data\":" \
	"\"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t\""
#define CERT "\"client_certificate_data\":" \
	"\"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t\""
#define KEY "\"client_key_data\":\"LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t\""

static struct httpd *d;
static struct digitalocean *account;
static struct digitalocean_login l;
static struct err e;

static void
set_up(void)
{
	struct digitalocean_open o = { .token = "dop_v1_0123456789abcdef" };

	d = httpd_start(NULL);
	o.api = httpd_url(d);
	e = (struct err){ 0 };
	account = digitalocean_open(&o, &e);
	ck_assert(account != NULL);
}

static void
tear_down(void)
{
	digitalocean_close(account);
	httpd_stop(d);
}

static bool
find(void)
{
	return digitalocean_find_login(account, ID, 900, &l, &e);
}

START_TEST(a_token_is_asked_for_with_its_end)
{
	httpd_answer(d, PATH "?expiry_seconds=900 HTTP/1.1", 0, 200, "",
	    "{" SERVER "," CA ",\"client_certificate_data\":null,"
	    "\"client_key_data\":null,\"token\":\"given\",\"expires_at\":"
	    "\"2026-11-23T12:00:00Z\"}");
	ck_assert_msg(find(), "%s", e.text);
	ck_assert_str_eq(l.server, "https://" ID ".k8s.ondigitalocean.com");
	ck_assert_str_eq(l.ca_pem, "-----BEGIN CERTIFICATE-----");
	ck_assert_str_eq(l.token, "given");
	ck_assert(l.cert_pem == NULL && l.key_pem == NULL);
	kit_contains(httpd_seen(d, PATH, 0),
	    "Authorization: Bearer dop_v1_0123456789abcdef\r\n");
}
END_TEST

START_TEST(an_old_cluster_has_a_client_certificate)
{
	httpd_answer(d, PATH, 0, 200, "", "{" SERVER "," CA "," CERT "," KEY
	    "}");
	ck_assert_msg(find(), "%s", e.text);
	ck_assert(l.token == NULL);
	ck_assert_str_eq(l.cert_pem, "-----BEGIN CERTIFICATE-----");
	ck_assert_str_eq(l.key_pem, "-----BEGIN PRIVATE KEY-----");
}
END_TEST

static const struct {
	int status;
	const char *body;
	enum err_kind kind;
	const char *says;
} odd[] = {
	{ 401, "{\"id\":\"Unauthorized\",\"message\":\"Unable to authenticate"
	  " you\"}", ERR_DENIED, "digitalocean-token is refused" },
	{ 403, "{\"id\":\"Forbidden\",\"message\":\"You are missing the "
	  "required permission\"}", ERR_DENIED, "kubernetes:access_cluster" },
	{ 404, "{\"id\":\"not_found\",\"message\":\"The resource you were "
	  "accessing could not be found.\"}", ERR_NOT_FOUND,
	  "has no such cluster (The resource" },
	{ 422, "{\"id\":\"unprocessable_entity\",\"message\":\"no\"}",
	  ERR_OTHER, "no" },
	{ 404, "<html>not here</html>", ERR_NOT_FOUND, ID },
	{ 200, "<html>hello</html>", ERR_OTHER, "DigitalOcean: cluster" },
	{ 200, "{}", ERR_OTHER, "names no server" },
	{ 200, "[]", ERR_OTHER, "names no server" },
	{ 200, "{" SERVER ",\"token\":\"a\"}", ERR_OTHER, "authority" },
	{ 200, "{\"server\":\"http://a.test\"," CA ",\"token\":\"a\"}",
	  ERR_OTHER, "names no server over https" },
	{ 200, "{" SERVER ",\"certificate_authority_data\":\"Zm9v\"}",
	  ERR_OTHER, "certificate_authority_data: this holds no PEM" },
	{ 200, "{" SERVER ",\"certificate_authority_data\":\"-\"}",
	  ERR_OTHER, "certificate_authority_data: this is not base64" },
	{ 200, "{" SERVER "," CA "}", ERR_OTHER, "neither a token nor" },
	{ 200, "{" SERVER "," CA "," CERT ",\"token\":\"\"}", ERR_OTHER,
	  "neither a token nor" },
};

START_TEST(another_answer_is_told_in_words)
{
	httpd_answer(d, PATH, 0, odd[_i].status, "", odd[_i].body);
	ck_assert(!find());
	ck_assert_msg(e.kind == odd[_i].kind, "%d: %s", (int)e.kind, e.text);
	kit_contains(e.text, odd[_i].says);
	kit_contains(e.text, ID);
	kit_lacks(e.text, "dop_v1_");
}
END_TEST

START_TEST(its_limit_is_waited_out)
{
	httpd_answer(d, PATH, 1, 429, "Retry-After: 1\r\n",
	    "{\"id\":\"too_many_requests\",\"message\":\"API Rate limit "
	    "exceeded.\"}");
	httpd_answer(d, PATH, 0, 200, "", "{" SERVER "," CA
	    ",\"token\":\"later\"}");
	ck_assert_msg(find(), "%s", e.text);
	ck_assert_str_eq(l.token, "later");
	ck_assert_int_eq(httpd_count(d, PATH), 2);
}
END_TEST

START_TEST(an_id_is_a_uuid)
{
	static const char *const bad[] = { "", "acme", ID "0", "../" ID,
	    "BD5F5959-5E1E-4205-A714-A914373942AF", NULL };

	ck_assert(digitalocean_check_id(ID, &e));
	for (const char *const *b = bad; *b != NULL; b++) {
		ck_assert_msg(!digitalocean_check_id(*b, &e), "%s", *b);
		ck_assert_int_eq(e.kind, ERR_INPUT);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("digitalocean");
	TCase *t = tcase_create("digitalocean");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_token_is_asked_for_with_its_end);
	tcase_add_test(t, an_old_cluster_has_a_client_certificate);
	tcase_add_loop_test(t, another_answer_is_told_in_words, 0,
	    sizeof(odd) / sizeof(odd[0]));
	tcase_add_test(t, its_limit_is_waited_out);
	tcase_add_test(t, an_id_is_a_uuid);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
