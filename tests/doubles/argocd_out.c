/*
 * What a sync of the Argo CD double does outside: it reads manifests from
 * the bare repository, and puts the instance's folder where the sandbox's
 * new side runs it.
 */
#include "argocd_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "world_child.h"
#include "world_text.h"

static struct {
	char *repo, *instance, *deployed;
} out;

void
out_init(const char *repo, const char *instance, const char *deployed)
{
	out.repo = text_copy(repo);
	out.instance = text_copy(instance);
	out.deployed = text_copy(deployed);
}

static char *
resolve(const char *what)
{
	struct text t = { 0 };

	if (what[0] != '-' && git_bare(&t, out.repo, "rev-parse", "--verify",
	    "--quiet", "--end-of-options", what, NULL))
		return t.s;
	text_free(&t);
	return NULL;
}

char *
out_resolve(const char *rev)
{
	char *what = text_make("%s^{commit}", strcmp(rev, "HEAD") == 0 ?
	    "HEAD" : rev);
	char *sha = resolve(what);

	free(what);
	return sha;
}

char *
out_tree(const char *rev, const char *path)
{
	char *what = text_make("%s:%s", rev, path);
	char *sha = resolve(what);

	free(what);
	return sha;
}

/* Unpack a folder of the repository at a revision into `to`. */
static bool
unpack(const char *rev, const char *path, const char *to)
{
	char *tar = text_make("%s/.tar", to);
	char *what = text_make("%s:%s", rev, path);
	char *output = text_make("--output=%s", tar);
	const char *argv[] = { "tar", "-xf", tar, "-C", to, NULL };
	bool ok = git_bare(NULL, out.repo, "archive", "--format=tar", output,
	    what, NULL) && child_run(NULL, argv, NULL);

	(void)unlink(tar);
	free(tar);
	free(what);
	free(output);
	return ok;
}

cJSON *
out_manifests(const char *rev, const char *path, char **message)
{
	char *folder = folder_make("sync");
	struct text t = { 0 };
	cJSON *all = NULL;

	*message = NULL;
	if (!unpack(rev, path, folder))
		*message = text_make("%s: app path does not exist", path);
	else if (!child_render(&t, "manifests", folder, NULL, NULL)
	    || (all = cJSON_Parse(text_str(&t))) == NULL)
		*message = text_make("`kustomize build <path to cached "
		    "source>/%s` failed exit status 1", path);
	text_free(&t);
	folder_remove(folder);
	return all;
}

/* One host a line, for the sandbox's ingress controller. */
static bool
write_hosts(const char *folder)
{
	char *config = text_make("%s/config.yml", folder);
	char *path = text_make("%s/hosts", out.deployed);
	char *fresh = text_make("%s/.hosts.new", out.deployed);
	struct text t = { 0 };
	bool ok = child_render(&t, "hosts", config, NULL, NULL);
	FILE *f = ok ? fopen(fresh, "we") : NULL;

	if (f != NULL) {
		(void)fputs(text_str(&t), f);
		ok = fclose(f) == 0 && rename(fresh, path) == 0;
	} else {
		ok = false;
	}
	text_free(&t);
	free(config);
	free(path);
	free(fresh);
	return ok;
}

/* Point `current` to the folder in one step. */
static bool
switch_current(const char *name)
{
	char *link = text_make("%s/current", out.deployed);
	char *fresh = text_make("%s/.current.new", out.deployed);
	bool ok;

	(void)unlink(fresh);
	ok = symlink(name, fresh) == 0 && rename(fresh, link) == 0;
	free(link);
	free(fresh);
	return ok;
}

bool
out_deploy(const char *rev, const char *instance)
{
	char *path = text_make("instances/%s", instance);
	char *name = text_make("%s-%s", rev, instance);
	char *folder = text_make("%s/%s", out.deployed, name);
	struct stat st;
	bool ok;

	ok = stat(folder, &st) == 0
	    || (mkdir(folder, 0755) == 0 && unpack(rev, path, folder));
	if (ok && strcmp(instance, out.instance) == 0)
		ok = switch_current(name) && write_hosts(folder);
	if (!ok)
		(void)fprintf(stderr, "world: can't deploy %s\n", folder);
	free(path);
	free(name);
	free(folder);
	return ok;
}
