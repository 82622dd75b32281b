/*
 * world_record - what was asked and answered, one JSON object a line, for
 * tests/contract/judge.
 */
#ifndef WORLD_RECORD_H
#define WORLD_RECORD_H

struct request;
struct reply;

/* Append both to the file, without the login; leave_out: words, members of
 * the reply that are secret, or NULL. */
void record(const char *file, const struct request *r, const struct reply *p,
    const char *leave_out);

#endif
