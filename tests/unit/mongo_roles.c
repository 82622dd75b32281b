/* Proves what db/mongo_roles.h promises. */
#include <string.h>

#include "base/mem.h"
#include "db/mongo_roles.h"
#include "tests/kit/kit.h"

static struct pool *pool;
static const char *const own[] = { "main", "forum", NULL };

static void
set_up(void)
{
	pool = pool_new();
}

static void
tear_down(void)
{
	pool_free(pool);
}

START_TEST(wanted_is_read_and_write_on_each_own_database_once)
{
	static const char *const same[] = { "main", "main", NULL };
	const struct mongo_role *wanted;

	ck_assert_uint_eq(roles_wanted(pool, own, &wanted), 2);
	ck_assert_str_eq(roles_print(pool, wanted, 2),
	    "readWrite@main, readWrite@forum");
	ck_assert_uint_eq(roles_wanted(pool, same, &wanted), 1);
	ck_assert_str_eq(roles_print(pool, wanted, 0), "none");
}
END_TEST

START_TEST(roles_are_compared_as_a_set)
{
	static const struct mongo_role turned[] = {
		{ .role = "readWrite", .db = "forum" },
		{ .role = "readWrite", .db = "main" },
		{ .role = "readWrite", .db = "main" },
	};
	static const struct mongo_role less[] = {
		{ .role = "readWrite", .db = "main" },
	};
	static const struct mongo_role cased[] = {
		{ .role = "readWrite", .db = "Main" },
		{ .role = "readWrite", .db = "forum" },
	};
	const struct mongo_role *wanted;
	size_t n = roles_wanted(pool, own, &wanted);

	ck_assert(roles_same(&(struct mongo_user){ "u", "admin", turned, 3 },
	    wanted, n));
	ck_assert(!roles_same(&(struct mongo_user){ "u", "admin", less, 1 },
	    wanted, n));
	ck_assert(!roles_same(&(struct mongo_user){ "u", "admin", cased, 2 },
	    wanted, n));
}
END_TEST

/* Of what is found on a user with this role too much. */
static enum severity
severity_of(const struct mongo_role *r)
{
	struct mongo_role roles[] = { { .role = "readWrite", .db = "main" },
	    { .role = "readWrite", .db = "forum" }, *r };
	struct mongo_user user = { "u", "admin", roles, 3 };
	struct findings f = { 0 };

	roles_judge(pool, &user, 1, "admin", own, &f);
	ck_assert_uint_eq(f.n, 1);
	return f.v[0].severity;
}

START_TEST(each_role_has_its_severity)
{
	static const struct {
		const char *role, *db;
		enum severity severity;
	} cases[] = {
		{ "root", "admin", SEV_CRITICAL },
		{ "__system", "admin", SEV_CRITICAL },
		{ "readWriteAnyDatabase", "admin", SEV_CRITICAL },
		{ "dbAdminAnyDatabase", "admin", SEV_CRITICAL },
		{ "userAdminAnyDatabase", "admin", SEV_CRITICAL },
		{ "clusterAdmin", "admin", SEV_CRITICAL },
		{ "restore", "admin", SEV_CRITICAL },
		{ "atlasAdmin", "admin", SEV_CRITICAL },
		{ "userAdmin", "main", SEV_CRITICAL },
		{ "userAdmin", "other", SEV_CRITICAL },
		{ "read", "config", SEV_CRITICAL },
		{ "readWrite", "local", SEV_CRITICAL },
		{ "backup", "admin", SEV_HIGH },
		{ "readAnyDatabase", "admin", SEV_HIGH },
		{ "hostManager", "admin", SEV_HIGH },
		{ "dbOwner", "main", SEV_HIGH },
		{ "readWrite", "other", SEV_HIGH },
		{ "read", "other", SEV_HIGH },
		{ "ourOwnRole", "main", SEV_HIGH },
		{ "dbAdmin", "main", SEV_MEDIUM },
		{ "clusterMonitor", "admin", SEV_MEDIUM },
		{ "enableSharding", "admin", SEV_MEDIUM },
		{ "read", "main", SEV_LOW },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ck_assert_msg(severity_of(&(struct mongo_role){
		    .role = cases[i].role, .db = cases[i].db })
		    == cases[i].severity, "%s@%s", cases[i].role,
		    cases[i].db);
}
END_TEST

START_TEST(a_resolved_role_counts_as_its_privileges)
{
	struct mongo_role r = { .role = "ours", .db = "admin",
	    .resolved = true, .severity = SEV_INFO };

	ck_assert_int_eq(severity_of(&r), SEV_MEDIUM);
	r.severity = SEV_CRITICAL;
	ck_assert_int_eq(severity_of(&r), SEV_CRITICAL);
	ck_assert_int_eq(roles_privilege_severity("main", false, own),
	    SEV_MEDIUM);
	ck_assert_int_eq(roles_privilege_severity("other", false, own),
	    SEV_HIGH);
	ck_assert_int_eq(roles_privilege_severity("", false, own), SEV_HIGH);
	ck_assert_int_eq(roles_privilege_severity("", true, own),
	    SEV_CRITICAL);
	ck_assert_int_eq(roles_privilege_severity("local", false, own),
	    SEV_CRITICAL);
}
END_TEST

START_TEST(another_user_of_the_name_is_for_a_person)
{
	static const struct mongo_role good[] = {
		{ .role = "readWrite", .db = "main" },
		{ .role = "readWrite", .db = "forum" },
	};
	static const struct mongo_role bad[] = {
		{ .role = "root", .db = "admin" },
	};
	const struct mongo_user users[] = { { "u", "admin", good, 2 },
	    { "u", "main", bad, 1 } };
	struct findings f = { 0 };

	roles_judge(pool, users, 1, "admin", own, &f);
	ck_assert(findings_clean(&f));
	roles_judge(pool, users, 2, "admin", own, &f);
	ck_assert_uint_eq(f.n, 1);
	ck_assert_int_eq(f.v[0].kind, FINDING_HAND);
	ck_assert_int_eq(f.v[0].severity, SEV_CRITICAL);
}
END_TEST

START_TEST(what_is_too_much_and_what_is_missing_are_told_apart)
{
	static const struct mongo_role roles[] = {
		{ .role = "root", .db = "admin" },
		{ .role = "readWrite", .db = "main" },
	};
	const struct mongo_user u = { "u", "admin", roles, 2 };
	struct findings f = { 0 };

	roles_judge(pool, &u, 1, "admin", own, &f);
	ck_assert_uint_eq(findings_count(&f, FINDING_EXCESS), 1);
	ck_assert_uint_eq(findings_count(&f, FINDING_MISSING), 1);
	ck_assert_str_eq(f.v[0].text, "root@admin");
	ck_assert_str_eq(f.v[1].text, "readWrite@forum");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mongo_roles");
	TCase *c = tcase_create("roles");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, wanted_is_read_and_write_on_each_own_database_once);
	tcase_add_test(c, roles_are_compared_as_a_set);
	tcase_add_test(c, each_role_has_its_severity);
	tcase_add_test(c, a_resolved_role_counts_as_its_privileges);
	tcase_add_test(c, another_user_of_the_name_is_for_a_person);
	tcase_add_test(c, what_is_too_much_and_what_is_missing_are_told_apart);
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
