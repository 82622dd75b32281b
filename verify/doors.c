/*
 * doors - is the new cluster let in where allow-db-access let it in? See
 * facts.h.
 */
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "site/managed.h"
#include "verify/facts.h"
#include "verify/verify.h"

enum { WORDS_MAX = 2000 };

/* Each door of the cluster's in this list that is not there, appended. How
 * many there should be. */
static size_t
find_shut(const struct json *book, const struct managed_list *l,
    const struct allow_entries *in, struct buf *b)
{
	size_t n = 0;

	for (const struct json *d = json_first(json_get(book, "doors"));
	    d != NULL; d = json_next(d)) {
		const char *source = json_str(d, "source");

		if (!text_same(json_str(d, "list"), l->name)
		    || !text_same(json_str(d, "who"), "cluster")
		    || source == NULL)
			continue;
		n++;
		if (!in->everybody && allowlist_entry(in, source) == NULL)
			buf_printf(b, "%s%s: %s is not let in any more",
			    b->len > 0 ? "; " : "", l->database, source);
	}
	return n;
}

static bool
look(struct pool *p, const struct json *book, const struct managed_list *l,
    struct doors *d, struct buf *b, struct err *e)
{
	struct allowlist *list = managed_open(l, e);
	struct allow_entries in = { 0 };
	bool ok;

	if (list == NULL)
		return false;
	ok = allowlist_find(list, p, &in, e);
	allowlist_close(list);
	if (ok && find_shut(book, l, &in, b) == 0 && !in.everybody)
		buf_printf(b, "%s%s: allow-db-access let nobody in for the "
		    "new cluster", b->len > 0 ? "; " : "", l->database);
	d->lists++;
	return ok;
}

void
doors_find(struct pool *p, const struct subject *s, struct doors *d)
{
	struct json *book = record_read(p, s, "access");
	struct buf b = buf_new(WORDS_MAX);
	struct err e = { 0 };
	bool ok = true;

	*d = (struct doors){ .words = "" };
	for (size_t i = 0; ok && i < s->nlists; i++)
		ok = look(p, book, &s->lists[i], d, &b, &e);
	json_free(book);
	/* Without a login of the company nothing can be asked. */
	d->asked = s->nlists > 0 && (ok || e.kind != ERR_INPUT);
	d->known = ok;
	d->shut = b.len > 0;
	d->words = pool_strdup(p, ok ? buf_str(&b) : e.text);
	buf_free(&b);
}
