/*
 * How many tokens a request is expected to take, before its provider has counted any: a token for
 * each four bytes of JSON that its prompt is, rounded up, and as many as it lets the answer have.
 * Of an answer that it does not bound nothing is expected.
 */
#ifndef RESPOOL_TOKEN_ESTIMATE_H
#define RESPOOL_TOKEN_ESTIMATE_H

#include <stddef.h>

#include "common/base/buf.h"

/*
 * prompt_bytes are those of the input, of the instructions and of what comes before them;
 * max_output is a raw value, which counts if it is a number above 0.
 */
long long token_estimate(size_t prompt_bytes, struct span max_output);

/*
 * The same of a whole body, checked JSON, of the Responses API ("input", "instructions",
 * "max_output_tokens"), of Chat Completions ("messages", "max_completion_tokens", "max_tokens") or
 * of embeddings ("input"). 0 if it is no object.
 */
long long token_estimate_of_body(struct span body);

#endif
