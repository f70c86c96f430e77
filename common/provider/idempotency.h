/* What a provider is sent as Idempotency-Key. */
#ifndef RESPOOL_IDEMPOTENCY_H
#define RESPOOL_IDEMPOTENCY_H

#include "common/base/digest.h"

enum { IDEMPOTENCY_KEY_SIZE = DIGEST_SIZE };

/*
 * A key of the tenant's own, the same for the same key of the client's. To a provider all tenants
 * are one: with the client's spelling, who sends another's key could get that one's answer. Nobody
 * can find a key that becomes the same as another tenant's (SHA-256), nor tell the tenant from it.
 */
void idempotency_key(char out[IDEMPOTENCY_KEY_SIZE], const char *tenant, const char *key);

#endif
