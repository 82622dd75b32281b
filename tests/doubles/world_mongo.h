/*
 * world_mongo - one command to the sandbox's MongoDB server, as its
 * administrator; where the sandbox has none there is nothing to do.
 */
#ifndef WORLD_MONGO_H
#define WORLD_MONGO_H

#include <stdbool.h>

/* On database admin; false if the server refused it. */
bool world_mongo(const char *command);

#endif
