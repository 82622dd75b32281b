/*
 * followers - see followers.h.
 */
#include "site/followers.h"

#include <stddef.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"
#include "edx/config.h"
#include "net/resolve.h"
#include "site/hosts.h"
#include "step/step.h"

enum { WORDS_MAX = 2000 };

static const char *const keys[] = { "LMS_HOST", "CMS_HOST", "MFE_HOST",
	"PREVIEW_LMS_HOST" };
enum { KEYS = sizeof keys / sizeof *keys };

/* The moved name on the way from this one, or NULL. */
static const char *
follows(const struct dns_answer *a, const struct hosts *moved)
{
	for (size_t i = 0; i < a->hops; i++)
		if (hosts_has(moved, a->hop[i].target))
			return a->hop[i].target;
	return NULL;
}

static void
ask_instance(struct resolve *r, struct pool *p, const char *server,
    const struct hosts *moved, const char *instance, clock_ms deadline,
    struct buf *words)
{
	struct err ignored;
	struct yaml *y = yaml_read(pool_printf(p, "%s/%s",
	    step_common()->workspace, config_file(p, instance)), &ignored);
	struct dns_question q[KEYS];
	struct dns_answer a[KEYS];
	size_t n = 0;

	for (size_t i = 0; y != NULL && i < KEYS; i++) {
		const char *name = yaml_get(y, keys[i]);

		if (name == NULL)
			name = config_derived_host(p, y, keys[i]);
		if (name == NULL || !text_check_host(name, &ignored)
		    || hosts_has(moved, name))
			continue;
		q[n++] = (struct dns_question){ .server = server,
			.name = pool_strdup(p, name), .type = "A",
			.recursive = true };
	}
	resolve_ask(r, p, q, a, n, deadline);
	for (size_t i = 0; i < n; i++)
		if (follows(&a[i], moved) != NULL)
			buf_printf(words, "%s%s (%s follows %s)",
			    words->len > 0 ? ", " : "", instance, q[i].name,
			    follows(&a[i], moved));
	yaml_close(y);
}

const char *
followers_find(struct resolve *r, struct pool *p, const char *server,
    const struct hosts *moved, clock_ms deadline)
{
	struct buf words = buf_new(WORDS_MAX);
	struct err ignored;
	const char **names = file_list(p, pool_printf(p, "%s/instances",
	    step_common()->workspace), &ignored);
	const char *said;

	for (size_t i = 0; names != NULL && names[i] != NULL; i++)
		if (!text_same(names[i], step_common()->instance))
			ask_instance(r, p, server, moved, names[i], deadline,
			    &words);
	said = pool_strdup(p, buf_str(&words));
	buf_free(&words);
	return said;
}
