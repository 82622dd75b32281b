/*
 * rightsrecord - see rightsrecord.h.
 */
#include "site/rightsrecord.h"

#include <string.h>

#include "api/accessrecord.h"
#include "base/mem.h"

void
rightsrecord_keep_grants(struct pool *p, struct accessrecord *r,
    const struct account *a, const struct grants *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (account_same(&list->v[i].to, a))
			accessrecord_keep(r, a->host,
			    grant_text(p, &list->v[i]));
}

bool
rightsrecord_read_grants(struct pool *p, const struct accessrecord *r,
    struct grants *saved, struct err *e)
{
	for (size_t i = 0; i < accessrecord_accounts(r); i++) {
		struct account a = { accessrecord_user(r),
		    accessrecord_account(r, i) };
		size_t n = accessrecord_lines(r, i);
		const char **lines = pool_alloc(p, (n + 1) * sizeof *lines);

		for (size_t k = 0; k < n; k++)
			lines[k] = accessrecord_line(r, i, k);
		if (!grants_read(p, &a, lines, n, &saved[i], e))
			return err_within(e, "the record mysql");
	}
	return true;
}

void
rightsrecord_keep_roles(struct pool *p, struct accessrecord *r,
    const char *account, const struct mongo_role *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		accessrecord_keep(r, account, pool_printf(p, "%s %s",
		    v[i].db, v[i].role));
}

bool
rightsrecord_read_roles(struct pool *p, const struct accessrecord *r,
    size_t account, struct mongo_role **v, size_t *n, struct err *e)
{
	*n = accessrecord_lines(r, account);
	*v = pool_alloc(p, (*n + 1) * sizeof **v);
	for (size_t i = 0; i < *n; i++) {
		const char *line = accessrecord_line(r, account, i);
		const char *blank = strchr(line, ' ');

		if (blank == NULL)
			return err_set(e, ERR_HAND, "the record mongodb has "
			    "a line that is no role: %s", line);
		(*v)[i] = (struct mongo_role){ .role = blank + 1,
		    .db = pool_strndup(p, line, (size_t)(blank - line)) };
	}
	return true;
}
