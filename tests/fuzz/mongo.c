/*
 * Fuzz what is ours of BSON that a server sends: is it whole, a stream of it
 * however it is cut, and what is said of a collection. The input is the row
 * of listCollections, as long as its first byte says, and the indexes.
 */
#include <stdbool.h>
#include <string.h>

#include <bson/bson.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/mongo_bson.h"
#include "db/mongo_dump.h"
#include "db/mongo_meta.h"
#include "tests/fuzz/fuzz.h"

/* How many documents; -1: it is no stream of them. */
static long long
count(const uint8_t *data, size_t size, size_t step)
{
	struct mongo_stream *s = mongo_stream_new();
	struct err e = { 0 };
	long long n = 0;

	for (size_t at = 0; at < size; at += step)
		if (!mongo_stream_add(s, data + at,
		    at + step > size ? size - at : step, &e)) {
			fuzz_holds(e.text[0] != '\0', "no words");
			mongo_stream_free(s);
			return -1;
		}
	return mongo_stream_end(s, &n, &e) ? n : -1;
}

/* Names and texts need not be UTF-8. */
static bool
reads_to_the_end(bson_iter_t it)
{
	bson_iter_t within;

	while (bson_iter_next(&it))
		if ((BSON_ITER_HOLDS_DOCUMENT(&it)
		    || BSON_ITER_HOLDS_ARRAY(&it))
		    && (!bson_iter_recurse(&it, &within)
			|| !reads_to_the_end(within)))
			return false;
	return it.err_off == 0;
}

/* The driver reads what we call whole. */
static void
check_whole(const uint8_t *data, size_t size)
{
	bson_t doc;
	bson_iter_t it;

	if (!mongo_bson_whole(data, size))
		return;
	fuzz_holds(bson_init_static(&doc, data, size), "%zu", size);
	fuzz_holds(bson_iter_init(&it, &doc) && reads_to_the_end(it), "%zu",
	    size);
}

static void
check_collection(const uint8_t *row, size_t n, const uint8_t *indexes,
    size_t size)
{
	struct pool *pool = pool_new();
	struct mongo_collection c;
	struct err e = { 0 };
	bool wanted;

	if (!meta_read(pool, row, n, indexes, size, &c, &wanted, &e))
		fuzz_holds(text_is_utf8(e.text, strlen(e.text))
		    && e.text[0] != '\0', "%s", e.text);
	else if (wanted)
		fuzz_holds(c.metadata[0] == '{'
		    && text_is_utf8(c.metadata, strlen(c.metadata)), "%s",
		    c.metadata);
	pool_free(pool);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = size > 0 ? data[0] : 0;
	long long whole = count(data, size, size > 0 ? size : 1);

	fuzz_holds(count(data, size, 1) == whole, "%lld", whole);
	fuzz_holds(count(data, size, 7) == whole, "%lld", whole);
	check_whole(data, size);
	if (n > 0 && n < size)
		check_collection(data, n, data + n, size - n);
	return 0;
}
