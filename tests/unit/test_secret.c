#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../app/secret.h"

/* The text as it comes out when it goes in in pieces of so many bytes. */
static struct buf masked(const char *secret, const char *text, size_t piece)
{
	struct secret_mask mask;
	struct buf out = {0};
	size_t len = strlen(text);

	secret_mask_open(&mask, secret);
	for (size_t i = 0; i < len; i += piece) {
		size_t left = len - i;

		buf_append_span(&out,
		    secret_mask_next(&mask, (struct span){text + i, left < piece ? left : piece}));
	}
	buf_append_span(&out, secret_mask_rest(&mask));
	secret_mask_close(&mask);
	return out;
}

static void assert_masked(const char *secret, const char *text, const char *expected)
{
	for (size_t piece = 1; piece <= strlen(text) + 1; piece++) {
		struct buf out = masked(secret, text, piece);

		assert_string_equal(buf_cstr(&out), expected);
		buf_free(&out);
	}
}

static void secret_becomes_asterisks_however_the_text_is_split(void **state)
{
	(void)state;
	assert_masked("sk-key", "sk-key", "******");
	assert_masked("sk-key", "a sk-key b sk-keysk-key.", "a ****** b ************.");
	assert_masked("sk-key", "sk-kesk-key sk-k", "sk-ke****** sk-k");
	assert_masked("aab", "aaab aaaab", "a*** aa***");
	assert_masked("abab", "ababab", "****ab");
}

static void text_without_the_secret_stays_as_it_is(void **state)
{
	(void)state;
	assert_masked("sk-key", "nothing of the kind, sk-", "nothing of the kind, sk-");
	assert_masked(NULL, "anything", "anything");
	assert_masked("", "anything", "anything");
}

static void only_what_may_be_the_secret_s_beginning_is_held_back(void **state)
{
	struct secret_mask mask;
	struct span shown;

	(void)state;
	secret_mask_open(&mask, "sk-key");
	shown = secret_mask_next(&mask, SPAN("event\n\n"));
	assert_int_equal(shown.len, 7);
	shown = secret_mask_next(&mask, SPAN("tail sk-"));
	assert_int_equal(shown.len, 5);
	shown = secret_mask_next(&mask, SPAN("x"));
	assert_true(span_is(shown, "sk-x"));
	assert_int_equal(secret_mask_rest(&mask).len, 0);
	secret_mask_close(&mask);
}

static void redaction_leaves_no_trace_of_the_secret(void **state)
{
	struct buf out = {0};

	(void)state;
	secret_redact(&out, SPAN("key sk-1, again sk-1"), "sk-1");
	assert_string_equal(buf_cstr(&out), "key [redacted], again [redacted]");
	assert_true(secret_is_in(SPAN("x sk-1"), "sk-1"));
	assert_false(secret_is_in(SPAN("x sk-2"), "sk-1"));
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(secret_becomes_asterisks_however_the_text_is_split),
	    cmocka_unit_test(text_without_the_secret_stays_as_it_is),
	    cmocka_unit_test(only_what_may_be_the_secret_s_beginning_is_held_back),
	    cmocka_unit_test(redaction_leaves_no_trace_of_the_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
