/*
 * world_apply - what `kubectl apply -f application.yml` is in this world.
 *
 * The Application goes to the double of Argo CD; or, where the environment's
 * SB_APPLY names a program, that is called with the file: then Argo CD and
 * Kubernetes are real (tests/sandbox/full), and their doubles do not serve.
 */
#ifndef WORLD_APPLY_H
#define WORLD_APPLY_H

#include <stdbool.h>

bool world_is_full(void);

/* Apply the Application of a YAML file. Takes the world's lock itself, for
 * the double's sake, if `lock`. */
bool application_apply(const char *path, bool lock);

#endif
