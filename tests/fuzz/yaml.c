/*
 * Fuzz data/yaml: what is parsed is edited at places that the input chooses,
 * parsed again and compared. An edit changes its own place and nothing else,
 * or is refused with a reason and changes nothing; done again, it finds
 * nothing to do.
 *
 * The first byte chooses the edits; the rest is the document.
 */
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "data/yaml.h"
#include "tests/fuzz/fuzz.h"

enum { EDITS = 4, DEEPEST = 6 };

/* Cheap and the same everywhere. */
static unsigned
pick(unsigned *state, unsigned below)
{
	*state = *state * 1103515245U + 12345U;
	return (*state >> 16) % below;
}

static const char *const strings[] = {
	"", "x", "yes", "017", "a: b # c", "it's", "\"", "\\", "{{ X }}",
	"two\nlines\n", "\t\r", "\xc3\xa9\xe2\x80\xa8", "- ", "null",
	"\xef\xbb\xbf", " blanks ",
};

/* A place of the document, or one that is not there yet. */
static void
choose_place(const struct yaml *y, unsigned *state, struct buf *path)
{
	for (int depth = 0; depth < DEEPEST; depth++) {
		int n = yaml_len(y, buf_str(path));
		enum yaml_kind kind = yaml_kind(y, buf_str(path));
		int i = n > 0 ? (int)pick(state, (unsigned)n) : 0;

		if (kind == YAML_MAP && pick(state, 8) == 0) {
			yaml_path_key(path, pick(state, 2) ? "NEW" : "a.[b");
			return;
		}
		if (n == 0 || (depth > 0 && pick(state, 4) == 0))
			return;
		if (kind == YAML_MAP)
			yaml_path_key(path, yaml_key(y, buf_str(path), i));
		else
			buf_printf(path, "[%d]", i);
	}
}

struct change {
	unsigned op;
	const char *path, *value;
	char *block;		/* for set_block */
};

static bool
make_change(struct yaml *y, const struct change *c, bool *changed,
    struct err *e)
{
	switch (c->op) {
	case 0:
		return yaml_set(y, c->path, YAML_STRING, c->value, false,
		    changed, e);
	case 1:
		return yaml_set(y, c->path, YAML_STRING, c->value, true,
		    changed, e);
	case 2:
		return yaml_set(y, c->path, YAML_BOOL, "false", false,
		    changed, e);
	case 3:
		return yaml_set(y, c->path, YAML_INT, "27017", false,
		    changed, e);
	case 4:
		return yaml_set(y, c->path, YAML_NULL, "", false, changed, e);
	case 5:
		return yaml_append(y, c->path, c->value, changed, e);
	case 6:
		return yaml_set_block(y, c->path, c->block, changed, e);
	default:
		return yaml_remove(y, c->path, changed, e);
	}
}

/* Is the place what the change wanted? */
static bool
is_done(const struct yaml *y, const struct change *c)
{
	static const enum yaml_kind kinds[] = { YAML_STRING, YAML_STRING,
	    YAML_BOOL, YAML_INT, YAML_NULL };
	const char *last;

	if (c->op == 7)
		return yaml_kind(y, c->path) == YAML_NONE;
	if (c->op == 6)
		return yaml_kind(y, c->path) != YAML_NONE;
	if (c->op < 5) {
		last = yaml_get(y, c->path);
		return yaml_kind(y, c->path) == kinds[c->op]
		    && (c->op != 0 || strcmp(last, c->value) == 0);
	}
	for (int i = 0; i < yaml_len(y, c->path); i++) {
		last = yaml_item(y, c->path, i);
		if (last != NULL && strcmp(last, c->value) == 0)
			return true;
	}
	return false;
}

/* Is the path's place within the one below? */
static bool
leads_to(const char *path, const char *below)
{
	size_t n = strlen(below);

	return strncmp(path, below, n) == 0
	    && strchr(".[", path[n]) != NULL;
}

/*
 * All but the changed place is the same: at each level on the way to it, its
 * neighbours are. What has aliases or merge keys may follow the change.
 */
static void
check_rest(const struct yaml *old, const struct yaml *new,
    const struct change *c, struct buf *at)
{
	const char *here = buf_str(at);
	enum yaml_kind kind = yaml_kind(old, here);
	size_t len = at->len;
	int n = yaml_len(old, here);

	if (strcmp(here, c->path) == 0 || kind == YAML_NULL)
		return;
	/* a document whose only pair goes is empty */
	if (c->op == 7 && len == 0 && n == 1
	    && yaml_kind(new, here) == YAML_NULL)
		return;
	fuzz_holds(yaml_kind(new, here) == kind, "%s", here);
	for (int i = 0; i < n; i++) {
		struct buf below = buf_new(4096);

		buf_add(&below, at->data, len);
		if (kind == YAML_MAP)
			yaml_path_key(&below, yaml_key(old, here, i));
		else
			buf_printf(&below, "[%d]", i);
		if (leads_to(c->path, buf_str(&below)))
			check_rest(old, new, c, &below);
		else
			fuzz_holds(yaml_same(old, new, buf_str(&below)),
			    "%s after %s", buf_str(&below), c->path);
		buf_free(&below);
	}
}

/* The bytes before the first line of the place are as they were. */
static void
check_bytes(const struct yaml *old, const struct yaml *new,
    const struct change *c)
{
	size_t n, m, i = 0;
	const char *a = yaml_text(old, &n), *b = yaml_text(new, &m);
	int line = 1, first = yaml_line(old, c->path);

	while (i < n && i < m && a[i] == b[i])
		line += a[i++] == '\n';
	if (c->op < 5 && *c->path != '\0' && first > 0 && (i < n || i < m))
		fuzz_holds(line >= first, "line %d before %d: %s", line,
		    first, c->path);
}

static bool
has_place(const char *text)
{
	unsigned line, column;

	return sscanf(text, "fuzz.yml:%u:%u: ", &line, &column) == 2
	    && line > 0 && column > 0;
}

static void
refused(const struct yaml *y, const char *text, size_t len,
    const struct change *c, const struct err *e)
{
	size_t n;
	const char *now = yaml_text(y, &n);

	fuzz_holds(n == len && memcmp(now, text, n) == 0, "%s", e->text);
	/* a block's own mistakes are told under its key's name */
	fuzz_holds(c->op == 6 || has_place(e->text), "%s", e->text);
}

static struct yaml *
parse_again(const struct yaml *y)
{
	struct err e = { 0 };
	size_t n;
	const char *text = yaml_text(y, &n);
	struct yaml *again = yaml_parse(text, n, "fuzz.yml", &e);

	fuzz_holds(again != NULL, "%s", e.text);
	return again;
}

static void
edit_once(struct yaml *y, const struct change *c)
{
	struct yaml *old = parse_again(y), *new;
	struct err e = { 0 };
	struct buf root = buf_new(4096);
	bool changed = true;
	size_t n;
	const char *text = yaml_text(old, &n);

	if (!make_change(y, c, &changed, &e)) {
		/* one of several doubles may have been taken out */
		if (c->op != 7)
			refused(y, text, n, c, &e);
		yaml_close(old);
		return;
	}
	new = parse_again(y);
	fuzz_holds(is_done(new, c), "%s", c->path);
	if (*c->path != '\0')
		check_rest(old, new, c, &root);
	check_bytes(old, new, c);
	changed = true;
	fuzz_holds(make_change(y, c, &changed, &e), "%s", e.text);
	fuzz_holds(!changed, "done twice: %s", c->path);
	buf_free(&root);
	yaml_close(new);
	yaml_close(old);
}

static void
edit(struct yaml *y, unsigned *state)
{
	struct buf path = buf_new(4096), from = buf_new(4096);
	struct change c = { .op = pick(state, 8) };
	const char *block;

	choose_place(y, state, &path);
	c.path = buf_str(&path);
	c.value = strings[pick(state, sizeof strings / sizeof *strings)];
	if (c.op == 6) {
		choose_place(y, state, &from);
		block = yaml_block(y, buf_str(&from));
		c.block = mem_strdup(block != NULL ? block : "NEW: 1\n");
		if (pick(state, 2) == 0)
			c.path = buf_str(&from);
	}
	if (!path.full && !from.full)
		edit_once(y, &c);
	mem_free(c.block);
	buf_free(&path);
	buf_free(&from);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned state = size > 0 ? data[0] * 2654435761U : 0;
	const char *text = (const char *)data + (size > 0);
	size_t len = size - (size > 0), n;
	struct err e = { 0 };
	struct yaml *y = yaml_parse(text, len, "fuzz.yml", &e);

	if (y == NULL) {
		fuzz_holds(has_place(e.text), "%s", e.text);
		return 0;
	}
	fuzz_holds(memcmp(yaml_text(y, &n), text, len) == 0 && n == len,
	    "the text");
	for (int i = 0; i < EDITS; i++)
		edit(y, &state);
	yaml_close(y);
	return 0;
}
