#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/base64.h"

static void assert_decoded(const char *text, const char *expected)
{
	struct buf out = {0};

	buf_puts(&out, ">");
	assert_true(base64_decode(&out, span_of(text)));
	assert_int_equal(out.len, strlen(expected) + 1);
	assert_string_equal(buf_cstr(&out) + 1, expected);
	buf_free(&out);
}

static void the_vectors_of_the_rfc_are_decoded(void **state)
{
	(void)state;
	assert_decoded("", "");
	assert_decoded("Zg==", "f");
	assert_decoded("Zm8=", "fo");
	assert_decoded("Zm9v", "foo");
	assert_decoded("Zm9vYg==", "foob");
	assert_decoded("Zm9vYmE=", "fooba");
	assert_decoded("Zm9vYmFy", "foobar");
}

static void padding_may_be_missing(void **state)
{
	(void)state;
	assert_decoded("Zg", "f");
	assert_decoded("Zm8", "fo");
	assert_decoded("Zm9vYmE", "fooba");
}

static void both_alphabets_are_understood(void **state)
{
	(void)state;
	assert_decoded("fn5+Pz8/", "~~~???");
	assert_decoded("fn5-Pz8_", "~~~???");
}

static void blanks_and_escapes_in_it_are_allowed(void **state)
{
	(void)state;
	assert_decoded("Zm 9v\r\n", "foo");
	assert_decoded("Zm9vYg%3D%3D", "foob");
}

static void what_is_no_base64_is_refused(void **state)
{
	static const char *const others[] = {"Z", "Zm9vY", "Zm9v!", "Zm=v", "Zg==Zg==", "Zm9v\x80"};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct buf out = {0};

		assert_false(base64_decode(&out, span_of(others[i])));
		buf_free(&out);
	}
}

static void no_more_is_decoded_than_is_wanted(void **state)
{
	struct buf out = {0};

	(void)state;
	base64_decode_start(&out, SPAN("Zm9vYmFy"), 4);
	assert_string_equal(buf_cstr(&out), "foob");
	buf_clear(&out);
	base64_decode_start(&out, SPAN("Zm9v"), 4);
	assert_string_equal(buf_cstr(&out), "foo");
	buf_free(&out);
}

static void assert_encoded(const char *bytes, const char *expected)
{
	struct buf out = {0};

	buf_puts(&out, ">");
	base64_encode(&out, span_of(bytes));
	assert_string_equal(buf_cstr(&out) + 1, expected);
	buf_free(&out);
}

static void bytes_are_encoded_in_the_usual_alphabet_and_padded(void **state)
{
	(void)state;
	assert_encoded("", "");
	assert_encoded("f", "Zg==");
	assert_encoded("fo", "Zm8=");
	assert_encoded("foo", "Zm9v");
	assert_encoded("foob", "Zm9vYg==");
	assert_encoded("fooba", "Zm9vYmE=");
	assert_encoded("foobar", "Zm9vYmFy");
	assert_encoded("~~~???\xff\xff", "fn5+Pz8///8=");
}

static void what_is_encoded_is_decoded_to_the_same(void **state)
{
	char bytes[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		struct buf text = {0}, again = {0};

		base64_encode(&text, (struct span){bytes, len});
		assert_true(base64_decode(&again, buf_span(&text)));
		assert_true(span_eq(buf_span(&again), (struct span){bytes, len}));
		buf_free(&text);
		buf_free(&again);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_vectors_of_the_rfc_are_decoded),
	    cmocka_unit_test(padding_may_be_missing),
	    cmocka_unit_test(both_alphabets_are_understood),
	    cmocka_unit_test(blanks_and_escapes_in_it_are_allowed),
	    cmocka_unit_test(what_is_no_base64_is_refused),
	    cmocka_unit_test(no_more_is_decoded_than_is_wanted),
	    cmocka_unit_test(bytes_are_encoded_in_the_usual_alphabet_and_padded),
	    cmocka_unit_test(what_is_encoded_is_decoded_to_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
