/*
 * world - what the sandbox can't have for real, in one process: GitHub's
 * REST API, DigitalOcean's, MongoDB Atlas', Cloudflare's and Route 53's, a
 * server that tells who asks it,
 * Argo CD, the Kubernetes APIs of the old and the new cluster.
 *
 * They belong together because they act on each other: a dispatched run
 * commits to the bare repository in $SB_STATE/git, Argo CD's automated sync
 * sees the commit and changes the new cluster, whose Pods get ready, and
 * $SB_STATE/deployed/new is what the simulated LMS then runs with.
 *
 * Configured by the environment (SB_..., tests/sandbox/world.env). One more
 * door, plain HTTP, is for tests only:
 *
 *   GET  /counters   writes per API, dispatches, syncs, init jobs
 *   GET  /knobs      what can be set, with defaults and meanings
 *   POST /set        {"knob": value, ...}; an unknown one is refused
 *   POST /reset      knobs, counters, runs, applications, both clusters;
 *                    the repositories stay as they are
 *   GET  /deployed   what the new side runs: revision, folder, hosts
 *   GET, PUT /dns/{company}  records that a DNS company has
 *
 * ends with SIGTERM or SIGINT.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "argocd.h"
#include "argocd_in.h"
#include "atlas.h"
#include "digitalocean.h"
#include "dns.h"
#include "github.h"
#include "kube.h"
#include "world_apply.h"
#include "world_child.h"
#include "world_fixture.h"
#include "world_http.h"
#include "world_json.h"
#include "world_set.h"
#include "world_text.h"

enum { TICK_MS = 40 };

static volatile sig_atomic_t done;
static char *state;

static void
on_signal(int number)
{
	(void)number;
	done = 1;
}

/* --- the tests' own door ----------------------------------------------- */

static void
get_counters(const struct request *r, struct reply *p)
{
	(void)r;
	reply_json(p, 200, counters_tree());
}

static void
get_knobs(const struct request *r, struct reply *p)
{
	(void)r;
	reply_json(p, 200, knobs_tree());
}

/* A knob's value as text: tests may write numbers and booleans. */
static char *
value_text(const cJSON *v)
{
	return cJSON_IsString(v) ? text_copy(v->valuestring) :
	    cJSON_IsNull(v) ? text_copy("") : json_text(v);
}

static void
post_set(const struct request *r, struct reply *p)
{
	cJSON *o = cJSON_Parse(r->body);
	const cJSON *v;
	char *s;
	bool ok = cJSON_IsObject(o);

	cJSON_ArrayForEach(v, o) {
		s = value_text(v);
		ok = ok && knob_set(v->string, s);
		free(s);
	}
	cJSON_Delete(o);
	reply_text(p, ok ? 200 : 400, "text/plain", ok ? "ok\n" :
	    "not an object of known knobs: see /knobs\n");
}

/* One instance's application.yml, as if it had been applied. */
static void
apply_one(const char *repo, const char *branch, const char *instance,
    const char *folder)
{
	char *what = text_make("%s:instances/%s/application.yml", branch,
	    instance);
	char *path = text_make("%s/application.yml", folder);
	struct text yaml = { 0 };
	FILE *f;

	if (git_bare(NULL, repo, "rev-parse", "--verify", "--quiet", what,
	    NULL) && git_bare(&yaml, repo, "cat-file", "blob", what, NULL)
	    && (f = fopen(path, "we")) != NULL) {
		(void)fputs(text_str(&yaml), f);
		if (fclose(f) == 0)
			(void)application_apply(path, false);
	}
	text_free(&yaml);
	free(what);
	free(path);
}

/* Applications of the instances that are in the repository already. */
static void
apply_present(const char *repo, const char *branch)
{
	char *folder = folder_make("apps");
	char *what = text_make("%s:instances", branch);
	struct text names = { 0 };
	char *p, *next;

	if (!world_is_full())
		(void)git_bare(&names, repo, "ls-tree", "--name-only", what,
		    NULL);
	for (p = names.s; p != NULL && p[0] != '\0'; p = next) {
		next = strchr(p, '\n');
		if (next != NULL)
			*next++ = '\0';
		apply_one(repo, branch, p, folder);
	}
	free(what);
	text_free(&names);
	folder_remove(folder);
}

static void
post_reset(const struct request *r, struct reply *p)
{
	(void)r;
	knobs_reset();
	counters_reset();
	github_reset();
	digitalocean_reset();
	atlas_reset();
	cloudflare_reset();
	route53_reset();
	dns_reset();
	argocd_reset();
	kube_reset();
	apply_present(env_or("SB_REPO", "owner/cluster"),
	    env_or("SB_BRANCH", "main"));
	reply_text(p, 200, "text/plain", "ok\n");
}

static void
get_deployed(const struct request *r, struct reply *p)
{
	char *link = text_make("%s/deployed/new/current", state);
	char *path = text_make("%s/deployed/new/hosts", state);
	char folder[PATH_MAX] = "";
	struct text hosts = { 0 };
	cJSON *o = cJSON_CreateObject();
	char *rev;

	(void)r;
	if (readlink(link, folder, sizeof(folder) - 1) < 0)
		folder[0] = '\0';
	rev = text_make("%.*s", (int)strcspn(folder, "-"), folder);
	(void)text_file(&hosts, path);
	json_puts(o, "folder", folder);
	json_puts(o, "revision", rev);
	json_puts(o, "hosts", text_str(&hosts));
	reply_json(p, 200, o);
	free(rev);
	free(link);
	free(path);
	text_free(&hosts);
}

static const struct route control_routes[] = {
	{ "GET", "/counters", get_counters },
	{ "GET", "/knobs", get_knobs },
	{ "GET", "/deployed", get_deployed },
	{ "GET", "/dns/{}", dns_get },
	{ "PUT", "/dns/{}", dns_put },
	{ "POST", "/set", post_set },
	{ "POST", "/reset", post_reset },
	{ NULL, NULL, NULL }
};

/* --- who asks ---------------------------------------------------------- */

static void
get_address(const struct request *r, struct reply *p)
{
	(void)r;
	reply_text(p, 200, "text/plain", "203.0.113.99\n");
}

static const struct route address_routes[] = {
	{ "GET", "/", get_address }, { NULL, NULL, NULL }
};

/* --- start ------------------------------------------------------------- */

/* Those from ARGOCD on are left to the real ones where there are such. */
enum {
	GITHUB, DIGITALOCEAN, ATLAS, ADDRESS, CLOUDFLARE, ROUTE53, CONTROL,
	ARGOCD, KUBE_OLD, KUBE_NEW, SERVICES
};

static struct service services[SERVICES] = {
	[GITHUB] = { .name = "github", .cert = "github" },
	[DIGITALOCEAN] = { .name = "digitalocean", .cert = "digitalocean" },
	[ATLAS] = { .name = "atlas", .cert = "atlas" },
	[ADDRESS] = { .name = "checkip", .cert = "checkip",
	    .routes = address_routes },
	[CLOUDFLARE] = { .name = "cloudflare", .cert = "cloudflare" },
	[ROUTE53] = { .name = "route53", .cert = "route53" },
	[CONTROL] = { .name = "control", .routes = control_routes },
	[ARGOCD] = { .name = "argocd", .cert = "argocd" },
	[KUBE_OLD] = { .name = "kube-old", .cert = "kube-old" },
	[KUBE_NEW] = { .name = "kube-new", .cert = "kube-new" },
};

static void
place(struct service *s, const char *address, const char *dflt_address,
    const char *port, const char *dflt_port)
{
	s->address = env_or(address, dflt_address);
	s->port = (unsigned int)strtoul(env_or(port, dflt_port), NULL, 10);
}

static void
set_services(void)
{
	place(&services[GITHUB], "SB_GITHUB_ADDR", "127.42.0.45",
	    "SB_GITHUB_PORT", "443");
	place(&services[DIGITALOCEAN], "SB_DIGITALOCEAN_ADDR", "127.42.0.48",
	    "SB_DIGITALOCEAN_PORT", "443");
	place(&services[ATLAS], "SB_ATLAS_ADDR", "127.42.0.49",
	    "SB_ATLAS_PORT", "443");
	place(&services[ADDRESS], "SB_CHECKIP_ADDR", "127.42.0.50",
	    "SB_CHECKIP_PORT", "443");
	/* Only where an address is given: the sandbox needs none. */
	place(&services[CLOUDFLARE], "SB_CLOUDFLARE_ADDR", NULL,
	    "SB_CLOUDFLARE_PORT", "443");
	place(&services[ROUTE53], "SB_ROUTE53_ADDR", NULL,
	    "SB_ROUTE53_PORT", "443");
	place(&services[ARGOCD], "SB_ARGOCD_ADDR", "127.42.0.75",
	    "SB_ARGOCD_PORT", "443");
	place(&services[KUBE_OLD], "SB_KUBE_OLD_ADDR", "127.42.0.70",
	    "SB_KUBE_PORT", "6443");
	place(&services[KUBE_NEW], "SB_KUBE_NEW_ADDR", "127.42.0.71",
	    "SB_KUBE_PORT", "6443");
	place(&services[CONTROL], "SB_WORLD_ADDR", "127.42.0.46",
	    "SB_WORLD_PORT", "8099");
	github_service(&services[GITHUB]);
	atlas_service(&services[ATLAS]);
	digitalocean_service(&services[DIGITALOCEAN]);
	cloudflare_service(&services[CLOUDFLARE]);
	route53_service(&services[ROUTE53]);
	argocd_service(&services[ARGOCD]);
	kube_service(&services[KUBE_OLD], &kube_old);
	kube_service(&services[KUBE_NEW], &kube_new);
}

/* render.py and fixtures/: tests/doubles beside build/doubles. */
static char *
source_folder(void)
{
	const char *given = getenv("SB_WORLD_SOURCE");
	char self[PATH_MAX] = "", *slash;

	if (given != NULL)
		return text_copy(given);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		self[0] = '\0';
	slash = strrchr(self, '/');
	if (slash != NULL)
		*slash = '\0';
	return text_make("%s/../../tests/doubles", self);
}

static void
make_folder(const char *name)
{
	char *path = text_make("%s/%s", state, name);

	(void)mkdir(path, 0755);
	free(path);
}

static const char *
must(const char *name)
{
	const char *v = getenv(name);

	if (v == NULL || v[0] == '\0') {
		(void)fprintf(stderr, "world: %s is not set\n", name);
		exit(2);
	}
	return v;
}

static bool
init(void)
{
	static const char *const folders[] = { "run", "traffic", "deployed",
	    "deployed/new" };
	const char *repo = env_or("SB_REPO", "owner/cluster");
	const char *branch = env_or("SB_BRANCH", "main");
	const char *instance = env_or("SB_INSTANCE", "acme");
	char *source = source_folder();
	char *run, *git, *traffic, *deployed, *ca;
	bool ok;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		make_folder(folders[i]);
	run = text_make("%s/run", state);
	git = text_make("%s/git", state);
	traffic = text_make("%s/traffic/github.jsonl", state);
	deployed = text_make("%s/deployed/new", state);
	ok = child_init(run, git, source);
	fixture_init(source);
	github_init(repo, must("SB_GITHUB_TOKEN"), branch, traffic);
	free(traffic);
	traffic = text_make("%s/traffic/digitalocean.jsonl", state);
	ca = text_make("%s/ca/ca.crt", state);
	digitalocean_init(must("SB_DIGITALOCEAN_TOKEN"), ca, traffic);
	free(traffic);
	traffic = text_make("%s/traffic/atlas.jsonl", state);
	atlas_init(traffic);
	free(traffic);
	traffic = text_make("%s/traffic/cloudflare.jsonl", state);
	cloudflare_init(traffic);
	free(traffic);
	traffic = text_make("%s/traffic/route53.jsonl", state);
	route53_init(traffic);
	argocd_init(repo, must("SB_ARGOCD_TOKEN"), instance, deployed);
	kube_init(must("SB_KUBE_OLD_TOKEN"), must("SB_KUBE_NEW_TOKEN"),
	    env_or("SB_NAMESPACE", instance));
	apply_present(repo, branch);
	free(source);
	free(run);
	free(git);
	free(traffic);
	free(deployed);
	free(ca);
	return ok;
}

static void
live(void)
{
	const struct timespec pause = { .tv_nsec = TICK_MS * 1000000L };

	while (!done) {
		(void)nanosleep(&pause, NULL);
		world_lock();
		github_tick();
		argocd_tick();
		kube_tick();
		world_unlock();
	}
}

int
main(void)
{
	struct sigaction act = { .sa_handler = on_signal };
	char *ca;
	bool ok;

	(void)setenv("TZ", "UTC", 1);
	state = text_copy(must("SB_STATE"));
	ca = text_make("%s/ca", state);
	(void)sigaction(SIGTERM, &act, NULL);
	(void)sigaction(SIGINT, &act, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	ok = init();
	set_services();
	for (int i = 0; ok && i < (world_is_full() ? ARGOCD : SERVICES); i++)
		ok = services[i].address == NULL
		    || http_serve(&services[i], ca);
	if (ok) {
		(void)printf("world: ready\n");
		(void)fflush(stdout);
		live();
	}
	http_stop();
	free(ca);
	return ok ? 0 : 1;
}
