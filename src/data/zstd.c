/*
 * zstd - see zstd.h.
 *
 * Packing: slots in a ring. The caller fills one after the other; threads
 * pack what is full; the caller hands on what is packed, in order, when it
 * comes round to that slot again, and waits there if it must.
 */
#include "data/zstd.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zstd.h>

#include "base/mem.h"

enum {
	LEVEL = 3,		/* zstd's own default */
	THREADS_MAX = 3,	/* no dump is faster than these */
	SPARE = 2,		/* slots filled and handed on meanwhile */
	SLOTS_MAX = THREADS_MAX + SPARE,
	FRAME_BYTES = 2 << 20,	/* the window of LEVEL */
	WINDOW_LOG_MAX = 23,
	OUT_BYTES = 256 * 1024,
};

/* ---- packing ---- */

enum state { TAKEN, FULL, PACKED };

struct slot {
	char *in, *out;
	size_t in_len, out_len;	/* out_len may be an error's code */
	bool away;		/* for the filling thread: handed over */
	enum state state;	/* of one that is away */
};

struct zstd_packer {
	zstd_sink *sink;
	void *arg;
	struct slot slots[SLOTS_MAX];
	size_t nslots, nthreads, at, out_room;
	size_t todo;		/* where the next full one may be */
	pthread_t threads[THREADS_MAX];
	pthread_mutex_t lock;
	pthread_cond_t full, packed;
	bool stop;
};

static void
check(int pthread_error)
{
	if (pthread_error != 0)
		abort();
}

static ZSTD_CCtx *
new_context(void)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();

	if (c == NULL || ZSTD_isError(ZSTD_CCtx_setParameter(c,
	    ZSTD_c_compressionLevel, LEVEL))
	    || ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1)))
		abort();
	return c;
}

/* The next full slot; NULL: there will be none any more. */
static struct slot *
await_full(struct zstd_packer *z)
{
	struct slot *s;

	check(pthread_mutex_lock(&z->lock));
	while (!z->stop && z->slots[z->todo].state != FULL)
		check(pthread_cond_wait(&z->full, &z->lock));
	s = z->stop ? NULL : &z->slots[z->todo];
	if (s != NULL) {
		s->state = TAKEN;
		z->todo = (z->todo + 1) % z->nslots;
	}
	check(pthread_mutex_unlock(&z->lock));
	return s;
}

static void *
work(void *arg)
{
	struct zstd_packer *z = arg;
	ZSTD_CCtx *c = new_context();
	struct slot *s;

	while ((s = await_full(z)) != NULL) {
		s->out_len = ZSTD_compress2(c, s->out, z->out_room, s->in,
		    s->in_len);
		check(pthread_mutex_lock(&z->lock));
		s->state = PACKED;
		check(pthread_cond_signal(&z->packed));
		check(pthread_mutex_unlock(&z->lock));
	}
	ZSTD_freeCCtx(c);
	return NULL;
}

struct zstd_packer *
zstd_pack(zstd_sink *sink, void *arg)
{
	struct zstd_packer *z = mem_alloc(sizeof *z);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	z->sink = sink;
	z->arg = arg;
	z->nthreads = cpus < 1 ? 1 : cpus > THREADS_MAX ? THREADS_MAX :
	    (size_t)cpus;
	z->nslots = z->nthreads + SPARE;
	z->out_room = ZSTD_compressBound(FRAME_BYTES);
	for (size_t i = 0; i < z->nslots; i++) {
		z->slots[i].in = mem_alloc(FRAME_BYTES);
		z->slots[i].out = mem_alloc(z->out_room);
	}
	check(pthread_mutex_init(&z->lock, NULL));
	check(pthread_cond_init(&z->full, NULL));
	check(pthread_cond_init(&z->packed, NULL));
	for (size_t i = 0; i < z->nthreads; i++)
		check(pthread_create(&z->threads[i], NULL, work, z));
	return z;
}

void
zstd_pack_free(struct zstd_packer *z)
{
	if (z == NULL)
		return;
	check(pthread_mutex_lock(&z->lock));
	z->stop = true;
	check(pthread_cond_broadcast(&z->full));
	check(pthread_mutex_unlock(&z->lock));
	for (size_t i = 0; i < z->nthreads; i++)
		check(pthread_join(z->threads[i], NULL));
	pthread_cond_destroy(&z->full);
	pthread_cond_destroy(&z->packed);
	pthread_mutex_destroy(&z->lock);
	for (size_t i = 0; i < z->nslots; i++) {
		mem_wipe(z->slots[i].in, FRAME_BYTES);
		mem_free(z->slots[i].in);
		mem_free(z->slots[i].out);
	}
	mem_free(z);
}

/* Hand on what is in the slot, once it is packed; it is empty then. */
static bool
empty(struct zstd_packer *z, struct slot *s, struct err *e)
{
	if (!s->away)
		return true;
	check(pthread_mutex_lock(&z->lock));
	while (s->state != PACKED)
		check(pthread_cond_wait(&z->packed, &z->lock));
	s->state = TAKEN;	/* by this one */
	check(pthread_mutex_unlock(&z->lock));
	s->away = false;
	s->in_len = 0;
	if (ZSTD_isError(s->out_len))
		return err_set(e, ERR_OTHER, "can't pack: %s",
		    ZSTD_getErrorName(s->out_len));
	return z->sink(z->arg, s->out, s->out_len, e);
}

static void
hand_over(struct zstd_packer *z, struct slot *s)
{
	s->away = true;
	check(pthread_mutex_lock(&z->lock));
	s->state = FULL;
	check(pthread_cond_signal(&z->full));
	check(pthread_mutex_unlock(&z->lock));
	z->at = (z->at + 1) % z->nslots;
}

bool
zstd_pack_add(struct zstd_packer *z, const void *p, size_t n, struct err *e)
{
	const char *from = p;

	while (n > 0) {
		struct slot *s = &z->slots[z->at];
		size_t part = n;

		if (!empty(z, s, e))
			return false;
		if (part > FRAME_BYTES - s->in_len)
			part = FRAME_BYTES - s->in_len;
		memcpy(s->in + s->in_len, from, part);
		s->in_len += part;
		from += part;
		n -= part;
		if (s->in_len == FRAME_BYTES)
			hand_over(z, s);
	}
	return true;
}

bool
zstd_pack_end(struct zstd_packer *z, struct err *e)
{
	struct slot *s = &z->slots[z->at];

	if (!s->away && s->in_len > 0)
		hand_over(z, s);
	for (size_t i = 0; i < z->nslots; i++)
		if (!empty(z, &z->slots[(z->at + i) % z->nslots], e))
			return false;
	return true;
}

/* ---- unpacking ---- */

struct zstd_unpacker {
	ZSTD_DCtx *context;
	zstd_sink *sink;
	void *arg;
	char *out;
	bool within;		/* a frame: its end has not been seen */
};

struct zstd_unpacker *
zstd_unpack(zstd_sink *sink, void *arg)
{
	struct zstd_unpacker *z = mem_alloc(sizeof *z);

	z->sink = sink;
	z->arg = arg;
	z->out = mem_alloc(OUT_BYTES);
	z->context = ZSTD_createDCtx();
	if (z->context == NULL || ZSTD_isError(ZSTD_DCtx_setParameter(
	    z->context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		abort();
	return z;
}

void
zstd_unpack_free(struct zstd_unpacker *z)
{
	if (z == NULL)
		return;
	ZSTD_freeDCtx(z->context);
	mem_wipe(z->out, OUT_BYTES);
	mem_free(z->out);
	mem_free(z);
}

bool
zstd_unpack_add(struct zstd_unpacker *z, const void *p, size_t n,
    struct err *e)
{
	ZSTD_inBuffer from = { p, n, 0 };
	ZSTD_outBuffer to = { z->out, OUT_BYTES, 0 };
	size_t left = 0;

	/* a full buffer within a frame: more may come without more input */
	while (from.pos < from.size || (left > 0 && to.pos == to.size)) {
		to.pos = 0;
		left = ZSTD_decompressStream(z->context, &to, &from);
		if (ZSTD_isError(left))
			return err_set(e, ERR_OTHER, "can't unpack: %s",
			    ZSTD_getErrorName(left));
		z->within = left > 0;
		if (to.pos > 0 && !z->sink(z->arg, z->out, to.pos, e))
			return false;
	}
	return true;
}

bool
zstd_unpack_end(struct zstd_unpacker *z, struct err *e)
{
	return !z->within || err_set(e, ERR_OTHER, "can't unpack: it is cut "
	    "off");
}
