/*
 * zstd - see zstd.h.
 */
#include "data/zstd.h"

#include <stdlib.h>
#include <unistd.h>

#include <zstd.h>

#include "base/mem.h"

enum {
	LEVEL = 3,		/* zstd's own default */
	WORKERS_MAX = 4,	/* each holds a job; a dump is no faster */
	JOB_BYTES = 2 << 20,
	WINDOW_LOG = 21,	/* that of LEVEL: 2 MiB */
	WINDOW_LOG_MAX = 23,
	OUT_BYTES = 256 * 1024,
};

struct zstd {
	ZSTD_CCtx *pack;	/* one of the two */
	ZSTD_DCtx *unpack;
	zstd_sink *sink;
	void *arg;
	char *out;
	bool within;		/* a frame: its end has not been seen */
};

static struct zstd *
make(zstd_sink *sink, void *arg)
{
	struct zstd *z = mem_alloc(sizeof *z);

	z->sink = sink;
	z->arg = arg;
	z->out = mem_alloc(OUT_BYTES);
	return z;
}

static void
set(struct zstd *z, ZSTD_cParameter parameter, int value)
{
	if (ZSTD_isError(ZSTD_CCtx_setParameter(z->pack, parameter, value)))
		abort();
}

struct zstd *
zstd_pack(zstd_sink *sink, void *arg)
{
	struct zstd *z = make(sink, arg);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	z->pack = ZSTD_createCCtx();
	if (z->pack == NULL)
		abort();
	set(z, ZSTD_c_compressionLevel, LEVEL);
	set(z, ZSTD_c_windowLog, WINDOW_LOG);
	set(z, ZSTD_c_checksumFlag, 1);
	set(z, ZSTD_c_nbWorkers, cpus < 1 ? 1 : cpus > WORKERS_MAX ?
	    WORKERS_MAX : (int)cpus);
	set(z, ZSTD_c_jobSize, JOB_BYTES);
	return z;
}

struct zstd *
zstd_unpack(zstd_sink *sink, void *arg)
{
	struct zstd *z = make(sink, arg);

	z->unpack = ZSTD_createDCtx();
	if (z->unpack == NULL || ZSTD_isError(ZSTD_DCtx_setParameter(
	    z->unpack, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		abort();
	return z;
}

void
zstd_free(struct zstd *z)
{
	if (z == NULL)
		return;
	ZSTD_freeCCtx(z->pack);
	ZSTD_freeDCtx(z->unpack);
	mem_free(z->out);
	mem_free(z);
}

static bool
fail(const char *deed, size_t code, struct err *e)
{
	return err_set(e, ERR_OTHER, "can't %s: %s", deed,
	    ZSTD_getErrorName(code));
}

/* Take the input, until it is used up, or at the end until all is out. */
static bool
pack(struct zstd *z, ZSTD_inBuffer *from, ZSTD_EndDirective how,
    struct err *e)
{
	size_t left;

	do {
		ZSTD_outBuffer to = { z->out, OUT_BYTES, 0 };

		left = ZSTD_compressStream2(z->pack, &to, from, how);
		if (ZSTD_isError(left))
			return fail("pack", left, e);
		if (to.pos > 0 && !z->sink(z->arg, z->out, to.pos, e))
			return false;
	} while (how == ZSTD_e_end ? left > 0 : from->pos < from->size);
	return true;
}

static bool
unpack(struct zstd *z, ZSTD_inBuffer *from, struct err *e)
{
	ZSTD_outBuffer to = { z->out, OUT_BYTES, 0 };
	size_t left;

	/* a full buffer: there may be more without any more input */
	while (from->pos < from->size || to.pos == to.size) {
		to.pos = 0;
		left = ZSTD_decompressStream(z->unpack, &to, from);
		if (ZSTD_isError(left))
			return fail("unpack", left, e);
		z->within = left > 0;
		if (to.pos > 0 && !z->sink(z->arg, z->out, to.pos, e))
			return false;
	}
	return true;
}

bool
zstd_add(struct zstd *z, const void *p, size_t n, struct err *e)
{
	ZSTD_inBuffer from = { p, n, 0 };

	if (n == 0)
		return true;
	return z->pack != NULL ? pack(z, &from, ZSTD_e_continue, e) :
	    unpack(z, &from, e);
}

bool
zstd_end(struct zstd *z, struct err *e)
{
	ZSTD_inBuffer none = { NULL, 0, 0 };

	if (z->pack != NULL)
		return pack(z, &none, ZSTD_e_end, e);
	return !z->within || err_set(e, ERR_OTHER, "can't unpack: it is cut "
	    "off");
}
