#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/webhook/webhook_answer.h"

#define MASK "\xe2\x80\xa6"

static void assert_shown(const char *url, struct span body, const char *expected)
{
	struct buf shown = {0};

	webhook_body_to_show(&shown, url, body);
	assert_string_equal(buf_cstr(&shown), expected);
	buf_free(&shown);
}

static void an_answer_is_shown_as_it_is(void **state)
{
	(void)state;
	assert_shown("https://example.com/hook", SPAN("no / today\n"), "no / today\n");
	assert_shown("https://example.com/", SPAN("Cannot POST /"), "Cannot POST /");
	assert_shown("https://example.com", SPAN("Cannot POST /"), "Cannot POST /");
	assert_shown("https://example.com/hook", (struct span){0}, "");
}

static void bytes_that_end_texts_do_not_end_it(void **state)
{
	(void)state;
	assert_shown("https://example.com/hook", SPAN("a\0b"), "a b");
}

static void neither_path_nor_query_is_shown(void **state)
{
	(void)state;
	assert_shown(
	    "https://example.com/in/s3cret", SPAN("Cannot POST /in/s3cret"), "Cannot POST " MASK);
	assert_shown("https://example.com/in?key=s3cret", SPAN("/in?key=s3cret /in [key=s3cret]"),
	    MASK " " MASK " [" MASK "]");
	assert_shown("https://example.com?key=s3cret", SPAN("key=s3cret"), MASK);
}

static void a_secret_is_not_shown(void **state)
{
	static const char url[] = "https://example.com/hook";

	(void)state;
	assert_shown(url, SPAN("SECRET=whsec_MfKQ9r8GKYqr/TwjUPD8ILP+ZIo2LaLaSw== DEBUG=1"),
	    "SECRET=" MASK " DEBUG=1");
	assert_shown(url, SPAN("'whsec_MfKQ9r8GKYqr"), "'" MASK);
	assert_shown(url, SPAN("whsec MfKQ9r8GKYqr"), "whsec MfKQ9r8GKYqr");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_answer_is_shown_as_it_is),
	    cmocka_unit_test(bytes_that_end_texts_do_not_end_it),
	    cmocka_unit_test(a_secret_is_not_shown),
	    cmocka_unit_test(neither_path_nor_query_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
