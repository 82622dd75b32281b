/*
 * An Application of one's own, by Argo CD's API and git.
 */
#include "tests/contract/argocd_app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"

enum { ROOM = 2048, TRIES = 300 };

/* Of the repository; a double takes an instance's only. */
#define FOLDER (argo_real ? "env" : kit_text("instances/%s/env", argo_name))

struct server argo;
bool argo_real;
const char *argo_name, *argo_revision;

static const char *clone_path;

/* What it is made of, beside the kustomization. */
static const struct {
	const char *file, *text;
} files[] = {
	{ "value", "1\n" },
	{ "deployment.yml", "apiVersion: apps/v1\nkind: Deployment\n"
	  "metadata: {name: web}\n"
	  "spec:\n  replicas: 1\n  selector: {matchLabels: {app: web}}\n"
	  "  template:\n    metadata: {labels: {app: web}}\n    spec:\n"
	  "      containers: [{name: web, image: example.test/web:1}]\n"
	  "      volumes: [{name: settings, configMap: {name: settings}}]\n" },
};

/* A hook that no node takes: the sync that runs it waits for ever. */
static const char stuck[] = "apiVersion: batch/v1\nkind: Job\n"
    "metadata:\n  name: stuck\n"
    "  annotations: {argocd.argoproj.io/hook: PreSync}\n"
    "spec:\n  template:\n    spec:\n      restartPolicy: Never\n"
    "      nodeSelector: {nowhere: \"true\"}\n"
    "      containers: [{name: stuck, image: example.test/web:1}]\n";

const char *const argo_homeless = "apiVersion: apps/v1\n"
    "kind: Deployment\nmetadata: {name: homeless}\n"
    "spec:\n  replicas: 1\n  progressDeadlineSeconds: 1\n"
    "  selector: {matchLabels: {app: homeless}}\n"
    "  template:\n    metadata: {labels: {app: homeless}}\n    spec:\n"
    "      nodeSelector: {nowhere: \"true\"}\n"
    "      containers: [{name: web, image: example.test/web:1}]\n";

const char *
argo_path(const char *rest)
{
	return kit_text("/api/v1/applications/%s%s", argo_name, rest);
}

struct answer
argo_call(const char *method, const char *path, const char *body)
{
	return web_send(&argo, method, path, NULL, "application/json", body);
}

/* --- git ----------------------------------------------------------------- */

static void
write_file(const char *file, const char *text)
{
	const char *path = kit_text("%s/%s/%s", clone_path, FOLDER, file);

	if (text != NULL)
		kit_write(path, text);
	else
		(void)remove(path);
}

static void
push(void)
{
	argo_revision = kit_out("cd '%s' && git add -A && { git diff"
	    " --cached --quiet || git -c user.name=tester -c"
	    " user.email=tester@example.test commit -q -m 'Change it'; } &&"
	    " git push -q origin HEAD:main && git rev-parse HEAD",
	    clone_path);
}

/* With a generated ConfigMap. */
static const char *
kustomization(const char *resources)
{
	return kit_text("namespace: %s\nresources: [%s]\n"
	    "configMapGenerator:\n  - {name: settings, files: [value]}\n",
	    argo_name, resources);
}

/* The folder as at the start, whatever a test has left in it. */
static void
push_all(void)
{
	free(kit_sh("rm -f '%s/%s'/*", clone_path, FOLDER));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		write_file(files[i].file, files[i].text);
	write_file("kustomization.yml", kustomization("deployment.yml"));
	push();
}

void
argo_change(const char *file, const char *text)
{
	write_file(file, text);
	push();
}

void
argo_break(void)
{
	argo_change("kustomization.yml", kit_text("namespace: %s\n"
	    "resources: [nothing.yml]\n", argo_name));
}

void
argo_add(const char *file, const char *text)
{
	write_file(file, text);
	argo_change("kustomization.yml", kustomization(kit_text(
	    "deployment.yml, %s", file)));
}

void
argo_hold(void)
{
	if (argo_real)
		argo_add("stuck.yml", stuck);
	else
		own_world_set("{\"sync.hold\":1}");
}

/* --- the Application ----------------------------------------------------- */

/* Wait until no operation is under way, by section 5.3 of the facts: one
 * reconciliation after the end. The caller frees the application. */
struct answer
argo_settled(void)
{
	for (int i = 0; i < TRIES; i++) {
		struct answer a = web_get(&argo, argo_path(
		    "?project=default"));
		const char *done = answer_str(&a,
		    "status/operationState/finishedAt");
		const char *seen = answer_str(&a, "status/reconciledAt");

		ck_assert_int_eq(a.status, 200);
		if (!answer_has(&a, "operation") && done != NULL
		    && seen != NULL && strcmp(seen, done) > 0)
			return a;
		web_free(&a);
		nap(0.2);
		if (i % 5 == 4) {
			a = web_get(&argo, argo_path("?project=default&"
			    "refresh=normal"));
			web_free(&a);
		}
	}
	ck_abort_msg("the operation did not end");
	return (struct answer){ 0 };
}

struct answer
argo_sync(const char *revision, const char *more)
{
	char body[ROOM];

	(void)snprintf(body, sizeof(body), "{\"name\":\"%s\","
	    "\"project\":\"default\",\"revision\":\"%s\",\"prune\":true%s}",
	    argo_name, revision, more);
	return argo_call("POST", argo_path("/sync"), body);
}

void
argo_merge(const char *patch)
{
	char body[ROOM], *to = body;
	struct answer a;

	to += snprintf(body, sizeof(body), "{\"name\":\"%s\","
	    "\"patchType\":\"merge\",\"patch\":\"", argo_name);
	for (; *patch != '\0'; patch++) {
		if (*patch == '"')
			*to++ = '\\';
		*to++ = *patch;
	}
	memcpy(to, "\"}", 3);
	a = argo_call("PATCH", argo_path(""), body);
	ck_assert_msg(a.status == 200, "%ld %s", a.status, a.body);
	web_free(&a);
}

void
argo_automated(bool on)
{
	argo_merge(on ? "{\"spec\":{\"syncPolicy\":{\"automated\":"
	    "{\"enabled\":true,\"prune\":true}}}}" :
	    "{\"spec\":{\"syncPolicy\":{\"automated\":null}}}");
}

/* The double's; a real server has got it from an administrator. */
static void
create(void)
{
	struct answer a = argo_call("POST", "/api/v1/applications",
	    kit_text("{\"metadata\":{\"name\":\"%s\"},\"spec\":"
	    "{\"project\":\"default\",\"source\":{\"repoURL\":"
	    "\"https://github.com/owner/cluster.git\",\"path\":\"%s\","
	    "\"targetRevision\":\"main\"},\"destination\":{\"server\":"
	    "\"https://kubernetes.default.svc\",\"namespace\":\"%s\"},"
	    "\"syncPolicy\":{\"syncOptions\":[\"CreateNamespace=true\"]}}}",
	    argo_name, FOLDER, argo_name));

	ck_assert_msg(a.status == 200, "%ld %s", a.status, a.body);
	web_free(&a);
}

static void
set_knobs(void)
{
	if (!argo_real)
		own_world_set("{\"sync.hold\":0,\"argocd.permissions\":"
		    "\"get create sync update override action\","
		    "\"argocd.version\":\"3.2.6\",\"rollout.seconds\":0.3,"
		    "\"argocd.poll\":0.3}");
}

void
argo_deploy(void)
{
	struct answer a = web_get(&argo, argo_path("?refresh=normal"));
	bool done = answer_str(&a, "status/sync/status") != NULL
	    && strcmp(answer_str(&a, "status/sync/status"), "Synced") == 0
	    && strcmp(answer_str(&a, "status/sync/revision"), argo_revision)
	    == 0;

	web_free(&a);
	if (done)
		return;
	a = argo_sync(argo_revision, "");
	ck_assert_msg(a.status == 200, "%s", a.body);
	web_free(&a);
	a = argo_settled();
	ck_assert_str_eq(answer_str(&a, "status/sync/status"), "Synced");
	web_free(&a);
}

void
argo_begin(void)
{
	const char *repo = argo_real ? kit_text("%s/%s.git",
	    getenv("CONTRACT_ARGOCD_REPOS"), argo_name) :
	    kit_text("%s/git/owner/cluster.git", getenv("SB_STATE"));
	struct answer a;

	clone_path = kit_out("d=$(realpath '%s') && git clone -q '%s' \"$d\""
	    " && mkdir -p \"$d/%s\" && echo \"$d\"", kit_folder(), repo,
	    FOLDER);
	set_knobs();
	if (!argo_real) {
		push_all();
		create();
	}
	argo_automated(false);
	if (argo_real) {	/* it was automated until now */
		push_all();
		a = argo_settled();
		web_free(&a);
	}
	argo_deploy();
}

/* Before the controller has taken it up nothing is ended either. */
void
argo_end(void)
{
	bool under_way = true;

	for (int i = 0; i < TRIES && under_way; i++) {
		struct answer a = web_send(&argo, "DELETE",
		    argo_path("/operation"), NULL, "application/json", NULL);

		web_free(&a);
		a = web_get(&argo, argo_path("?project=default"));
		under_way = answer_has(&a, "operation");
		web_free(&a);
		if (under_way)
			nap(0.2);
	}
	ck_assert_msg(!under_way, "an operation can't be ended");
}

void
argo_calm(void)
{
	struct answer a;

	set_knobs();
	argo_end();
	push_all();
	argo_automated(false);
	a = argo_settled();
	web_free(&a);
}

const char *
argo_fresh(void)
{
	return kit_out("od -An -tx1 -N8 /dev/urandom");
}

bool
argo_find(const char *name)
{
	argo_name = name;
	argo_real = getenv("CONTRACT_ARGOCD_URL") != NULL;
	if (!argo_real && !own_world_up())
		return false;
	if (!argo_real) {
		argo = own_world_server("ARGOCD");
		return true;
	}
	argo = (struct server){ .url = getenv("CONTRACT_ARGOCD_URL"),
	    .token = getenv("CONTRACT_ARGOCD_TOKEN"),
	    .ca = getenv("CONTRACT_ARGOCD_CA"),
	    .address = getenv("CONTRACT_ARGOCD_ADDRESS"),
	    .agent = "transplant-contract" };
	return argo.token != NULL && argo.ca != NULL
	    && getenv("CONTRACT_ARGOCD_REPOS") != NULL
	    && getenv("SB_ARGOCD_TOKEN") != NULL;
}
