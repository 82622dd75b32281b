/*
 * s3_list - what a bucket holds, page by page.
 */
#include "api/s3.h"

#include <limits.h>
#include <string.h>

#include "api/reply.h"
#include "api/s3_own.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/xml.h"

enum { KEY_MAX = 16 * 1024 };	/* 1,024 bytes, each as %XX, and room */

/* As forms are encoded, since keys may hold what XML can't; a + is a blank. */
static bool
decode_key(struct pool *p, const char *text, const char **key)
{
	struct buf b = buf_new(KEY_MAX);
	char *blanks = pool_strdup(p, text);
	bool ok;

	for (char *c = blanks; *c != '\0'; c++)
		if (*c == '+')
			*c = ' ';
	ok = text_unpercent(&b, blanks) && !b.full
	    && strlen(buf_str(&b)) == b.len;
	*key = pool_strdup(p, buf_str(&b));
	buf_free(&b);
	return ok;
}

static bool
read_object(struct pool *p, const struct xml *x, bool encoded,
    struct s3_object *o, struct err *e)
{
	const char *key = xml_value(x, "Key"), *size = xml_value(x, "Size");
	const char *modified = xml_value(x, "LastModified");
	long n;

	if (key == NULL || key[0] == '\0' || size == NULL)
		return err_set(e, ERR_OTHER,
		    "an entry without a key or a size");
	o->key = key;
	if (encoded && !decode_key(p, key, &o->key))
		return err_set(e, ERR_OTHER, "a key that can't be read: %s",
		    reply_line(p, key));
	if (!text_number(size, 0, LONG_MAX, &n, e))
		return err_within(e, "%s", reply_line(p, o->key));
	o->size = n;
	o->etag = s3_etag(p, xml_value(x, "ETag"));
	o->modified = modified != NULL ? modified : "";
	return true;
}

static bool
read_page(struct pool *p, const struct xml *x, struct s3_page *page,
    struct err *e)
{
	const struct xml *c = xml_child(x, "Contents");
	const char *encoding = xml_value(x, "EncodingType");
	const char *more = xml_value(x, "IsTruncated");
	bool encoded = encoding != NULL && strcmp(encoding, "url") == 0;
	size_t n = 0;

	for (const struct xml *i = c; i != NULL; i = xml_next(i))
		n++;
	*page = (struct s3_page){ .n = n,
	    .v = pool_alloc(p, (n + 1) * sizeof(*page->v)) };
	for (size_t i = 0; i < n; i++, c = xml_next(c))
		if (!read_object(p, c, encoded, &page->v[i], e))
			return false;
	if (more == NULL || strcmp(more, "true") != 0)
		return true;
	page->next = xml_value(x, "NextContinuationToken");
	if (text_empty(page->next))
		return err_set(e, ERR_OTHER,
		    "there is more, but not said where");
	return true;
}

bool
s3_list(struct s3 *s, struct pool *p, const char *prefix, const char *from,
    struct s3_page *page, struct err *e)
{
	struct s3_ask ask = { .method = "GET", .query = pool_printf(p,
	    "list-type=2&max-keys=1000&encoding-type=url%s%s",
	    text_empty(prefix) ? "" : s3_parameter(p, "&", "prefix", prefix),
	    from == NULL ? ""
	    : s3_parameter(p, "&", "continuation-token", from)) };
	const struct xml *x = s3_ask_xml(s, p, &ask, "ListBucketResult", e);

	if (x == NULL)
		return false;
	if (!read_page(p, x, page, e))
		return err_within(e, "%s: its listing", s->name);
	return true;
}
