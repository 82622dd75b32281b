/*
 * edx_phase - which phase is reached, which may start; release numbers.
 */
#include "edx/phase.h"
#include "edx/release.h"
#include "tests/kit/kit.h"

static const struct {
	struct phase_facts facts;
	enum phase reached;
} states[] = {
	{ { 0 }, PHASE_NONE },
	{ { .config_there = true }, PHASE_CONFIGURE },
	{ { .config_there = true, .old_data = true }, PHASE_CONNECT },
	{ { .config_there = true, .old_data = true, .dns_moved = true },
	    PHASE_SWITCH },
	{ { .config_there = true, .old_data = true, .dns_moved = true,
	    .sync_on = true }, PHASE_SETTLE },
	/* right after create the live application still syncs by itself */
	{ { .config_there = true, .sync_on = true }, PHASE_CONFIGURE },
	{ { .config_there = true, .old_data = true, .dns_moved = true,
	    .mysql_scoped = true }, PHASE_RESTRICT },
	{ { .mongodb_scoped = true }, PHASE_RESTRICT },
};

START_TEST(the_last_phase_whose_mark_is_found_is_reached)
{
	ck_assert_int_eq(phase_reached(&states[_i].facts),
	    states[_i].reached);
}
END_TEST

START_TEST(a_phase_may_start_until_a_later_one_is_reached)
{
	for (int p = PHASE_CONFIGURE; p <= PHASE_RESTRICT; p++) {
		struct err e = { 0 };
		bool ok = phase_check_start((enum phase)p, &states[_i].facts,
		    &e);

		ck_assert_int_eq(ok, p >= (int)states[_i].reached);
		if (!ok) {
			ck_assert_int_eq(e.kind, ERR_HAND);
			kit_contains(e.text, "already past");
		}
	}
}
END_TEST

START_TEST(phases_have_names)
{
	ck_assert_int_eq(phase_named("switch"), PHASE_SWITCH);
	ck_assert_int_eq(phase_named("none"), PHASE_NONE);
	ck_assert_int_eq(phase_named("Switch"), PHASE_NONE);
	ck_assert_str_eq(phase_names[PHASE_RESTRICT], "restrict");
}
END_TEST

static const struct {
	const char *text;
	int major;
} releases[] = {
	{ "20", 20 }, { "v20.0.5", 20 }, { "18.2.2", 18 }, { "teak", 20 },
	{ "release/teak.3", 20 }, { "open-release/redwood.1", 18 },
	{ "release/verawood.1", 22 }, { "open-release/nutmeg.master", 14 },
	{ "", 0 }, { "v", 0 }, { "13.0", 0 }, { "23", 0 }, { "teaks", 0 },
	{ "20x", 0 }, { "-20", 0 }, { "main", 0 },
	{ "opencraft-release/ulmo.2", 21 },
};

START_TEST(a_release_is_known_by_its_number_or_name)
{
	ck_assert_int_eq(release_major(releases[_i].text),
	    releases[_i].major);
}
END_TEST

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

int
main(void)
{
	Suite *s = suite_create("edx_phase");
	TCase *c = tcase_create("edx_phase");

	tcase_add_loop_test(c,
	    the_last_phase_whose_mark_is_found_is_reached, 0, COUNT(states));
	tcase_add_loop_test(c,
	    a_phase_may_start_until_a_later_one_is_reached, 0,
	    COUNT(states));
	tcase_add_test(c, phases_have_names);
	tcase_add_loop_test(c, a_release_is_known_by_its_number_or_name, 0,
	    COUNT(releases));
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
