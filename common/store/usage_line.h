/* What a tenant has used of a model on a day, as scripts/shared/usage.lua writes it. */
#ifndef RESPOOL_USAGE_LINE_H
#define RESPOOL_USAGE_LINE_H

#include <stdbool.h>

#include "common/base/buf.h"

struct usage_line {
	struct span tenant, label; /* of the text that was read */
	long long requests;
	long long failed, cancelled; /* of these */
	long long input_tokens, output_tokens;
	double cost; /* in the currency that the costs of the configuration are in */
};

/*
 * Reads a field's name, and what is in it. False, and what is in out is not to be read, if one of
 * them is not as it should be.
 */
bool usage_line_read(struct usage_line *out, struct span whose, struct span numbers);

#endif
