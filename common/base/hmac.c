#include "hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "log.h"

void hmac_sha256(unsigned char out[HMAC_SIZE], const void *key, size_t key_len, struct span text)
{
	if (HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text.p, text.len, out,
		NULL) == NULL)
		fatalx("cannot compute an HMAC-SHA256");
}
