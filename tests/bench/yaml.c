/*
 * yaml - for bench: change one value of a YAML file and write it elsewhere,
 * as a step does. usage: yaml FILE PATH VALUE NEW-FILE
 */
#include <stdio.h>

#include "base/file.h"
#include "data/yaml.h"

int
main(int argc, char **argv)
{
	struct err e = { 0 };
	struct yaml *y;
	const char *text;
	size_t len;
	bool changed;

	if (argc != 5)
		return 2;
	y = yaml_read(argv[1], &e);
	if (y == NULL || !yaml_set(y, argv[2], YAML_STRING, argv[3], true,
	    &changed, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	text = yaml_text(y, &len);
	if (!file_replace(argv[4], text, len, 0600, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	yaml_close(y);
	return 0;
}
