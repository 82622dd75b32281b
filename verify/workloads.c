/*
 * workloads - the instance's Deployments on one side; see facts.h.
 *
 * Each is asked for by its name: the role need not list them.
 */
#include "api/kube.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "site/cluster.h"
#include "verify/facts.h"

enum { TEMPLATE_MAX = 1 << 20, HASH_MAX = 80, WHY_MAX = 400 };

/* As Tutor and its plugins name them. */
static const char *const names[] = { "lms", "cms", "lms-worker",
	"cms-worker", "caddy", "mfe", "forum", "redis", "meilisearch",
	"elasticsearch", "notes", "discovery", "credentials", "ecommerce",
	"xqueue" };
enum { NAMES = sizeof names / sizeof names[0] };

static struct workload
read_deployment(struct pool *p, const char *name, const struct json *d)
{
	struct buf text = buf_new(TEMPLATE_MAX), hash = buf_new(HASH_MAX);
	struct buf why = buf_new(WHY_MAX);
	struct workload w = { .name = name, .replicas = 1 };

	(void)json_num(d, "spec.replicas", &w.replicas);
	json_print(json_at(d, "spec.template"), false, &text);
	digest_sha256(buf_str(&text), text.len, &hash);
	w.ready = kube_is_ready(d, &why);
	w.why = pool_strdup(p, buf_str(&why));
	w.template = pool_strdup(p, buf_str(&hash));
	buf_free(&text);
	buf_free(&hash);
	buf_free(&why);
	return w;
}

static bool
read_all(struct pool *p, struct kube *k, struct workloads *all,
    struct err *e)
{
	all->v = pool_alloc(p, NAMES * sizeof *all->v);
	for (size_t i = 0; i < NAMES; i++) {
		struct err why = { 0 };
		const struct json *d = kube_find_deployment(k, names[i],
		    &why);

		if (d == NULL && why.kind == ERR_NOT_FOUND)
			continue;
		if (d == NULL) {
			*e = why;
			return false;
		}
		all->v[all->n++] = read_deployment(p, names[i], d);
	}
	return true;
}

void
workloads_find(struct pool *p, enum cluster_side side, struct workloads *all)
{
	struct err e = { 0 };
	struct kube *k;

	*all = (struct workloads){ .words = "no login to the cluster was "
	    "given" };
	if (!cluster_given(side))
		return;
	all->asked = true;
	k = cluster_open(side, &e);
	all->known = k != NULL && read_all(p, k, all, &e);
	if (!all->known)
		all->words = pool_strdup(p, e.text);
	kube_close(k);
}
