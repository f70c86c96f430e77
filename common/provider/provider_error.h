/* A provider's error answer as the error of a failed response. */
#ifndef RESPOOL_PROVIDER_ERROR_H
#define RESPOOL_PROVIDER_ERROR_H

#include "common/base/buf.h"
#include "secret.h"

/*
 * Appends an error object, raw JSON: the "error" of the provider's JSON body if it is an object
 * with a message, else one made of the status and the beginning of the body. The secrets are left
 * out wherever the provider repeats them.
 */
void provider_error(struct buf *out, long status, struct span body, const struct secrets *secrets);

/*
 * The same for an answer in another dialect than the Responses API's: an error without a code of
 * the provider's has as its code the error's type, if it is one of Anthropic's, or else the word of
 * the Responses API that fits the status.
 */
void provider_error_translated(
    struct buf *out, long status, struct span body, const struct secrets *secrets);

#endif
