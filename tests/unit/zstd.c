/*
 * Proves data/zstd: what is packed is what any zstd unpacks, in any cuts;
 * what is cut off or changed is refused; a sink that fails ends it.
 */
#include "data/zstd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/kit/kit.h"

enum { SIZE = 9 * 1000 * 1000 + 7, ROOM = 12 * 1000 * 1000 };

static char *text;
static struct buf packed, unpacked;
static struct err e;

static void
set_up(void)
{
	unsigned seed = 1;

	e = (struct err){ 0 };
	packed = buf_new(ROOM);
	unpacked = buf_new(ROOM);
	text = mem_alloc(SIZE);
	for (size_t i = 0; i < SIZE; i++) {
		seed = seed * 1103515245 + 12345;
		text[i] = (char)("etaoin shrdlu\n0123"[(seed >> 16) % 18]);
	}
}

static void
tear_down(void)
{
	mem_free(text);
	buf_free(&packed);
	buf_free(&unpacked);
}

static bool
into(void *arg, const void *p, size_t n, struct err *why)
{
	return buf_add(arg, p, n) || err_set(why, ERR_OTHER, "no room");
}

static void
pack(size_t size, size_t step)
{
	struct zstd_packer *z = zstd_pack(into, &packed);

	for (size_t i = 0; i < size; i += step)
		ck_assert(zstd_pack_add(z, text + i,
		    size - i < step ? size - i : step, &e));
	ck_assert(zstd_pack_end(z, &e));
	zstd_pack_free(z);
}

static bool
unpack(size_t step)
{
	struct zstd_unpacker *z = zstd_unpack(into, &unpacked);
	bool ok = true;

	for (size_t i = 0; ok && i < packed.len; i += step)
		ok = zstd_unpack_add(z, packed.data + i, packed.len - i < step
		    ? packed.len - i : step, &e);
	ok = ok && zstd_unpack_end(z, &e);
	zstd_unpack_free(z);
	return ok;
}

START_TEST(what_is_packed_is_unpacked)
{
	pack(SIZE, 100 * 1000);
	ck_assert_uint_lt(packed.len, SIZE);
	ck_assert_msg(unpack(77777), "%s", e.text);
	ck_assert_uint_eq(unpacked.len, SIZE);
	ck_assert(memcmp(unpacked.data, text, SIZE) == 0);
}
END_TEST

START_TEST(every_length_around_a_frame_is_kept)
{
	static const size_t lengths[] = { 1, (2 << 20) - 1, 2 << 20,
		(2 << 20) + 1, 7 << 20 };

	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		buf_clear(&packed);
		buf_clear(&unpacked);
		pack(lengths[i], lengths[i]);
		ck_assert(unpack(packed.len));
		ck_assert_uint_eq(unpacked.len, lengths[i]);
	}
	buf_clear(&packed);
	pack(0, 1);
	ck_assert_uint_eq(packed.len, 0);
}
END_TEST

START_TEST(any_zstd_unpacks_it)
{
	char *folder = kit_folder();
	FILE *f = fopen(kit_text("%s/x.zst", folder), "w");

	pack(SIZE, SIZE);
	ck_assert_uint_eq(fwrite(packed.data, 1, packed.len, f), packed.len);
	fclose(f);
	f = fopen(kit_text("%s/x", folder), "w");
	ck_assert_uint_eq(fwrite(text, 1, SIZE, f), SIZE);
	fclose(f);
	free(kit_sh("cd %s && zstd -q -d -c x.zst | cmp - x", folder));
	free(kit_sh("rm -rf %s", folder));
	free(folder);
}
END_TEST

START_TEST(what_is_cut_off_is_refused)
{
	pack(3 << 20, 4096);
	packed.len -= 5;
	ck_assert(!unpack(4096));
	kit_contains(e.text, "cut off");
}
END_TEST

START_TEST(what_was_changed_is_refused)
{
	pack(3 << 20, 4096);
	packed.data[packed.len / 2] ^= 1;
	ck_assert(!unpack(4096));
}
END_TEST

START_TEST(a_sink_that_fails_ends_it)
{
	struct buf small = buf_new(1000);
	struct zstd_packer *z = zstd_pack(into, &small);
	bool ok = true;

	for (int i = 0; i < 9 && ok; i++)
		ok = zstd_pack_add(z, text, 1 << 20, &e);
	ck_assert(!ok);
	ck_assert_str_eq(e.text, "no room");
	zstd_pack_free(z);
	buf_free(&small);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("zstd");
	TCase *t = tcase_create("zstd");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_is_packed_is_unpacked);
	tcase_add_test(t, every_length_around_a_frame_is_kept);
	tcase_add_test(t, any_zstd_unpacks_it);
	tcase_add_test(t, what_is_cut_off_is_refused);
	tcase_add_test(t, what_was_changed_is_refused);
	tcase_add_test(t, a_sink_that_fails_ends_it);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return kit_main(suite(), NULL);
}
