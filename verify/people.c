/*
 * people - what only a person can test, by the moment; see judge.h.
 *
 * Who tests before the switch tests on the new side's temporary hosts, with
 * the data of the live site.
 */
#include <stddef.h>

#include "base/mem.h"
#include "verify/facts.h"
#include "verify/judge.h"

static const struct task {
	unsigned when;
	const char *kind, *path, *what;	/* the host's, and what to do there */
} tasks[] = {
	{ CONNECTED, "lms", "/login", "log in with a password; do not use "
	  "SSO or LTI, which know the final hosts only; what you write is "
	  "written to the live site's data" },
	{ SWITCHED, "lms", "/login", "log in with a password and through "
	  "each SSO provider" },
	{ CONNECTED | SWITCHED, "lms", "/courses", "open a course, and in it "
	  "a video, a problem, a file and the discussion" },
	{ SWITCHED, "lms", "/dashboard", "start an LTI tool from a course, "
	  "and a course from an LTI consumer" },
	{ SWITCHED, "lms", "/login", "ask for a new password: the e-mail "
	  "must come, and its link lead to this host" },
	{ CONNECTED | SWITCHED, "lms", "/", "look at the theme: logo, "
	  "colours, footer, and each page of its own" },
	{ CONNECTED | SWITCHED, "cms", "/home/", "log in to Studio and open "
	  "a course" },
	{ SWITCHED, "cms", "/home/", "publish a change in Studio, upload a "
	  "file, export a course and search for its text" },
	{ SWITCHED, "mfe", "/", "open account, profile and gradebook; they "
	  "must know who you are" },
};

enum { FIRST = 16 };

static void
add(struct pool *p, struct records *r, struct verify_task t)
{
	if (r->tasks == r->tasks_cap) {
		struct verify_task *more;

		r->tasks_cap = r->tasks_cap > 0 ? r->tasks_cap * 2 : FIRST;
		more = pool_alloc(p, r->tasks_cap * sizeof *more);
		for (size_t i = 0; i < r->tasks; i++)
			more[i] = r->task[i];
		r->task = more;
	}
	r->task[r->tasks++] = t;
}

void
people_add(struct pool *p, const struct subject *s, struct records *r)
{
	for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++) {
		const struct task *t = &tasks[i];
		const char *host = hosts_name(s->facts->fresh.hosts, t->kind);

		if (moment_is(t->when, s) && host != NULL)
			add(p, r, (struct verify_task){
				.instance = s->instance, .what = t->what,
				.link = pool_printf(p, "https://%s%s", host,
				    t->path) });
	}
}
