/*
 * names - see names.h.
 */
#include "tests/kit/names.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/kit/kit.h"
#include "tests/kit/site.h"

const char *lms, *cms, *mfe, *old_ip, *new_ip, *names_folder;
const char *names_vars[NAMES_VARS];
int names_low;
static pid_t proxy, helper;

void
names_var(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	ck_assert_int_ge(vasprintf(&text, fmt, ap), 0);
	va_end(ap);
	kit_add(names_vars, NAMES_VARS, text);
}

const char *
names_say(const char *server, const char *name, const char *type)
{
	return kit_out("dig +noall +answer +norecurse @%s %s %s | "
	    "awk '{print $2, $NF}' | sort", server, name, type);
}

/* What the new side may run: "good", and "sick" with a wrong password. */
static void
make_configs(void)
{
	const char *good = kit_text("%s/deployed/old/config.yml",
	    kit_env("SB_STATE"));
	const char *sick = kit_text("%s/sick.yml", names_folder);

	kit_out("sed 's/^OPENEDX_MYSQL_PASSWORD:.*/OPENEDX_MYSQL_PASSWORD: "
	    "no/' %s >%s", good, sick);
	site_config("good", good);
	site_config("sick", sick);
}

void
names_serve(bool final)
{
	site_serve(final ? kit_text("%s %s %s %s", lms, cms, mfe,
	    kit_env("SB_PREVIEW_HOST")) : "", false);
}

const char *
names_second(const char *signal)
{
	return kit_text("read -r p at <%s/run/nsd.pid && for q in $p $(cat "
	    "/proc/$p/task/$p/children); do [ -z \"$(cat "
	    "/proc/$q/task/$q/children)\" ] || kill -%s $q; done",
	    kit_env("SB_STATE"), signal);
}

void
names_begin(void)
{
	proxy = helper = 0;
	names_low = 2;
	memset(names_vars, 0, sizeof names_vars);
	lms = kit_env("SB_LMS_HOST");
	cms = kit_env("SB_CMS_HOST");
	mfe = kit_env("SB_MFE_HOST");
	old_ip = kit_env("SB_OLD_ADDR");
	new_ip = kit_env("SB_NEW_ADDR");
	kit_out("%s", names_second("CONT"));	/* a test may have failed */
	/* Nor may it leave what resolvers keep for long */
	kit_out("unbound-control -q -c %s/dns/unbound/conf flush_zone %s",
	    kit_env("SB_STATE"), kit_env("SB_ZONE"));
	names_folder = site_repository();
	names_var("instance-name=%s", kit_env("SB_INSTANCE"));
	names_var("workspace=%s/work", names_folder);
	names_var("dns-token=%s", kit_env("SB_PDNS_KEY"));
	names_var("dry-run=false");
	names_var("timeout=60");
	if (kit_env("SB_DNS_SERVERS")[0] != '\0')
		names_var("dns-servers=%s", kit_env("SB_DNS_SERVERS"));
	if (kit_env("SB_CA_FILE")[0] != '\0')
		names_var("ca-file=%s", kit_env("SB_CA_FILE"));
	make_configs();
	site_deploy("good");
}

void
names_close(void)
{
	kit_end(&proxy);
	kit_end(&helper);
	site_reset_zone(5);
	site_clear();
}

void
names_help(const char *command)
{
	helper = kit_beside(command);
}

void
names_help_no_more(void)
{
	kit_end(&helper);
}

static const char *
proxy_at(void)
{
	return kit_text("%s.153:8081", kit_env("SB_NET"));
}

const char *
names_control(void)
{
	return kit_text("%s.153:8099", kit_env("SB_NET"));
}

void
names_use_proxy(void)
{
	const char *upstream = strstr(kit_env("SB_PDNS_API"), "://") + 3;

	proxy = kit_beside(kit_text("exec %s/faultproxy %s %s --control %s",
	    kit_env("SB_DOUBLES"), proxy_at(), upstream, names_control()));
	kit_out("for i in $(seq 100); do curl -fs http://%s/fault >/dev/null "
	    "&& exit 0; sleep 0.05; done; exit 1", names_control());
	names_var("dns-server=http://%s", proxy_at());
}

void
names_fault(const char *json)
{
	kit_out("curl -fsS -X POST http://%s/clear >/dev/null",
	    names_control());
	if (json != NULL)
		kit_out("curl -fsS -X POST -d '%s' http://%s/fault >/dev/null",
		    json, names_control());
}

int
names_requests(void)
{
	return (int)strtol(kit_out("curl -fsS http://%s/log | jq "
	    "'.requests | length'", names_control()), NULL, 10);
}

void
names_check_secrets(const struct kit_run *r)
{
	kit_lacks(r->out, kit_env("SB_PDNS_KEY"));
	kit_lacks(r->outputs, kit_env("SB_PDNS_KEY"));
	kit_lacks(r->summary, kit_env("SB_PDNS_KEY"));
}

struct kit_run
names_run(const char *step, int status, const char *word)
{
	struct kit_run r = kit_step(step, names_vars);

	names_check_secrets(&r);
	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	ck_assert_str_eq(kit_output(&r, "status"), word);
	return r;
}

void
names_just_run(const char *step, int status, const char *word)
{
	struct kit_run r = names_run(step, status, word);

	kit_run_free(&r);
}

const char *
names_record(const char *query)
{
	return kit_out("git -C %s/bare.git show "
	    "main:migrations/%s/record/dns.json | jq -r '%s'", names_folder,
	    kit_env("SB_INSTANCE"), query);
}

const char *
names_commits(void)
{
	return kit_out("git -C %s/bare.git rev-list --count main",
	    names_folder);
}

void
names_expect(const char *name, const char *type, const char *answer)
{
	static const char *const servers[] = { "SB_PDNS_ADDR", "SB_NSD_ADDR" };

	for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++)
		ck_assert_str_eq(names_say(kit_env(servers[i]), name, type),
		    answer);
}

const char *
names_answer(int ttl, const char *value)
{
	return kit_text("%d %s", ttl, value);
}

void
names_expect_new(void)
{
	names_expect(lms, "A", names_answer(names_low, new_ip));
	names_expect(cms, "A", names_answer(names_low, new_ip));
	names_expect(mfe, "CNAME", kit_text("%d %s.", names_low,
	    lms));
	kit_out("for h in %s %s %s; do curl -fsS -o /dev/null --cacert %s "
	    "--resolve $h:443:%s https://$h/ || exit 1; done", lms, cms, mfe,
	    kit_env("SB_CA_BUNDLE"), new_ip);
}

void
names_expect_old(void)
{
	names_expect(lms, "A", names_answer(names_low, old_ip));
	names_expect(cms, "A", names_answer(names_low, old_ip));
}

void
names_hurry(void)
{
	names_low = 1;
	site_reset_zone(1);
	names_var("low-ttl=1");
	names_just_run("set-dns-ttl", 0, "unchanged");
	names_serve(true);
	names_var("wait=true");
	names_var("good=1");
}
