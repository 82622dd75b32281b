/*
 * discover - find out what a plan needs to know, and put it into a draft.
 *
 * Each looks in one place and adds what it finds. What can't be asked is a
 * warning: a plan with gaps that say how to fill them is better than none.
 */
#ifndef SITE_DISCOVER_H
#define SITE_DISCOVER_H

struct draft;
struct kube;
struct yaml;

/* What the running Deployments mount: hosts, databases, the release. */
void discover_cluster(struct draft *, struct kube *);
/* Grove's config.yml: the same, and the platform's version. */
void discover_config(struct draft *, const struct yaml *);
/* Of the hosts found so far: zone, company, the LMS's address; the address
 * of new_host (NULL: unknown) is the new one. */
void discover_dns(struct draft *, const char *new_host);
/* The workflows in the checkout. */
void discover_workflows(struct draft *);

#endif
