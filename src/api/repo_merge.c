/*
 * repo_merge - see repo_merge.h.
 */
#include "api/repo_merge.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"

enum { PATH_BYTES = 4096 };

bool
repo_merge_is_yaml(const char *path)
{
	return text_ends(path, ".yml") || text_ends(path, ".yaml");
}

static size_t
count_lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

bool
repo_merge_is_sound(const char *merged, const char *theirs)
{
	struct err ignored;
	struct yaml *now, *was;
	bool sound;

	was = yaml_parse(theirs, strlen(theirs), "theirs", &ignored);
	now = yaml_parse(merged, strlen(merged), "merged", &ignored);
	/* each key that is there twice is a line; so is the last, unended */
	sound = was == NULL || (now != NULL
	    && (*yaml_warnings(now) == '\0' || (*yaml_warnings(was) != '\0'
	    && count_lines(yaml_warnings(now))
	    <= count_lines(yaml_warnings(was)))));
	yaml_close(now);
	yaml_close(was);
	return sound;
}

struct merge {
	const char *path;
	struct yaml *ours, *base, *theirs;
};

static bool
merge_key(struct merge *m, const char *key, struct err *e)
{
	bool changed, gone = yaml_kind(m->ours, key) == YAML_NONE;
	struct err why = { 0 };

	if (yaml_same(m->ours, m->base, key)
	    || yaml_same(m->ours, m->theirs, key))
		return true;
	if (!yaml_same(m->theirs, m->base, key))
		return err_set(e, ERR_CONFLICT, "%s: others changed %s "
		    "meanwhile, too, to another value", m->path, key);
	if (gone ? yaml_remove(m->theirs, key, &changed, &why) :
	    yaml_copy(m->theirs, key, m->ours, &changed, &why))
		return true;
	return err_set(e, ERR_CONFLICT, "%s: others changed the same lines "
	    "meanwhile: %s", m->path, why.text);
}

/* Each key of this file. */
static bool
merge_keys_of(struct merge *m, const struct yaml *y, struct err *e)
{
	const char *name;
	bool ok = true;

	for (int i = 0; ok && (name = yaml_key(y, "", i)) != NULL; i++) {
		struct buf key = buf_new(PATH_BYTES);

		yaml_path_key(&key, name);
		ok = buf_check(&key, "a key", e)
		    && merge_key(m, buf_str(&key), e);
		buf_free(&key);
	}
	return ok;
}

bool
repo_merge_keys(const char *path, const char *ours, const char *base,
    const char *theirs, struct buf *out, struct err *e)
{
	struct merge m = { .path = path };
	const char *text;
	size_t len;
	bool ok = false;

	m.ours = yaml_parse(ours, strlen(ours), path, e);
	if (m.ours != NULL)
		m.base = yaml_parse(base, strlen(base), path, e);
	if (m.base != NULL)
		m.theirs = yaml_parse(theirs, strlen(theirs), path, e);
	if (m.theirs == NULL)
		e->kind = ERR_CONFLICT;
	else
		ok = merge_keys_of(&m, m.ours, e)
		    && merge_keys_of(&m, m.base, e);
	if (ok) {
		text = yaml_text(m.theirs, &len);
		buf_add(out, text, len);
	}
	yaml_close(m.ours);
	yaml_close(m.base);
	yaml_close(m.theirs);
	return ok;
}
