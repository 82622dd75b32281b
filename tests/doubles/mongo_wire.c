/*
 * mongo_wire - MongoDB's messages on a socket.
 */
#include "mongo_wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mongo_base.h"

enum {
	HEADER_LEN = 16,
	OP_REPLY = 1,
	OP_QUERY = 2004,
	OP_MSG = 2013,
	FLAG_CHECKSUM = 1 << 0,
	FLAG_MORE_TO_COME = 1 << 1,
	FLAGS_MUST_KNOW = 0xffff,
	REPLY_AWAIT_CAPABLE = 8
};

/* What is left to read of a message. */
struct cut {
	const uint8_t *p;
	size_t n;
};

static int32_t
get_le32(const uint8_t *p)
{
	uint32_t u = (uint32_t)p[0] | (uint32_t)p[1] << 8
	    | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;

	return (int32_t)u;
}

static void
put_le32(uint8_t *p, int32_t v)
{
	uint32_t u = (uint32_t)v;

	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(u >> (8 * i));
}

static bool
read_full(int fd, uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t got = recv(fd, p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static bool
write_full(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t put = send(fd, p, n, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		p += put;
		n -= (size_t)put;
	}
	return true;
}

static bool
cut_int32(struct cut *c, int32_t *v)
{
	if (c->n < 4)
		return false;
	*v = get_le32(c->p);
	c->p += 4;
	c->n -= 4;
	return true;
}

static bool
cut_cstring(struct cut *c, const char **s)
{
	const uint8_t *end = memchr(c->p, '\0', c->n);

	if (end == NULL)
		return false;
	*s = (const char *)c->p;
	c->n -= (size_t)(end - c->p) + 1;
	c->p = end + 1;
	return true;
}

/* A document in place; it borrows the message's memory. */
static bool
cut_doc(struct cut *c, bson_t *doc)
{
	int32_t len;

	if (c->n < 5)
		return false;
	len = get_le32(c->p);
	if (len < 5 || (size_t)len > c->n
	    || !bson_init_static(doc, c->p, (size_t)len)
	    || !bson_validate(doc, BSON_VALIDATE_NONE, NULL))
		return false;
	c->p += len;
	c->n -= (size_t)len;
	return true;
}

/* A document sequence, which becomes an array in the body. */
static bool
read_sequence(struct cut *c, bson_t *body)
{
	struct cut seq;
	int32_t len, i = 0;
	const char *name;
	bson_t list, doc;
	bool ok = true;
	char key[16];

	if (c->n < 4)
		return false;
	len = get_le32(c->p);
	if (len < 5 || (size_t)len > c->n)
		return false;
	seq = (struct cut){ .p = c->p + 4, .n = (size_t)len - 4 };
	c->p += len;
	c->n -= (size_t)len;
	if (!cut_cstring(&seq, &name) || bson_has_field(body, name))
		return false;
	bson_append_array_begin(body, name, -1, &list);
	while (ok && seq.n > 0) {
		ok = cut_doc(&seq, &doc);
		if (!ok)
			break;
		(void)snprintf(key, sizeof(key), "%d", i++);
		bson_append_document(&list, key, -1, &doc);
	}
	bson_append_array_end(body, &list);
	return ok;
}

/* The one section of kind 0, wherever it stands. */
static bool
read_body(struct cut c, bson_t *body)
{
	bson_t doc;

	while (c.n > 0) {
		uint8_t kind = *c.p;
		int32_t len;

		c.p++;
		c.n--;
		if (kind == 0) {
			if (!cut_doc(&c, &doc))
				return false;
			bson_copy_to(&doc, body);
			return true;
		}
		if (c.n < 4)
			return false;
		len = get_le32(c.p);
		if (kind != 1 || len < 5 || (size_t)len > c.n)
			return false;
		c.p += len;
		c.n -= (size_t)len;
	}
	return false;
}

static bool
parse_msg(struct cut c, struct message *m)
{
	int32_t flags;
	bson_t body, skip;
	bool ok = true;

	if (!cut_int32(&c, &flags)
	    || (flags & FLAGS_MUST_KNOW & ~(FLAG_CHECKSUM
	    | FLAG_MORE_TO_COME)) != 0)
		return false;
	m->no_reply = (flags & FLAG_MORE_TO_COME) != 0;
	if ((flags & FLAG_CHECKSUM) != 0) {
		if (c.n < 4)
			return false;
		c.n -= 4;
	}
	if (!read_body(c, &body))
		return false;
	while (ok && c.n > 0) {
		uint8_t kind = *c.p;

		c.p++;
		c.n--;
		ok = kind == 0 ? cut_doc(&c, &skip)
		    : kind == 1 && read_sequence(&c, &body);
	}
	m->body = bson_copy(&body);
	bson_destroy(&body);
	return ok;
}

/* Only commands: a query of the collection "$cmd". */
static bool
parse_query(struct cut c, struct message *m)
{
	int32_t flags, skip, want;
	const char *ns;
	size_t len;
	bson_t doc;

	if (!cut_int32(&c, &flags) || !cut_cstring(&c, &ns)
	    || !cut_int32(&c, &skip) || !cut_int32(&c, &want)
	    || !cut_doc(&c, &doc))
		return false;
	len = strlen(ns);
	if (len < 6 || strcmp(ns + len - 5, ".$cmd") != 0
	    || len - 5 >= sizeof(m->db))
		return false;
	memcpy(m->db, ns, len - 5);
	m->db[len - 5] = '\0';
	m->legacy = true;
	m->body = bson_copy(&doc);
	return true;
}

bool
wire_read(int fd, struct message *m)
{
	uint8_t head[HEADER_LEN];
	uint8_t *rest;
	int32_t len, op;
	struct cut c;
	bool ok;

	*m = (struct message){ 0 };
	if (!read_full(fd, head, sizeof(head)))
		return false;
	/* A TLS handshake; mongod without TLS hangs up on it, too. */
	if (head[0] == 0x16 && head[1] == 0x03)
		return false;
	len = get_le32(head);
	op = get_le32(head + 12);
	m->id = get_le32(head + 4);
	if (len <= HEADER_LEN || len > WIRE_MESSAGE_MAX)
		return false;
	rest = mem_new((size_t)len - HEADER_LEN);
	c = (struct cut){ .p = rest, .n = (size_t)len - HEADER_LEN };
	ok = read_full(fd, rest, c.n)
	    && (op == OP_MSG ? parse_msg(c, m)
	    : op == OP_QUERY && parse_query(c, m));
	free(rest);
	if (!ok)
		message_free(m);
	return ok;
}

void
message_free(struct message *m)
{
	if (m->body != NULL)
		bson_destroy(m->body);
	m->body = NULL;
}

bool
wire_reply(int fd, const struct message *m, const bson_t *reply)
{
	/* OP_REPLY: flags, cursor id, start, count. OP_MSG: flags, kind. */
	size_t head = HEADER_LEN + (m->legacy ? 20 : 5);
	size_t len = head + reply->len;
	uint8_t *out = mem_new(len);
	bool ok;

	put_le32(out, (int32_t)len);
	put_le32(out + 4, m->id ^ 0x40000000);
	put_le32(out + 8, m->id);
	put_le32(out + 12, m->legacy ? OP_REPLY : OP_MSG);
	if (m->legacy) {
		put_le32(out + HEADER_LEN, REPLY_AWAIT_CAPABLE);
		put_le32(out + HEADER_LEN + 16, 1);
	}
	memcpy(out + head, bson_get_data(reply), reply->len);
	ok = write_full(fd, out, len);
	free(out);
	return ok;
}
