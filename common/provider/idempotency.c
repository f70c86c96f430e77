#include "idempotency.h"

void idempotency_key(char out[IDEMPOTENCY_KEY_SIZE], const char *tenant, const char *key)
{
	digest_for(out, tenant, span_of(key));
}
