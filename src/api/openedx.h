/*
 * openedx - ask the platform itself, by manage.py in one of its own running
 * pods. What it says is what it runs with; how its files came to that needs
 * no reading.
 */
#ifndef API_OPENEDX_H
#define API_OPENEDX_H

#include <stdbool.h>

#include "base/err.h"

struct buf;
struct json;
struct kube;

/*
 * The Django settings with these names ("DATABASES,SECRET_KEY") of a side
 * ("lms" or "cms"), as one object; a name that nothing sets is left out. The
 * pod is one that mounts this ConfigMap as settings-<side>. What all module
 * stores have as DOC_STORE_CONFIG is the same member of the object `stores`.
 * Secrets are among them. Free with json_free.
 *
 * Kinds as kube.h; ERR_HAND: no such pod runs, or the stores differ.
 */
struct json *openedx_find_settings(struct kube *, const char *side,
    const char *configmap, const char *names, const char *stores,
    struct err *) MUST_CHECK;

/*
 * Append the migrations that the database of a side ("lms" or "cms") lacks,
 * as "app.name", one a line, in the order in which they would be applied. The
 * newest pod that is ready is asked, by `migrate --check --plan`: --check
 * alone sends the signals of a migration when there is none, up to Django
 * 4.1, and so writes into the database; with --plan nothing does.
 *
 * Kinds as kube.h; ERR_HAND: no pod is ready, or Django could not tell.
 */
bool openedx_find_unapplied(struct kube *, const char *side,
    struct buf *names, struct err *) MUST_CHECK;

/*
 * Let python3 of the newest ready pod of a side run a program of ours, which
 * is not the platform's code and ends after so many seconds by itself. It has
 * `given`, an object, in its globals, and in that a mark to print its answer
 * between: one JSON document, which is returned; free with json_free. Program
 * and object go by stdin, and may be secret.
 *
 * Kinds as kube.h; ERR_HAND: no pod is ready, or it printed no answer.
 */
struct json *openedx_run(struct kube *, const char *side,
    const char *program, struct json *given, long seconds, struct err *)
    MUST_CHECK;

#endif
