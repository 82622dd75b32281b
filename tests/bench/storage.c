/*
 * storage N FOLDER - put N small objects below FOLDER of the sandbox's bucket.
 */
#include <stdio.h>
#include <stdlib.h>

#include "api/s3.h"
#include "base/mem.h"
#include "net/http.h"
#include "net/http_many.h"

static bool failed;

static void
on_put(void *arg, const struct s3_outcome *o)
{
	pool_free(arg);
	if (!o->ok && !failed)
		fprintf(stderr, "%s\n", o->err.text);
	failed = failed || !o->ok;
}

static void
put(struct s3 *s, struct http_many *m, const char *folder, long i)
{
	static const char *const headers[] = { "Content-Type: text/plain",
	    NULL };
	static const char text[] = "A small object of a bench.";
	struct pool *p = pool_new();

	s3_start_put(s, m, pool_printf(p, "%s/%05ld", folder, i), headers,
	    text, sizeof(text) - 1, on_put, p);
}

int
main(int argc, char **argv)
{
	const struct s3_place at = { .endpoint = getenv("SB_S3"),
	    .bucket = getenv("SB_S3_BUCKET"),
	    .region = getenv("SB_S3_REGION"),
	    .key_id = getenv("SB_S3_KEY_ID"),
	    .secret = getenv("SB_S3_SECRET") };
	const char *ca = getenv("SB_CA_BUNDLE");
	long n = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
	struct err e = { 0 };
	struct http *h = http_open(ca, NULL, &e);
	struct s3 *s = h != NULL ? s3_open(h, &at, &e) : NULL;
	struct http_many *m;

	if (n < 1 || s == NULL) {
		fprintf(stderr, "usage: storage N FOLDER, in the sandbox %s\n",
		    e.text);
		return 2;
	}
	m = http_many_open(h, 32);
	for (long i = 0; !failed && (i < n || http_many_busy(m)); ) {
		for (; i < n && http_many_room(m); i++)
			put(s, m, argv[2], i);
		http_many_wait(m);
	}
	http_many_close(m);
	s3_close(s);
	http_close(h);
	return failed;
}
