/*
 * pages - what is asked of a side besides its health; see facts.h.
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "verify/facts.h"
#include "verify/verify.h"

static const struct {
	const char *kind, *path;	/* host and path; kind "": a host that
					 * nobody has */
	unsigned fresh, old;		/* what it is needed for, of which
					 * side */
} rows[PAGES] = {
	[PAGE_MFE_CONFIG] = { "lms", "/api/mfe_config/v1?mfe=authn",
		NEED_MFE_CONFIG, NEED_OLD_PAGES },
	[PAGE_STUDIO] = { "cms", "/home/", NEED_STUDIO, 0 },
	[PAGE_HOME] = { "lms", "/", NEED_HOME, NEED_OLD_PAGES },
	[PAGE_COURSES] = { "lms", "/api/courses/v1/courses/?page_size=50",
		NEED_COURSES, NEED_COURSES | NEED_OLD_PAGES },
	[PAGE_SAML] = { "lms", "/auth/saml/metadata.xml", NEED_SAML,
		NEED_SAML | NEED_OLD_PAGES },
	[PAGE_LMS_EXTENDED] = { "lms", "/heartbeat?extended", NEED_EXTENDED,
		0 },
	[PAGE_CMS_EXTENDED] = { "cms", "/heartbeat?extended", NEED_EXTENDED,
		0 },
	[PAGE_STRANGER] = { "", "/heartbeat", NEED_STRANGER, 0 },
};

bool
page_question(struct pool *p, const struct subject *s, struct side *v,
    enum page page, struct tls_question *q)
{
	unsigned by = v == &s->facts->old ? rows[page].old
	    : rows[page].fresh;
	const char *host = rows[page].kind[0] == '\0' ? pool_printf(p,
	    "not-%s.transplant.invalid", s->instance)
	    : hosts_name(v->hosts, rows[page].kind);

	if ((s->facts->need & by) == 0)
		return false;
	v->page[page] = (struct tls_facts){ .why = "there is nothing to "
	    "visit" };
	v->asked[page] = host != NULL && v->addresses > 0
	    && (by != NEED_EXTENDED || s->extended);
	if (v->asked[page])
		*q = (struct tls_question){ .host = host,
			.address = v->address[0], .path = rows[page].path };
	return v->asked[page];
}

/* Where the page names something under /static/: the start of the URL. */
static const char *
find_asset(const char *body)
{
	const char *s = body;

	while ((s = strstr(s, "/static/")) != NULL) {
		const char *start = s;

		while (start > body && strchr("\"'= \n", start[-1]) == NULL)
			start--;
		if (start > body && (start[-1] == '"' || start[-1] == '\''))
			return start;
		s++;
	}
	return NULL;
}

bool
page_question_asset(struct pool *p, struct side *v, struct tls_question *q)
{
	const struct tls_facts *home = &v->page[PAGE_HOME];
	const char *at = v->asked[PAGE_HOME] && home->stage == TLS_ANSWERED
	    ? find_asset(home->body) : NULL;
	const char *url, *path;

	v->asset_path = NULL;
	if (at == NULL)
		return false;
	url = pool_strndup(p, at, strcspn(at, "\"'#"));
	path = strstr(url, "/static/");
	v->asset_path = path;
	v->asset_host = hosts_name(v->hosts, "lms");
	if (text_starts(url, "https://") && path > url + 8)
		v->asset_host = pool_strndup(p, url + 8, (size_t)(path - url
		    - 8));
	*q = (struct tls_question){ .address = v->address[0],
		.host = v->asset_host, .path = path };
	return true;
}
