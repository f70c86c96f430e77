#include "idempotency.h"

#include <string.h>

#include <openssl/sha.h>

#include "common/base/buf.h"

void idempotency_key(char out[IDEMPOTENCY_KEY_SIZE], const char *tenant, const char *key)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char hash[SHA256_DIGEST_LENGTH];
	struct buf text = {0};

	/* The length tells where the name ends, whatever is in it. */
	buf_printf(&text, "%zu:%s:%s", strlen(tenant), tenant, key);
	SHA256((const unsigned char *)text.data, text.len, hash);
	buf_free(&text);
	for (size_t i = 0; i < sizeof(hash); i++) {
		out[2 * i] = digits[hash[i] >> 4];
		out[2 * i + 1] = digits[hash[i] & 0xf];
	}
	out[2 * sizeof(hash)] = '\0';
}
