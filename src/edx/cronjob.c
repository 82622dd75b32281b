/*
 * cronjob - see cronjob.h.
 */
#include "edx/cronjob.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "edx/keys.h"

enum { DEPTH = 40, HASH = 10 };

/* drydock's, in each namespace. */
static const char pull_secret[] = "openedx-image-pull-secret";

struct work {
	struct pool *pool;
	const struct cronjob_target *to;
	const char *name;	/* of the CronJob */
	struct buf *notes;
	const char *secret;	/* a word of a command; NULL: none */
};

static struct json *convert(struct work *, const struct json *, int depth);

static void
note(struct work *w, const char *what, const char *which)
{
	buf_printf(w->notes, "%s: %s%s\n", w->name, what, which);
}

/* ---- parts ---- */

/* Without its tag or digest. */
static size_t
image_name(const char *image)
{
	const char *slash = strrchr(image, '/'), *last;

	last = slash != NULL ? slash : image;
	return (size_t)(last - image) + strcspn(last, ":@");
}

static struct json *
convert_image(struct work *w, const char *image)
{
	const char *old = w->to->old_image;
	size_t n = image_name(image);

	if (old == NULL || image_name(old) != n
	    || strncmp(old, image, n) != 0) {
		note(w, "keeps its image, which the new cluster must be able "
		    "to pull: ", image);
		return json_string(image);
	}
	if (w->to->image == NULL)
		note(w, "needs the new side's image, which is not built yet",
		    "");
	return json_string(w->to->image != NULL ? w->to->image : image);
}

/* The name without what a generator put behind it. */
static const char *
stable_name(struct work *w, const char *name)
{
	const char *dash = strrchr(name, '-');

	if (dash == NULL || strlen(dash + 1) != HASH
	    || strspn(dash + 1, "2456789bcdfghkmt") != HASH)
		return name;
	return pool_strndup(w->pool, name, (size_t)(dash - name));
}

/* { name: X, value: Y }: a secret is taken from a Secret of ours. */
static struct json *
convert_variable(struct work *w, const struct json *v, int depth)
{
	const char *name = json_str(v, "name"), *value = json_str(v, "value");
	struct json *now, *ref;
	bool login = value != NULL && strstr(value, "://") != NULL
	    && strchr(value, '@') != NULL;

	if (text_empty(value) || name == NULL
	    || !(keys_is_secret(name) || login))
		return convert(w, v, depth);
	now = json_object();
	json_set_str(now, "name", name);
	ref = json_add(json_add(now, "valueFrom", json_object()),
	    "secretKeyRef", json_object());
	json_set_str(ref, "name", pool_printf(w->pool, "transplant-%s",
	    w->name));
	json_set_str(ref, "key", name);
	note(w, pool_printf(w->pool, "needs a Secret transplant-%s with the "
	    "old value of ", w->name), name);
	return now;
}

/* A word of a command that names a secret, or has a login in it. */
static void
look_at_command(struct work *w, const struct json *words)
{
	for (const struct json *one = json_first(words); one != NULL;
	    one = json_next(one)) {
		const char *text = json_str(one, ""), *s = text;

		while (s != NULL && *s != '\0') {
			size_t n = 0;

			while (isalnum((unsigned char)s[n]) || s[n] == '_')
				n++;
			/* --password=x, PASSWORD=x; not $PASSWORD */
			if (n > 0 && s[n] == '=' && s[n + 1] != '$'
			    && s[n + 1] != '"' && s[n + 1] != '\0'
			    && keys_is_secret(pool_strndup(w->pool, s, n)))
				w->secret = "a password";
			if (text_starts(s, "://") && memchr(s, '@',
			    3 + strcspn(s + 3, "/ \"'\n")) != NULL)
				w->secret = "an address with a login";
			s += n > 0 ? n : 1;
		}
	}
}

/* What only the old cluster has. */
static bool
is_left(struct work *w, const char *member)
{
	static const char *const there[] = { "nodeName", "nodeSelector",
	    "affinity", "tolerations", "serviceAccount",
	    "serviceAccountName", "priorityClassName", "runtimeClassName" };

	for (size_t i = 0; i < sizeof there / sizeof *there; i++)
		if (strcmp(there[i], member) == 0) {
			note(w, "is left without the old cluster's ",
			    member);
			return true;
		}
	return strcmp(member, "status") == 0
	    || strcmp(member, "creationTimestamp") == 0
	    || strcmp(member, "managedFields") == 0;
}

/* A Secret, ConfigMap or claim that the job refers to. */
static struct json *
convert_reference(struct work *w, const char *member, const struct json *v,
    int depth)
{
	struct json *now = convert(w, v, depth);
	const char *name = json_str(v, "name");

	if (strcmp(member, "secretKeyRef") == 0
	    || strcmp(member, "secretRef") == 0) {
		note(w, "needs the Secret ", name != NULL ? name : "?");
	} else if (strcmp(member, "secret") == 0) {
		name = json_str(v, "secretName");
		note(w, "needs the Secret ", name != NULL ? name : "?");
	} else if (strcmp(member, "persistentVolumeClaim") == 0) {
		name = json_str(v, "claimName");
		note(w, "needs the volume claim ", name != NULL ? name : "?");
	} else if (name != NULL) {
		json_set_str(now, "name", stable_name(w, name));
	}
	return now;
}

static bool
is_reference(const char *member)
{
	static const char *const all[] = { "configMap", "configMapRef",
	    "configMapKeyRef", "secretKeyRef", "secretRef", "secret",
	    "persistentVolumeClaim" };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (strcmp(all[i], member) == 0)
			return true;
	return false;
}

static struct json *
convert_pull_secrets(void)
{
	struct json *list = json_array();

	json_set_str(json_add(list, NULL, json_object()), "name",
	    pull_secret);
	return list;
}

static struct json *
convert_member(struct work *w, const struct json *one, int depth)
{
	const char *name = json_name(one), *text = json_str(one, "");

	if (strcmp(name, "image") == 0 && text != NULL)
		return convert_image(w, text);
	if (strcmp(name, "imagePullSecrets") == 0)
		return convert_pull_secrets();
	if (strcmp(name, "command") == 0 || strcmp(name, "args") == 0)
		look_at_command(w, one);
	if (strcmp(name, "env") == 0 && json_is_array(one)) {
		struct json *list = json_array();

		for (const struct json *v = json_first(one); v != NULL;
		    v = json_next(v))
			json_add(list, NULL,
			    convert_variable(w, v, depth + 1));
		return list;
	}
	if (is_reference(name) && json_is_object(one))
		return convert_reference(w, name, one, depth + 1);
	return convert(w, one, depth + 1);
}

static struct json *
convert(struct work *w, const struct json *v, int depth)
{
	bool dict = json_is_object(v);
	struct json *now;

	if ((!dict && !json_is_array(v)) || depth > DEPTH)
		return json_copy(v);
	now = dict ? json_object() : json_array();
	for (const struct json *one = json_first(v); one != NULL;
	    one = json_next(one)) {
		if (dict && is_left(w, json_name(one)))
			continue;
		json_add(now, dict ? json_name(one) : NULL, dict ?
		    convert_member(w, one, depth) :
		    convert(w, one, depth + 1));
	}
	if (dict && json_get(v, "containers") != NULL
	    && json_get(v, "imagePullSecrets") == NULL)
		json_add(now, "imagePullSecrets", convert_pull_secrets());
	return now;
}

/* ---- the whole ---- */

/* What deployed it there does not deploy it here. */
static struct json *
convert_marks(const struct json *marks)
{
	static const char *const old[] = { "kubectl.kubernetes.io/",
	    "argocd.argoproj.io/", "meta.helm.sh/", "helm.sh/",
	    "app.kubernetes.io/instance", "app.kubernetes.io/managed-by",
	    "app.kubernetes.io/version" };
	struct json *now = json_object();

	for (const struct json *one = json_first(marks); one != NULL;
	    one = json_next(one)) {
		size_t i = 0;

		while (i < sizeof old / sizeof *old
		    && !text_starts(json_name(one), old[i]))
			i++;
		if (i == sizeof old / sizeof *old)
			json_add(now, json_name(one), json_copy(one));
	}
	return now;
}

static struct json *
make_manifest(struct work *w, const struct json *job)
{
	struct json *now = json_object(), *meta, *marks;
	bool was = false;

	json_set_str(now, "apiVersion", "batch/v1");
	json_set_str(now, "kind", "CronJob");
	meta = json_add(now, "metadata", json_object());
	json_set_str(meta, "name", w->name);
	json_set_str(meta, "namespace", w->to->space);
	marks = convert_marks(json_at(job, "metadata.labels"));
	json_set_str(marks, "app.kubernetes.io/managed-by", "transplant");
	json_add(meta, "labels", marks);
	marks = convert_marks(json_at(job, "metadata.annotations"));
	if (json_bool(job, "spec.suspend", &was) && was) {
		json_set_str(marks, "transplant/was-suspended", "true");
		note(w, "was suspended on the old side, too", "");
	}
	if (json_len(marks) > 0)
		json_add(meta, "annotations", marks);
	else
		json_free(marks);
	json_set_bool(json_add(now, "spec", convert(w, json_at(job, "spec"),
	    0)), "suspend", true);
	return now;
}

const char *
cronjob_image_there(struct pool *pool, const char *manifest,
    const char *image)
{
	static const char mark[] = "image: \"";
	const char *at = manifest;

	while (image != NULL && (at = strstr(at, mark)) != NULL) {
		const char *there;

		at += strlen(mark);
		there = pool_strndup(pool, at, strcspn(at, "\"\n"));
		if (image_name(there) == image_name(image)
		    && strncmp(there, image, image_name(image)) == 0)
			return there;
	}
	return image;
}

/* ---- as YAML ---- */

static void add_yaml(struct buf *, const struct json *, int indent);

static void
add_scalar(struct buf *out, const struct json *v)
{
	/* JSON's own spelling: also of strings, which YAML reads alike */
	json_print(v, false, out);
	buf_putc(out, '\n');
}

static bool
is_nested(const struct json *v)
{
	return (json_is_object(v) || json_is_array(v)) && json_len(v) > 0;
}

/* A name that YAML takes for a string without quotes. */
static bool
is_plain(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR"
	    "STUVWXYZ0123456789-_./");

	return n > 2 && s[n] == '\0' && isalpha((unsigned char)*s)
	    && !text_same_fold(s, "yes") && !text_same_fold(s, "off")
	    && !text_same_fold(s, "true") && !text_same_fold(s, "false")
	    && !text_same_fold(s, "null");
}

static void
add_member(struct buf *out, const struct json *one, int indent)
{
	struct json *name = json_string(json_name(one));

	if (is_plain(json_name(one)))
		buf_puts(out, json_name(one));
	else
		json_print(name, false, out);
	json_free(name);
	buf_putc(out, ':');
	if (is_nested(one)) {
		buf_putc(out, '\n');
		add_yaml(out, one, indent + 2);
	} else {
		buf_putc(out, ' ');
		add_scalar(out, one);
	}
}

static void
add_yaml(struct buf *out, const struct json *v, int indent)
{
	for (const struct json *one = json_first(v); one != NULL;
	    one = json_next(one)) {
		buf_printf(out, "%*s", indent, "");
		if (json_is_object(v)) {
			add_member(out, one, indent);
			continue;
		}
		buf_puts(out, "-");
		if (is_nested(one)) {
			buf_putc(out, '\n');
			add_yaml(out, one, indent + 2);
		} else {
			buf_putc(out, ' ');
			add_scalar(out, one);
		}
	}
}

bool
cronjob_is_own(const struct json *job)
{
	return json_len(json_at(job, "metadata.ownerReferences")) == 0;
}

bool
cronjob_convert(struct pool *pool, const struct json *job,
    const struct cronjob_target *to, struct buf *manifest, struct buf *notes,
    struct err *e)
{
	struct work w = { .pool = pool, .to = to, .notes = notes,
		.name = json_str(job, "metadata.name") };
	struct json *now;

	if (w.name == NULL || !json_is_object(json_at(job, "spec")))
		return err_set(e, ERR_OTHER, "a CronJob without a name or "
		    "spec");
	now = make_manifest(&w, job);
	if (w.secret == NULL)
		add_yaml(manifest, now, 0);
	json_free(now);
	return w.secret == NULL ? buf_check(manifest, w.name, e) :
	    err_set(e, ERR_HAND, "CronJob %s: its command holds %s: put it "
	    "into a Secret and write the manifest by hand", w.name,
	    w.secret);
}
