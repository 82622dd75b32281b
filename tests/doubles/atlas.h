/*
 * atlas - a double of MongoDB Atlas' administration API: one project with
 * its access list, its database users and its custom roles.
 */
#ifndef ATLAS_H
#define ATLAS_H

struct service;

/* traffic: file for the record. */
void atlas_init(const char *traffic);
void atlas_reset(void);
void atlas_service(struct service *s);

#endif
