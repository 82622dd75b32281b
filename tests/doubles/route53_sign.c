/*
 * The Route 53 double's lock: AWS Signature Version 4, worked out again from
 * the request as it came, by the published algorithm.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "route53_in.h"
#include "world_json.h"
#include "world_text.h"

enum { SHA = 32, SKEW = 15 * 60, FIELDS = 200 };

/* The three fields of the header Authorization. */
struct claim {
	char id[FIELDS], date[FIELDS], scope[FIELDS];
	char headers[FIELDS], signature[FIELDS];
};

static bool
read_claim(const char *s, struct claim *c)
{
	return s != NULL && sscanf(s, "AWS4-HMAC-SHA256 Credential=%199[^/]/"
	    "%199[0-9]/%199[^,], SignedHeaders=%199[^,], "
	    "Signature=%199[0-9a-f]", c->id, c->date, c->scope, c->headers,
	    c->signature) == 5;
}

static void
hex(char *out, const unsigned char *sum)
{
	for (int i = 0; i < SHA; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

static void
hmac(unsigned char *out, const void *key, size_t n, const char *text)
{
	unsigned int len = SHA;

	(void)HMAC(EVP_sha256(), key, (int)n, (const unsigned char *)text,
	    strlen(text), out, &len);
}

static void
encode(struct text *t, const char *s, const char *also)
{
	for (; *s != '\0'; s++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw"
		    "xyz0123456789-._~", *s) != NULL
		    || strchr(also, *s) != NULL)
			text_bytes(t, s, 1);
		else
			text_add(t, "%%%02X", (unsigned char)*s);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Parameters sorted by their encoded names. */
static void
add_query(struct text *t, const struct request *r)
{
	int n = cJSON_GetArraySize(r->query), i = 0;
	char **pairs = calloc((size_t)n + 1, sizeof(*pairs));
	const cJSON *v;

	cJSON_ArrayForEach(v, r->query) {
		struct text one = { 0 };

		encode(&one, v->string, "");
		text_add(&one, "=");
		encode(&one, v->valuestring, "");
		pairs[i++] = one.s;
	}
	qsort(pairs, (size_t)n, sizeof(*pairs), by_text);
	for (i = 0; i < n; i++) {
		text_add(t, "%s%s", i > 0 ? "&" : "", pairs[i]);
		free(pairs[i]);
	}
	free(pairs);
}

/* The signed headers, in the order that is claimed, which must be sorted. */
static bool
add_headers(struct text *t, const struct request *r, const char *names)
{
	char *copy = text_copy(names), *rest = copy, *name, *last = NULL;
	bool host = false, date = false, sorted = true;

	while ((name = strsep(&rest, ";")) != NULL) {
		const char *value = header(r, name);

		if (last != NULL && strcmp(last, name) >= 0)
			sorted = false;
		last = name;
		host = host || strcmp(name, "host") == 0;
		date = date || strcmp(name, "x-amz-date") == 0;
		text_add(t, "%s:%s\n", name, value != NULL ? value : "");
	}
	free(copy);
	return host && date && sorted;
}

/* "20261123T101500Z", within a quarter of an hour of now. */
static bool
is_fresh(const char *moment, const char *date)
{
	struct tm tm = { 0 };

	return moment != NULL && strncmp(moment, date, 8) == 0
	    && strptime(moment, "%Y%m%dT%H%M%SZ", &tm) != NULL
	    && labs((long)(timegm(&tm) - time(NULL))) < SKEW;
}

static void
sign(const struct request *r, const struct claim *c, const char *canonical,
    char *out)
{
	char *first = text_make("AWS4%s", env_or("SB_ROUTE53_SECRET", "?"));
	char *sum = digest_hex(canonical, strlen(canonical), 64);
	char *text = text_make("AWS4-HMAC-SHA256\n%s\n%s/%s\n%s",
	    header(r, "x-amz-date"), c->date, c->scope, sum);
	unsigned char key[SHA];

	hmac(key, first, strlen(first), c->date);
	hmac(key, key, SHA, "us-east-1");
	hmac(key, key, SHA, "route53");
	hmac(key, key, SHA, "aws4_request");
	hmac(key, key, SHA, text);
	hex(out, key);
	free(first);
	free(sum);
	free(text);
}

const char *
route53_unsigned(const struct request *r)
{
	struct claim c = { .id = "" };
	struct text t = { 0 };
	char signature[2 * SHA + 1], *sum;
	bool ok;

	if (!read_claim(header(r, "authorization"), &c))
		return "MissingAuthenticationToken";
	if (strcmp(c.id, env_or("SB_ROUTE53_KEY_ID", "?")) != 0)
		return "InvalidClientTokenId";
	if (strcmp(c.scope, "us-east-1/route53/aws4_request") != 0
	    || !is_fresh(header(r, "x-amz-date"), c.date))
		return "SignatureDoesNotMatch";
	text_add(&t, "%s\n", r->method);
	encode(&t, r->path, "/");
	text_add(&t, "\n");
	add_query(&t, r);
	text_add(&t, "\n");
	ok = add_headers(&t, r, c.headers);
	sum = digest_hex(r->body, r->body_len, 64);
	text_add(&t, "\n%s\n%s", c.headers, sum);
	free(sum);
	sign(r, &c, text_str(&t), signature);
	text_free(&t);
	return ok && strcmp(signature, c.signature) == 0 ? NULL
	    : "SignatureDoesNotMatch";
}
