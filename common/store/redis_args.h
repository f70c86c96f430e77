/*
 * The arguments of one Redis command, collected without copying them: pointers given must stay
 * valid until the command has been handed to hiredis, which copies them.
 */
#ifndef RESPOOL_REDIS_ARGS_H
#define RESPOOL_REDIS_ARGS_H

#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/decimal.h"
#include "scripts.h"

enum { REDIS_ARGS_MAX = 80, REDIS_ARGS_NUMBERS = 12, REDIS_NUMBER_SIZE = DECIMAL_SIZE };

struct redis_args {
	int count;
	int first_key; /* index of the first key; 0 if it is where most commands have it, at 1 */
	const char *values[REDIS_ARGS_MAX];
	size_t lengths[REDIS_ARGS_MAX];
	int number_count;
	char numbers[REDIS_ARGS_NUMBERS][REDIS_NUMBER_SIZE];
};

void redis_args_add(struct redis_args *args, const char *value);
void redis_args_add_span(struct redis_args *args, struct span value);
void redis_args_add_number(struct redis_args *args, long long value);
/* Begins EVALSHA with so many keys. All that the script touches are to be named. */
void redis_args_script(struct redis_args *args, enum script script, int keys);
/* The key by which a Cluster routes the command; empty if it has no argument. */
struct span redis_args_key(const struct redis_args *args);

#endif
