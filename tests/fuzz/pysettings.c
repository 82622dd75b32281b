/*
 * Any bytes as a production.py: it is read, or refused with its place, and
 * what can't be read has a reason.
 */
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "data/pysettings.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const paths[] = { "A", "A.h", "A.0",
		"DATABASES.default.HOST", "FEATURES.X" };
	struct pysettings *ps = pysettings_new();
	struct err e = { 0 };

	if (!pysettings_add_python(ps, (const char *)data, len,
	    "production.py", &e))
		fuzz_holds(text_starts(e.text, "production.py:"), "%s",
		    e.text);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct py_found f = pysettings_find(ps, paths[i]);

		fuzz_holds(f.kind != PY_UNREADABLE || *f.why != '\0', "%s",
		    paths[i]);
	}
	pysettings_free(ps);
	return 0;
}
