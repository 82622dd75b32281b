/*
 * assignment - see assignment.h.
 */
#include "edx/assignment.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"
#include "edx/edit.h"

enum { DIGITS_MAX = 19 };	/* of a number that 64 bits hold */

/* The next line that says something, NULL at the end; *rest is what follows
 * it. Both lie in the copy that is cut up. */
static char *
next_line(char **rest)
{
	while (*rest != NULL && **rest != '\0') {
		char *line = *rest;
		size_t n = strcspn(line, "\r\n");

		*rest = line[n] == '\0' ? NULL : line + n + 1;
		line[n] = '\0';
		line += strspn(line, " \t");
		if (*line != '\0' && *line != '#')
			return line;
	}
	return NULL;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A list or a map; a template begins with a brace as well. */
static bool
is_flow(const char *value)
{
	return *value == '[' || (*value == '{'
	    && (value[1] == '\0' || strchr("{%#", value[1]) == NULL));
}

static bool
check_flow(const char *value, struct err *e)
{
	struct err why;
	struct yaml *y = yaml_parse(value, strlen(value), "value", &why);
	enum yaml_kind kind = y != NULL ? yaml_kind(y, "") : YAML_NONE;

	yaml_close(y);
	return kind == YAML_SEQ || kind == YAML_MAP || err_set(e, ERR_INPUT,
	    "\"%s\" is no list or map of YAML on one line; as a text it "
	    "needs double quotes", value);
}

/* A key with a blank would be a key of its own, beside the one that counts;
 * Tutor takes the text "False" for true. */
static bool
check_line(const char *line, struct err *e)
{
	size_t key = strcspn(line, "=");
	const char *value = line + key + 1;

	if (line[key] == '\0' || key == 0)
		return err_set(e, ERR_INPUT, "\"%s\" is no KEY=VALUE", line);
	if (strcspn(line, " \t") < key || is_blank(*value)
	    || is_blank(line[strlen(line) - 1]))
		return err_set(e, ERR_INPUT, "\"%s\": no blank may stand in "
		    "the key, before or after the value; blanks of the value"
		    " itself need double quotes", line);
	if (line[0] == '.' || line[key - 1] == '.'
	    || memmem(line, key, "..", 2) != NULL)
		return err_set(e, ERR_INPUT, "\"%.*s\": between dots there "
		    "must be a key; a dot that is part of a key is \\.",
		    (int)key, line);
	if (key == strlen("TUTOR_VERSION")
	    && text_starts(line, "TUTOR_VERSION"))
		return err_set(e, ERR_INPUT, "TUTOR_VERSION follows "
		    "the build; it is not set here");
	if ((text_same_fold(value, "true") && !text_same(value, "true"))
	    || (text_same_fold(value, "false") && !text_same(value, "false")))
		return err_set(e, ERR_INPUT, "\"%s\": write true or false, "
		    "or the text in double quotes", line);
	return !is_flow(value) || check_flow(value, e);
}

bool
assignment_check(const char *lines, struct err *e)
{
	struct pool *pool = pool_new();
	char *rest = pool_strdup(pool, lines), *line;
	bool ok = true;

	while (ok && (line = next_line(&rest)) != NULL)
		ok = check_line(line, e);
	pool_free(pool);
	return ok;
}

static enum yaml_kind
kind_of(const char *value)
{
	const char *digits = value + (*value == '-');
	size_t n = strlen(digits);

	if (text_same(value, "true") || text_same(value, "false"))
		return YAML_BOOL;
	if (text_same(value, "null"))
		return YAML_NULL;
	if (n > 0 && n < DIGITS_MAX && strspn(digits, "0123456789") == n
	    && (*digits != '0' || n == 1) && !text_same(value, "-0"))
		return YAML_INT;
	return YAML_STRING;
}

static bool
apply_line(struct edit *edit, char *line, struct err *e)
{
	char *value = strchr(line, '=');
	enum yaml_kind kind;
	size_t n;

	*value++ = '\0';
	if (is_flow(value))
		return edit_set_flow(edit, line, value, e);
	kind = kind_of(value);
	n = strlen(value);
	if (n >= 2 && value[0] == '"' && value[n - 1] == '"') {
		value[n - 1] = '\0';
		value++;
	}
	return edit_set(edit, line, kind, value, e);
}

bool
assignment_apply(struct edit *edit, const char *lines, struct err *e)
{
	char *rest = pool_strdup(edit->pool, lines), *line;

	while ((line = next_line(&rest)) != NULL)
		if (!apply_line(edit, line, e))
			return false;
	return true;
}
