/*
 * fuzz - what the fuzz targets share.
 *
 * A target is one file tests/fuzz/<name>.c that defines
 * LLVMFuzzerTestOneInput: it takes any bytes, and asks more of the module
 * than not to crash. `make fuzz` links it with libFuzzer and sanitizers;
 * `make test` links it with replay.c, which feeds it tests/fuzz/corpus/<name>.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* A property of the module: if it does not hold, that is a finding. */
#define fuzz_holds(property, ...)					\
	do {								\
		if (!(property)) {					\
			fprintf(stderr, "%s:%d: not so: %s: ",		\
			    __FILE__, __LINE__, #property);		\
			fprintf(stderr, __VA_ARGS__);			\
			fputc('\n', stderr);				\
			abort();					\
		}							\
	} while (0)

#endif
