/*
 * cluster - see cluster.h.
 */
#include "site/cluster.h"

#include <string.h>

#include "api/digitalocean.h"
#include "api/kube.h"
#include "api/kubeconfig.h"
#include "base/mem.h"
#include "base/text.h"

/* A step that needs longer gets a new login when this one is refused. */
enum { LOGIN_SECONDS = 60 * 60, RULES_MAX = 1800 };

static struct side {
	const char *config, *config_file, *context;
	const char *server, *ca, *token;
	const char *cluster_id, *account_token;
	const char *space;
} old, new;

static const char
    config_help[] = "Kubeconfig of the cluster, the text of the file or the "
	"base64 of it; or give kube-server and kube-token, or "
	"kube-cluster-id and digitalocean-token",
    file_help[] = "Path of a kubeconfig on this machine instead; several "
	"with : between are merged as kubectl does",
    context_help[] = "Context of the kubeconfig; if empty, its current one",
    server_help[] = "Address of the cluster's API server; beside another "
	"way to log in it must be the same one",
    ca_help[] = "Certificate authority of that server, PEM or base64 of it; "
	"if empty, the machine's roots",
    token_help[] = "Token of a service account of the cluster",
    id_help[] = "Id of the cluster at DigitalOcean",
    account_help[] = "Token of the account that kube-cluster-id is in, with "
	"scope kubernetes:access_cluster",
    space_help[] = "Namespace of the instance; if empty, the kubeconfig's, "
	"else the instance's name";

const struct input cluster_old_inputs[] = {
	{ .name = "kubeconfig", .str = &old.config, .optional = true,
	  .secret = true, .mask = kubeconfig_mask,
	  .check = kubeconfig_check, .help = config_help },
	{ .name = "kubeconfig-file", .str = &old.config_file,
	  .optional = true, .help = file_help },
	{ .name = "kube-context", .str = &old.context, .optional = true,
	  .plan = "old.kube.context", .help = context_help },
	{ .name = "kube-server", .str = &old.server, .optional = true,
	  .plan = "old.kube.server", .check = text_check_https,
	  .help = server_help },
	{ .name = "kube-ca", .str = &old.ca, .optional = true,
	  .check = kube_check_roots, .help = ca_help },
	{ .name = "kube-token", .str = &old.token, .optional = true,
	  .secret = true, .help = token_help },
	{ .name = "kube-cluster-id", .str = &old.cluster_id,
	  .optional = true, .plan = "old.kube.cluster-id",
	  .check = digitalocean_check_id, .help = id_help },
	{ .name = "digitalocean-token", .str = &old.account_token,
	  .optional = true, .secret = true, .help = account_help },
	{ .name = "namespace", .str = &old.space, .optional = true,
	  .plan = "old.namespace", .check = text_check_name,
	  .help = space_help },
	{ 0 }
};

const struct input cluster_new_inputs[] = {
	{ .name = "kubeconfig", .str = &new.config, .optional = true,
	  .secret = true, .mask = kubeconfig_mask,
	  .check = kubeconfig_check, .help = config_help },
	{ .name = "kubeconfig-file", .str = &new.config_file,
	  .optional = true, .help = file_help },
	{ .name = "kube-context", .str = &new.context, .optional = true,
	  .plan = "new.kube.context", .help = context_help },
	{ .name = "kube-server", .str = &new.server, .optional = true,
	  .plan = "new.kube.server", .check = text_check_https,
	  .help = server_help },
	{ .name = "kube-ca", .str = &new.ca, .optional = true,
	  .check = kube_check_roots, .help = ca_help },
	{ .name = "kube-token", .str = &new.token, .optional = true,
	  .secret = true, .help = token_help },
	{ .name = "kube-cluster-id", .str = &new.cluster_id,
	  .optional = true, .plan = "new.kube.cluster-id",
	  .check = digitalocean_check_id, .help = id_help },
	{ .name = "digitalocean-token", .str = &new.account_token,
	  .optional = true, .secret = true, .help = account_help },
	{ .name = "namespace", .str = &new.space, .optional = true,
	  .plan = "new.namespace", .check = text_check_name,
	  .help = space_help },
	{ 0 }
};

const struct input cluster_both_old_inputs[] = {
	{ .name = "old-kubeconfig", .str = &old.config, .optional = true,
	  .secret = true, .check = kubeconfig_check, .help = config_help },
	{ .name = "old-kubeconfig-file", .str = &old.config_file,
	  .optional = true, .help = file_help },
	{ .name = "old-kube-context", .str = &old.context, .optional = true,
	  .plan = "old.kube.context", .help = context_help },
	{ .name = "old-kube-server", .str = &old.server, .optional = true,
	  .plan = "old.kube.server", .check = text_check_https,
	  .help = server_help },
	{ .name = "old-kube-ca", .str = &old.ca, .optional = true,
	  .check = kube_check_roots, .help = ca_help },
	{ .name = "old-kube-token", .str = &old.token, .optional = true,
	  .secret = true, .help = token_help },
	{ .name = "old-kube-cluster-id", .str = &old.cluster_id,
	  .optional = true, .plan = "old.kube.cluster-id",
	  .check = digitalocean_check_id, .help = id_help },
	{ .name = "old-digitalocean-token", .str = &old.account_token,
	  .optional = true, .secret = true, .help = account_help },
	{ .name = "old-namespace", .str = &old.space, .optional = true,
	  .plan = "old.namespace", .check = text_check_name,
	  .help = space_help },
	{ 0 }
};

const struct input cluster_both_new_inputs[] = {
	{ .name = "new-kubeconfig", .str = &new.config, .optional = true,
	  .secret = true, .check = kubeconfig_check, .help = config_help },
	{ .name = "new-kubeconfig-file", .str = &new.config_file,
	  .optional = true, .help = file_help },
	{ .name = "new-kube-context", .str = &new.context, .optional = true,
	  .plan = "new.kube.context", .help = context_help },
	{ .name = "new-kube-server", .str = &new.server, .optional = true,
	  .plan = "new.kube.server", .check = text_check_https,
	  .help = server_help },
	{ .name = "new-kube-ca", .str = &new.ca, .optional = true,
	  .check = kube_check_roots, .help = ca_help },
	{ .name = "new-kube-token", .str = &new.token, .optional = true,
	  .secret = true, .help = token_help },
	{ .name = "new-kube-cluster-id", .str = &new.cluster_id,
	  .optional = true, .plan = "new.kube.cluster-id",
	  .check = digitalocean_check_id, .help = id_help },
	{ .name = "new-digitalocean-token", .str = &new.account_token,
	  .optional = true, .secret = true, .help = account_help },
	{ .name = "new-namespace", .str = &new.space, .optional = true,
	  .plan = "new.namespace", .check = text_check_name,
	  .help = space_help },
	{ 0 }
};

/* ---- which way ---- */

static bool
has_config(const struct side *s)
{
	return s->config != NULL || s->config_file != NULL;
}

static struct side *
side_of(enum cluster_side side)
{
	return side == CLUSTER_OLD ? &old : &new;
}

/* An id alone may stand in a plan for other steps. */
static bool
has_account(const struct side *s)
{
	return s->cluster_id != NULL && s->account_token != NULL;
}

bool
cluster_given(enum cluster_side side)
{
	const struct side *s = side_of(side);

	return has_config(s) || s->token != NULL || has_account(s);
}

/* before: what stands before the rows' names. */
static bool
check(const struct side *s, const char *before, bool optional, struct err *e)
{
	int ways = (s->config != NULL) + (s->config_file != NULL)
	    + (s->token != NULL) + has_account(s);

	if (ways > 1)
		return err_set(e, ERR_INPUT, "inputs %skubeconfig, "
		    "%skubeconfig-file, %skube-token and %sdigitalocean-token "
		    "(with %skube-cluster-id) are ways to log in to one "
		    "cluster: give one of them, not %d", before, before,
		    before, before, before, ways);
	if (ways == 0)
		return optional || err_set(e, ERR_INPUT, "input %skubeconfig "
		    "is missing: give it, or %skube-server and %skube-token, "
		    "or %skube-cluster-id and %sdigitalocean-token", before,
		    before, before, before, before);
	if (s->token != NULL && s->server == NULL)
		return err_set(e, ERR_INPUT, "input %skube-server is "
		    "missing: %skube-token is for one server", before,
		    before);
	if (s->context != NULL && !has_config(s))
		return err_set(e, ERR_INPUT, "input %skube-context is for a "
		    "kubeconfig, and there is none", before);
	if (s->ca != NULL && s->token == NULL)
		return err_set(e, ERR_INPUT, "input %skube-ca belongs to "
		    "%skube-token; the other ways bring their own", before,
		    before);
	return true;
}

bool
cluster_check_old(bool optional, struct err *e)
{
	return check(&old, "", optional, e);
}

bool
cluster_check_new(bool optional, struct err *e)
{
	return check(&new, "", optional, e);
}

bool
cluster_check_both_old(bool optional, struct err *e)
{
	return check(&old, "old-", optional, e);
}

bool
cluster_check_both_new(bool optional, struct err *e)
{
	return check(&new, "new-", optional, e);
}

/* ---- logging in ---- */

static bool
ask_company(void *source, struct kube_open *o, struct err *e)
{
	const struct side *s = source;
	const struct step_common *c = step_common();
	const struct digitalocean_open where = { .token = s->account_token,
	    .ca_file = c->ca_file, .dns_servers = c->dns_servers };
	struct digitalocean *d = digitalocean_open(&where, e);
	struct digitalocean_login l;
	bool ok = d != NULL && digitalocean_find_login(d, s->cluster_id,
	    LOGIN_SECONDS, &l, e);

	if (ok) {
		o->server = pool_strdup(c->pool, l.server);
		o->ca_pem = pool_strdup(c->pool, l.ca_pem);
		o->token = pool_strdup(c->pool, l.token);
		o->cert_pem = pool_strdup(c->pool, l.cert_pem);
		o->key_pem = pool_strdup(c->pool, l.key_pem);
	}
	digitalocean_close(d);
	return ok;
}

static bool
find_login(struct side *s, struct kube_open *o, struct err *e)
{
	const struct kubeconfig_source from = { .text = s->config,
	    .files = s->config_file, .context = s->context };

	if (has_config(s))
		return kubeconfig_read(step_common()->pool, &from, o, e);
	if (has_account(s)) {
		o->renew = ask_company;
		o->source = s;
		return ask_company(s, o, e);
	}
	o->server = s->server;
	o->ca_pem = s->ca;
	o->token = s->token;
	return true;
}

/* Without a final slash and the port that https has anyway. */
static const char *
plain(const char *url)
{
	struct pool *p = step_common()->pool;
	const char *s = url;

	while (text_ends(s, "/"))
		s = pool_strndup(p, s, strlen(s) - 1);
	return text_ends(s, ":443") ? pool_strndup(p, s, strlen(s) - 4) : s;
}

static bool
check_server(const struct side *s, const struct kube_open *o, struct err *e)
{
	if (s->server == NULL || text_same_fold(plain(s->server),
	    plain(o->server)))
		return true;
	return err_set(e, ERR_INPUT, "the login is for %s, but kube-server "
	    "(or the plan) says %s: one of both is of another cluster",
	    o->server, s->server);
}

struct kube *
cluster_open(enum cluster_side side, struct err *e)
{
	const struct step_common *c = step_common();
	struct side *s = side_of(side);
	struct kube_open o = { .ca_file = c->ca_file,
	    .dns_servers = c->dns_servers, .space = c->instance };

	if (!find_login(s, &o, e) || !check_server(s, &o, e))
		return NULL;
	if (s->space == NULL)
		s->space = o.space;
	o.space = s->space;
	return kube_open(&o, e);
}

const char *
cluster_space(enum cluster_side side)
{
	return side_of(side)->space;
}

/* ---- rights ---- */

bool
cluster_check_rights(struct kube *k, const char *space,
    const struct kube_right *needs, struct err *e)
{
	struct buf rules = buf_new(RULES_MAX);
	bool ok = kube_find_missing(k, needs, &rules, e);

	if (ok && rules.len > 0) {
		ok = err_set(e, ERR_DENIED, "All rules that the Role in "
		    "namespace %s lacks for this step:\n%s", space,
		    buf_str(&rules));
		step_summary("\nRules that the Role in namespace %s lacks:"
		    "\n\n```yaml\n%s```\n", space, buf_str(&rules));
	}
	buf_free(&rules);
	return ok;
}

void
cluster_name_missing(struct kube *k, const char *space,
    const struct kube_right *needs, struct err *e)
{
	struct err missing = { 0 }, said = *e;

	if (e->kind == ERR_DENIED
	    && !cluster_check_rights(k, space, needs, &missing)
	    && missing.kind == ERR_DENIED)
		err_set(e, said.kind, "%s\n%s", said.text, missing.text);
}
