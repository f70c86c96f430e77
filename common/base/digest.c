#include "digest.h"

#include <string.h>

#include <openssl/sha.h>

void digest_hex(char out[DIGEST_SIZE], struct span text)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char hash[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)text.p, text.len, hash);
	for (size_t i = 0; i < sizeof(hash); i++) {
		out[2 * i] = digits[hash[i] >> 4];
		out[2 * i + 1] = digits[hash[i] & 0xf];
	}
	out[2 * sizeof(hash)] = '\0';
}

void digest_for(char out[DIGEST_SIZE], const char *name, struct span text)
{
	struct buf whole = {0};

	/* The length tells where the name ends, whatever is in it. */
	buf_printf(&whole, "%zu:%s:", strlen(name), name);
	buf_append_span(&whole, text);
	digest_hex(out, buf_span(&whole));
	buf_free(&whole);
}
