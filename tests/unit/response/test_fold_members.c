#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/response/fold.h"
#include "common/base/json.h"
#include "folding.h"

static void test_update_state_changes_status_to_in_progress(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	assert_member(&fold, "status", "\"in_progress\"");
	assert_int_equal(response_status_peek(text_of(&fold)), STATUS_IN_PROGRESS);
	fold_close(&fold);
}

static void test_update_state_replaces_full_output_list(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, ADDED("{\"id\":\"item_1\",\"type\":\"message\",\"content\":[]}"));
	feed(&fold,
	    COMPLETED("{\"output\":[{\"id\":\"item_1\",\"type\":\"message\",\"content\":[{\"type\":"
		      "\"text\",\"text\":\"Hello\"}]},{\"id\":\"item_2\",\"type\":\"message\","
		      "\"content\":[{\"type\":\"text\",\"text\":\"World\"}]}]}"),
	    FOLD_TERMINAL);
	assert_member(&fold, "output",
	    "[{\"id\":\"item_1\",\"type\":\"message\",\"content\":[{\"type\":"
	    "\"text\",\"text\":\"Hello\"}]},{\"id\":\"item_2\",\"type\":\"message\","
	    "\"content\":[{\"type\":\"text\",\"text\":\"World\"}]}]");
	fold_close(&fold);
}

static void test_update_state_with_usage(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	assert_member(&fold, "usage", "null");
	feed(&fold,
	    COMPLETED("{\"usage\":{\"input_tokens\":10,\"output_tokens\":50,\"total_tokens\":60}}"),
	    FOLD_TERMINAL);
	assert_member(
	    &fold, "usage", "{\"input_tokens\":10,\"output_tokens\":50,\"total_tokens\":60}");
	fold_close(&fold);
}

static void test_update_state_with_reasoning_tools_tool_choice(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	feed(&fold,
	    COMPLETED("{\"reasoning\":{\"effort\":\"medium\",\"summary\":\"Step by step\"},"
		      "\"tool_choice\":{\"type\":\"function\",\"name\":\"get_weather\"},"
		      "\"tools\":[{\"type\":\"function\",\"name\":\"get_weather\","
		      "\"parameters\":{}}]}"),
	    FOLD_TERMINAL);
	assert_member(&fold, "reasoning", "{\"effort\":\"medium\",\"summary\":\"Step by step\"}");
	assert_member(&fold, "tool_choice", "{\"type\":\"function\",\"name\":\"get_weather\"}");
	assert_member(
	    &fold, "tools", "[{\"type\":\"function\",\"name\":\"get_weather\",\"parameters\":{}}]");
	fold_close(&fold);
}

static void test_update_state_with_all_responses_api_fields(void **state)
{
	static const char *const values[RESPONSE_FIELD_COUNT] = {
	    [RESPONSE_BACKGROUND] = "true",
	    [RESPONSE_ERROR] = "{\"code\":\"c\",\"message\":\"m\"}",
	    [RESPONSE_INCOMPLETE_DETAILS] = "{\"reason\":\"max_output_tokens\"}",
	    [RESPONSE_MODEL] = "\"gpt-4o-x\"",
	    [RESPONSE_PREVIOUS_RESPONSE_ID] = "\"resp_prev_123\"",
	    [RESPONSE_INSTRUCTIONS] = "\"You are a helpful assistant\"",
	    [RESPONSE_TOOLS] = "[{\"type\":\"function\",\"function\":{\"name\":\"test\"}}]",
	    [RESPONSE_TOOL_CHOICE] = "{\"type\":\"auto\"}",
	    [RESPONSE_TRUNCATION] = "\"auto\"",
	    [RESPONSE_PARALLEL_TOOL_CALLS] = "false",
	    [RESPONSE_TEXT] = "{\"format\":{\"type\":\"text\"},\"verbosity\":\"high\"}",
	    [RESPONSE_TOP_P] = "0.9",
	    [RESPONSE_PRESENCE_PENALTY] = "0.25",
	    [RESPONSE_FREQUENCY_PENALTY] = "-0.5",
	    [RESPONSE_TOP_LOGPROBS] = "3",
	    [RESPONSE_TEMPERATURE] = "0.7",
	    [RESPONSE_REASONING] = "{\"effort\":\"medium\"}",
	    [RESPONSE_USER] = "\"user_123\"",
	    [RESPONSE_MAX_OUTPUT_TOKENS] = "1000",
	    [RESPONSE_MAX_TOOL_CALLS] = "4",
	    [RESPONSE_STORE] = "false",
	    [RESPONSE_SERVICE_TIER] = "\"flex\"",
	    [RESPONSE_METADATA] = "{\"k\":\"v\"}",
	    [RESPONSE_SAFETY_IDENTIFIER] = "\"s\"",
	    [RESPONSE_PROMPT_CACHE_KEY] = "\"p\"",
	    [RESPONSE_PROMPT] = "{\"id\":\"pmpt_1\",\"version\":\"2\"}",
	    [RESPONSE_CONVERSATION] = "{\"id\":\"conv_1\"}",
	};
	struct buf event = {0};
	struct fold fold;
	int f;

	(void)state;
	open_fold(&fold);
	buf_puts(&event, "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\","
			 "\"usage\":{\"total_tokens\":60}");
	for (f = 0; f < RESPONSE_FIELD_COUNT; f++)
		buf_printf(&event, ",\"%s\":%s", response_field_name(f), values[f]);
	buf_puts(&event, "}}");
	feed(&fold, buf_cstr(&event), FOLD_TERMINAL);
	for (f = 0; f < RESPONSE_FIELD_COUNT; f++)
		assert_member(&fold, response_field_name(f), values[f]);
	assert_member(&fold, "usage", "{\"total_tokens\":60}");
	buf_free(&event);
	fold_close(&fold);
}

static void test_update_state_preserves_existing_fields(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, ADDED("{\"id\":\"item_1\",\"type\":\"message\"}"));
	feed(&fold, COMPLETED("{\"status\":\"completed\",\"output\":[]}"), FOLD_TERMINAL);
	fold_seal(&fold, NOW);
	assert_member(&fold, "status", "\"completed\"");
	assert_member(&fold, "model", "\"gpt-4o\"");
	assert_member(&fold, "temperature", "0.5");
	assert_member(&fold, "metadata", "{\"a\":\"b\"}");
	assert_member(&fold, "output", "[{\"id\":\"item_1\",\"type\":\"message\"}]");
	fold_close(&fold);
}

static void test_update_state_with_error_sets_failed_status(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	fold_fail_with(&fold, SPAN("{\"type\":\"internal_error\",\"code\":\"server_error\","
				   "\"message\":\"Something went wrong\"}"));
	fold_seal(&fold, NOW);
	assert_member(&fold, "status", "\"failed\"");
	assert_member(&fold, "error",
	    "{\"type\":\"internal_error\",\"code\":\"server_error\","
	    "\"message\":\"Something went wrong\"}");
	fold_close(&fold);
}

static void test_update_state_with_incomplete_details(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	feed(&fold,
	    "{\"type\":\"response.incomplete\",\"response\":{\"incomplete_details\":"
	    "{\"reason\":\"max_output_tokens\"}}}",
	    FOLD_TERMINAL);
	assert_int_equal(fold.status, STATUS_INCOMPLETE);
	assert_member(&fold, "incomplete_details", "{\"reason\":\"max_output_tokens\"}");
	fold_close(&fold);
}

static void test_update_state_with_none_output_clears_output(void **state)
{
	struct fold first, again;

	(void)state;
	open_message(&first);
	change(&first, DELTA("m", "0", "half an ans"));
	change(
	    &first, "{\"type\":\"response.created\",\"response\":{\"user\":\"u\",\"x\":[1, 2]}}");
	assert_true(fold_open(&again, text_of(&first)));
	assert_member(&again, "output", "[]");
	assert_member(&again, "user", "\"u\"");
	assert_member(&again, "x", "[1,2]");
	change(&again, message);
	change(&again, text_part);
	change(&again, DELTA("m", "0", "whole"));
	assert_member(&again, "output",
	    "[{\"id\":\"m\",\"type\":\"message\",\"status\":\"in_progress\","
	    "\"content\":[{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],"
	    "\"text\":\"whole\"}]}]");
	fold_close(&again);
	fold_close(&first);
}

static void reopening_a_failed_object_forgets_how_it_ended(void **state)
{
	struct fold first, again;

	(void)state;
	open_message(&first);
	feed(&first,
	    "{\"type\":\"response.incomplete\",\"response\":{\"usage\":{\"a\":1},"
	    "\"error\":{\"code\":\"c\"},\"incomplete_details\":{\"reason\":\"r\"}}}",
	    FOLD_TERMINAL);
	fold_seal(&first, NOW);
	assert_true(fold_open(&again, text_of(&first)));
	assert_member(&again, "status", "\"in_progress\"");
	assert_member(&again, "error", "null");
	assert_member(&again, "incomplete_details", "null");
	assert_member(&again, "usage", "null");
	assert_member(&again, "completed_at", "null");
	fold_close(&again);
	fold_close(&first);
}

static void what_is_our_own_is_not_taken_from_the_provider(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold,
	    "{\"type\":\"response.in_progress\",\"response\":{\"id\":\"resp_1\",\"object\":\"x\","
	    "\"created_at\":1,\"completed_at\":2,\"status\":\"queued\",\"background\":false,"
	    "\"output\":[{\"id\":\"ghost\"}]}}");
	assert_true(json_string_is(member(&fold, "id"), FOLDED_ID));
	assert_member(&fold, "object", "\"response\"");
	assert_member(&fold, "created_at", "1700000000");
	assert_member(&fold, "completed_at", "null");
	assert_member(&fold, "status", "\"in_progress\"");
	assert_member(&fold, "background", "true");
	assert_member(&fold, "output", "[]");
	fold_close(&fold);
}

static void null_members_of_the_provider_s_response_leave_ours(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, "{\"type\":\"response.created\",\"response\":{\"usage\":{\"a\":1},\"x\":7}}");
	feed(&fold,
	    COMPLETED("{\"temperature\":null,\"metadata\":null,\"model\":null,\"usage\":null,"
		      "\"x\":null,\"output\":null,\"status\":null}"),
	    FOLD_TERMINAL);
	assert_member(&fold, "temperature", "0.5");
	assert_member(&fold, "metadata", "{\"a\":\"b\"}");
	assert_member(&fold, "model", "\"gpt-4o\"");
	assert_member(&fold, "usage", "{\"a\":1}");
	assert_member(&fold, "x", "7");
	fold_close(&fold);
}

static void unknown_members_of_the_response_are_kept_in_their_last_state(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, "{\"type\":\"response.created\",\"response\":"
		      "{\"x\":1,\"\":2,\"y\\n\":[{}],\"z\":\"\\u0041\"}}");
	change(&fold, "{\"type\":\"response.in_progress\",\"response\":"
		      "{\"\\u0078\":\"longer than before\",\"\":0,\"new\":{}}}");
	assert_member(&fold, "x", "\"longer than before\"");
	assert_member(&fold, "", "0");
	assert_member(&fold, "y\n", "[{}]");
	assert_member(&fold, "z", "\"A\"");
	assert_member(&fold, "new", "{}");
	fold_close(&fold);
}

static void a_response_told_twice_leaves_nothing_to_write(void **state)
{
	static const char event[] =
	    "{\"type\":\"response.created\",\"response\":{\"model\":\"other\","
	    "\"a\":1,\"b\":[2],\"tools\":[{\"type\":\"t\"}]}}";
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, event);
	document_mark_stored(&fold.doc);
	change(&fold, event);
	assert_false(document_is_dirty(&fold.doc));
	fold_close(&fold);
}

static void escaped_names_mean_the_same_as_plain_ones(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, "{\"typ\\u0065\":\"response\\u002ecreated\","
		      "\"r\\u0065sponse\":{\"temp\\u0065rature\":0.25,\"us\\u0061ge\":{}}}");
	assert_member(&fold, "temperature", "0.25");
	assert_member(&fold, "usage", "{}");
	change(&fold, ADDED("{\"\\u0069d\":\"m\",\"c\\u006fntent\":[{\"t\\u0065xt\":\"a\"}]}"));
	change(&fold, DELTA("\\u006d", "0", "b"));
	assert_member(&fold, "output", "[{\"id\":\"m\",\"content\":[{\"text\":\"ab\"}]}]");
	fold_close(&fold);
}

static void numbers_keep_their_digits(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, "{\"type\":\"response.created\",\"response\":{\"temperature\":0.70,"
		      "\"x\":[1e-7, 12345678901234567890, -0.0]}}");
	change(&fold, ADDED("{\"id\":\"m\",\"n\":1E400}"));
	assert_true(span_is(member(&fold, "temperature"), "0.70"));
	assert_true(span_is(member(&fold, "x"), "[1e-7,12345678901234567890,-0.0]"));
	assert_true(span_is(member(&fold, "output"), "[{\"id\":\"m\",\"n\":1E400}]"));
	fold_close(&fold);
}

static void unknown_members_are_kept_up_to_a_hundred(void **state)
{
	struct buf event = {0};
	struct fold fold;
	int i;

	(void)state;
	open_fold(&fold);
	buf_puts(&event, "{\"type\":\"response.created\",\"response\":{");
	for (i = 0; i < 5000; i++)
		buf_printf(&event, "%s\"x%d\":%d", i != 0 ? "," : "", i, i);
	buf_puts(&event, "}}");
	change(&fold, buf_cstr(&event));
	assert_member(&fold, "x99", "99");
	assert_int_equal(member(&fold, "x100").len, 0);
	buf_free(&event);
	fold_close(&fold);
}

static void of_a_name_that_comes_twice_the_last_counts(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, "{\"type\":7,\"type\":\"response.created\",\"response\":{\"user\":\"a\","
		      "\"x\":1,\"user\":null,\"x\":2,\"y\":1,\"y\":null}}");
	assert_member(&fold, "user", "null");
	assert_member(&fold, "x", "2");
	assert_int_equal(member(&fold, "y").len, 0);
	fold_close(&fold);
}

static void of_an_end_that_is_told_twice_the_last_counts(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	feed(&fold,
	    COMPLETED("{\"output\":[{\"id\":\"a\"}],\"error\":{\"code\":\"x\",\"message\":\"x\"},"
		      "\"status\":\"failed\",\"outp\\u0075t\":[{\"id\":\"b\"}],"
		      "\"\\u0065rror\":{\"code\":\"y\",\"message\":\"y\"},"
		      "\"st\\u0061tus\":\"incomplete\",\"outputs\":[],\"errors\":null,"
		      "\"stat\":\"completed\"}"),
	    FOLD_TERMINAL);
	assert_int_equal(fold.status, STATUS_INCOMPLETE);
	assert_member(&fold, "output", "[{\"id\":\"b\"}]");
	assert_member(&fold, "error", "{\"code\":\"y\",\"message\":\"y\"}");
	assert_member(&fold, "outputs", "[]");
	assert_member(&fold, "stat", "\"completed\"");
	fold_close(&fold);
}

static void the_status_slots_stay_at_their_offsets(void **state)
{
	struct fold fold;

	(void)state;
	open_message(&fold);
	change(&fold, "{\"type\":\"response.created\",\"response\":{\"model\":\"a longer name\"}}");
	feed(&fold, COMPLETED("{\"usage\":{}}"), FOLD_TERMINAL);
	fold_seal(&fold, NOW);
	assert_memory_equal(
	    text_of(&fold).p + RESPONSE_STATUS_OFFSET, "\"completed\"  ", RESPONSE_STATUS_WIDTH);
	assert_memory_equal(text_of(&fold).p + RESPONSE_COMPLETED_AT_OFFSET, "1700000042",
	    RESPONSE_COMPLETED_AT_WIDTH);
	fold_close(&fold);
}

static void opening_refuses_what_is_no_stored_object(void **state)
{
	static const char *const objects[] = {"", "null", "[]", "{}", "{\"id\":\"x\"}",
	    "{\"id\":\"litellm_poll_short\",\"created_at\":1700000000}",
	    "{\"id\":\"litellm_poll_01234567-89ab-4cde-8f01-23456789abcd\",\"created_at\":1}",
	    "{\"id\":\"litellm_poll_01234567-89ab-4cde-8f01-23456789abcd\"}",
	    "{\"id\":\"litellm_poll_01234567-89ab-4cde-8f01-23456789abcd\","
	    "\"created_at\":1700000000",
	    "{\"id\":\"litellm_poll_01234567-89ab-4cde-8f01-23456789\\u0041\","
	    "\"created_at\":1700000000}"};
	struct fold fold;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		assert_false(fold_open(&fold, span_of(objects[i])));
	assert_true(fold_open(&fold, SPAN("{\"created_at\":1700000000 , \"id\" : \"litellm_poll_"
					  "01234567-89ab-4cde-8f01-23456789abcd\"}")));
	assert_valid(&fold);
	fold_close(&fold);
}

static void opening_what_is_laid_out_already_leaves_nothing_to_write(void **state)
{
	struct buf object = {0};
	struct fold fold, same;

	(void)state;
	initial_object(&object);
	assert_true(fold_open(&fold, buf_span(&object)));
	assert_true(document_is_dirty(&fold.doc));
	assert_true(fold_open(&same, text_of(&fold)));
	assert_false(document_is_dirty(&same.doc));
	buf_free(&object);
	fold_close(&fold);
	fold_close(&same);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_update_state_changes_status_to_in_progress),
	    cmocka_unit_test(test_update_state_replaces_full_output_list),
	    cmocka_unit_test(test_update_state_with_usage),
	    cmocka_unit_test(test_update_state_with_reasoning_tools_tool_choice),
	    cmocka_unit_test(test_update_state_with_all_responses_api_fields),
	    cmocka_unit_test(test_update_state_preserves_existing_fields),
	    cmocka_unit_test(test_update_state_with_error_sets_failed_status),
	    cmocka_unit_test(test_update_state_with_incomplete_details),
	    cmocka_unit_test(test_update_state_with_none_output_clears_output),
	    cmocka_unit_test(reopening_a_failed_object_forgets_how_it_ended),
	    cmocka_unit_test(what_is_our_own_is_not_taken_from_the_provider),
	    cmocka_unit_test(null_members_of_the_provider_s_response_leave_ours),
	    cmocka_unit_test(unknown_members_of_the_response_are_kept_in_their_last_state),
	    cmocka_unit_test(a_response_told_twice_leaves_nothing_to_write),
	    cmocka_unit_test(escaped_names_mean_the_same_as_plain_ones),
	    cmocka_unit_test(numbers_keep_their_digits),
	    cmocka_unit_test(unknown_members_are_kept_up_to_a_hundred),
	    cmocka_unit_test(of_a_name_that_comes_twice_the_last_counts),
	    cmocka_unit_test(of_an_end_that_is_told_twice_the_last_counts),
	    cmocka_unit_test(the_status_slots_stay_at_their_offsets),
	    cmocka_unit_test(opening_refuses_what_is_no_stored_object),
	    cmocka_unit_test(opening_what_is_laid_out_already_leaves_nothing_to_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
