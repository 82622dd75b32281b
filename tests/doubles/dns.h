/*
 * dns - what the doubles of DNS companies (DigitalOcean's domains, Cloudflare,
 * Route 53) share: faults by the number of the request, and the tests' own
 * door to their records.
 */
#ifndef DNS_H
#define DNS_H

#include <stdbool.h>

#include "world_http.h"

struct cJSON;

/* The zone that all three have. */
#define DNS_ZONE "example.test"

/* Before a request's handler and after it: knobs dns.fail_at, dns.fail_how
 * and dns.stall. False: answered already. */
bool dns_admit(struct reply *p);
/* False: what is answered is not the company's, but a fault. */
bool dns_finish(struct reply *p);
void dns_reset(void);

/* GET, PUT /dns/{company} of the control: its records, in its own shape. */
handler dns_get, dns_put;

/* A company's list of records; what is put there belongs to it. */
struct cJSON **digitalocean_records(void);
struct cJSON **cloudflare_records(void);
struct cJSON **route53_records(void);

/* Is it an address of the family that the type A or AAAA has? */
bool dns_is_address(const char *type, const char *s);
bool dns_is_host(const char *s);	/* labels and dots, no final dot */

/* The doubles that are of DNS only. traffic: file for the record. */
void cloudflare_init(const char *traffic);
void cloudflare_reset(void);
void cloudflare_service(struct service *s);
void route53_init(const char *traffic);
void route53_reset(void);
void route53_service(struct service *s);

#endif
