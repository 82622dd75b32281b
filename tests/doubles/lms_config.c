/*
 * lms_config - the config.yml that the simulated Open edX runs with.
 */
#include "lms_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <yaml.h>

struct pair {
	char *key, *value;
};

struct config {
	struct pair *v;
	size_t n;
};

static void
add(struct config *c, const char *key, const char *value)
{
	struct pair *v = realloc(c->v, (c->n + 1) * sizeof(*v));

	if (v == NULL)
		abort();
	c->v = v;
	v[c->n] = (struct pair){ .key = strdup(key),
	    .value = strdup(value) };
	if (v[c->n].key == NULL || v[c->n].value == NULL)
		abort();
	c->n++;
}

static void
add_all(struct config *c, yaml_document_t *doc)
{
	yaml_node_t *root = yaml_document_get_root_node(doc);

	if (root == NULL || root->type != YAML_MAPPING_NODE)
		return;
	for (yaml_node_pair_t *p = root->data.mapping.pairs.start;
	    p < root->data.mapping.pairs.top; p++) {
		yaml_node_t *k = yaml_document_get_node(doc, p->key);
		yaml_node_t *v = yaml_document_get_node(doc, p->value);

		if (k->type == YAML_SCALAR_NODE
		    && v->type == YAML_SCALAR_NODE)
			add(c, (const char *)k->data.scalar.value,
			    (const char *)v->data.scalar.value);
	}
}

struct config *
config_read(const char *path, bool *missing)
{
	FILE *f = fopen(path, "r");
	yaml_parser_t parser;
	yaml_document_t doc;
	struct config *c = NULL;

	*missing = f == NULL && (errno == ENOENT || errno == ENOTDIR);
	if (f == NULL || !yaml_parser_initialize(&parser)) {
		if (f != NULL)
			(void)fclose(f);
		return NULL;
	}
	yaml_parser_set_input_file(&parser, f);
	if (yaml_parser_load(&parser, &doc)) {
		c = calloc(1, sizeof(*c));
		if (c == NULL)
			abort();
		add_all(c, &doc);
		yaml_document_delete(&doc);
	}
	yaml_parser_delete(&parser);
	(void)fclose(f);
	return c;
}

void
config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].key);
		free(c->v[i].value);
	}
	free(c->v);
	free(c);
}

/* The last of several wins, as in YAML loaders. */
const char *
config_get(const struct config *c, const char *key, const char *fallback)
{
	for (size_t i = c->n; i > 0; i--) {
		if (strcmp(c->v[i - 1].key, key) == 0)
			return c->v[i - 1].value;
	}
	return fallback;
}

const char *
config_get_legacy(const struct config *c, const char *legacy,
    const char *key, const char *fallback)
{
	return config_get(c, legacy, config_get(c, key, fallback));
}

bool
config_is_true(const struct config *c, const char *key)
{
	static const char *const words[] = { "true", "yes", "on" };
	const char *v = config_get(c, key, "");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(v, words[i]) == 0)
			return true;
	}
	return false;
}

void
config_host(const struct config *c, const char *key, const char *prefix,
    char out[HOST_MAX])
{
	const char *v = config_get(c, key, NULL);
	const char *lms = config_get(c, "LMS_HOST", "www.myopenedx.com");

	/* Tutor's own default, unrendered, means the same. */
	if (v == NULL || v[0] == '\0' || strstr(v, "{{") != NULL)
		(void)snprintf(out, HOST_MAX, "%s%s", prefix, lms);
	else
		(void)snprintf(out, HOST_MAX, "%s", v);
}
