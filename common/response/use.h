/*
 * What a response has used, as it is kept beside it and counted: tokens of input and of output, and
 * what these cost.
 */
#ifndef RESPOOL_USE_H
#define RESPOOL_USE_H

#include "common/base/buf.h"
#include "usage.h"

struct use {
	long long input, output;
	double cost;
};

/* At costs of so much for a token. What is not told counts as none. */
struct use use_of(const struct usage *usage, double input_cost, double output_cost);

/* Appends "<input>,<output>,<cost>", as the scripts of the store take it. */
void use_write(struct buf *out, const struct use *use);

#endif
