#include "digest.h"

#include <string.h>

#include <openssl/sha.h>

#include "hex.h"

void digest_hex(char out[DIGEST_SIZE], struct span text)
{
	unsigned char hash[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)text.p, text.len, hash);
	hex_write(out, hash, sizeof(hash));
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
