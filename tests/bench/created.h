/* The answer to a create, as libcurl brings it, and the request that it answers. */
#ifndef BENCH_CREATED_H
#define BENCH_CREATED_H

#include <stddef.h>

#include "common/base/buf.h"

enum { CREATED_MAX = 65536 };

/* The body of a create. */
extern const char *const create_body;

/* Zeroed, or with a length of 0, it waits for the first byte. */
struct created {
	char text[CREATED_MAX]; /* with a NUL behind it, once something has come */
	size_t len;
};

/* A CURLOPT_WRITEFUNCTION, whose data is a struct created. A longer answer is refused. */
size_t created_take(char *p, size_t size, size_t count, void *ctx);

/* The id in it, which points into it; empty if there is none. */
struct span created_id(const struct created *created);

#endif
