/* mongo_bson - see mongo_bson.h. */
#include "db/mongo_bson.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"

enum {
	LENGTH = 4,		/* bytes of a length */
	SHORTEST = 5,		/* document: its length and its end */
	ID = 12, DECIMAL = 16, WORD = 8, HALF = 4,
	OLD_BINARY = 2,
};

/* The place in the document, and where each level around it ends: at the NUL
 * that closes it. */
struct walk {
	const uint8_t *data;
	size_t at, end[MONGO_BSON_DEPTH];
	size_t depth;
};

static size_t
length_at(const uint8_t *p)
{
	uint32_t n = (uint32_t)p[0] | (uint32_t)p[1] << 8
	    | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;

	return n > INT32_MAX ? SIZE_MAX : n;
}

/* Bytes that are left before the end of this level. */
static size_t
left(const struct walk *w)
{
	return w->end[w->depth - 1] - w->at;
}

static bool
skip(struct walk *w, size_t n)
{
	if (n > left(w))
		return false;
	w->at += n;
	return true;
}

/* A name, or a part of a regular expression. */
static bool
skip_name(struct walk *w)
{
	const uint8_t *nul = memchr(w->data + w->at, '\0', left(w));

	return nul != NULL
	    && skip(w, (size_t)(nul - (w->data + w->at)) + 1);
}

/* A pattern and its options. */
static bool
skip_names(struct walk *w)
{
	bool pattern = skip_name(w);

	return pattern && skip_name(w);
}

static bool
take_length(struct walk *w, size_t *n)
{
	if (left(w) < LENGTH)
		return false;
	*n = length_at(w->data + w->at);
	w->at += LENGTH;
	return true;
}

static bool
skip_text(struct walk *w)
{
	size_t n;

	return take_length(w, &n) && n > 0 && skip(w, n)
	    && w->data[w->at - 1] == '\0';
}

/* The oldest kind has its length twice. */
static bool
skip_binary(struct walk *w)
{
	size_t n;
	const uint8_t *kind;

	if (!take_length(w, &n) || n > INT32_MAX)
		return false;
	kind = w->data + w->at;
	return skip(w, n + 1) && (*kind != OLD_BINARY
	    || (n >= LENGTH && length_at(kind + 1) == n - LENGTH));
}

/* Into a document of at most `room` bytes, which is not looked at yet. */
static bool
enter(struct walk *w, size_t room)
{
	size_t n;

	if (w->depth == MONGO_BSON_DEPTH || room < SHORTEST)
		return false;
	n = length_at(w->data + w->at);
	if (n < SHORTEST || n > room || w->data[w->at + n - 1] != '\0')
		return false;
	w->end[w->depth++] = w->at + n - 1;
	w->at += LENGTH;
	return true;
}

/* Code with its variables: their document ends where the whole does. */
static bool
enter_code(struct walk *w)
{
	size_t began = w->at, n, used;

	if (!take_length(w, &n) || n > left(w) + LENGTH || !skip_text(w))
		return false;
	used = w->at - began;
	return used <= n && n - used >= SHORTEST
	    && length_at(w->data + w->at) == n - used && enter(w, n - used);
}

static bool
skip_flag(struct walk *w)
{
	return skip(w, 1) && w->data[w->at - 1] <= 1;
}

static bool
take_value(struct walk *w, uint8_t type)
{
	switch (type) {
	case 0x06: case 0x0a: case 0x7f: case 0xff:	/* null and such */
		return true;
	case 0x08:
		return skip_flag(w);
	case 0x10:
		return skip(w, HALF);
	case 0x01: case 0x09: case 0x11: case 0x12:
		return skip(w, WORD);
	case 0x07:
		return skip(w, ID);
	case 0x13:
		return skip(w, DECIMAL);
	case 0x02: case 0x0d: case 0x0e:	/* text, code, symbol */
		return skip_text(w);
	case 0x03: case 0x04:
		return enter(w, left(w));
	case 0x05:
		return skip_binary(w);
	case 0x0b:
		return skip_names(w);
	case 0x0c:
		return skip_text(w) && skip(w, ID);
	case 0x0f:
		return enter_code(w);
	}
	return false;
}

bool
mongo_bson_whole(const void *data, size_t n)
{
	struct walk w = { .data = data };

	if (n < SHORTEST || length_at(data) != n || !enter(&w, n))
		return false;
	while (w.depth > 0) {
		if (left(&w) == 0) {
			w.depth--;
			w.at++;
			continue;
		}
		if (!skip(&w, 1))
			return false;
		uint8_t type = w.data[w.at - 1];

		if (!skip_name(&w) || !take_value(&w, type))
			return false;
	}
	return w.at == n;
}

/* --- a stream of them --- */

struct mongo_stream {
	uint8_t *held;		/* the beginning of one */
	size_t n, room;
	long long documents, bytes;
};

struct mongo_stream *
mongo_stream_new(void)
{
	return mem_alloc(sizeof(struct mongo_stream));
}

void
mongo_stream_free(struct mongo_stream *s)
{
	if (s == NULL)
		return;
	mem_free(s->held);
	mem_free(s);
}

static bool
fail(const struct mongo_stream *s, const char *what, struct err *e)
{
	return err_set(e, ERR_OTHER, "no BSON after %lld documents and %lld "
	    "bytes: %s", s->documents, s->bytes, what);
}

/* Hold as much of the bytes as is missing to n; how much that was. */
static size_t
hold(struct mongo_stream *s, size_t n, const uint8_t *data, size_t have)
{
	size_t take = n - s->n < have ? n - s->n : have;

	if (n > s->room) {
		s->room = n;
		s->held = mem_grow(s->held, n);
	}
	memcpy(s->held + s->n, data, take);
	s->n += take;
	return take;
}

static bool
check_one(struct mongo_stream *s, const uint8_t *data, size_t n,
    struct err *e)
{
	if (!mongo_bson_whole(data, n))
		return fail(s, "a document is damaged", e);
	s->documents++;
	s->bytes += (long long)n;
	return true;
}

/* With part of a document held: the next bytes of it. */
static bool
add_to_held(struct mongo_stream *s, const uint8_t **data, size_t *n,
    struct err *e)
{
	size_t want = s->n < LENGTH ? LENGTH : length_at(s->held);
	size_t took;

	if (s->n >= LENGTH && (want < SHORTEST || want > MONGO_BSON_BYTES))
		return fail(s, "a length that no document has", e);
	took = hold(s, want, *data, *n);
	*data += took;
	*n -= took;
	if (want == LENGTH || s->n < want)
		return true;
	s->n = 0;
	return check_one(s, s->held, want, e);
}

bool
mongo_stream_add(struct mongo_stream *s, const void *bytes, size_t n,
    struct err *e)
{
	const uint8_t *data = bytes;

	while (n > 0) {
		size_t whole = n < LENGTH ? SIZE_MAX : length_at(data);

		if (s->n > 0 || whole > n || whole < SHORTEST) {
			if (!add_to_held(s, &data, &n, e))
				return false;
			continue;
		}
		if (!check_one(s, data, whole, e))
			return false;
		data += whole;
		n -= whole;
	}
	return true;
}

bool
mongo_stream_end(struct mongo_stream *s, long long *documents, struct err *e)
{
	bool ok = s->n == 0 || fail(s, "the last document is cut", e);

	*documents = s->documents;
	mongo_stream_free(s);
	return ok;
}
