/*
 * probe_cause - what a cause that the script found means for a person, and
 * what helps.
 */
#include "site/probe_own.h"

#include <stddef.h>

#include "base/text.h"
#include "site/probe.h"

/* The first row that fits counts. */
static const struct row {
	const char *cause, *kind;	/* NULL: any */
	enum probe_verdict verdict;
	const char *why, *remedy;
} rows[] = {
	{ "", NULL, PROBE_PASS, NULL, NULL },
	{ "dns", NULL, PROBE_FAIL, "the new cluster does not know its name",
	  "a name such as private-* is known within the old VPC only: use the "
	  "server's public name, or peer the networks and their DNS" },
	{ "vpc", NULL, PROBE_FAIL, "its address is one that only the old VPC "
	  "reaches", "peer the networks, or use the server's public name" },
	{ "mail-port", NULL, PROBE_FAIL, "the way out to this mail port is "
	  "blocked", "cloud companies block 25, 465 and 587: have them open "
	  "it for the new cluster, or use another port of the mail server, "
	  "such as 2525" },
	{ "timeout", "s3", PROBE_FAIL, "no answer", "look at the new "
	  "cluster's ways out (NetworkPolicy, proxy, firewall)" },
	{ "timeout", NULL, PROBE_FAIL, "no answer: a firewall before it does "
	  "not let the new cluster in", "add the addresses that the new "
	  "cluster goes out by (trusted sources, access list or security "
	  "group)" },
	{ "closed", NULL, PROBE_LATER, "no answer: a firewall before it does "
	  "not let the new cluster in", "a real run lets it in first, where "
	  "the plan says how (allow-db-access)" },
	{ "refused", NULL, PROBE_FAIL, "nothing listens there",
	  "look whether host and port are right, and the server runs" },
	{ "unreachable", NULL, PROBE_FAIL, "there is no way to its address",
	  "peer the networks, or use an address that is reached from "
	  "everywhere" },
	{ "login", "s3", PROBE_FAIL, "the access key is refused", "look "
	  "whether the key still exists, and the old site still uploads" },
	{ "login", "mysql", PROBE_FAIL, "the login is refused", "look "
	  "whether the account is for the old side's addresses only "
	  "('user'@'10.%'), and the old site still runs with this password" },
	{ "login", NULL, PROBE_FAIL, "the login is refused", "look whether "
	  "the old site still runs with this user and password" },
	{ "host", NULL, PROBE_FAIL, "the server lets nobody in from the new "
	  "cluster's address", "make the account for these addresses as well, "
	  "or FLUSH HOSTS where too many errors blocked them" },
	{ "rights", NULL, PROBE_FAIL, "the user may not read this database",
	  "grant it what it had" },
	{ "database", NULL, PROBE_FAIL, "there is no such database",
	  "look whether the settings are of the server that the old site "
	  "uses" },
	{ "full", "s3", PROBE_FAIL, "it wants fewer requests", "try again "
	  "later" },
	{ "full", NULL, PROBE_FAIL, "it has no connection left",
	  "raise max_connections or take a larger server" },
	{ "room", NULL, PROBE_FAIL, "it has no room for the new side's "
	  "connections", "raise its limit of connections, take a larger "
	  "server, or run fewer workers until the old side is at 0" },
	{ "ca-file", NULL, PROBE_FAIL, "the settings name a file that the "
	  "new image does not have", "put it into the image at the same "
	  "place" },
	{ "ca", NULL, PROBE_FAIL, "the pod does not know who vouches for its "
	  "certificate", "put the certificate authority into the image, and "
	  "name it in the settings as the old side does" },
	{ "name", NULL, PROBE_FAIL, "its certificate is for another name",
	  "use the name in the certificate" },
	{ "tls-needed", "mongodb", PROBE_FAIL, "it hangs up: it may take TLS "
	  "only", "look at MONGODB_USE_SSL" },
	{ "tls-needed", NULL, PROBE_FAIL, "it takes logins over TLS only",
	  "give DATABASES.default.OPTIONS an ssl, as the old side has" },
	{ "tls", NULL, PROBE_FAIL, "TLS fails", "look whether it speaks TLS "
	  "on this port, and which versions" },
	{ "plugin", NULL, PROBE_FAIL, "the image's client can't log in in the "
	  "way that the account wants", "change the account's authentication "
	  "plugin" },
	{ "options", NULL, PROBE_FAIL, "the image's client does not take "
	  "these settings", "look which of them it refuses" },
	{ "members", NULL, PROBE_FAIL, "it answers, but names members of its "
	  "replica set that the pod can't reach", "use names that are known "
	  "everywhere, or peer the networks" },
	{ "srv", NULL, PROBE_UNKNOWN, "the image lacks dnspython, without "
	  "which the platform can't look up mongodb+srv", "add dnspython to "
	  "OPENEDX_EXTRA_PIP_REQUIREMENTS" },
	{ "bucket", NULL, PROBE_FAIL, "there is no such bucket", "look at "
	  "its name and the endpoint" },
	{ "region", NULL, PROBE_FAIL, "the bucket is in another region",
	  "look at S3_REGION and the endpoint" },
	{ "clock", NULL, PROBE_FAIL, "the pod's clock is wrong", "set the "
	  "node's clock" },
	{ "policy", NULL, PROBE_FAIL, "a policy of the bucket, or the key's "
	  "own rights, forbid it", "look for conditions on a VPC or on "
	  "addresses in the bucket's policy" },
	{ "acl", NULL, PROBE_FAIL, "the bucket takes no ACL", "set "
	  "S3_DEFAULT_ACL to null" },
	{ "taken", NULL, PROBE_FAIL, "an object of another program has the "
	  "probe's name", "move it away" },
	{ "differs", NULL, PROBE_FAIL, "what was put there came back "
	  "different", "look who else writes there" },
	{ "offer", NULL, PROBE_FAIL, "the mail server does not offer what "
	  "the settings want", "look at SMTP_USE_TLS, SMTP_USE_SSL and the "
	  "port" },
	{ "silent", NULL, PROBE_FAIL, "it took the connection and then said "
	  "nothing", "look whether it speaks TLS on this port, and whether a "
	  "proxy is between" },
	{ "cut", NULL, PROBE_FAIL, "it cut the connection", "look at its "
	  "own log: it may let this address in, but no further" },
	{ "limit", NULL, PROBE_FAIL, "the time was over", "look at the "
	  "stage that it hung in; or give more time" },
	{ "client", NULL, PROBE_UNKNOWN, "the image has no client for it",
	  "add the client to the image, or try it by hand" },
	{ "listing", NULL, PROBE_LATER, "it may not be listed, and without "
	  "writing nothing else is known", "a real run puts, gets and "
	  "deletes an object" },
	{ "unread", NULL, PROBE_UNKNOWN, "its settings can't be read",
	  "try it by hand in a new pod" },
	{ NULL, NULL, PROBE_FAIL, "it does not work", NULL },
};

void
probe_explain(struct probe *p, const char *cause, long port, bool dry)
{
	const struct row *r = rows;

	if (dry && text_same(cause, "timeout")
	    && (text_same(p->kind, "mysql") || text_same(p->kind, "mongodb")))
		cause = "closed";
	if (text_same(cause, "timeout") && text_same(p->kind, "smtp")
	    && (port == 25 || port == 465 || port == 587))
		cause = "mail-port";
	while (r->cause != NULL && !(text_same(r->cause, cause)
	    && (r->kind == NULL || text_same(r->kind, p->kind))))
		r++;
	p->verdict = r->verdict;
	p->why = r->why;
	p->remedy = r->remedy;
}
