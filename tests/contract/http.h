/*
 * http - one HTTP request at a time, for the contract suites.
 *
 * Not the product's HTTP module: what judges must not share the mistakes of
 * what is judged.
 */
#ifndef TESTS_CONTRACT_HTTP_H
#define TESTS_CONTRACT_HTTP_H

#include <stdbool.h>

struct cJSON;

/* A server and who we are there. */
struct server {
	const char *url;	/* https://host[:port] */
	const char *token;	/* Bearer; NULL: none is sent */
	const char *ca;		/* file of certificates */
	const char *address;	/* instead of DNS; NULL: DNS */
	bool nameless;		/* no DNS knows its name */
	const char *agent;	/* User-Agent; NULL: none is sent */
};

struct answer {
	long status;
	char *type;		/* Content-Type, never NULL */
	char *headers, *body;	/* as sent, never NULL */
	struct cJSON *json;	/* the body, or NULL if it is not JSON */
};

/*
 * Send a request. A type of NULL sends no Content-Type; headers are further
 * "Name: value" lines with newlines between them, or NULL. The running test
 * fails if there is no answer.
 */
struct answer web_send(const struct server *s, const char *method,
    const char *path, const char *headers, const char *type,
    const char *body);

/* GET of a path. */
struct answer web_get(const struct server *s, const char *path);
void web_free(struct answer *a);

/* The text or number at a path of names with '/' between ("a/0/b" takes
 * the first of an array), NULL or -1 if there is none. */
const char *answer_str(const struct answer *a, const char *path);
double answer_num(const struct answer *a, const char *path);
bool answer_has(const struct answer *a, const char *path);

void nap(double seconds);

/* ---- a server of one's own ---------------------------------------------- */

/* Run a script that starts one in a fresh folder build/tmp/<name>.*, which it
 * is given; it prints the server's pid and writes variables to the folder's
 * file env, which are put into our environment. Outside of any test. */
bool own_start(const char *script, const char *name, int *pid);

/* ---- a world double of one's own ---------------------------------------- */

/*
 * Start one in a fresh folder (world-up), its variables put into our
 * environment; it ends with this program. False if it can't be started.
 */
bool own_world_up(void);

/* Its servers: "GITHUB", "DIGITALOCEAN", "CLOUDFLARE", "ROUTE53", "ATLAS",
 * "ARGOCD", "KUBE_OLD", "KUBE_NEW";
 * and its control, "WORLD". Strings live as long as the program. */
struct server own_world_server(const char *which);

/* The server's own words for the product's modules: its URL, by address where
 * no DNS knows it; and its roots as PEM. */
const char *server_url(const struct server *s);
const char *server_roots(const struct server *s);

/* Turn knobs ("{\"run.seconds\":1}"), or put all as at the start. */
void own_world_set(const char *json);
void own_world_reset(void);

/* Is what tests/contract/judge needs there already? */
bool judge_ready(void);
/* And what tests/contract/route53-model needs? It gets it if it can. */
bool model_ready(void);

#endif
