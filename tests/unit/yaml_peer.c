/*
 * yaml_peer - an independent reader of YAML (PyYAML, by yaml_peer.py) judges
 * what data/yaml reads and edits, on config files that are made up from a
 * seed: 1,000 of them, one edit each, and 5,000 scalars.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/yaml.h"
#include "tests/kit/kit.h"

enum { FILES = 1000, SEED = 5 };

static const char *
kind_name(enum yaml_kind kind)
{
	static const char *const names[] = {
		[YAML_NONE] = "none", [YAML_NULL] = "null",
		[YAML_BOOL] = "bool", [YAML_INT] = "int",
		[YAML_FLOAT] = "float", [YAML_STRING] = "string",
		[YAML_SEQ] = "list", [YAML_MAP] = "map",
		[YAML_DATE] = "date",
	};

	return names[kind];
}

/* Every scalar as [path, kind, value]. */
static void
read_all(const struct yaml *y, const char *path, struct json *to)
{
	enum yaml_kind kind = yaml_kind(y, path);
	struct json *row;

	for (int i = 0; i < yaml_len(y, path); i++) {
		struct buf below = buf_new(10000);

		buf_puts(&below, path);
		if (kind == YAML_MAP)
			yaml_path_key(&below, yaml_key(y, path, i));
		else
			buf_printf(&below, "[%d]", i);
		read_all(y, buf_str(&below), to);
		buf_free(&below);
	}
	if (kind == YAML_MAP || kind == YAML_SEQ)
		return;
	row = json_add(to, NULL, json_array());
	json_add(row, NULL, json_string(path));
	json_add(row, NULL, json_string(kind_name(kind)));
	json_add(row, NULL, json_string(yaml_get(y, path)));
}

static bool
edit(struct yaml *y, const struct json *c, struct err *e)
{
	const char *op = json_str(c, "op"), *path = json_str(c, "path");
	const char *value = json_str(c, "value");
	bool changed;

	if (text_same(op, "remove"))
		return yaml_remove(y, path, &changed, e);
	if (text_same(op, "append"))
		return yaml_append(y, path, value, &changed, e);
	return yaml_set(y, path, text_same(op, "bool") ? YAML_BOOL :
	    text_same(op, "int") ? YAML_INT :
	    text_same(op, "null") ? YAML_NULL : YAML_STRING, value,
	    text_same(op, "tutor"), &changed, e);
}

static struct json *
do_case(const struct json *c)
{
	const char *text = json_str(c, "text");
	struct json *r = json_object();
	struct err e = { 0 };
	struct yaml *y = yaml_parse(text, strlen(text), "t", &e);
	bool ok = y != NULL;

	if (ok && json_str(c, "scalar") != NULL) {
		json_set_str(r, "kind", kind_name(yaml_kind(y, "k")));
		json_set_str(r, "value", yaml_get(y, "k"));
	} else if (ok) {
		read_all(y, "", json_add(r, "read", json_array()));
		ok = edit(y, c, &e);
		json_set_str(r, "text", yaml_text(y, NULL));
	}
	json_set_bool(r, "ok", ok);
	if (!ok)
		json_set_str(r, "error", e.text);
	yaml_close(y);
	return r;
}

static void
do_line(const char *line, size_t len, FILE *to)
{
	struct err e = { 0 };
	struct json *c = json_parse(line, len, "case", &e), *r;
	struct buf out = buf_new(1 << 20);

	ck_assert_msg(c != NULL, "%s", e.text);
	r = do_case(c);
	json_print(r, false, &out);
	fprintf(to, "%s\n", buf_str(&out));
	buf_free(&out);
	json_free(r);
	json_free(c);
}

START_TEST(pyyaml_agrees_on_every_value_and_every_edit)
{
	const char *seed = getenv("YAML_PEER_SEED");
	char *dir = kit_folder();
	char *cases = kit_sh("python3 tests/unit/yaml_peer.py cases %s %d"
	    " | tee %s/cases", seed != NULL ? seed : kit_text("%d", SEED),
	    FILES, dir);
	FILE *to = fopen(kit_text("%s/results", dir), "w");

	ck_assert_ptr_nonnull(to);
	for (const char *line = cases; *line != '\0'; ) {
		size_t len = strcspn(line, "\n");

		do_line(line, len, to);
		line += len + 1;
	}
	fclose(to);
	kit_contains(kit_out("python3 tests/unit/yaml_peer.py check %s/cases"
	    " %s/results 2>&1 || :", dir, dir), " 0 wrong");
	free(cases);
	free(kit_sh("rm -rf %s", dir));
	free(dir);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("yaml_peer");
	TCase *c = tcase_create("yaml_peer");

	tcase_set_timeout(c, 120);
	tcase_add_test(c, pyyaml_agrees_on_every_value_and_every_edit);
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
