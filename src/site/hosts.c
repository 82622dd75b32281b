/*
 * hosts - see hosts.h.
 */
#include "site/hosts.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"
#include "step/step.h"

enum {
	MOST = 64,		/* an instance has four to ten */
	PATH_BYTES = 512,
};

const struct place hosts_places[] = {
	{ "hosts.lms", "Final name of the LMS", false },
	{ "hosts.cms", "Final name of Studio", false },
	{ "hosts.mfe", "Final name of the micro-frontends", false },
	{ "hosts.preview", "Final name of the preview, up to release 20",
	  false },
	{ "hosts.*", "Any other final name of the instance", false },
	{ 0 }
};

static bool
add(struct pool *p, struct host *v, size_t *n, const char *kind,
    const char *name, struct err *e)
{
	size_t len = strlen(name);
	char *plain;

	if (*n == MOST)
		return err_set(e, ERR_INPUT, "hosts: more than %d", MOST);
	if (len > 1 && name[len - 1] == '.')
		len--;
	plain = pool_strndup(p, name, len);
	for (size_t i = 0; i < len; i++)
		if (plain[i] >= 'A' && plain[i] <= 'Z')
			plain[i] = (char)(plain[i] - 'A' + 'a');
	if (!text_check_host(plain, e))
		return err_within(e, "hosts");
	for (size_t i = 0; i < *n; i++)
		if (text_same(v[i].name, plain))
			return true;
	v[(*n)++] = (struct host){ kind, plain };
	return true;
}

static bool
from_list(struct pool *p, const char *given, struct host *v, size_t *n,
    struct err *e)
{
	const char **part = text_split(p, given, NULL);
	bool ok = true;

	for (size_t i = 0; ok && part[i] != NULL; i++) {
		const char *is = strchr(part[i], '=');

		ok = is == NULL ? add(p, v, n, "", part[i], e)
		    : add(p, v, n, pool_strndup(p, part[i],
			(size_t)(is - part[i])), is + 1, e);
	}
	return ok;
}

static bool
from_plan(struct pool *p, struct host *v, size_t *n, struct err *e)
{
	const char *kind;

	for (int i = 0; (kind = step_plan_key("hosts", i)) != NULL; i++) {
		const char *name = step_plan_value(
		    pool_printf(p, "hosts.%s", kind));

		if (text_empty(name))
			return err_set(e, ERR_INPUT, "the plan's hosts.%s is "
			    "not a name", kind);
		if (!add(p, v, n, pool_strdup(p, kind), name, e))
			return err_within(e, "the plan's hosts.%s", kind);
	}
	return true;
}

bool
hosts_find(struct pool *p, const char *given, struct hosts *hosts,
    struct err *e)
{
	struct host *v = pool_alloc(p, MOST * sizeof *v);
	size_t n = 0;

	if (!(given != NULL ? from_list(p, given, v, &n, e)
	    : from_plan(p, v, &n, e)))
		return false;
	if (n == 0)
		return err_set(e, ERR_INPUT, "no host is known: give the "
		    "input hosts (such as lms=courses.example.org), or "
		    "hosts in the plan");
	*hosts = (struct hosts){ v, n };
	return true;
}

bool
hosts_check(const char *given, struct err *e)
{
	struct pool *p = pool_new();
	struct host *v = pool_alloc(p, MOST * sizeof *v);
	size_t n = 0;
	bool ok = from_list(p, given, v, &n, e);

	if (ok && n == 0)
		ok = err_set(e, ERR_INPUT, "it names no host");
	pool_free(p);
	return ok;
}

/* NULL: the plan names no zone under this key. */
static const char *
zone_below(struct pool *p, const char *key)
{
	struct buf path = buf_new(PATH_BYTES);
	const char *zone;

	buf_puts(&path, "dns.hosts");
	yaml_path_key(&path, key);
	buf_puts(&path, ".zone");
	zone = pool_strdup(p, step_plan_value(buf_str(&path)));
	buf_free(&path);
	return zone;
}

const char *const *
hosts_zones(struct pool *p, const struct hosts *h)
{
	const char **zone = pool_alloc(p, (h->n + 1) * sizeof *zone), *key;
	bool any = false;

	for (int i = 0; (key = step_plan_key("dns.hosts", i)) != NULL; i++)
		for (size_t k = 0; k < h->n; k++)
			if (text_same_fold(h->v[k].name, key)) {
				zone[k] = zone_below(p, key);
				any = any || zone[k] != NULL;
			}
	return any ? zone : NULL;
}

const char *
hosts_name(const struct hosts *h, const char *kind)
{
	for (size_t i = 0; i < h->n; i++)
		if (text_same(h->v[i].kind, kind))
			return h->v[i].name;
	return NULL;
}

bool
hosts_has(const struct hosts *h, const char *name)
{
	for (size_t i = 0; i < h->n; i++)
		if (text_same_fold(h->v[i].name, name))
			return true;
	return false;
}
