#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/hex.h"
#include "common/base/hmac.h"

static void assert_hmac(const void *key, size_t key_len, struct span text, const char *expected)
{
	unsigned char mac[HMAC_SIZE];
	char hex[2 * HMAC_SIZE + 1];

	hmac_sha256(mac, key, key_len, text);
	hex_write(hex, mac, sizeof(mac));
	assert_string_equal(hex, expected);
}

/* So many times the same byte. */
static const char *repeat(char bytes[131], int byte, size_t count)
{
	memset(bytes, byte, count);
	return bytes;
}

/* RFC 4231, cases 1 to 4 and 7; case 5 is about digests that are cut off, 6 is like 7. */
static void the_vectors_of_the_rfc_hold(void **state)
{
	char key[131], text[131];
	char counted[25];

	(void)state;
	for (size_t i = 0; i < sizeof(counted); i++)
		counted[i] = (char)(i + 1);
	assert_hmac(repeat(key, 0x0b, 20), 20, SPAN("Hi There"),
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	assert_hmac("Jefe", 4, SPAN("what do ya want for nothing?"),
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	assert_hmac(repeat(key, 0xaa, 20), 20, (struct span){repeat(text, 0xdd, 50), 50},
	    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	assert_hmac(counted, sizeof(counted), (struct span){repeat(text, 0xcd, 50), 50},
	    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
	assert_hmac(repeat(key, 0xaa, 131), 131,
	    SPAN("This is a test using a larger than block-size key and a larger than block-size "
		 "data. The key needs to be hashed before being used by the HMAC algorithm."),
	    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

static void a_key_or_a_text_may_be_empty(void **state)
{
	(void)state;
	assert_hmac(
	    "", 0, SPAN(""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_vectors_of_the_rfc_hold),
	    cmocka_unit_test(a_key_or_a_text_may_be_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
