/*
 * draft - see draft.h.
 */
#include "site/draft.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { MOST = 128, INDENT = 2, NOTE_COLUMN = 60 };

struct fact {
	const char *place, *value, *note;	/* value NULL: a note alone */
};

struct draft {
	struct pool *pool;
	struct fact v[MOST];
	int n;
};

/* The plan from top to bottom. A group has no value of its own. */
static const struct line {
	const char *place, *about;
	const char *hint;	/* how to find it; needed only with one */
	bool group, number;
	const char *only, *is;	/* has the hint only where that place is so */
} lines[] = {
	{ .place = "instance", .about = "The plan of one migration: where the "
	  "instance is, where it goes, who serves what.\nNothing here is "
	  "secret; steps read it, people change it." },
	{ .place = "old", .group = true, .about = "Where visitors go today" },
	{ .place = "old.namespace", .hint = "kubectl get deployments -A | "
	  "grep ' lms '" },
	{ .place = "old.address", .hint = "the address that the LMS's name "
	  "leads to: dig +short" },
	{ .place = "old.kube", .group = true },
	{ .place = "old.kube.server", .hint = "kubectl config view --minify, "
	  "clusters[0].cluster.server" },
	{ .place = "old.kube.cluster-id" },
	{ .place = "old.repository", .hint = "the git repository, by HTTPS, "
	  "that Grove deploys the instance from" },
	{ .place = "old.ref" },
	{ .place = "old.path", .hint = "instances/<name>/config.yml there" },
	{ .place = "new", .group = true, .about = "Where they go after the "
	  "switch" },
	{ .place = "new.namespace" },
	{ .place = "new.address", .hint = "kubectl get services -A | grep "
	  "LoadBalancer, in the new cluster: the ingress's address" },
	{ .place = "new.kube", .group = true },
	{ .place = "new.kube.server", .hint = "kubectl config view --minify, "
	  "clusters[0].cluster.server" },
	{ .place = "new.kube.cluster-id" },
	{ .place = "argocd", .group = true },
	{ .place = "argocd.server", .hint = "https:// and the host of the new "
	  "cluster's Argo CD" },
	{ .place = "argocd.application" },
	{ .place = "hosts", .group = true, .about = "The final names; until "
	  "the switch the new side has temporary ones" },
	{ .place = "hosts.lms", .hint = "LMS_HOST of the old config.yml" },
	{ .place = "hosts.cms", .hint = "CMS_HOST of the old config.yml" },
	{ .place = "hosts.mfe" },
	{ .place = "hosts.preview" },
	{ .place = "dns", .group = true, .about = "The company that serves "
	  "the zone" },
	{ .place = "dns.provider", .hint = "whose servers are they? dig NS" },
	{ .place = "dns.server" },
	{ .place = "dns.zone", .hint = "the zone that the names lie in: dig "
	  "SOA" },
	{ .place = "dns.low-ttl", .number = true, .about = "Seconds that an "
	  "answer may be kept: before the switch, and long after it" },
	{ .place = "dns.high-ttl", .number = true },
	{ .place = "dns.resolvers" },
	{ .place = "mysql", .group = true, .about = "The databases stay where "
	  "they are; admin: who may change users there" },
	{ .place = "mysql.provider" },
	{ .place = "mysql.cluster-id", .only = "mysql.provider",
	  .is = "digitalocean", .hint = "doctl databases list" },
	{ .place = "mysql.security-group", .only = "mysql.provider",
	  .is = "aws", .hint = "the sg-... group that the database is in" },
	{ .place = "mysql.host", .hint = "MYSQL_HOST of the old config.yml" },
	{ .place = "mysql.port", .number = true },
	{ .place = "mysql.admin", .hint = "an account that may grant and "
	  "revoke; doadmin at DigitalOcean" },
	{ .place = "mongodb", .group = true },
	{ .place = "mongodb.provider" },
	{ .place = "mongodb.cluster-id", .only = "mongodb.provider",
	  .is = "digitalocean", .hint = "doctl databases list" },
	{ .place = "mongodb.project", .only = "mongodb.provider",
	  .is = "atlas", .hint = "the id in the settings of its project at "
	  "Atlas" },
	{ .place = "mongodb.cluster", .only = "mongodb.provider",
	  .is = "atlas", .hint = "the cluster's name at Atlas" },
	{ .place = "mongodb.security-group", .only = "mongodb.provider",
	  .is = "aws", .hint = "the sg-... group that DocumentDB is in" },
	{ .place = "mongodb.host", .hint = "MONGODB_HOST of the old "
	  "config.yml" },
	{ .place = "mongodb.port", .number = true },
	{ .place = "mongodb.admin", .hint = "an account with "
	  "userAdminAnyDatabase; doadmin at DigitalOcean" },
	{ .place = "storage", .group = true, .about = "The instance's "
	  "buckets, to be backed up; each may have a prefix: media/acme/" },
	{ .place = "storage.endpoint" }, { .place = "storage.region" },
	{ .place = "storage.buckets" },
	{ .place = "backup", .group = true, .about = "Where backups go, and "
	  "what must be there before the switch: mysql, mongodb, storage" },
	{ .place = "backup.to", .hint = "s3://bucket/prefix, then also "
	  "endpoint and region, or file:///folder" },
	{ .place = "backup.stores" },
	{ .place = "old-running", .number = true, .about = "May the users be "
	  "restricted while the old site runs? false: only once its workloads "
	  "are at 0" },
	{ .place = "workflows", .group = true, .about = "The cluster "
	  "repository's own workflows, and what they are given beside "
	  "INSTANCE_NAME:\nthe release that the old side runs, since both "
	  "sides share the data until the switch" },
	{ .place = "workflows.create" }, { .place = "workflows.build" },
	{ .place = "workflows.render" },
	{ .place = "workflows.inputs", .group = true },
	{ .place = "workflows.inputs.create", .group = true },
	{ .place = "workflows.inputs.create.TUTOR_VERSION", .hint =
	  "kubectl get deployment lms -o yaml: app.kubernetes.io/version" },
	{ .place = "workflows.inputs.create.EDX_PLATFORM_VERSION", .hint =
	  "EDX_PLATFORM_VERSION or OPENEDX_COMMON_VERSION that the old images "
	  "were built with" },
};

enum { LINES = sizeof lines / sizeof *lines };

/* ---- facts ---- */

struct draft *
draft_new(struct pool *p)
{
	struct draft *d = pool_alloc(p, sizeof *d);

	d->pool = p;
	return d;
}

static const struct fact *
find(const struct draft *d, const char *place)
{
	for (int i = 0; i < d->n; i++)
		if (strcmp(d->v[i].place, place) == 0)
			return &d->v[i];
	return NULL;
}

static void
add(struct draft *d, const char *place, const char *value, const char *note)
{
	if (d->n == MOST)
		return;
	d->v[d->n++] = (struct fact){ .place = pool_strdup(d->pool, place),
		.value = pool_strdup(d->pool, value),
		.note = pool_strdup(d->pool, note) };
}

/* scheme://user:password@host/path?x=y: the scheme and the host alone. */
static const char *
without_login(struct pool *p, const char *value)
{
	const char *rest = strstr(value, "://"), *at;
	size_t n;

	if (rest == NULL)
		return strchr(value, '@') != NULL ? NULL : value;
	rest += 3;
	at = strrchr(rest, '@');
	if (at == NULL)
		return value;
	n = strcspn(at + 1, "/?");
	return pool_printf(p, "%.*s%.*s/", (int)(rest - value), value,
	    (int)n, at + 1);
}

void
draft_set(struct draft *d, const char *place, const char *value,
    const char *note)
{
	const struct fact *known = find(d, place);

	if (known == NULL && !text_empty(value)
	    && strpbrk(value, "\r\n") == NULL
	    && (value = without_login(d->pool, value)) != NULL)
		add(d, place, value, note);
}

void
draft_note(struct draft *d, const char *place, const char *note)
{
	if (find(d, place) == NULL)
		add(d, place, NULL, note);
}

void
draft_doubt(struct draft *d, const char *place, const char *why)
{
	for (int i = 0; i < d->n; i++)
		if (strcmp(d->v[i].place, place) == 0
		    && d->v[i].value != NULL) {
			d->v[i].note = pool_printf(d->pool, "%s  (%s)",
			    d->v[i].value, why);
			d->v[i].value = NULL;
		}
}

const char *
draft_get(const struct draft *d, const char *place)
{
	const struct fact *f = find(d, place);

	return f != NULL ? f->value : NULL;
}

const char *
draft_place(const struct draft *d, int i)
{
	return i < d->n ? d->v[i].place : NULL;
}

/* ---- text ---- */

/* What YAML would take for a number, a boolean or nothing is quoted. */
static bool
is_plain(const char *value)
{
	static const char *const words[] = { "y", "n", "yes", "no", "on",
		"off", "true", "false", "null" };
	const char *safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
	    "XYZ0123456789._:/-";

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (text_same_fold(value, words[i]))
			return false;
	if (text_starts(value, "https://"))
		value += strlen("https://");
	return (value[0] | 0x20) >= 'a' && (value[0] | 0x20) <= 'z'
	    && value[strspn(value, safe)] == '\0' && !text_ends(value, ":");
}

static void
put_value(struct buf *out, const char *value, bool bare)
{
	if (bare || is_plain(value)) {
		buf_puts(out, value);
		return;
	}
	buf_putc(out, '"');
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			buf_putc(out, '\\');
		buf_putc(out, *value);
	}
	buf_putc(out, '"');
}

static int
depth_of(const char *place)
{
	int depth = 0;

	for (; *place != '\0'; place++)
		depth += *place == '.';
	return depth;
}

static const char *
name_of(const char *place)
{
	const char *dot = strrchr(place, '.');

	return dot != NULL ? dot + 1 : place;
}

/* Comment lines, the first of a part after an empty line. */
static void
put_comment(struct buf *out, int depth, const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		buf_printf(out, "%*s# %.*s\n", depth * INDENT, "", (int)n,
		    text);
		text += n + (text[n] == '\n');
	}
}

static void
put_fact(struct buf *out, const struct fact *f, bool bare)
{
	int depth = depth_of(f->place) * INDENT;
	size_t begin = out->len;

	if (f->value == NULL) {
		buf_printf(out, "%*s# %s: %s\n", depth, "", name_of(f->place),
		    f->note);
		return;
	}
	buf_printf(out, "%*s%s: ", depth, "", name_of(f->place));
	put_value(out, f->value, bare);
	if (f->note != NULL && out->len - begin < NOTE_COLUMN)
		buf_printf(out, "  # %s", f->note);
	buf_putc(out, '\n');
}

static bool
is_line(const char *place)
{
	for (int i = 0; i < LINES; i++)
		if (strcmp(lines[i].place, place) == 0)
			return true;
	return false;
}

static bool
is_needed(const struct draft *d, const struct line *l)
{
	return l->hint != NULL && (l->only == NULL
	    || text_same(draft_get(d, l->only), l->is));
}

/* Is there anything in or below the group, known or to be found? */
static bool
is_used(const struct draft *d, const char *group)
{
	size_t n = strlen(group);

	for (int i = 0; i < d->n; i++)
		if (strncmp(d->v[i].place, group, n) == 0
		    && d->v[i].place[n] == '.')
			return true;
	for (int i = 0; i < LINES; i++)
		if (strncmp(lines[i].place, group, n) == 0
		    && lines[i].place[n] == '.' && lines[i].hint != NULL)
			return true;
	return false;
}

/* Facts of a group that no line names: further hosts. */
static void
put_others(const struct draft *d, const char *group, struct buf *out)
{
	size_t n = strlen(group);

	for (int i = 0; i < d->n; i++)
		if (strncmp(d->v[i].place, group, n) == 0
		    && d->v[i].place[n] == '.'
		    && strchr(d->v[i].place + n + 1, '.') == NULL
		    && !is_line(d->v[i].place))
			put_fact(out, &d->v[i], false);
}

static void
put_line(const struct draft *d, const struct line *l, struct buf *out,
    struct buf *missing)
{
	const struct fact *f = find(d, l->place);
	int depth = depth_of(l->place);

	if (l->group ? !is_used(d, l->place) : f == NULL && !is_needed(d, l))
		return;
	if (l->about != NULL && depth == 0 && out->len > 0)
		buf_putc(out, '\n');
	if (l->about != NULL)
		put_comment(out, depth, l->about);
	if (l->group) {
		buf_printf(out, "%*s%s:\n", depth * INDENT, "",
		    name_of(l->place));
		put_others(d, l->place, out);
		return;
	}
	if (f != NULL)
		put_fact(out, f, l->number);
	if (f != NULL && f->value != NULL)
		return;
	if (is_needed(d, l)) {
		buf_printf(out, "%*s# %s: not found. %s\n", depth * INDENT,
		    "", name_of(l->place), l->hint);
		buf_printf(missing, "%s\n", l->place);
	}
}

bool
draft_write(const struct draft *d, struct buf *out, struct buf *missing,
    struct err *e)
{
	for (int i = 0; i < LINES; i++)
		put_line(d, &lines[i], out, missing);
	return buf_check(out, "the plan", e);
}
