/*
 * release - see release.h.
 */
#include "edx/release.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char *const names[] = { "nutmeg", "olive", "palm", "quince",
    "redwood", "sumac", "teak", "ulmo", "verawood" };

const char *
release_name(int major)
{
	return major >= RELEASE_OLDEST && major <= RELEASE_NEWEST ?
	    names[major - RELEASE_OLDEST] : NULL;
}

const char *
release_s3_plugin(int major)
{
	if (major >= 18 && major <= 20)
		return "git+https://github.com/hastexo/tutor-contrib-s3"
		    "@v2.3.1";
	if (major == 21)
		return "git+https://github.com/cleura/tutor-contrib-s3"
		    "@v2.5.0";
	return NULL;
}

/* "20", "20.0.5": digits, then nothing or a dot. */
static int
by_number(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (end == s || *s < '0' || *s > '9' || (*end != '\0' && *end != '.'))
		return 0;
	return n >= RELEASE_OLDEST && n <= RELEASE_NEWEST ? (int)n : 0;
}

int
release_major(const char *s)
{
	const char *slash;

	if (text_empty(s))
		return 0;
	if (*s == 'v' && s[1] >= '0' && s[1] <= '9')
		return by_number(s + 1);
	slash = strrchr(s, '/');
	if (slash != NULL)
		s = slash + 1;
	for (int i = RELEASE_OLDEST; i <= RELEASE_NEWEST; i++) {
		size_t len = strlen(release_name(i));

		if (strncmp(s, release_name(i), len) == 0
		    && (s[len] == '\0' || s[len] == '.'))
			return i;
	}
	return by_number(s);
}
