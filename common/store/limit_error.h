/*
 * What a client is told of its key's limits: why it is refused, as OpenAI's API says it, and in
 * headers how it stands.
 */
#ifndef RESPOOL_LIMIT_ERROR_H
#define RESPOOL_LIMIT_ERROR_H

#include "admission.h"
#include "common/response/api_error.h"

/*
 * Fills in *error, a 429, for admission->limit, which is not LIMIT_NONE: code
 * "rate_limit_exceeded", or "insufficient_quota" for max_budget. limits are the key's; tokens is
 * what the request was expected to take.
 */
void limit_error(struct api_error *error, const struct admission *admission,
    const struct key_limits *limits, long long tokens);

/*
 * When to try again, in whole seconds, rounded up and 1 at least; 0: nobody knows, which
 * is what cgi_head_set_retry_after() takes.
 */
long long limit_retry_after(const struct admission *admission);

typedef void limit_header_fn(void *ctx, const char *name, const char *value);

/*
 * Tells add of each header that OpenAI's API has for the limits that there are, refused or not:
 * "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests", and
 * the same of tokens.
 */
void limit_headers(const struct admission *admission, limit_header_fn *add, void *ctx);

enum { LIMIT_DURATION_SIZE = 48 };

/* A duration as OpenAI's API writes it: "0s", "20ms", "1.5s", "6m0s", "1h0m0s". */
void limit_duration(char out[LIMIT_DURATION_SIZE], long long ms);

#endif
