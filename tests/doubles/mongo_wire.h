/*
 * mongo_wire - MongoDB's messages on a socket: OP_MSG both ways, and the
 * OP_QUERY that drivers still begin with, answered by OP_REPLY.
 */
#ifndef DOUBLES_MONGO_WIRE_H
#define DOUBLES_MONGO_WIRE_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

enum { WIRE_MESSAGE_MAX = 48000000, WIRE_DOC_MAX = 16 * 1024 * 1024 };

struct message {
	int32_t id;		/* to be echoed in the reply */
	bool legacy;		/* OP_QUERY; else OP_MSG */
	bool no_reply;		/* the sender wants none */
	char db[128];		/* legacy: from the namespace */
	bson_t *body;		/* with the document sequences as arrays */
};

/*
 * Read one message. False: the peer has gone, or what it sent is no message
 * of MongoDB's; the connection is then of no more use.
 */
bool
wire_read(int fd, struct message *m);

void
message_free(struct message *m);

/* Write the answer to a message. */
bool
wire_reply(int fd, const struct message *m, const bson_t *reply);

#endif
