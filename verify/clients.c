/*
 * clients - what is asked of databases, clusters and Argo CD, by clients that
 * wait for one answer at a time; see facts.h.
 *
 * Each fact is a job in a process of its own (base/together.h), which finds
 * it as if it were alone and sends it back: the struct, then its texts. The
 * Applications of many instances are one question; what its answer lacks is
 * asked for one by one, to hear why.
 */
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "base/together.h"
#include "verify/facts.h"
#include "verify/verify.h"

enum {
	AT_ONCE = 16,	/* logins that a database server surely takes */
	FEW = 3,	/* Applications that are rather asked for alone */
};

static void
find_live(struct pool *p, const struct subject *s, struct facts *f)
{
	live_find(p, s, &f->live);
}

static void
find_fresh(struct pool *p, const struct subject *s, struct facts *f)
{
	(void)s;
	workloads_find(p, CLUSTER_NEW, &f->fresh_workloads);
}

static void
find_old(struct pool *p, const struct subject *s, struct facts *f)
{
	(void)s;
	workloads_find(p, CLUSTER_OLD, &f->old_workloads);
}

static void
find_doors(struct pool *p, const struct subject *s, struct facts *f)
{
	doors_find(p, s, &f->doors);
}

static void
find_mysql(struct pool *p, const struct subject *s, struct facts *f)
{
	access_find_mysql(p, s, &f->mysql);
}

static void
find_mongo(struct pool *p, const struct subject *s, struct facts *f)
{
	access_find_mongo(p, s, &f->mongo);
}

static bool
has_lists(const struct subject *s)
{
	return s->nlists > 0;
}

static bool
has_fresh(const struct subject *s)
{
	return s->clusters && cluster_given(CLUSTER_NEW);
}

static bool
has_old(const struct subject *s)
{
	return s->clusters && cluster_given(CLUSTER_OLD);
}

/* Rights are of interest only where the instance is known to use the old
 * data. */
static bool
has_old_data(const struct subject *s)
{
	return s->facts->deployed.there && s->facts->deployed.old_data;
}

/* One kind of fact: whether it can be asked for, and what is said if not;
 * where it lies in struct facts, and its parts that every kind has. */
static const struct kind {
	unsigned need;
	bool (*can)(const struct subject *);
	const char *cannot;
	void (*find)(struct pool *, const struct subject *, struct facts *);
	size_t at, size, asked, words;
	bool workloads;
} kinds[] = {
	{ .need = NEED_LIVE, .can = live_can_ask, .find = find_live,
	  .cannot = "no argocd-server and argocd-token given",
	  .at = offsetof(struct facts, live),
	  .size = sizeof(struct live),
	  .asked = offsetof(struct facts, live.asked),
	  .words = offsetof(struct facts, live.words) },
	{ .need = NEED_WORKLOADS, .can = has_fresh, .find = find_fresh,
	  .cannot = "no login to the cluster was given", .workloads = true,
	  .at = offsetof(struct facts, fresh_workloads),
	  .size = sizeof(struct workloads),
	  .asked = offsetof(struct facts, fresh_workloads.asked),
	  .words = offsetof(struct facts, fresh_workloads.words) },
	{ .need = NEED_OLD_WORKLOADS, .can = has_old, .find = find_old,
	  .cannot = "no login to the cluster was given", .workloads = true,
	  .at = offsetof(struct facts, old_workloads),
	  .size = sizeof(struct workloads),
	  .asked = offsetof(struct facts, old_workloads.asked),
	  .words = offsetof(struct facts, old_workloads.words) },
	{ .need = NEED_DOORS, .can = has_lists, .find = find_doors,
	  .cannot = "",
	  .at = offsetof(struct facts, doors),
	  .size = sizeof(struct doors),
	  .asked = offsetof(struct facts, doors.asked),
	  .words = offsetof(struct facts, doors.words) },
	{ .need = NEED_MYSQL, .can = has_old_data, .find = find_mysql,
	  .cannot = "",
	  .at = offsetof(struct facts, mysql),
	  .size = sizeof(struct access),
	  .asked = offsetof(struct facts, mysql.asked),
	  .words = offsetof(struct facts, mysql.words) },
	{ .need = NEED_MONGO, .can = has_old_data, .find = find_mongo,
	  .cannot = "",
	  .at = offsetof(struct facts, mongo),
	  .size = sizeof(struct access),
	  .asked = offsetof(struct facts, mongo.asked),
	  .words = offsetof(struct facts, mongo.words) },
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* Of one subject; with n more than one, the Applications of all these. */
struct job {
	const struct kind *kind;
	struct subject **s;
	size_t n;
};

struct clients {
	struct pool *pool;
	struct job *job;
	size_t n;
	clock_ms deadline;
	struct together *together;
};

/* ---- what goes through the pipe ---- */

struct reader {
	struct pool *pool;
	const char *at;
	size_t left;
};

static void
put_text(struct buf *b, const char *s)
{
	buf_puts(b, s != NULL ? s : "");
	buf_putc(b, '\0');
}

static const char *
take_text(struct reader *r)
{
	size_t n = strnlen(r->at, r->left);
	const char *s = pool_strndup(r->pool, r->at, n);

	n += n < r->left;
	r->at += n;
	r->left -= n;
	return s;
}

static bool
take_bytes(struct reader *r, void *to, size_t n)
{
	if (r->left < n)
		return false;
	memcpy(to, r->at, n);
	r->at += n;
	r->left -= n;
	return true;
}

static void
put_workloads(struct buf *b, const struct workloads *w)
{
	for (size_t i = 0; i < w->n; i++) {
		put_text(b, w->v[i].name);
		buf_add(b, &w->v[i], sizeof w->v[i]);
		put_text(b, w->v[i].template);
		put_text(b, w->v[i].why);
	}
}

static void
take_workloads(struct reader *r, struct workloads *w)
{
	w->v = pool_alloc(r->pool, (w->n + 1) * sizeof *w->v);
	for (size_t i = 0; i < w->n; i++) {
		const char *name = take_text(r);

		if (!take_bytes(r, &w->v[i], sizeof w->v[i]))
			return;
		w->v[i].name = name;
		w->v[i].template = take_text(r);
		w->v[i].why = take_text(r);
	}
}

static void
put_fact(struct buf *b, const struct kind *k, const struct facts *f)
{
	const char *words;

	memcpy(&words, (const char *)f + k->words, sizeof words);
	buf_add(b, (const char *)f + k->at, k->size);
	put_text(b, words);
	if (k->workloads)
		put_workloads(b, (const void *)((const char *)f + k->at));
}

static void
set_words(struct facts *f, const struct kind *k, const char *words)
{
	memcpy((char *)f + k->words, &words, sizeof words);
}

/* It was not asked, or nothing was heard. */
static void
set_unknown(struct facts *f, const struct kind *k, bool asked,
    const char *words)
{
	memset((char *)f + k->at, 0, k->size);
	memcpy((char *)f + k->asked, &asked, sizeof asked);
	set_words(f, k, words);
}

static void
take_fact(struct reader *r, const struct kind *k, struct facts *f)
{
	if (!take_bytes(r, (char *)f + k->at, k->size)) {
		set_unknown(f, k, true, "no answer before the deadline");
		return;
	}
	set_words(f, k, take_text(r));
	if (k->workloads)
		take_workloads(r, (void *)((char *)f + k->at));
}

/* ---- jobs ---- */

/* In a copy of the process. */
static void
find_many(struct pool *p, const struct job *j)
{
	const struct subject **s = pool_alloc(p, j->n * sizeof(void *));
	struct live *l = pool_alloc(p, j->n * sizeof *l);

	for (size_t i = 0; i < j->n; i++)
		s[i] = j->s[i];
	live_find_all(p, s, j->n, l);
	for (size_t i = 0; i < j->n; i++)
		j->s[i]->facts->live = l[i];
}

static void
do_job(void *arg, size_t i, struct buf *answer)
{
	const struct clients *c = arg;
	const struct job *j = &c->job[i];

	if (j->n > 1)
		find_many(c->pool, j);
	else
		j->kind->find(c->pool, j->s[0], j->s[0]->facts);
	for (size_t k = 0; k < j->n; k++)
		put_fact(answer, j->kind, j->s[k]->facts);
}

static void
hear(struct clients *c)
{
	together_wait(c->together);
	for (size_t i = 0; i < c->n; i++) {
		const struct buf *b = together_answer(c->together, i);
		struct reader r = { .pool = c->pool,
			.at = b != NULL ? buf_str(b) : "",
			.left = b != NULL ? b->len : 0 };

		for (size_t k = 0; k < c->job[i].n; k++)
			take_fact(&r, c->job[i].kind,
			    c->job[i].s[k]->facts);
	}
	together_free(c->together);
	c->together = NULL;
}

static void
add_job(struct clients *c, const struct kind *k, struct subject **s, size_t n)
{
	c->job[c->n++] = (struct job){ .kind = k, .s = s, .n = n };
}

static bool
is_wanted(const struct subject *s, const struct kind *k)
{
	if ((s->facts->need & k->need) == 0)
		return false;
	if (k->can(s))
		return true;
	set_unknown(s->facts, k, false, k->cannot);
	return false;
}

/* The first of the list and those whose Applications are one question with
 * its own, taken out of the list. */
static size_t
take_group(struct subject **s, size_t n, struct subject **group)
{
	const struct subject *first = NULL;
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == NULL || (first != NULL
		    && !live_is_together(first, s[i])))
			continue;
		first = s[i];
		group[k++] = s[i];
		s[i] = NULL;
	}
	return k;
}

static void
add_lives(struct clients *c, struct subject **s, size_t n)
{
	struct subject **group;
	size_t k;

	for (;;) {
		group = pool_alloc(c->pool, (n + 1) * sizeof(void *));
		k = take_group(s, n, group);
		if (k == 0)
			return;
		if (k > FEW)
			add_job(c, &kinds[0], group, k);
		for (size_t i = 0; k <= FEW && i < k; i++)
			add_job(c, &kinds[0], group + i, 1);
	}
}

struct clients *
clients_begin(struct pool *p, struct subject *s, size_t n, clock_ms deadline)
{
	struct clients *c = pool_alloc(p, sizeof *c);
	struct subject **live = pool_alloc(p, (n + 1) * sizeof(void *)), **one;
	size_t lives = 0;

	*c = (struct clients){ .pool = p, .deadline = deadline,
		.job = pool_alloc(p, (n * KINDS + 1) * sizeof *c->job) };
	for (size_t i = 0; i < n; i++)
		if (is_wanted(&s[i], &kinds[0]))
			live[lives++] = &s[i];
	add_lives(c, live, lives);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 1; k < KINDS; k++) {
			if (!is_wanted(&s[i], &kinds[k]))
				continue;
			one = pool_alloc(p, sizeof(void *));
			*one = &s[i];
			add_job(c, &kinds[k], one, 1);
		}
	c->together = together_begin(do_job, c, c->n, AT_ONCE, deadline);
	return c;
}

/* Was it in a question about many, whose answer lacks it? */
static bool
is_missing(const struct job *j, size_t k)
{
	const struct live *l = &j->s[k]->facts->live;

	return j->n > 1 && !l->known && l->words[0] == '\0';
}

static void
find_missing(struct clients *c)
{
	const struct job *was = c->job;
	size_t jobs = c->n, most = 0;

	for (size_t i = 0; i < jobs; i++)
		most += was[i].n;
	c->job = pool_alloc(c->pool, (most + 1) * sizeof *c->job);
	c->n = 0;
	for (size_t i = 0; i < jobs; i++)
		for (size_t k = 0; k < was[i].n; k++)
			if (is_missing(&was[i], k))
				add_job(c, was[i].kind, &was[i].s[k], 1);
	c->together = together_begin(do_job, c, c->n, AT_ONCE, c->deadline);
	hear(c);
}

void
clients_end(struct clients *c)
{
	hear(c);
	find_missing(c);
}
