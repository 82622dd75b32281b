/*
 * analyzer - what clang's analyzer should know of src/base/err.c, which it
 * can't look into from another file: an error made is always false.
 *
 * Put before each file by tests/lint/c; nothing is compiled with it.
 */
#ifndef TESTS_LINT_ANALYZER_H
#define TESTS_LINT_ANALYZER_H

#include "base/err.h"

#define err_set(...) ((void)err_set(__VA_ARGS__), false)
#define err_within(...) ((void)err_within(__VA_ARGS__), false)

#endif
