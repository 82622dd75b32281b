/*
 * replay - a fuzz target without a fuzzer: feeds it the files given, or else
 * each file of tests/fuzz/corpus/<own name>, in a process of its own. So what
 * was found once stays mended.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/kit/kit.h"

enum { LONGEST = 1024 * 1024 };		/* of a corpus; they are small */

static struct dirent **files;
static char folder[200];

static void
feed(const char *path)
{
	uint8_t *bytes = malloc(LONGEST);
	FILE *f = fopen(path, "rb");
	uint8_t *exact;
	size_t n;

	fuzz_holds(f != NULL && bytes != NULL, "%s", path);
	n = fread(bytes, 1, LONGEST, f);
	fclose(f);
	/* memory of its size: reading past it is seen */
	exact = realloc(bytes, n > 0 ? n : 1);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
}

static int
is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

START_TEST(what_was_found_stays_mended)
{
	char path[500];

	snprintf(path, sizeof path, "%s/%s", folder, files[_i]->d_name);
	/* a crash says nothing itself */
	printf("# %s\n", path);
	fflush(stdout);
	feed(path);
}
END_TEST

int
main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	Suite *s = suite_create("fuzz");
	TCase *c = tcase_create(name != NULL ? name + 1 : argv[0]);
	int n;

	for (int i = 1; i < argc; i++)
		feed(argv[i]);
	if (argc > 1)
		return 0;
	snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s",
	    name != NULL ? name + 1 : argv[0]);
	n = scandir(folder, &files, is_file, alphasort);
	if (n <= 0) {
		fprintf(stderr, "%s: no corpus\n", folder);
		return 1;
	}
	tcase_add_loop_test(c, what_was_found_stays_mended, 0, n);
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
