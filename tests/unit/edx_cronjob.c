/*
 * edx_cronjob - an old CronJob becomes a manifest that the new side can take,
 * without a secret in it.
 */
#include <string.h>

#include "base/mem.h"
#include "data/json.h"
#include "data/yaml.h"
#include "edx/cronjob.h"
#include "tests/kit/kit.h"

static const char job[] =
	"{\"apiVersion\": \"batch/v1\", \"kind\": \"CronJob\", \"metadata\":"
	"{\"name\": \"nightly\", \"namespace\": \"old\", \"uid\": \"u-1\","
	"\"resourceVersion\": \"7\", \"creationTimestamp\": \"then\","
	"\"managedFields\": [{}], \"labels\": {\"app\": \"x\","
	"\"app.kubernetes.io/instance\": \"openedx-old\"}, \"annotations\":"
	"{\"kubectl.kubernetes.io/last-applied-configuration\": \"{}\"}},"
	"\"spec\": {\"schedule\": \"0 3 * * *\", \"suspend\": %s,"
	"\"jobTemplate\": {\"metadata\": {\"creationTimestamp\": null},"
	"\"spec\": {\"template\": {\"spec\": {"
	"\"nodeSelector\": {\"a\": \"b\"},"
	"\"imagePullSecrets\": [{\"name\": \"old-registry\"}],"
	"\"containers\": [{\"name\": \"c\", \"image\": \"%s\","
	"\"args\": [\"sh\", \"-c\", \"%s\"], \"env\": ["
	"{\"name\": \"PLAIN\", \"value\": \"017\"},"
	"{\"name\": \"DB_PASSWORD\", \"value\": \"hidden-1\"},"
	"{\"name\": \"BROKER\", \"value\": \"redis://u:hidden-2@r/1\"},"
	"{\"name\": \"REF\", \"valueFrom\": {\"secretKeyRef\":"
	"{\"name\": \"s\", \"key\": \"k\"}}}]}], \"volumes\": ["
	"{\"name\": \"v\", \"configMap\":"
	"{\"name\": \"openedx-config-2456789bcd\"}}]}}}}},"
	"\"status\": {\"active\": []}}";

static struct pool *pool;
static struct buf manifest, notes;

static void
setup(void)
{
	pool = pool_new();
	manifest = buf_new(100000);
	notes = buf_new(100000);
}

static void
teardown(void)
{
	buf_free(&manifest);
	buf_free(&notes);
	pool_free(pool);
}

static bool
convert(const char *suspended, const char *image, const char *command,
    struct err *e)
{
	const struct cronjob_target to = { .space = "new",
		.old_image = "reg.old:5000/g/openedx:1",
		.image = "ghcr.test/openedx:2" };
	const char *text = pool_printf(pool, job, suspended, image, command);
	struct json *j = json_parse(text, strlen(text), "job", e);
	bool ok;

	ck_assert_msg(j != NULL, "%s", e->text);
	ok = cronjob_convert(pool, j, &to, &manifest, &notes, e);
	json_free(j);
	return ok;
}

START_TEST(a_job_is_suspended_and_has_what_the_new_side_has)
{
	static const char c[] = "spec.jobTemplate.spec.template.spec."
	    "containers[0]";
	struct err e = { 0 };
	struct yaml *y;

	ck_assert_msg(convert("false", "reg.old:5000/g/openedx:9",
	    "./manage.py lms x", &e), "%s", e.text);
	y = yaml_parse(buf_str(&manifest), manifest.len, "m", &e);
	ck_assert_msg(y != NULL, "%s in:\n%s", e.text, buf_str(&manifest));
	ck_assert_str_eq(yaml_get(y, "metadata.namespace"), "new");
	ck_assert_str_eq(yaml_get(y, "metadata.name"), "nightly");
	ck_assert_str_eq(yaml_get(y, "spec.suspend"), "true");
	ck_assert_str_eq(yaml_get(y, "spec.schedule"), "0 3 * * *");
	ck_assert_str_eq(yaml_get(y, pool_printf(pool, "%s.image", c)),
	    "ghcr.test/openedx:2");
	ck_assert_str_eq(yaml_get(y, pool_printf(pool, "%s.args[2]", c)),
	    "./manage.py lms x");
	ck_assert_str_eq(yaml_get(y, pool_printf(pool, "%s.env[0].value",
	    c)), "017");
	ck_assert_int_eq(yaml_kind(y, pool_printf(pool, "%s.env[0].value",
	    c)), YAML_STRING);
	ck_assert_str_eq(yaml_get(y, "spec.jobTemplate.spec.template.spec."
	    "imagePullSecrets[0].name"), "openedx-image-pull-secret");
	ck_assert_str_eq(yaml_get(y, "spec.jobTemplate.spec.template.spec."
	    "volumes[0].configMap.name"), "openedx-config");
	ck_assert_str_eq(yaml_get(y, "metadata.labels.app"), "x");
	yaml_close(y);
	kit_lacks(buf_str(&manifest), "uid");
	kit_lacks(buf_str(&manifest), "status");
	kit_lacks(buf_str(&manifest), "managedFields");
	kit_lacks(buf_str(&manifest), "last-applied");
	kit_lacks(buf_str(&manifest), "openedx-old");
	kit_lacks(buf_str(&manifest), "nodeSelector");
	kit_lacks(buf_str(&manifest), "old-registry");
	kit_contains(buf_str(&notes), "nodeSelector");
	kit_contains(buf_str(&notes), "nightly: needs the Secret s\n");
}
END_TEST

START_TEST(no_secret_gets_into_a_manifest)
{
	struct err e = { 0 };

	ck_assert_msg(convert("true", "reg.old:5000/g/openedx:9", "x", &e),
	    "%s", e.text);
	kit_lacks(buf_str(&manifest), "hidden");
	kit_contains(buf_str(&manifest), "\"transplant-nightly\"");
	kit_contains(buf_str(&notes), "transplant-nightly with the old value "
	    "of DB_PASSWORD");
	kit_contains(buf_str(&manifest), "was-suspended");
	ck_assert(!convert("false", "x", "dump --password=abc", &e));
	ck_assert_int_eq(e.kind, ERR_HAND);
	ck_assert(!convert("false", "x", "get mysql://u:p@h/d", &e));
	kit_lacks(e.text, "u:p");
}
END_TEST

START_TEST(another_image_is_kept_and_said)
{
	struct err e = { 0 };

	ck_assert_msg(convert("false", "reg.old:5000/g/other:9", "x", &e),
	    "%s", e.text);
	kit_contains(buf_str(&manifest), "\"reg.old:5000/g/other:9\"");
	kit_contains(buf_str(&notes), "keeps its image");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("edx_cronjob");
	TCase *c = tcase_create("edx_cronjob");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_job_is_suspended_and_has_what_the_new_side_has);
	tcase_add_test(c, no_secret_gets_into_a_manifest);
	tcase_add_test(c, another_image_is_kept_and_said);
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
