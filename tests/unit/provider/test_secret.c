#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/provider/secret.h"

/* The text as it comes out when it goes in in pieces of so many bytes. */
static struct buf masked(const struct secrets *secrets, const char *text, size_t piece)
{
	struct secret_mask mask;
	struct buf out = {0};
	size_t len = strlen(text);

	secret_mask_open(&mask, secrets);
	for (size_t i = 0; i < len; i += piece) {
		size_t left = len - i;

		buf_append_span(&out,
		    secret_mask_next(&mask, (struct span){text + i, left < piece ? left : piece}));
	}
	buf_append_span(&out, secret_mask_rest(&mask));
	secret_mask_close(&mask);
	return out;
}

static void assert_all_masked(const struct secrets *secrets, const char *text, const char *expected)
{
	for (size_t piece = 1; piece <= strlen(text) + 1; piece++) {
		struct buf out = masked(secrets, text, piece);

		assert_string_equal(buf_cstr(&out), expected);
		buf_free(&out);
	}
}

/* The secrets of a deployment with that key and header; either may be NULL. */
static struct secrets secrets_of(const char *key, const char *header)
{
	char *headers[] = {(char *)header};
	struct deployment deployment = {.api_key = (char *)key,
	    .extra_headers = headers,
	    .extra_header_count = header != NULL ? 1 : 0};
	struct secrets secrets;

	secrets_open(&secrets, &deployment, "m");
	return secrets;
}

static void assert_masked(const char *secret, const char *text, const char *expected)
{
	struct secrets secrets = secrets_of(secret, NULL);

	assert_all_masked(&secrets, text, expected);
	secrets_close(&secrets);
}

static void secret_becomes_asterisks_however_the_text_is_split(void **state)
{
	(void)state;
	assert_masked("sk-k3y", "sk-k3y", "******");
	assert_masked("sk-k3y", "a sk-k3y b sk-k3ysk-k3y.", "a ****** b ************.");
	assert_masked("sk-k3y", "sk-k3sk-k3y sk-k", "sk-k3****** sk-k");
	assert_masked("aaaab1", "aaaaab1 aaaaaab1", "a****** aa******");
	assert_masked("ab1ab1", "ab1ab1ab1", "******ab1");
}

static void text_without_the_secret_stays_as_it_is(void **state)
{
	(void)state;
	assert_masked("sk-k3y", "nothing of the kind, sk-", "nothing of the kind, sk-");
	assert_masked(NULL, "anything", "anything");
	assert_masked("", "anything", "anything");
}

static void placeholder_for_a_key_stays_as_it_is(void **state)
{
	static const char *const placeholders[] = {
	    "k", "none", "EMPTY", "ollama", "lm-studio", "12345678"};

	(void)state;
	for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++) {
		assert_masked(placeholders[i], placeholders[i], placeholders[i]);
		assert_false(secret_is_in(span_of(placeholders[i]), placeholders[i]));
	}
	assert_masked("sk-1234", "sk-1234", "*******");
	assert_masked("correct-horse", "correct-horse", "*************");
}

static void header_that_tells_who_asks_is_secret_as_well(void **state)
{
	static const char *const headers[] = {"Authorization: Basic gateway-77",
	    "x-API-Key: gateway-77", "Cookie:gateway-77", "X-Auth-Token: gateway-77",
	    "X-Api-Secret:  gateway-77"};
	struct secrets secrets;

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		secrets = secrets_of("sk-k3y", headers[i]);
		assert_all_masked(&secrets, "gateway-77, sk-k3y; gatewaysk-k3y",
		    "**********, ******; gateway******");
		assert_true(secrets_are_in(SPAN("a gateway-77"), &secrets));
		secrets_close(&secrets);
	}
	secrets = secrets_of("sk-k3y", "X-Title: application-77");
	assert_false(secrets_are_in(SPAN("application-77"), &secrets));
	secrets_close(&secrets);
}

static void only_what_may_be_the_secret_s_beginning_is_held_back(void **state)
{
	struct secrets secrets = secrets_of("sk-k3y", NULL);
	struct secret_mask mask;
	struct span shown;

	(void)state;
	secret_mask_open(&mask, &secrets);
	shown = secret_mask_next(&mask, SPAN("event\n\n"));
	assert_int_equal(shown.len, 7);
	shown = secret_mask_next(&mask, SPAN("tail sk-"));
	assert_int_equal(shown.len, 5);
	shown = secret_mask_next(&mask, SPAN("x"));
	assert_true(span_is(shown, "sk-x"));
	assert_int_equal(secret_mask_rest(&mask).len, 0);
	secret_mask_close(&mask);
	secrets_close(&secrets);
}

static void redaction_leaves_no_trace_of_the_secret(void **state)
{
	struct buf out = {0};

	(void)state;
	secret_redact(&out, SPAN("key sk-k31, again sk-k31"), "sk-k31");
	assert_string_equal(buf_cstr(&out), "key [redacted], again [redacted]");
	assert_true(secret_is_in(SPAN("x sk-k31"), "sk-k31"));
	assert_false(secret_is_in(SPAN("x sk-k32"), "sk-k31"));
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(secret_becomes_asterisks_however_the_text_is_split),
	    cmocka_unit_test(text_without_the_secret_stays_as_it_is),
	    cmocka_unit_test(placeholder_for_a_key_stays_as_it_is),
	    cmocka_unit_test(header_that_tells_who_asks_is_secret_as_well),
	    cmocka_unit_test(only_what_may_be_the_secret_s_beginning_is_held_back),
	    cmocka_unit_test(redaction_leaves_no_trace_of_the_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
