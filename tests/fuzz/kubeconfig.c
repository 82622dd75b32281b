/*
 * Fuzz api/kubeconfig: what is read has a server over https and a login, and
 * what is not is refused in words. The input is a kubeconfig and, after a
 * NUL, what a plugin prints; no plugin is run.
 */
#include <stdbool.h>
#include <string.h>

#include "api/kube.h"
#include "api/kubeconfig.h"
#include "base/child.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "tests/fuzz/fuzz.h"

static const char *printed;	/* by the plugin */
static size_t printed_len;

/* ---- in place of what would act on this machine, or grow for ever ---- */

void
log_info(const char *fmt, ...)
{
	(void)fmt;
}

void
log_notice(const char *fmt, ...)
{
	(void)fmt;
}

void
log_warn(const char *fmt, ...)
{
	(void)fmt;
}

void
log_error(const char *title, const char *fmt, ...)
{
	(void)title;
	(void)fmt;
}

void
log_foreign(const char *s, size_t n)
{
	(void)s;
	(void)n;
}

void
log_mask(const char *s)
{
	(void)s;
}

void
log_redact(struct buf *out, const char *s, size_t n)
{
	buf_add(out, s, n);
}

/* The last words that a plugin is told, and that they are well. */
static void
check_info(const char *entry)
{
	static const char name[] = "KUBERNETES_EXEC_INFO=";
	struct err e = { 0 };
	struct json *info;

	fuzz_holds(strchr(entry, '=') != NULL && *entry != '=', "%s", entry);
	if (!text_starts(entry, name))
		return;
	entry += strlen(name);
	info = json_parse(entry, strlen(entry), "info", &e);
	fuzz_holds(info != NULL, "%s", e.text);
	fuzz_holds(text_same(json_str(info, "kind"), "ExecCredential"), "%s",
	    entry);
	json_free(info);
}

bool
child_run(const struct child *c, int *status, struct err *e)
{
	bool told = false;

	fuzz_holds(c->argv[0] != NULL && *c->argv[0] != '\0', "command");
	for (const char *const *v = c->env; *v != NULL; v++) {
		check_info(*v);
		told = told || text_starts(*v, "KUBERNETES_EXEC_INFO={");
	}
	fuzz_holds(told, "%s", c->argv[0]);
	if (printed_len == 0)
		return err_set(e, ERR_NOT_FOUND, "it is not there");
	buf_add(c->out, printed, printed_len);
	buf_puts(c->errout, "words");
	*status = printed[0] == '!';
	return true;
}

/* ---- the target ---- */

static void
check_login(const struct kube_open *o)
{
	fuzz_holds(text_starts(o->server, "https://"), "%s", o->server);
	fuzz_holds(o->token != NULL || o->cert_pem != NULL, "no login");
	fuzz_holds((o->cert_pem == NULL) == (o->key_pem == NULL), "key");
	fuzz_holds(o->space == NULL || *o->space != '\0', "namespace");
}

static void
read_context(const char *text, const char *context)
{
	const struct kubeconfig_source from = { .text = text,
	    .context = context };
	struct kube_open o = { 0 };
	struct err e = { 0 };
	struct pool *p = pool_new();

	if (kubeconfig_read(p, &from, &o, &e)) {
		check_login(&o);
		fuzz_holds(kubeconfig_check(text, &e), "%s", e.text);
		if (o.renew != NULL && o.renew(o.source, &o, &e))
			check_login(&o);
	} else {
		fuzz_holds(e.text[0] != '\0', "an error without words");
		fuzz_holds(text_is_utf8(e.text, strlen(e.text)), "%s",
		    e.text);
	}
	pool_free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size > 0 ? memchr(data, '\0', size) : NULL;
	size_t n = nul != NULL ? (size_t)(nul - data) : size;
	struct pool *p = pool_new();
	const char *text = pool_strndup(p, (const char *)data, n);

	printed = nul != NULL ? (const char *)nul + 1 : "";
	printed_len = nul != NULL ? size - n - 1 : 0;
	read_context(text, NULL);
	read_context(text, "a");
	pool_free(p);
	return 0;
}
