/*
 * dnshost_records - record sets of companies whose unit is the record; see
 * dnshost_company.h.
 */
#include "api/dnshost.h"
#include "api/dnshost_company.h"
#include "base/mem.h"
#include "base/text.h"

void
dnshost_add_record(struct pool *p, struct dnshost_records *list,
    const struct dnshost_record *r)
{
	if (list->n == list->room) {
		struct dnshost_record *more;

		list->room = list->room * 2 + 16;
		more = pool_alloc(p, list->room * sizeof *more);
		for (size_t i = 0; i < list->n; i++)
			more[i] = list->v[i];
		list->v = more;
	}
	list->v[list->n++] = *r;
}

/* All records from number i on that make one set with it. */
static struct dns_set
take_set(struct pool *p, const struct dnshost_records *list, size_t i,
    bool *done)
{
	const struct dnshost_record *r = list->v;
	struct dns_set s = { .name = r[i].name, .type = r[i].type };
	struct dns_value *value = pool_alloc(p, (list->n - i) * sizeof *value);
	struct dnshost_record *own = pool_alloc(p, (list->n - i)
	    * sizeof *own);

	for (; i < list->n; i++) {
		if (done[i] || !text_same(r[i].name, s.name)
		    || !text_same(r[i].type, s.type))
			continue;
		done[i] = true;
		own[s.n] = r[i];
		value[s.n++].text = r[i].value;
		s.ttl = r[i].ttl > s.ttl ? r[i].ttl : s.ttl;
		s.kind = r[i].kind != DNSHOST_PLAIN ? r[i].kind : s.kind;
	}
	s.value = value;
	s.own = own;
	return s;
}

static void
group_records(struct pool *p, const struct dnshost_records *list,
    struct dns_set **sets, size_t *n)
{
	bool *done = pool_alloc(p, (list->n + 1) * sizeof *done);

	*sets = pool_alloc(p, (list->n + 1) * sizeof **sets);
	*n = 0;
	for (size_t i = 0; i < list->n; i++)
		if (!done[i])
			(*sets)[(*n)++] = take_set(p, list, i, done);
}

bool
dnshost_find_records(const struct dnshost_account *a, struct pool *p,
    const char *const *names, dnshost_list_name *list_name,
    struct dns_set **sets, size_t *n, struct err *e)
{
	struct dnshost_records all = { 0 };

	for (size_t i = 0; names[i] != NULL; i++)
		if (!list_name(a, p, names[i], &all, e))
			return err_within(e, "%s", names[i]);
	group_records(p, &all, sets, n);
	return true;
}

void
dnshost_match_records(const struct dns_set *is, const struct dns_set *now,
    size_t *from, bool *taken)
{
	for (size_t k = 0; k < is->n; k++)
		taken[k] = false;
	for (size_t i = 0; i < now->n; i++) {
		from[i] = is->n;
		for (size_t k = 0; k < is->n && from[i] == is->n; k++)
			if (!taken[k] && text_same_fold(is->value[k].text,
			    now->value[i].text))
				from[i] = k;
		if (from[i] < is->n)
			taken[from[i]] = true;
	}
	for (size_t i = 0, k = 0; i < now->n; i++) {
		while (k < is->n && taken[k])
			k++;
		if (from[i] < is->n || k == is->n)
			continue;
		from[i] = k;
		taken[k] = true;
	}
}
