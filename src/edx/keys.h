/*
 * keys - what becomes of each key of the old config.yml, and why.
 *
 * One table, read from top to bottom; the first row that fits counts. Keys
 * that no row names are copied and reported as such: they are settings of
 * plugins that this project does not know.
 */
#ifndef EDX_KEYS_H
#define EDX_KEYS_H

#include <stdbool.h>

enum key_rule {
	KEY_COPY,	/* verbatim, in the configure phase */
	KEY_UNION,	/* a list: what the new one lacks is added */
	KEY_THEME,	/* copied by the theming step */
	KEY_DATA,	/* written when the data is connected */
	KEY_HOST,	/* written when DNS moves, or derived then */
	KEY_SWITCH,	/* copied when DNS moves */
	KEY_NEVER,
	KEY_UNLISTED,	/* copied, and named in the report */
};

struct key_row {
	const char *pattern;	/* * stands for any characters */
	enum key_rule rule;
	const char *why;
};

const struct key_row *keys_find(const char *key);
/* Is its value to be kept out of logs? By the name; when in doubt, yes. */
bool keys_is_secret(const char *key);
/* Old Grove wrote some names with TUTOR_ before them: the plain name. */
const char *keys_plain(const char *key);

#endif
