/*
 * updates - see updates.h.
 */
#include "tests/kit/updates.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/kit/kit.h"

#define SCHEMA "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"
#define PDNS "/usr/sbin/pdns_server"
#define KNOT "/usr/sbin/knotd"

enum { PORT = 5300 };

static const char *folder;	/* of the server that is being started */
static const char *folders[UPDATES_SERVERS];
static char net[32];		/* "127.105.3", by our process */
static pid_t running[UPDATES_SERVERS];

bool
updates_are_there(void)
{
	return access(PDNS, X_OK) == 0 && access(KNOT, X_OK) == 0;
}

const char *
updates_address(int server)
{
	return kit_text("%s.%d:%d", net, server + 1, PORT);
}

const char *
updates_token(int server, const char *key, const char *secret)
{
	return kit_text("hmac-sha%d:%s:%s", server == UPDATES_PDNS ? 256
	    : 512, key, secret);
}

static void
write_pdns(void)
{
	kit_write(kit_text("%s/pdns.conf", folder), kit_text("launch=gsqlite3"
	    "\ngsqlite3-database=%s/db\ngsqlite3-dnssec=yes\nlocal-address="
	    "%s.1\nlocal-port=%d\nsocket-dir=%s\nsecurity-poll-suffix=\n"
	    "dnsupdate=yes\nallow-dnsupdate-from=127.0.0.0/8\ndaemon=no\n"
	    "guardian=no\nwrite-pid=no\ndisable-syslog=yes\n"
	    "zone-cache-refresh-interval=0\ncache-ttl=0\nquery-cache-ttl=0\n"
	    "negquery-cache-ttl=0\n", folder, net, PORT, folder));
	kit_out("cd %s && exec 2>&1 && sqlite3 db <%s && u() { "
	    "pdnsutil --config-dir=. \"$@\"; } && "
	    "u create-zone example.test ns1.example.test && "
	    "u import-tsig-key upd hmac-sha256 %s && "
	    "u import-tsig-key reader hmac-sha256 %s && "
	    "u set-meta example.test TSIG-ALLOW-DNSUPDATE upd && "
	    "u add-record example.test a A 5 192.0.2.10 && "
	    "u add-record example.test a A 5 192.0.2.11 && "
	    "u add-record example.test b CNAME 5 LB.example.net.",
	    folder, SCHEMA, UPDATES_SECRET, UPDATES_SECRET);
}

static void
write_knot(void)
{
	kit_write(kit_text("%s/zone", folder), "example.test. 60 SOA ns1 "
	    "h 1 60 60 3600 5\nexample.test. 60 NS ns1\nns1 60 A 127.0.0.1\n"
	    "a 5 A 192.0.2.10\na 5 A 192.0.2.11\nb 5 CNAME LB.example.net.\n");
	kit_write(kit_text("%s/knot.conf", folder), kit_text("server:\n"
	    "    rundir: %s\n    listen: %s.2@%d\ndatabase:\n    storage: "
	    "%s/knot\nkey:\n  - id: upd\n    algorithm: hmac-sha512\n"
	    "    secret: %s\n  - id: reader\n    algorithm: hmac-sha512\n"
	    "    secret: %s\nacl:\n  - id: u\n    key: upd\n"
	    "    action: [update, transfer]\n  - id: r\n    key: reader\n"
	    "    action: transfer\nzone:\n  - domain: example.test\n"
	    "    file: %s/zone\n    storage: %s\n    acl: [u, r]\n"
	    "    zonefile-sync: -1\n    journal-content: none\n", folder, net,
	    PORT, folder, UPDATES_SECRET, UPDATES_SECRET, folder, folder));
	kit_out("mkdir -p %s/knot", folder);
}

void
updates_begin(int server)
{
	pid_t us = getpid();

	folders[server] = folder = kit_folder();
	snprintf(net, sizeof net, "127.%d.%d", 100 + us % 100,
	    us / 100 % 250);
	if (server == UPDATES_PDNS)
		write_pdns();
	else
		write_knot();
	running[server] = kit_beside(server == UPDATES_PDNS
	    ? kit_text("exec " PDNS " --config-dir=%s >%s/log 2>&1", folder,
		folder)
	    : kit_text("exec " KNOT " -c %s/knot.conf >%s/log 2>&1", folder,
		folder));
	kit_out("for i in $(seq 200); do dig +tcp +time=1 +tries=1 +short "
	    "@%s.%d -p %d a.example.test A 2>/dev/null | grep -q 192 && "
	    "exit 0; sleep 0.05; done; cat %s/log; exit 1", net, server + 1,
	    PORT, folder);
}

void
updates_end(int server)
{
	kit_end(&running[server]);
	kit_out("rm -rf %s", folders[server]);
}
