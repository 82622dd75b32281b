/*
 * gonogo - see gonogo.h.
 */
#include "site/gonogo.h"

#include <stdarg.h>
#include <stddef.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "step/step.h"

enum { FACTS_MAX = 4000, TABLE_MAX = 64 * 1024, NO_MAX = 1800 };

struct gonogo {
	struct buf table, no;
};

struct gonogo *
gonogo_new(void)
{
	struct gonogo *g = mem_alloc(sizeof *g);

	g->table = buf_new(TABLE_MAX);
	g->no = buf_new(NO_MAX);
	buf_puts(&g->table, "| before the change | | |\n"
	    "| --- | --- | --- |\n");
	return g;
}

void
gonogo_free(struct gonogo *g)
{
	if (g == NULL)
		return;
	buf_free(&g->table);
	buf_free(&g->no);
	mem_free(g);
}

void
gonogo_add(struct gonogo *g, enum gonogo_word word, const char *what,
    const char *facts, ...)
{
	static const char *const words[] = { [GONOGO_GO] = "go",
		[GONOGO_NOTE] = "go, but note", [GONOGO_NO] = "**no go**" };
	struct buf text = buf_new(FACTS_MAX);
	va_list ap;

	va_start(ap, facts);
	buf_vprintf(&text, facts, ap);
	va_end(ap);
	buf_printf(&g->table, "| %s | %s | ", what, words[word]);
	text_markdown(&g->table, buf_str(&text));
	buf_puts(&g->table, " |\n");
	if (word == GONOGO_NO)
		buf_printf(&g->no, "%s%s: %s", g->no.len > 0 ? "; " : "",
		    what, buf_str(&text));
	else
		log_info("%s: %s", what, buf_str(&text));
	buf_free(&text);
}

bool
gonogo_tell(const struct gonogo *g, struct err *e)
{
	step_summary("%s\n", buf_str(&g->table));
	return g->no.len == 0 || err_set(e, ERR_OTHER, "nothing was changed; "
	    "%s", buf_str(&g->no));
}
