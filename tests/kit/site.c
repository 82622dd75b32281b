/*
 * site - see site.h.
 */
#include "tests/kit/site.h"

#include "tests/kit/kit.h"

/* ---- name servers ---- */

static const char *
zone_url(void)
{
	return kit_text("%s/api/v1/servers/localhost/zones/%s.",
	    kit_env("SB_PDNS_API"), kit_env("SB_ZONE"));
}

void
site_patch(const char *sets)
{
	kit_out("curl -fsS -X PATCH -H 'X-API-Key: %s' -d '{\"rrsets\":[%s]}'"
	    " %s && curl -fsS -X PUT -H 'X-API-Key: %s' %s/notify",
	    kit_env("SB_PDNS_KEY"), sets, zone_url(), kit_env("SB_PDNS_KEY"),
	    zone_url());
}

const char *
site_set(const char *name, const char *type, int ttl, const char *content)
{
	return kit_text("{\"name\":\"%s.\",\"type\":\"%s\",\"ttl\":%d,"
	    "\"changetype\":\"REPLACE\",\"records\":[{\"content\":\"%s\","
	    "\"disabled\":false}]}", name, type, ttl, content);
}

const char *
site_no_set(const char *name, const char *type)
{
	return kit_text("{\"name\":\"%s.\",\"type\":\"%s\","
	    "\"changetype\":\"DELETE\"}", name, type);
}

void
site_settle(void)
{
	const char *zone = kit_env("SB_ZONE");

	kit_out("for i in $(seq 100); do [ \"$(dig +short @%s %s SOA)\" = "
	    "\"$(dig +short @%s %s SOA)\" ] && exit 0; sleep 0.1; done; "
	    "echo the name servers differ; exit 1", kit_env("SB_PDNS_ADDR"),
	    zone, kit_env("SB_NSD_ADDR"), zone);
}

void
site_reset_zone(int ttl)
{
	const char *lms = kit_env("SB_LMS_HOST"),
	    *cms = kit_env("SB_CMS_HOST"), *mfe = kit_env("SB_MFE_HOST"),
	    *old = kit_env("SB_OLD_ADDR"), *lms_dot = kit_text("%s.", lms);

	site_patch(kit_text("%s,%s,%s,%s,%s,%s", site_no_set(cms, "AAAA"),
	    site_no_set(mfe, "A"), site_set(lms, "A", ttl, old),
	    site_set(cms, "A", ttl, old),
	    site_set(mfe, "CNAME", ttl, lms_dot),
	    site_set(kit_env("SB_PREVIEW_HOST"), "CNAME", ttl, lms_dot)));
	site_settle();
}

const char *
site_serial(void)
{
	return kit_out("dig +short @%s %s SOA | cut -d' ' -f3",
	    kit_env("SB_PDNS_ADDR"), kit_env("SB_ZONE"));
}

/* ---- the new side ---- */

static const char *
deployed(void)
{
	return kit_text("%s/deployed/new", kit_env("SB_STATE"));
}

void
site_config(const char *name, const char *file)
{
	kit_out("mkdir -p %s/st_%s && cp %s %s/st_%s/config.yml", deployed(),
	    name, file, deployed(), name);
}

void
site_deploy(const char *name)
{
	kit_out("cd %s && ln -sfn st_%s current.st && "
	    "mv -T current.st current", deployed(), name);
}

/* What Argo CD still has to do for an earlier program may come over it. */
void
site_serve(const char *hosts, bool own)
{
	kit_out("cd %s && printf '%%s\\n' %s | sed '/^$/d' >hosts.want && "
	    "for i in $(seq 300); do cmp -s hosts.want hosts || "
	    "{ cp hosts.want hosts.new && mv hosts.new hosts; }; "
	    "sed 's/ .*//' %s/ingress/new/served | cmp -s - hosts.want && "
	    "! { %s grep -q ' fake$' %s/ingress/new/served; } && exit 0; "
	    "sleep 0.1; done; echo the new ingress serves other hosts:; "
	    "cat %s/ingress/new/served; exit 1", deployed(), hosts,
	    kit_env("SB_STATE"), own ? "" : "false &&", kit_env("SB_STATE"),
	    kit_env("SB_STATE"));
}

void
site_clear(void)
{
	kit_out("cd %s && rm -rf current st_*", deployed());
	site_serve("", 0);
}

/* ---- the cluster repository ---- */

const char *
site_repository(void)
{
	const char *folder = kit_folder();

	kit_out("cd %s && git clone -q --bare %s/git/%s.git bare.git && "
	    "git clone -q bare.git work 2>/dev/null", folder,
	    kit_env("SB_STATE"), kit_env("SB_REPO"));
	return folder;
}

void
site_forget(const char *folder)
{
	kit_out("cd %s && git -C bare.git update-ref refs/heads/main $(git -C "
	    "bare.git rev-list --max-parents=0 main) && rm -rf work && "
	    "git clone -q bare.git work 2>/dev/null", folder);
}
