/*
 * What the runs of the GitHub double really do: clone, render, commit, push.
 *
 * The workflows and their inputs are those of Launchpad's cluster template
 * (create-instance, build, build-all, update-instance), and the thin wrapper
 * around its generate-env-dir that the project puts beside them.
 */
#include "github_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "world_apply.h"
#include "world_child.h"
#include "world_http.h"
#include "world_json.h"
#include "world_text.h"

enum { PUSH_TRIES = 5 };

static bool
render(const char *verb, const cJSON *inputs, const char *dir)
{
	char *s = json_text(inputs);
	bool ok = child_render(NULL, verb, dir, s, NULL);

	free(s);
	return ok;
}

static bool
create(const cJSON *inputs, const char *dir)
{
	return render("create", inputs, dir);
}

static bool
build(const cJSON *inputs, const char *dir)
{
	return render("build", inputs, dir);
}

static bool
generate(const cJSON *inputs, const char *dir)
{
	return render("generate", inputs, dir);
}

static bool
update(const cJSON *inputs, const char *dir)
{
	return render("update", inputs, dir);
}

#define COMMON_INPUTS \
	{ .name = "LAUNCHPAD_CLI_VERSION", .dflt = "main" }, \
	{ .name = "RUNNER_WORKFLOW_LABEL", .dflt = "ubuntu-latest" }
#define ENV_MESSAGE "chore: update tutor env and config for ${INSTANCE_NAME}"
#define ENV_STEPS { "Set up job", "Checkout strains repository for build " \
	"configurations", "Install Tutor and its dependencies", \
	"Update config and generate env directory", \
	"Commit config and env directory", "Complete job" }
#define BUILD_STEPS { "Set up job", "Checkout strains repository for build " \
	"configurations", "Prepare docker if requested", \
	"Build service image with no cache", "Complete job" }

const struct workflow workflows[] = {
	{
		.id = 133700101, .file = "create-instance.yml",
		.name = "Create Instance",
		.title = "Create '${INSTANCE_NAME}' on "
		    "'${EDX_PLATFORM_VERSION}'",
		.inputs = {
			{ .name = "INSTANCE_NAME" },
			{ .name = "PLATFORM_NAME" },
			{ .name = "INSTANCE_TEMPLATE_REPOSITORY",
			  .dflt = "https://github.com/open-craft/"
			      "launchpad-cluster-template.git" },
			{ .name = "INSTANCE_TEMPLATE_VERSION",
			  .dflt = "main" },
			{ .name = "EDX_PLATFORM_REPOSITORY",
			  .dflt = "https://github.com/openedx/"
			      "edx-platform.git" },
			{ .name = "EDX_PLATFORM_VERSION",
			  .dflt = "release/teak.3" },
			{ .name = "TUTOR_VERSION", .dflt = "v20.0.5" },
			COMMON_INPUTS,
		},
		.groups = { "create-instance-${INSTANCE_NAME}" },
		.jobs = { { "create-instance / Create Instance",
		    { "Set up job", "Checkout", "Install Launchpad's tools",
		    "Create instance, provision databases and storage",
		    "Commit and push", "Complete job" } } },
		.work = create,
		.message = "feat: add instance ${INSTANCE_NAME}",
	},
	{
		.id = 133700102, .file = "build.yml", .name = "Build Image",
		.title = "Build '${SERVICE}' image for '${INSTANCE_NAME}' on "
		    "'${STRAIN_REPOSITORY_BRANCH}' branch",
		.inputs = {
			{ .name = "INSTANCE_NAME" },
			{ .name = "SERVICE", .dflt = "openedx",
			  .choices = "openedx mfe" },
			{ .name = "STRAIN_REPOSITORY_BRANCH",
			  .dflt = "main" },
			{ .name = "PICASSO_VERSION", .dflt = "main" },
			COMMON_INPUTS,
		},
		.groups = { "build:${STRAIN_REPOSITORY_BRANCH}:"
		    "${INSTANCE_NAME}:${SERVICE}" },
		.jobs = { { "build / Build with picasso", BUILD_STEPS },
		    { "build / Update env directory", ENV_STEPS } },
		.work = build, .message = ENV_MESSAGE,
	},
	{
		.id = 133700103, .file = "build-all.yml",
		.name = "Build All Images",
		.title = "Build all service images for '${INSTANCE_NAME}' on "
		    "'${STRAIN_REPOSITORY_BRANCH}' branch",
		.inputs = {
			{ .name = "INSTANCE_NAME" },
			{ .name = "STRAIN_REPOSITORY_BRANCH",
			  .dflt = "main" },
			{ .name = "PICASSO_VERSION", .dflt = "main" },
			COMMON_INPUTS,
		},
		.groups = { "build:${STRAIN_REPOSITORY_BRANCH}:"
		    "${INSTANCE_NAME}:openedx",
		    "build:${STRAIN_REPOSITORY_BRANCH}:${INSTANCE_NAME}:mfe" },
		.jobs = { { "Build all services / Build openedx service / "
		    "Build with picasso", BUILD_STEPS },
		    { "Build all services / Build mfe service / Build with "
		    "picasso", BUILD_STEPS },
		    { "Build all services / Update env directory / Generate "
		    "env directory", ENV_STEPS } },
		.work = build, .message = ENV_MESSAGE,
	},
	{
		.id = 133700104, .file = "generate-env.yml",
		.name = "Generate env directory",
		.title = "Generate env directory for '${INSTANCE_NAME}'",
		.inputs = {
			{ .name = "INSTANCE_NAME", .required = true },
			{ .name = "STRAIN_REPOSITORY_BRANCH",
			  .dflt = "main" },
			{ .name = "RUNNER_WORKFLOW_LABEL",
			  .dflt = "ubuntu-latest" },
		},
		.groups = { "generate-env-dir-${INSTANCE_NAME}" },
		.replaces = true,
		.jobs = { { "generate / Generate env directory",
		    ENV_STEPS } },
		.work = generate, .message = ENV_MESSAGE,
	},
	{
		.id = 133700105, .file = "update-instance.yml",
		.name = "Update Instance",
		.title = "Update '${INSTANCE_NAME}'",
		.inputs = {
			{ .name = "INSTANCE_NAME", .required = true },
			{ .name = "CONFIG", .required = true },
			{ .name = "RUNNER_WORKFLOW_LABEL",
			  .dflt = "ubuntu-latest" },
		},
		.groups = { "update-instance-${INSTANCE_NAME}" },
		.jobs = { { "update / Update Instance", { "Set up job",
		    "Checkout", "Install Launchpad's tools", "Update config",
		    "Commit and push", "Complete job" } } },
		.work = update,
		.message = "chore: update instance ${INSTANCE_NAME}",
	},
	{ .file = NULL }
};

static const char *
find_input(const char *name, void *inputs)
{
	const char *v = json_str(inputs, name);

	return v != NULL ? v : "";
}

char *
inputs_fill(const char *model, const cJSON *inputs)
{
	return text_fill(model, find_input, (void *)(size_t)inputs);
}

static bool
commit(const char *dir, const char *message)
{
	struct text changed = { 0 };
	bool ok = git_at(NULL, dir, "add", "-A", "instances", NULL)
	    && git_at(&changed, dir, "status", "--porcelain", NULL);

	if (ok && changed.len > 0)
		ok = git_at(NULL, dir, "commit", "-q", "-m", message, NULL);
	text_free(&changed);
	return ok;
}

/* Others push to the branch too: take theirs in and try again. */
static bool
push(const char *dir, const char *branch)
{
	char *to = text_make("HEAD:refs/heads/%s", branch);
	bool ok = false;

	for (int i = 0; i < PUSH_TRIES && !ok; i++) {
		ok = git_at(NULL, dir, "push", "-q", "origin", to, NULL);
		if (!ok && !git_at(NULL, dir, "pull", "-q", "--rebase",
		    "origin", branch, NULL))
			break;
	}
	free(to);
	return ok;
}

/* As `kubectl apply -f application.yml` at the end of create-instance. */
static bool
apply_application(const cJSON *inputs, const char *dir)
{
	char *path = text_make("%s/instances/%s/application.yml", dir,
	    json_str(inputs, "INSTANCE_NAME"));
	bool ok = application_apply(path, true);

	free(path);
	return ok;
}

/* In a fresh clone: change the files, commit, push, apply. */
static enum work_end
work_in(const struct workflow *w, const cJSON *inputs, const char *branch,
    const char *dir)
{
	char *from = git_path(hub.repo);
	char *message = inputs_fill(w->message, inputs);
	enum work_end end = WORK_DONE;

	if (!git_at(NULL, dir, "clone", "-q", "--branch", branch, from, ".",
	    NULL))
		end = WORK_CHECKOUT;
	else if (!w->work(inputs, dir))
		end = WORK_RENDER;
	else if (!commit(dir, message) || !push(dir, branch)
	    || (w->work == create && !apply_application(inputs, dir)))
		end = WORK_PUSH;
	free(message);
	free(from);
	return end;
}

enum work_end
work_run(const struct workflow *w, const cJSON *inputs, const char *branch,
    bool nocommit)
{
	enum work_end end;
	char *dir;

	if (nocommit)
		return WORK_DONE;
	dir = folder_make("run");
	end = work_in(w, inputs, branch, dir);
	folder_remove(dir);
	return end;
}
