#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/provider/call_outcome.h"

static void assert_outcome(enum upstream_end end, long status, const char *word)
{
	const struct upstream_result result = {.end = end, .status = status, .error = ""};

	assert_string_equal(call_outcome_word(call_outcome_of(&result)), word);
}

static void a_whole_answer_is_what_its_status_says(void **state)
{
	(void)state;
	assert_outcome(UPSTREAM_COMPLETE, 200, "success");
	assert_outcome(UPSTREAM_UNFRAMED, 201, "success");
	assert_outcome(UPSTREAM_COMPLETE, 429, "http_429");
	assert_outcome(UPSTREAM_COMPLETE, 400, "http_4xx");
	assert_outcome(UPSTREAM_COMPLETE, 499, "http_4xx");
	assert_outcome(UPSTREAM_COMPLETE, 500, "http_5xx");
	assert_outcome(UPSTREAM_COMPLETE, 599, "http_5xx");
	assert_outcome(UPSTREAM_COMPLETE, 302, "invalid");
}

static void an_end_without_the_whole_answer_has_a_word_of_its_own(void **state)
{
	(void)state;
	assert_outcome(UPSTREAM_NOT_REACHED, 0, "unreachable");
	assert_outcome(UPSTREAM_DISCONNECTED, 0, "disconnected");
	assert_outcome(UPSTREAM_DISCONNECTED, 200, "disconnected");
	assert_outcome(UPSTREAM_TIMEOUT, 0, "timeout");
	assert_outcome(UPSTREAM_TIMEOUT, 200, "timeout");
	assert_outcome(UPSTREAM_INVALID, 200, "invalid");
}

static void an_errors_status_says_more_than_how_its_body_ended(void **state)
{
	(void)state;
	assert_outcome(UPSTREAM_DISCONNECTED, 503, "http_5xx");
	assert_outcome(UPSTREAM_TIMEOUT, 429, "http_429");
}

static void every_outcome_has_a_word(void **state)
{
	(void)state;
	for (int i = 0; i < CALL_OUTCOMES; i++)
		assert_non_null(call_outcome_word(i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_whole_answer_is_what_its_status_says),
	    cmocka_unit_test(an_end_without_the_whole_answer_has_a_word_of_its_own),
	    cmocka_unit_test(an_errors_status_says_more_than_how_its_body_ended),
	    cmocka_unit_test(every_outcome_has_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
