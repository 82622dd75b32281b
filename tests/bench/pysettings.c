/*
 * pysettings - for bench: read a production.py and say one of its settings,
 * and how many there are. usage: pysettings FILE PATH
 */
#include <stdio.h>

#include "base/file.h"
#include "base/mem.h"
#include "data/pysettings.h"

int
main(int argc, char **argv)
{
	struct pysettings *py = pysettings_new();
	struct pool *pool = pool_new();
	struct buf file = buf_new(64u << 20);
	struct err e = { 0 };
	size_t n;

	if (argc != 3)
		return 2;
	if (!file_read(argv[1], &file, &e) || !pysettings_add_python(py,
	    file.data, file.len, "production.py", &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	(void)pysettings_list(py, pool, &n);
	printf("%s %zu\n", pysettings_find(py, argv[2]).text, n);
	pysettings_free(py);
	buf_free(&file);
	pool_free(pool);
	return 0;
}
