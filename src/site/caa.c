/*
 * caa - see caa.h.
 */
#include "site/caa.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "net/resolve.h"

/* "0 issue ca.example; policy=ev": the authority of an issue record in the
 * pool; NULL: it says something else. */
static const char *
named_issuer(struct pool *p, const char *value)
{
	const char *tag = strchr(value, ' ');
	const char *name;
	size_t n;

	if (tag == NULL || strncasecmp(tag + 1, "issue ", 6) != 0)
		return NULL;
	name = tag + 7 + strspn(tag + 7, " \t");
	n = strcspn(name, "; \t");
	return pool_strndup(p, name, n);
}

static bool
is_named(struct pool *p, const struct dns_answer *a, const char *issuer)
{
	bool any = false;

	for (size_t i = 0; i < a->n; i++) {
		const char *name = named_issuer(p, a->value[i]);

		any = any || name != NULL;
		if (name != NULL && text_same_fold(name, issuer))
			return true;
	}
	return !any;
}

static const char *
join(struct pool *p, const struct dns_answer *a)
{
	const char *words = "";

	for (size_t i = 0; i < a->n; i++)
		words = pool_printf(p, "%s%s%s", words, i > 0 ? ", " : "",
		    a->value[i]);
	return words;
}

bool
caa_allows(struct resolve *r, struct pool *p, const char *server,
    const char *host, const char *issuer, clock_ms deadline,
    const char **why)
{
	const char *name = host;

	while (name != NULL && *name != '\0') {
		struct dns_question q = { .server = server, .name = name,
			.type = "CAA", .recursive = true };
		const char *dot = strchr(name, '.');
		struct dns_answer a;

		resolve_ask(r, p, &q, &a, 1, deadline);
		if (a.found == DNS_ANSWER) {
			*why = pool_printf(p, "%s has CAA %s", name,
			    join(p, &a));
			return is_named(p, &a, issuer);
		}
		if (a.found != DNS_NODATA && a.found != DNS_NXDOMAIN
		    && a.found != DNS_ALIAS) {
			*why = pool_printf(p, "CAA of %s: %s", name, a.why);
			return false;
		}
		name = dot != NULL ? dot + 1 : NULL;
	}
	return true;
}
