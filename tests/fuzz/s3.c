/*
 * Fuzz what an S3 service answers: listings, what is said of an object,
 * uploads and errors, also those inside a 200, on their way through
 * data/xml.
 *
 * The input is a series of answers with a NUL between them; each begins with
 * a byte that chooses its status. No server is asked.
 */
#include <stdbool.h>
#include <string.h>

#include "api/s3.h"
#include "base/mem.h"
#include "net/http.h"
#include "tests/fuzz/fuzz.h"

static const char *left;	/* of the input */
static size_t left_len;

/* ---- in place of net/http ---- */

struct http *
http_open(const char *ca_file, const char *dns_servers, struct err *e)
{
	(void)ca_file, (void)dns_servers, (void)e;
	return mem_alloc(1);
}

void
http_close(struct http *h)
{
	mem_free(h);
}

bool
http_unsent(const struct http *h)
{
	return h == NULL;
}

/* The next answer; its first line is a header. */
bool
http_send(struct http *h, struct pool *p, const struct http_request *rq,
    struct http_reply *r, struct err *e)
{
	static const long statuses[] = { 200, 204, 206, 301, 403, 404, 412,
	    416 };
	const char *end = left_len > 0 ? memchr(left, '\0', left_len) : NULL;
	size_t n = end != NULL ? (size_t)(end - left) : left_len;
	const char **headers = pool_alloc(p, 2 * sizeof(*headers));
	const char *text;

	(void)h;
	if (n == 0)
		return err_set(e, ERR_NETWORK, "no more");
	text = pool_strndup(p, left + 1, n - 1);
	headers[0] = pool_strndup(p, text, strcspn(text, "\n"));
	text += strcspn(text, "\n");
	*r = (struct http_reply){ .headers = headers, .type = "",
	    .status = statuses[(unsigned char)left[0] % 8], .body = text,
	    .body_len = strlen(text), .attempts = 1 };
	left += end != NULL ? n + 1 : n;
	left_len -= end != NULL ? n + 1 : n;
	if (rq->again != NULL && rq->again(r))
		r->attempts++;
	return true;
}

/* ---- the target ---- */

static void
list_all(struct s3 *s, struct pool *p)
{
	struct s3_page page = { 0 };
	struct err e;
	int pages = 0;

	do {
		if (!s3_list(s, p, "a/", page.next, &page, &e))
			return;
		for (size_t i = 0; i < page.n; i++)
			fuzz_holds(page.v[i].key[0] != '\0'
			    && page.v[i].size >= 0
			    && page.v[i].etag != NULL, "entry %zu", i);
	} while (page.next != NULL && ++pages < 8);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct s3_place at = { .endpoint = "https://s3.example.test",
	    .region = "r", .bucket = "bucket", .key_id = "id",
	    .secret = "secret" };
	struct pool *p = pool_new();
	struct err e;
	struct http *h = http_open(NULL, NULL, &e);
	struct s3 *s = s3_open(h, &at, &e);
	struct buf b = buf_new(4096);
	struct s3_info info;
	size_t swept;

	left = (const char *)data;
	left_len = n;
	list_all(s, p);
	(void)!s3_find(s, p, "k", &info, &e);
	(void)!s3_read(s, p, "k", NULL, 0, 100, &b, &info, &e);
	(void)!s3_upload_sweep(s, "a/", &swept, &e);
	(void)!s3_remove(s, "k", &e);
	buf_free(&b);
	s3_close(s);
	http_close(h);
	pool_free(p);
	return 0;
}
