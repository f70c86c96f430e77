#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/response/fold.h"
#include "common/base/json.h"
#include "folding.h"

/* Folds in_progress and one more event, seals, and checks the stored status. */
static void end_with(struct fold *fold, const char *event, enum response_status status)
{
	open_fold(fold);
	feed(fold, "{\"type\":\"response.in_progress\"}", FOLD_IGNORED);
	feed(fold, event, FOLD_TERMINAL);
	assert_int_equal(fold->status, status);
	assert_member(fold, "status", "\"in_progress\"");
	fold_seal(fold, NOW);
	assert_valid(fold);
	assert_int_equal(response_status_peek(text_of(fold)), status);
	assert_true(json_string_is(member(fold, "status"), response_status_name(status)));
}

static void test_response_failed_sets_failed_status_and_error(void **state)
{
	static const char error[] = "{\"type\":\"server_error\",\"code\":\"model_error\","
				    "\"message\":\"The model encountered an error\"}";
	struct fold fold;

	(void)state;
	end_with(&fold,
	    "{\"type\":\"response.failed\",\"response\":{\"id\":\"resp_123\",\"status\":\"failed\","
	    "\"error\":{\"type\":\"server_error\",\"code\":\"model_error\","
	    "\"message\":\"The model encountered an error\"},\"model\":\"gpt-4o\",\"output\":[]}}",
	    STATUS_FAILED);
	assert_member(&fold, "error", error);
	assert_member(&fold, "completed_at", "null");
	fold_close(&fold);
}

static void test_response_incomplete_sets_incomplete_status_and_details(void **state)
{
	struct fold fold;

	(void)state;
	end_with(&fold,
	    "{\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\","
	    "\"error\":{\"code\":\"max_output_tokens\",\"message\":\"m\"},"
	    "\"incomplete_details\":{\"reason\":\"max_output_tokens\"},"
	    "\"usage\":{\"input_tokens\":10,\"output_tokens\":4096},"
	    "\"output\":[{\"id\":\"item_1\",\"type\":\"message\"}]}}",
	    STATUS_INCOMPLETE);
	assert_member(&fold, "error", "{\"code\":\"max_output_tokens\",\"message\":\"m\"}");
	assert_member(&fold, "incomplete_details", "{\"reason\":\"max_output_tokens\"}");
	assert_member(&fold, "usage", "{\"input_tokens\":10,\"output_tokens\":4096}");
	fold_close(&fold);
}

static void test_response_cancelled_sets_cancelled_status(void **state)
{
	struct fold fold;

	(void)state;
	end_with(&fold,
	    "{\"type\":\"response.cancelled\",\"response\":{\"id\":\"resp_123\","
	    "\"status\":\"cancelled\",\"model\":\"gpt-4o\",\"output\":[]}}",
	    STATUS_CANCELLED);
	fold_close(&fold);
}

static void test_response_completed_sets_completed_status(void **state)
{
	struct fold fold;

	(void)state;
	end_with(&fold,
	    COMPLETED(
		"{\"status\":\"completed\",\"usage\":{\"input_tokens\":10,"
		"\"output_tokens\":50},\"output\":[{\"id\":\"item_1\",\"type\":\"message\"}]}"),
	    STATUS_COMPLETED);
	assert_member(&fold, "usage", "{\"input_tokens\":10,\"output_tokens\":50}");
	assert_member(&fold, "completed_at", "1700000042");
	fold_close(&fold);
}

static void test_fallback_status_derived_from_event_type_when_status_field_missing(void **state)
{
	static const struct {
		const char *event;
		enum response_status status;
	} cases[] = {
	    {"{\"type\":\"response.incomplete\",\"response\":{\"id\":\"r\"}}", STATUS_INCOMPLETE},
	    {"{\"type\":\"response.incomplete\",\"response\":{\"status\":null}}",
		STATUS_INCOMPLETE},
	    {"{\"type\":\"response.failed\",\"response\":{\"status\":7}}", STATUS_FAILED},
	    {"{\"type\":\"response.cancelled\",\"response\":null}", STATUS_CANCELLED},
	    {"{\"type\":\"response.failed\"}", STATUS_FAILED},
	    {"{\"type\":\"response.completed\",\"response\":{\"status\":\"in_progress\"}}",
		STATUS_COMPLETED},
	    {"{\"type\":\"response.completed\",\"response\":{\"status\":\"done\"}}",
		STATUS_COMPLETED},
	};
	struct fold fold;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		end_with(&fold, cases[i].event, cases[i].status);
		fold_close(&fold);
	}
}

static void an_explicit_terminal_status_wins_over_the_event_s_name(void **state)
{
	struct fold fold;

	(void)state;
	end_with(&fold, COMPLETED("{\"status\":\"incomplete\"}"), STATUS_INCOMPLETE);
	fold_close(&fold);
}

static void test_no_terminal_event_defaults_to_completed(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	feed(&fold, "{\"type\":\"response.in_progress\"}", FOLD_IGNORED);
	fold_end(&fold);
	assert_int_equal(fold.status, STATUS_COMPLETED);
	fold_close(&fold);
}

static void an_error_without_a_type_counts_as_an_error_event(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, "{\"error\":{\"message\":\"upstream broke\",\"code\":\"500\"}}");
	fold_end(&fold);
	assert_int_equal(fold.status, STATUS_FAILED);
	assert_member(&fold, "error", "{\"message\":\"upstream broke\",\"code\":\"500\"}");
	fold_close(&fold);
}

static void an_error_and_then_the_end_is_failed(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(
	    &fold, "{\"type\":\"error\",\"code\":\"overloaded\",\"message\":\"m\",\"param\":null}");
	assert_true(fold.error_seen);
	fold_end(&fold);
	assert_int_equal(fold.status, STATUS_FAILED);
	assert_member(&fold, "error", "{\"code\":\"overloaded\",\"message\":\"m\",\"param\":null}");
	fold_close(&fold);
}

static void an_error_and_then_a_terminal_event_is_what_that_says(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, "{\"type\":\"error\",\"error\":{\"code\":\"x\",\"message\":\"m\"}}");
	assert_member(&fold, "error", "{\"code\":\"x\",\"message\":\"m\"}");
	feed(&fold, "{\"type\":\"response.incomplete\",\"response\":{}}", FOLD_TERMINAL);
	fold_end(&fold);
	assert_int_equal(fold.status, STATUS_INCOMPLETE);
	fold_close(&fold);
}

static void events_after_the_end_of_the_stream_are_ignored(void **state)
{
	struct fold fold;

	(void)state;
	open_message(&fold);
	feed(&fold, COMPLETED("{}"), FOLD_TERMINAL);
	fold_end(&fold);
	feed(&fold, DELTA("m", "0", "late"), FOLD_IGNORED);
	feed(&fold, "{\"type\":\"response.failed\"}", FOLD_IGNORED);
	fold_end(&fold);
	assert_int_equal(fold.status, STATUS_COMPLETED);
	assert_int_equal(fold_response(&fold, SPAN("{\"status\":\"failed\"}")), FOLD_IGNORED);
	fold_close(&fold);
}

static void failing_sets_status_and_error(void **state)
{
	struct fold fold;

	(void)state;
	open_message(&fold);
	fold_fail(&fold, "too_large", SPAN("a \"large\" answer\n\xff"));
	assert_int_equal(fold.status, STATUS_FAILED);
	assert_member(&fold, "error",
	    "{\"code\":\"too_large\",\"message\":\"a \\\"large\\\" answer\\n" BAD "\"}");
	fold_fail_with(&fold, SPAN("{\"type\" : \"x\"}"));
	assert_member(&fold, "error", "{\"type\":\"x\"}");
	fold_seal(&fold, NOW);
	assert_valid(&fold);
	assert_int_equal(response_status_peek(text_of(&fold)), STATUS_FAILED);
	fold_close(&fold);
}

static void a_whole_response_is_folded_like_a_terminal_event(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	assert_int_equal(fold_response(&fold, SPAN(" {\"status\":\"incomplete\",\"model\":\"x\","
						   "\"output\":[{\"id\":\"a\"},{\"b\":1}]} ")),
	    FOLD_TERMINAL);
	assert_int_equal(fold.status, STATUS_INCOMPLETE);
	assert_member(&fold, "model", "\"x\"");
	assert_member(&fold, "output", "[{\"id\":\"a\"},{\"b\":1}]");
	fold_close(&fold);
}

static void a_whole_response_that_is_no_object_is_skipped(void **state)
{
	static const char *const texts[] = {"", "<html>", "[]", "null", "{\"a\":1", "{} x"};
	struct fold fold;
	size_t i;

	(void)state;
	open_fold(&fold);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(fold_response(&fold, span_of(texts[i])), FOLD_SKIPPED);
		assert_non_null(strstr(fold.warning, "the response is "));
	}
	assert_int_equal(fold.status, STATUS_IN_PROGRESS);
	fold_close(&fold);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_response_failed_sets_failed_status_and_error),
	    cmocka_unit_test(test_response_incomplete_sets_incomplete_status_and_details),
	    cmocka_unit_test(test_response_cancelled_sets_cancelled_status),
	    cmocka_unit_test(test_response_completed_sets_completed_status),
	    cmocka_unit_test(
		test_fallback_status_derived_from_event_type_when_status_field_missing),
	    cmocka_unit_test(an_explicit_terminal_status_wins_over_the_event_s_name),
	    cmocka_unit_test(test_no_terminal_event_defaults_to_completed),
	    cmocka_unit_test(an_error_without_a_type_counts_as_an_error_event),
	    cmocka_unit_test(an_error_and_then_the_end_is_failed),
	    cmocka_unit_test(an_error_and_then_a_terminal_event_is_what_that_says),
	    cmocka_unit_test(events_after_the_end_of_the_stream_are_ignored),
	    cmocka_unit_test(failing_sets_status_and_error),
	    cmocka_unit_test(a_whole_response_is_folded_like_a_terminal_event),
	    cmocka_unit_test(a_whole_response_that_is_no_object_is_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
