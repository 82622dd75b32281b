/* finding - the list that an audit of a database account fills. */
#include "db/finding.h"

#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { TEXT_MAX = 64 * 1024 };	/* a grant with many columns is long */

static const char *const names[] = {
	[SEV_INFO] = "info",
	[SEV_LOW] = "low",
	[SEV_MEDIUM] = "medium",
	[SEV_HIGH] = "high",
	[SEV_CRITICAL] = "critical",
};

static const char *const kinds[] = {
	[FINDING_EXCESS] = "",
	[FINDING_MISSING] = "missing: ",
	[FINDING_HAND] = "only by hand: ",
};

const char *
severity_name(enum severity s)
{
	return names[s];
}

static void
grow(struct pool *pool, struct findings *f)
{
	struct finding *v;

	f->cap = f->cap == 0 ? 16 : 2 * f->cap;
	v = pool_alloc(pool, f->cap * sizeof(*v));
	if (f->n > 0)
		memcpy(v, f->v, f->n * sizeof(*v));
	f->v = v;
}

static struct finding *
find_same(const struct findings *f, enum finding_kind kind,
    const char *account, const char *text)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].kind == kind && text_same(f->v[i].text, text)
		    && text_same(f->v[i].account, account))
			return &f->v[i];
	return NULL;
}

void
findings_add(struct pool *pool, struct findings *f, enum severity severity,
    enum finding_kind kind, const char *account, const char *fmt, ...)
{
	struct buf text = buf_new(TEXT_MAX);
	struct finding *same;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	same = find_same(f, kind, account, buf_str(&text));
	if (same == NULL) {
		if (f->n == f->cap)
			grow(pool, f);
		f->v[f->n++] = (struct finding){
			.severity = severity,
			.kind = kind,
			.account = pool_strdup(pool, account),
			.text = pool_strdup(pool, buf_str(&text)),
		};
	} else if (same->severity < severity)
		same->severity = severity;
	buf_free(&text);
}

enum severity
findings_worst(const struct findings *f)
{
	enum severity worst = SEV_INFO;

	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].severity > worst)
			worst = f->v[i].severity;
	return worst;
}

bool
findings_clean(const struct findings *f)
{
	return findings_worst(f) == SEV_INFO;
}

size_t
findings_count(const struct findings *f, enum finding_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += f->v[i].kind == kind && f->v[i].severity > SEV_INFO;
	return n;
}

void
findings_print(const struct findings *f, struct buf *out)
{
	for (int s = SEV_CRITICAL; s > SEV_INFO; s--)
		for (size_t i = 0; i < f->n; i++) {
			const struct finding *x = &f->v[i];

			if (x->severity == (enum severity)s)
				buf_printf(out, "%s: %s: %s%s\n", names[s],
				    x->account, kinds[x->kind], x->text);
		}
}
