/* Proves db/mongo_bson: what is whole, what is not, and streams of it. */
#include <stdlib.h>
#include <string.h>

#include <bson/bson.h>

#include "base/mem.h"
#include "db/mongo_bson.h"
#include "db/mongo_dump.h"
#include "db/mongo_meta.h"
#include "tests/kit/kit.h"

static bson_t *
from_json(const char *json)
{
	bson_error_t e;
	bson_t *doc = bson_new_from_json((const uint8_t *)json, -1, &e);

	ck_assert_msg(doc != NULL, "%s", e.message);
	return doc;
}

/* Of every type. */
static bson_t *
all_types(void)
{
	return from_json("{\"a\": {\"$numberDouble\": \"1.5\"}, \"b\": "
	    "\"text\", \"c\": {\"d\": {}}, \"e\": [1, [2]], \"f\": "
	    "{\"$binary\": {\"base64\": \"AAEC\", \"subType\": \"05\"}}, "
	    "\"g\": {\"$undefined\": true}, \"h\": {\"$oid\": "
	    "\"65a000000000000000000001\"}, \"i\": true, \"j\": {\"$date\": "
	    "{\"$numberLong\": \"5\"}}, \"k\": null, \"l\": "
	    "{\"$regularExpression\": {\"pattern\": \"a\", \"options\": "
	    "\"i\"}}, \"m\": {\"$code\": \"f()\"}, \"n\": {\"$code\": \"g\","
	    " \"$scope\": {\"x\": {\"y\": 1}}}, \"o\": {\"$symbol\": \"s\"}, "
	    "\"p\": 5, \"q\": {\"$timestamp\": {\"t\": 1, \"i\": 2}}, \"r\": "
	    "{\"$numberLong\": \"7\"}, \"s\": {\"$numberDecimal\": \"1\"}, "
	    "\"t\": {\"$minKey\": 1}, \"u\": {\"$maxKey\": 1}, \"v\": "
	    "{\"$dbPointer\": {\"$ref\": \"c\", \"$id\": {\"$oid\": "
	    "\"65a000000000000000000001\"}}}}");
}

START_TEST(each_type_is_whole_and_cut_it_is_not)
{
	bson_t *doc = all_types();
	const uint8_t *data = bson_get_data(doc);

	ck_assert(mongo_bson_whole(data, doc->len));
	ck_assert(!mongo_bson_whole(data, doc->len + 1));
	for (uint32_t n = 0; n < doc->len; n++) {
		uint8_t *cut = malloc(n > 0 ? n : 1);

		memcpy(cut, data, n);
		ck_assert(!mongo_bson_whole(cut, n));
		/* with the length that it has */
		if (n >= 4) {
			memcpy(cut, &n, 4);
			ck_assert(!mongo_bson_whole(cut, n));
		}
		free(cut);
	}
	bson_destroy(doc);
}
END_TEST

/* Names and texts need not be UTF-8 for this: old servers took others. */
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

/* What is called whole, the driver reads to its end. */
START_TEST(with_any_byte_changed_the_driver_agrees_or_it_is_refused)
{
	bson_t *doc = all_types(), other;
	uint8_t *data = malloc(doc->len);
	bson_iter_t it;
	int whole = 0;

	for (uint32_t i = 0; i < doc->len * 256; i++) {
		memcpy(data, bson_get_data(doc), doc->len);
		data[i / 256] = (uint8_t)i;
		if (!mongo_bson_whole(data, doc->len))
			continue;
		whole++;
		ck_assert(bson_init_static(&other, data, doc->len));
		ck_assert_msg(bson_iter_init(&it, &other)
		    && reads_to_the_end(it), "byte %u is %u", i / 256,
		    i % 256);
	}
	ck_assert_int_gt(whole, 256);
	free(data);
	bson_destroy(doc);
}
END_TEST

/* n documents within each other. */
static uint8_t *
nested(size_t n, size_t *len)
{
	uint8_t *data = calloc(n, 8);
	size_t at = 0;

	*len = n * 5 + (n - 1) * 2;
	for (size_t i = 0; i < n; i++) {
		uint32_t size = (uint32_t)(*len - at - i);

		memcpy(data + at, &size, 4);
		data[at + 4] = 3;
		at += 6;
	}
	data[(n - 1) * 6 + 4] = 0;
	return data;
}

START_TEST(depth_has_a_limit_and_needs_no_stack)
{
	size_t len;
	uint8_t *data = nested(MONGO_BSON_DEPTH, &len);

	ck_assert(mongo_bson_whole(data, len));
	free(data);
	data = nested(MONGO_BSON_DEPTH + 1, &len);
	ck_assert(!mongo_bson_whole(data, len));
	free(data);
	data = nested(2000000, &len);
	ck_assert(!mongo_bson_whole(data, len));
	free(data);
}
END_TEST

START_TEST(a_stream_may_be_cut_anywhere)
{
	bson_t *doc = all_types();
	uint8_t *data = malloc(3 * doc->len);
	struct err e = { 0 };
	long long n;

	for (int i = 0; i < 3; i++)
		memcpy(data + (size_t)i * doc->len, bson_get_data(doc),
		    doc->len);
	for (uint32_t step = 1; step <= 3 * doc->len; step++) {
		struct mongo_stream *s = mongo_stream_new();

		for (uint32_t at = 0; at < 3 * doc->len; at += step)
			ck_assert_msg(mongo_stream_add(s, data + at,
			    at + step > 3 * doc->len ? 3 * doc->len - at :
			    step, &e), "%s", e.text);
		ck_assert_msg(mongo_stream_end(s, &n, &e), "%s", e.text);
		ck_assert_int_eq(n, 3);
	}
	free(data);
	bson_destroy(doc);
}
END_TEST

START_TEST(a_stream_that_ends_within_a_document_is_told)
{
	bson_t *doc = all_types();
	struct mongo_stream *s = mongo_stream_new();
	struct err e = { 0 };
	long long n;

	ck_assert(mongo_stream_add(s, bson_get_data(doc), doc->len, &e));
	ck_assert(mongo_stream_add(s, bson_get_data(doc), 3, &e));
	ck_assert(!mongo_stream_end(s, &n, &e));
	kit_contains(e.text, "after 1 documents");
	s = mongo_stream_new();
	ck_assert(!mongo_stream_add(s, "\xff\xff\xff\x7f----", 8, &e));
	kit_contains(e.text, "length");
	mongo_stream_free(s);
	bson_destroy(doc);
}
END_TEST

/* ---- what a server says of a collection --------------------------------- */

static struct mongo_collection
describe(struct pool *pool, const char *row, bool wanted)
{
	bson_t *r = from_json(row), *indexes = from_json("{\"0\": {\"v\": 2, "
	    "\"key\": {\"_id\": 1}, \"name\": \"_id_\"}}");
	struct mongo_collection c;
	struct err e = { 0 };
	bool is;

	ck_assert_msg(meta_read(pool, bson_get_data(r), r->len,
	    bson_get_data(indexes), indexes->len, &c, &is, &e), "%s",
	    e.text);
	ck_assert_int_eq(is, wanted);
	bson_destroy(r);
	bson_destroy(indexes);
	return c;
}

START_TEST(collections_views_and_time_series_are_told_apart)
{
	struct pool *pool = pool_new();
	struct mongo_collection c;

	c = describe(pool, "{\"name\": \"a\", \"type\": \"collection\", "
	    "\"options\": {\"capped\": true}, \"info\": {\"uuid\": "
	    "{\"$binary\": {\"base64\": \"AAECAwQFBgcICQoLDA0ODw==\", "
	    "\"subType\": \"04\"}}}}", true);
	ck_assert_str_eq(c.data, "a");
	ck_assert_str_eq(c.metadata, "{ \"options\" : { \"capped\" : true }, "
	    "\"indexes\" : [ { \"v\" : { \"$numberInt\" : \"2\" }, \"key\" "
	    ": { \"_id\" : { \"$numberInt\" : \"1\" } }, \"name\" : \"_id_\""
	    " } ], \"uuid\" : \"000102030405060708090a0b0c0d0e0f\", "
	    "\"collectionName\" : \"a\", \"type\" : \"collection\" }");
	c = describe(pool, "{\"name\": \"v\", \"type\": \"view\"}", true);
	ck_assert_ptr_null(c.data);
	c = describe(pool, "{\"name\": \"t\", \"type\": \"timeseries\"}",
	    true);
	ck_assert_str_eq(c.data, "system.buckets.t");
	c = describe(pool, "{\"name\": \"system.js\"}", true);
	ck_assert_str_eq(c.data, "system.js");
	describe(pool, "{\"name\": \"system.views\"}", false);
	describe(pool, "{\"name\": \"system.buckets.t\"}", false);
	describe(pool, "{\"name\": \"a.$b\"}", false);
	pool_free(pool);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mongo_bson");
	TCase *t = tcase_create("bson");

	tcase_add_test(t, each_type_is_whole_and_cut_it_is_not);
	tcase_add_test(t,
	    with_any_byte_changed_the_driver_agrees_or_it_is_refused);
	tcase_add_test(t, depth_has_a_limit_and_needs_no_stack);
	tcase_add_test(t, a_stream_may_be_cut_anywhere);
	tcase_add_test(t, a_stream_that_ends_within_a_document_is_told);
	tcase_add_test(t,
	    collections_views_and_time_series_are_told_apart);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
