/*
 * digitalocean - a double of DigitalOcean's API: logins for the clusters.
 */
#ifndef DIGITALOCEAN_H
#define DIGITALOCEAN_H

struct service;

/* ca: file with the authority of both clusters' certificates. traffic: file
 * for the record. */
void digitalocean_init(const char *token, const char *ca,
    const char *traffic);
void digitalocean_reset(void);
void digitalocean_service(struct service *s);

#endif
