/*
 * world_fixture - replies' bodies from models in fixtures/.
 *
 * A model is JSON with ${NAME} in its strings. The words are a flat object
 * {"NAME": "text"}; a name that it lacks aborts, for then the fixture and
 * the program disagree.
 */
#ifndef WORLD_FIXTURE_H
#define WORLD_FIXTURE_H

struct cJSON;

void fixture_init(const char *source);
struct cJSON *fixture(const char *name, const struct cJSON *words);

#endif
