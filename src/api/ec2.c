/*
 * ec2 - see ec2.h.
 *
 * Rules are added and revoked one by one, so that nobody else's are touched;
 * several in one order would be refused together if one of them was there.
 */
#include "api/ec2.h"

#include <string.h>

#include "api/aws.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/xml.h"

static const char VERSION[] = "2016-11-15";

enum {
	SETTLE_SECONDS = 60,	/* until its answers show a change */
	LOOK_MS = 1000,
	MOST = 1000,		/* rules of a group, by its limits */
};

bool
ec2_check_group(const char *s, struct err *e)
{
	return (text_starts(s, "sg-") && s[3] != '\0'
	    && strspn(s + 3, "0123456789abcdef") == strlen(s + 3))
	    || err_set(e, ERR_INPUT, "%s is no id of a security group such "
		"as sg-0123456789abcdef0", s);
}

/* ---- looking ---- */

struct found {
	struct ec2_rule exact[MOST], wide[MOST];
	size_t nexact, nwide;
};

static bool
take_port(const struct xml *item, const char *name, long *out)
{
	const char *s = xml_value(item, name);
	struct err ignored;

	return s != NULL && text_number(s, -1, 65535, out, &ignored);
}

static const char *
source_of(struct pool *p, const struct xml *item)
{
	const char *v4 = xml_value(item, "cidrIpv4");
	const char *v6 = xml_value(item, "cidrIpv6");
	const char *list = xml_value(item, "prefixListId");
	const char *group = xml_value(xml_child(item,
	    "referencedGroupInfo"), "groupId");

	return v4 != NULL ? v4 : v6 != NULL ? v6 : group != NULL ? group
	    : pool_printf(p, "prefix list %s", list != NULL ? list : "?");
}

static void
take_rule(struct pool *p, const struct xml *item, long port, struct found *f)
{
	const char *protocol = xml_value(item, "ipProtocol");
	const char *words = xml_value(item, "description");
	struct ec2_rule r = { .description = words != NULL ? words : "" };
	long from, to;
	bool all = text_same(protocol, "-1");
	bool ports = take_port(item, "fromPort", &from)
	    && take_port(item, "toPort", &to);

	if (text_same(xml_value(item, "isEgress"), "true")
	    || (!all && (!text_same(protocol, "tcp") || !ports || from > port
	    || to < port)))
		return;
	r.source = source_of(p, item);
	if (!all && from == port && to == port && f->nexact < MOST)
		f->exact[f->nexact++] = r;
	else if (f->nwide < MOST)
		f->wide[f->nwide++] = r;
}

static bool
find_pages(struct aws *a, const char *group, long port, struct found *f,
    struct err *e)
{
	struct pool *p = aws_pool(a);
	const char *next = NULL, *code;
	const struct xml *x, *i;

	do {
		const char *const params[] = { "Filter.1.Name", "group-id",
		    "Filter.1.Value.1", group, next == NULL ? NULL
		    : "NextToken", next, NULL };
		const struct aws_query q = { .service = "ec2",
		    .version = VERSION, .params = params,
		    .action = "DescribeSecurityGroupRules",
		    .what = pool_printf(p, "AWS: rules of %s", group) };

		if (!aws_ask(a, &q, &x, &code, e))
			return false;
		for (i = xml_child(xml_child(x, "securityGroupRuleSet"),
		    "item"); i != NULL; i = xml_next(i))
			take_rule(p, i, port, f);
		next = xml_value(x, "nextToken");
	} while (!text_empty(next));
	return true;
}

bool
ec2_find_rules(struct aws *a, const char *group, long port,
    struct ec2_rules *out, struct err *e)
{
	struct found *f = pool_alloc(aws_pool(a), sizeof *f);
	struct ec2_rule *v;

	if (!find_pages(a, group, port, f, e))
		return false;
	v = pool_alloc(aws_pool(a), (f->nexact + f->nwide + 1) * sizeof *v);
	memcpy(v, f->exact, f->nexact * sizeof *v);
	memcpy(v + f->nexact, f->wide, f->nwide * sizeof *v);
	*out = (struct ec2_rules){ .v = v, .n = f->nexact + f->nwide };
	return true;
}

/* ---- changing ---- */

static bool
order(struct aws *a, const char *action, const char *group, long port,
    const struct ec2_rule *r, const char **code, struct err *e)
{
	struct pool *p = aws_pool(a);
	const char *at = pool_printf(p, "%ld", port);
	bool by_group = text_starts(r->source, "sg-");
	const char *where = by_group ? "IpPermissions.1.Groups.1."
	    : "IpPermissions.1.IpRanges.1.";
	const char *const params[] = { "GroupId", group,
	    "IpPermissions.1.IpProtocol", "tcp",
	    "IpPermissions.1.FromPort", at, "IpPermissions.1.ToPort", at,
	    pool_printf(p, "%s%s", where, by_group ? "GroupId" : "CidrIp"),
	    r->source, text_empty(r->description) ? NULL
	    : pool_printf(p, "%sDescription", where), r->description, NULL };
	const struct aws_query q = { .service = "ec2", .version = VERSION,
	    .action = action, .params = params,
	    .what = pool_printf(p, "AWS: %s of %s for %s port %ld",
		action, group, r->source, port) };
	const struct xml *x;

	return aws_ask(a, &q, &x, code, e);
}

static bool
await_rule(struct aws *a, const char *group, long port, const char *source,
    bool there, struct err *e)
{
	clock_ms deadline = clock_deadline(SETTLE_SECONDS);

	for (;;) {
		struct found *f = pool_alloc(aws_pool(a), sizeof *f);
		bool found = false;

		if (!find_pages(a, group, port, f, e))
			return false;
		for (size_t i = 0; i < f->nexact; i++)
			found = found || text_same(f->exact[i].source,
			    source);
		if (found == there)
			return true;
		if (!clock_pause_until(deadline, LOOK_MS))
			return err_set(e, ERR_TIMEOUT, "AWS: %s still says "
			    "that %s is %slet in after %d s", group, source,
			    there ? "not " : "", SETTLE_SECONDS);
	}
}

bool
ec2_add_rule(struct aws *a, const char *group, long port,
    const struct ec2_rule *r, struct err *e)
{
	struct err why = { 0 };
	const char *code;

	if (!order(a, "AuthorizeSecurityGroupIngress", group, port, r, &code,
	    &why) && !text_same(code, "InvalidPermission.Duplicate")) {
		*e = why;
		return false;
	}
	return await_rule(a, group, port, r->source, true, e);
}

bool
ec2_remove_rule(struct aws *a, const char *group, long port,
    const char *source, struct err *e)
{
	const struct ec2_rule r = { .source = source, .description = "" };
	struct err why = { 0 };
	const char *code;

	if (!order(a, "RevokeSecurityGroupIngress", group, port, &r, &code,
	    &why) && !text_same(code, "InvalidPermission.NotFound")) {
		*e = why;
		return false;
	}
	return await_rule(a, group, port, source, false, e);
}
