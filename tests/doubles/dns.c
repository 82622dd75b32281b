/*
 * dns - see dns.h.
 */
#include "dns.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "world_json.h"
#include "world_set.h"

static struct {
	double fail_at;		/* the knob, when they were counted from 0 */
	double requests;
} at;

static bool
is_failing(const char *how)
{
	return at.requests == knob_num("dns.fail_at")
	    && strcmp(knob("dns.fail_how"), how) == 0;
}

static void
fail(struct reply *p, int status)
{
	free(p->body);
	p->body = NULL;
	reply_text(p, status, "text/html", "<html>oops</html>\n");
}

bool
dns_admit(struct reply *p)
{
	count("dns.requests");
	if (knob_num("dns.fail_at") != at.fail_at) {
		at.fail_at = knob_num("dns.fail_at");
		at.requests = 0;
	}
	at.requests += 1;
	if (is_failing("before"))
		fail(p, 500);
	else if (is_failing("refused"))
		fail(p, 403);
	else
		return true;
	return false;
}

bool
dns_finish(struct reply *p)
{
	bool own = !is_failing("before") && !is_failing("refused")
	    && !is_failing("after");

	if (is_failing("after"))
		fail(p, 500);
	if (is_failing("stall"))
		world_wait(knob_num("dns.stall"));
	return own;
}

void
dns_reset(void)
{
	at.requests = 0;
	at.fail_at = 0;
}

static cJSON **
records_of(const char *company)
{
	return strcmp(company, "digitalocean") == 0 ? digitalocean_records()
	    : strcmp(company, "cloudflare") == 0 ? cloudflare_records()
	    : strcmp(company, "route53") == 0 ? route53_records() : NULL;
}

void
dns_get(const struct request *r, struct reply *p)
{
	cJSON **list = records_of(r->arg[0]);

	if (list == NULL)
		reply_text(p, 404, "text/plain", "no such company\n");
	else
		reply_json(p, 200, cJSON_Duplicate(*list, true));
}

void
dns_put(const struct request *r, struct reply *p)
{
	cJSON **list = records_of(r->arg[0]), *o = cJSON_Parse(r->body);

	if (list == NULL || !cJSON_IsArray(o)) {
		cJSON_Delete(o);
		reply_text(p, 400, "text/plain", "no list of records\n");
		return;
	}
	cJSON_Delete(*list);
	*list = o;
	reply_text(p, 200, "text/plain", "ok\n");
}

bool
dns_is_address(const char *type, const char *s)
{
	unsigned char a[16];

	return inet_pton(strcmp(type, "A") == 0 ? AF_INET : AF_INET6, s, a)
	    == 1;
}

bool
dns_is_host(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n < 254 && s[0] != '.' && s[n - 1] != '.'
	    && strstr(s, "..") == NULL && strspn(s, "abcdefghijklmnopqrst"
	    "uvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.*@") == n;
}
