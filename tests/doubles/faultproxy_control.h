/*
 * faultproxy_control - the port through which faults are switched.
 *
 *   POST /fault {"fault": "reset-after", "method": "POST",
 *                "path": "/dispatches", "nth": 2}
 *   GET /fault, GET /log; DELETE /fault forgets the faults,
 *   POST /clear the log and the counting as well
 */
#ifndef DOUBLES_FAULTPROXY_CONTROL_H
#define DOUBLES_FAULTPROXY_CONTROL_H

#include <netinet/in.h>
#include <stdbool.h>

/*
 * Serve it, in a thread of its own, until the process ends. After each
 * change of the rules, and before that is answered, apply is called.
 */
bool
control_start(const struct sockaddr_in *at, void (*apply)(void));

#endif
