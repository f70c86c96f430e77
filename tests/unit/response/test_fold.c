#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/response/fold.h"
#include "common/base/json.h"
#include "naive_fold.h"
#include "stored_copy.h"
#include "tests/unit/rounds.h"

#define BAD "\xef\xbf\xbd"

static const char id[] = "litellm_poll_01234567-89ab-4cde-8f01-23456789abcd";

enum { CREATED_AT = 1700000000, NOW = 1700000042 };

/* ---- helpers --------------------------------------------------------------------------------- */

static void initial_object(struct buf *out)
{
	struct span fields[RESPONSE_FIELD_COUNT] = {{0}};

	fields[RESPONSE_MODEL] = SPAN("\"gpt-4o\"");
	fields[RESPONSE_TEMPERATURE] = SPAN("0.5");
	fields[RESPONSE_METADATA] = SPAN("{\"a\":\"b\"}");
	response_initial(out, id, CREATED_AT, fields);
}

static void open_fold(struct fold *fold)
{
	struct buf object = {0};

	initial_object(&object);
	assert_true(fold_open(fold, buf_span(&object)));
	buf_free(&object);
}

static struct span text_of(const struct fold *fold)
{
	return buf_span(&fold->doc.text);
}

static struct span member(const struct fold *fold, const char *name)
{
	return json_get(text_of(fold), name);
}

static void assert_json(struct span actual, const char *expected)
{
	if (!naive_same_json(actual, span_of(expected)))
		fail_msg("%.*s is not %s", (int)actual.len, actual.p, expected);
}

static void assert_member(const struct fold *fold, const char *name, const char *expected)
{
	assert_json(member(fold, name), expected);
}

static void assert_check_passes(const struct fold *fold)
{
	const char *error;
	size_t offset;

	if (!json_check(text_of(fold), 0, &error, &offset))
		fail_msg("%s at %zu: %.*s", error, offset, (int)text_of(fold).len, text_of(fold).p);
}

/* That json-c takes it, too. */
static void assert_valid(const struct fold *fold)
{
	assert_check_passes(fold);
	assert_true(naive_same_json(text_of(fold), text_of(fold)));
}

static void feed(struct fold *fold, const char *event, enum fold_result expected)
{
	enum fold_result result = fold_event(fold, span_of(event));

	if (result != expected)
		fail_msg("%s: result %d (%s), expected %d", event, (int)result, fold->warning,
		    (int)expected);
	assert_valid(fold);
}

static void change(struct fold *fold, const char *event)
{
	feed(fold, event, FOLD_CHANGED);
}

#define ADDED(item) "{\"type\":\"response.output_item.added\",\"item\":" item "}"
#define DONE(item)  "{\"type\":\"response.output_item.done\",\"item\":" item "}"
#define PART(item_id, part)                                                                        \
	"{\"type\":\"response.content_part.added\",\"item_id\":\"" item_id "\",\"part\":" part "}"
#define DELTA(item_id, index, text)                                                                \
	"{\"type\":\"response.output_text.delta\",\"item_id\":\"" item_id                          \
	"\",\"content_index\":" index ",\"delta\":\"" text "\"}"
#define COMPLETED(response) "{\"type\":\"response.completed\",\"response\":" response "}"

static const char message[] =
    ADDED("{\"id\":\"m\",\"type\":\"message\",\"status\":\"in_progress\",\"content\":[]}");
static const char text_part[] = PART("m", "{\"type\":\"output_text\",\"text\":\"\"}");

/* Begins with a message that has one empty part. */
static void open_message(struct fold *fold)
{
	open_fold(fold);
	change(fold, message);
	change(fold, text_part);
}

/* ---- events as the provider sends them ------------------------------------------------------- */

static void test_parse_response_output_item_added_event(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, ADDED("{\"id\":\"item_123\",\"type\":\"message\",\"role\":\"assistant\","
			    "\"content\":[]}"));
	assert_member(&fold, "output",
	    "[{\"id\":\"item_123\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[]}]");
	fold_close(&fold);
}

static void test_parse_response_output_text_delta_event(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, ADDED("{\"id\":\"item_123\",\"type\":\"message\","
			    "\"content\":[{\"type\":\"text\",\"text\":\"\"}]}"));
	change(&fold, DELTA("item_123", "0", "Hello "));
	change(&fold, DELTA("item_123", "0", "World!"));
	assert_member(&fold, "output",
	    "[{\"id\":\"item_123\",\"type\":\"message\","
	    "\"content\":[{\"type\":\"text\",\"text\":\"Hello World!\"}]}]");
	fold_close(&fold);
}

static void test_parse_response_completed_event(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	feed(&fold,
	    COMPLETED(
		"{\"id\":\"resp_123\",\"status\":\"completed\","
		"\"usage\":{\"input_tokens\":10,\"output_tokens\":50},"
		"\"reasoning\":{\"effort\":\"medium\"},\"tool_choice\":{\"type\":\"auto\"},"
		"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"test\"}}],"
		"\"model\":\"gpt-4o-2024\",\"output\":[{\"id\":\"item_1\",\"type\":\"message\"}]}"),
	    FOLD_TERMINAL);
	assert_int_equal(fold.status, STATUS_COMPLETED);
	assert_member(&fold, "usage", "{\"input_tokens\":10,\"output_tokens\":50}");
	assert_member(&fold, "reasoning", "{\"effort\":\"medium\"}");
	assert_member(&fold, "tool_choice", "{\"type\":\"auto\"}");
	assert_member(&fold, "tools", "[{\"type\":\"function\",\"function\":{\"name\":\"test\"}}]");
	assert_member(&fold, "model", "\"gpt-4o-2024\"");
	assert_member(&fold, "output", "[{\"id\":\"item_1\",\"type\":\"message\"}]");
	assert_true(json_string_is(member(&fold, "id"), id));
	fold_close(&fold);
}

static void test_content_part_added_event(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, ADDED("{\"id\":\"item_123\",\"type\":\"message\"}"));
	change(&fold, PART("item_123", "{\"type\":\"text\",\"text\":\"\"}"));
	assert_member(&fold, "output",
	    "[{\"id\":\"item_123\",\"type\":\"message\","
	    "\"content\":[{\"type\":\"text\",\"text\":\"\"}]}]");
	fold_close(&fold);
}

static void test_accumulated_text_structure(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, ADDED("{\"id\":\"item_123\",\"content\":[{\"text\":\"\"},{\"x\":1}]}"));
	change(&fold, DELTA("item_123", "0", "Hello "));
	change(&fold, DELTA("item_123", "0", "World"));
	assert_member(&fold, "output",
	    "[{\"id\":\"item_123\",\"content\":[{\"text\":\"Hello World\"},{\"x\":1}]}]");
	fold_close(&fold);
}

static void test_output_items_tracking_structure(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, ADDED("{\"id\":\"item_1\",\"type\":\"message\",\"content\":[]}"));
	change(&fold,
	    ADDED("{\"id\":\"item_2\",\"type\":\"function_call\",\"name\":\"get_weather\"}"));
	assert_member(&fold, "output",
	    "[{\"id\":\"item_1\",\"type\":\"message\",\"content\":[]},"
	    "{\"id\":\"item_2\",\"type\":\"function_call\",\"name\":\"get_weather\"}]");
	fold_close(&fold);
}

/* ---- how a response ends --------------------------------------------------------------------- */

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

/* ---- the fields of the response -------------------------------------------------------------- */

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
	assert_true(json_string_is(member(&fold, "id"), id));
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

/* ---- what grows ------------------------------------------------------------------------------ */

static void every_growing_field_grows_and_is_set_when_done(void **state)
{
	static const struct {
		const char *event, *where, *name, *before, *after;
	} kinds[] = {
	    {"response.output_text", "\"content_index\":0,", "text",
		"{\"id\":\"i\",\"content\":[{\"type\":\"output_text\",\"annotations\":[],"
		"\"logprobs\":[],\"text\":",
		"}]}"},
	    {"response.refusal", "\"content_index\":0,", "refusal",
		"{\"id\":\"i\",\"content\":[{\"type\":\"refusal\",\"refusal\":", "}]}"},
	    {"response.reasoning_text", "\"content_index\":0,", "text",
		"{\"id\":\"i\",\"content\":[{\"type\":\"reasoning_text\",\"text\":", "}]}"},
	    {"response.reasoning_summary_text", "\"summary_index\":0,", "text",
		"{\"id\":\"i\",\"summary\":[{\"type\":\"summary_text\",\"text\":", "}]}"},
	    {"response.function_call_arguments", "", "arguments",
		"{\"id\":\"i\",\"arguments\":", "}"},
	    {"response.custom_tool_call_input", "", "input", "{\"id\":\"i\",\"input\":", "}"},
	    {"response.code_interpreter_call_code", "", "code", "{\"id\":\"i\",\"code\":", "}"},
	    {"response.mcp_call_arguments", "", "arguments", "{\"id\":\"i\",\"arguments\":", "}"},
	};
	struct buf text = {0};
	struct fold fold;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		open_fold(&fold);
		buf_clear(&text);
		buf_printf(&text, ADDED("%s\"\"%s"), kinds[i].before, kinds[i].after);
		change(&fold, buf_cstr(&text));
		buf_clear(&text);
		buf_printf(&text, "{\"type\":\"%s.delta\",\"item_id\":\"i\",%s\"delta\":\"a\\\"\"}",
		    kinds[i].event, kinds[i].where);
		change(&fold, buf_cstr(&text));
		change(&fold, buf_cstr(&text));
		buf_clear(&text);
		buf_printf(&text, "[%s\"a\\\"a\\\"\"%s]", kinds[i].before, kinds[i].after);
		assert_member(&fold, "output", buf_cstr(&text));
		buf_clear(&text);
		buf_printf(&text, "{\"type\":\"%s.done\",\"item_id\":\"i\",%s\"%s\":\"other\"}",
		    kinds[i].event, kinds[i].where, kinds[i].name);
		change(&fold, buf_cstr(&text));
		buf_clear(&text);
		buf_printf(&text, "[%s\"other\"%s]", kinds[i].before, kinds[i].after);
		assert_member(&fold, "output", buf_cstr(&text));
		fold_close(&fold);
	}
	buf_free(&text);
}

static void growing_values_that_are_absent_or_null_begin_empty(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, ADDED("{\"id\":\"m\",\"content\":null}"));
	change(&fold, PART("m", "{}"));
	change(&fold, DELTA("m", "0", "a"));
	change(&fold, PART("m", "{\"text\":null,\"annotations\":null}"));
	change(&fold, DELTA("m", "1", "b"));
	change(&fold, "{\"type\":\"response.output_text.annotation.added\",\"item_id\":\"m\","
		      "\"content_index\":1,\"annotation\":{\"n\":1}}");
	change(&fold, "{\"type\":\"response.function_call_arguments.delta\",\"item_id\":\"m\","
		      "\"delta\":\"{\"}");
	assert_member(&fold, "output",
	    "[{\"id\":\"m\",\"content\":[{\"text\":\"a\"},{\"text\":\"b\",\"annotations\":"
	    "[{\"n\":1}]}],\"arguments\":\"{\"}]");
	fold_close(&fold);
}

static void an_index_that_is_absent_or_null_is_the_first_part(void **state)
{
	struct fold fold;

	(void)state;
	open_message(&fold);
	change(&fold, PART("m", "{\"text\":\"\"}"));
	change(
	    &fold, "{\"type\":\"response.output_text.delta\",\"item_id\":\"m\",\"delta\":\"a\"}");
	change(&fold, "{\"type\":\"response.output_text.delta\",\"item_id\":\"m\","
		      "\"content_index\":null,\"delta\":\"b\"}");
	assert_member(&fold, "output",
	    "[{\"id\":\"m\",\"type\":\"message\",\"status\":\"in_progress\",\"content\":"
	    "[{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"ab\"},"
	    "{\"text\":\"\"}]}]");
	fold_close(&fold);
}

static void text_is_seen_from_the_first_delta_on(void **state)
{
	struct fold fold;

	(void)state;
	open_message(&fold);
	assert_false(fold.text_seen);
	feed(&fold, DELTA("nobody", "0", "x"), FOLD_SKIPPED);
	assert_false(fold.text_seen);
	change(&fold, DELTA("m", "0", "x"));
	assert_true(fold.text_seen);
	fold_close(&fold);
}

static void items_that_grow_in_turn_keep_apart(void **state)
{
	struct fold fold;
	int i;

	(void)state;
	open_fold(&fold);
	change(&fold, ADDED("{\"id\":\"a\",\"content\":[{\"text\":\"\"},{\"text\":\"\"}]}"));
	change(&fold, ADDED("{\"id\":\"b\",\"arguments\":\"\"}"));
	for (i = 0; i < 3; i++) {
		change(&fold, DELTA("a", "0", "x"));
		change(&fold, "{\"type\":\"response.function_call_arguments.delta\","
			      "\"item_id\":\"b\",\"delta\":\"y\"}");
		change(&fold, DELTA("a", "1", "z"));
	}
	assert_member(&fold, "output",
	    "[{\"id\":\"a\",\"content\":[{\"text\":\"xxx\"},{\"text\":\"zzz\"}]},"
	    "{\"id\":\"b\",\"arguments\":\"yyy\"}]");
	fold_close(&fold);
}

static void items_stand_in_the_order_of_their_output_index(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, "{\"type\":\"response.output_item.added\",\"output_index\":2,"
		      "\"item\":{\"id\":\"c\"}}");
	change(&fold, "{\"type\":\"response.output_item.added\",\"output_index\":0,"
		      "\"item\":{\"id\":\"a\",\"content\":[{\"text\":\"\"}]}}");
	change(&fold, "{\"type\":\"response.output_item.added\",\"output_index\":1,"
		      "\"item\":{\"id\":\"b\"}}");
	change(&fold, ADDED("{\"id\":\"d\"}"));
	change(&fold, DELTA("a", "0", "text"));
	assert_member(&fold, "output",
	    "[{\"id\":\"a\",\"content\":[{\"text\":\"text\"}]},{\"id\":\"b\"},{\"id\":\"c\"},"
	    "{\"id\":\"d\"}]");
	fold_close(&fold);
}

static void an_item_replaces_the_one_with_its_id(void **state)
{
	struct fold fold;

	(void)state;
	open_message(&fold);
	change(&fold, ADDED("{\"id\":\"n\"}"));
	change(&fold, DELTA("m", "0", "a long text that the final item does not have any more"));
	change(&fold, DONE("{\"id\":\"m\",\"content\":[{\"text\":\"s\"},{\"text\":\"t\"}]}"));
	change(&fold, DELTA("m", "1", "u"));
	assert_member(&fold, "output",
	    "[{\"id\":\"m\",\"content\":[{\"text\":\"s\"},{\"text\":\"tu\"}]},{\"id\":\"n\"}]");
	feed(&fold, COMPLETED("{\"output\":[{\"id\":\"n\",\"x\":1},5,{\"id\":\"o\"}]}"),
	    FOLD_TERMINAL);
	assert_member(&fold, "output",
	    "[{\"id\":\"m\",\"content\":[{\"text\":\"s\"},{\"text\":\"tu\"}]},"
	    "{\"id\":\"n\",\"x\":1},{\"id\":\"o\"}]");
	fold_close(&fold);
}

static void an_item_that_is_repeated_when_done_costs_its_status_alone(void **state)
{
	struct fold fold;

	(void)state;
	open_message(&fold);
	change(&fold, DELTA("m", "0", "a text that need not be written a second time"));
	document_mark_stored(&fold.doc);
	change(
	    &fold, DONE("{\"id\":\"m\",\"type\":\"message\",\"status\":\"completed\",\"content\":"
			"[{\"type\":\"output_text\",\"text\":"
			"\"a text that need not be written a second time\","
			"\"annotations\":[],\"logprobs\":[]}]}"));
	assert_false(fold.doc.whole);
	assert_int_equal(fold.doc.patch_count, 1);
	assert_true(fold.doc.patches[0].len <= RESPONSE_STATUS_WIDTH);
	fold_close(&fold);
}

static void a_part_replaces_the_one_at_its_index(void **state)
{
	struct fold fold;

	(void)state;
	open_message(&fold);
	change(&fold, DELTA("m", "0", "old"));
	change(&fold, "{\"type\":\"response.content_part.done\",\"item_id\":\"m\","
		      "\"content_index\":0,\"part\":{\"text\":\"new\",\"annotations\":[]}}");
	change(&fold, DELTA("m", "0", "er"));
	assert_member(&fold, "output",
	    "[{\"id\":\"m\",\"type\":\"message\",\"status\":\"in_progress\","
	    "\"content\":[{\"text\":\"newer\",\"annotations\":[]}]}]");
	fold_close(&fold);
}

/* An array of n copies of an element. */
static void put_copies(struct buf *out, const char *element, int n)
{
	int i;

	buf_putc(out, '[');
	for (i = 0; i < n; i++)
		buf_printf(out, "%s%s", i != 0 ? "," : "", element);
	buf_putc(out, ']');
}

static void more_parts_than_can_be_tracked_are_kept_but_none_is_added(void **state)
{
	struct buf event = {0};
	struct fold fold;

	(void)state;
	open_fold(&fold);
	buf_puts(&event, "{\"type\":\"response.output_item.added\",\"item\":"
			 "{\"id\":\"m\",\"content\":");
	put_copies(&event, "{}", ITEM_PARTS_MAX + 5);
	buf_puts(&event, "}}");
	change(&fold, buf_cstr(&event));
	feed(&fold, PART("m", "{}"), FOLD_SKIPPED);
	feed(&fold, DELTA("m", "10000", "x"), FOLD_SKIPPED);
	change(&fold, DELTA("m", "9999", "x"));
	change(&fold, DONE("{\"id\":\"m\",\"content\":[]}"));
	feed(&fold, PART("m", "{}"), FOLD_SKIPPED);
	buf_free(&event);
	fold_close(&fold);
}

static void no_more_items_are_added_than_can_be_tracked(void **state)
{
	struct buf event = {0};
	struct fold fold;
	int i;

	(void)state;
	open_fold(&fold);
	for (i = 0; i <= OUTPUT_ITEMS_MAX; i++) {
		enum fold_result result;

		buf_clear(&event);
		buf_printf(&event, ADDED("{\"id\":\"%d\"}"), i);
		result = fold_event(&fold, buf_span(&event));
		assert_int_equal(result, i < OUTPUT_ITEMS_MAX ? FOLD_CHANGED : FOLD_SKIPPED);
	}
	assert_non_null(strstr(fold.warning, "there are 10000 items already"));
	change(&fold, DONE("{\"id\":\"77\",\"x\":1}"));
	buf_free(&event);
	fold_close(&fold);
}

static void reasoning_has_summary_parts_beside_its_content(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, ADDED("{\"id\":\"r\",\"type\":\"reasoning\",\"summary\":[]}"));
	change(&fold, "{\"type\":\"response.reasoning_summary_part.added\",\"item_id\":\"r\","
		      "\"summary_index\":0,\"part\":{\"type\":\"summary_text\",\"text\":\"\"}}");
	change(&fold, PART("r", "{\"type\":\"reasoning_text\",\"text\":\"\"}"));
	change(&fold, "{\"type\":\"response.reasoning_summary_text.delta\",\"item_id\":\"r\","
		      "\"summary_index\":0,\"delta\":\"sum\"}");
	change(&fold, "{\"type\":\"response.reasoning_text.delta\",\"item_id\":\"r\","
		      "\"content_index\":0,\"delta\":\"think\"}");
	change(&fold, "{\"type\":\"response.reasoning_summary_part.done\",\"item_id\":\"r\","
		      "\"summary_index\":0,\"part\":{\"type\":\"summary_text\",\"text\":\"all\"}}");
	assert_member(&fold, "output",
	    "[{\"id\":\"r\",\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\","
	    "\"text\":\"all\"}],\"content\":[{\"type\":\"reasoning_text\",\"text\":\"think\"}]}]");
	fold_close(&fold);
}

static void escapes_and_special_characters_arrive_as_they_are(void **state)
{
	struct fold fold;

	(void)state;
	open_message(&fold);
	change(&fold, DELTA("m", "0", "\\\"\\\\\\/\\n\\u0000\\u00e9\\ud83d\\ude00 \xc3\xa9"));
	assert_member(&fold, "output",
	    "[{\"id\":\"m\",\"type\":\"message\",\"status\":\"in_progress\",\"content\":"
	    "[{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":"
	    "\"\\\"\\\\/\\n\\u0000\xc3\xa9\xf0\x9f\x98\x80 \xc3\xa9\"}]}]");
	fold_close(&fold);
}

/* What the one part's text is. */
static struct span only_text(const struct fold *fold)
{
	struct json_scan items = json_open(member(fold, "output"), 0), parts;
	struct span item, part;

	assert_true(json_element(&items, &item));
	parts = json_open(json_get(item, "content"), 0);
	assert_true(json_element(&parts, &part));
	return json_get(part, "text");
}

static void a_surrogate_pair_may_be_split_between_deltas(void **state)
{
	struct fold fold;

	(void)state;
	open_message(&fold);
	change(&fold, DELTA("m", "0", "a\\ud83d"));
	assert_true(span_is(only_text(&fold), "\"a\""));
	change(&fold, DELTA("m", "0", "\\ude00b"));
	assert_true(span_is(only_text(&fold), "\"a\xf0\x9f\x98\x80"
					      "b\""));
	fold_close(&fold);
}

static void half_a_surrogate_pair_at_the_end_becomes_a_replacement_character(void **state)
{
	struct fold fold;

	(void)state;
	open_message(&fold);
	change(&fold, DELTA("m", "0", "a\\ud83d"));
	fold_end(&fold);
	assert_true(span_is(only_text(&fold), "\"a" BAD "\""));
	fold_close(&fold);

	open_message(&fold);
	change(&fold, DELTA("m", "0", "a\\ud83d"));
	fold_fail(&fold, "c", SPAN("m"));
	assert_true(span_is(only_text(&fold), "\"a" BAD "\""));
	fold_close(&fold);

	open_message(&fold);
	change(&fold, DELTA("m", "0", "a\\ud83d"));
	change(&fold, "{\"type\":\"response.output_text.done\",\"item_id\":\"m\",\"text\":\"b\"}");
	fold_end(&fold);
	assert_true(span_is(only_text(&fold), "\"b\""));
	fold_close(&fold);
}

static void invalid_utf8_becomes_replacement_characters(void **state)
{
	struct fold fold;

	(void)state;
	open_message(&fold);
	change(&fold, DELTA("m", "0",
			  "a\xff\xe2\x82"
			  "b"));
	assert_true(span_is(only_text(&fold), "\"a" BAD BAD "b\""));
	fold_close(&fold);
}

static void progress_of_tools_is_ignored(void **state)
{
	static const char *const types[] = {"response.queued", "keepalive",
	    "response.web_search_call.in_progress", "response.web_search_call.searching",
	    "response.web_search_call.completed", "response.file_search_call.in_progress",
	    "response.file_search_call.searching", "response.file_search_call.completed",
	    "response.code_interpreter_call.in_progress",
	    "response.code_interpreter_call.interpreting",
	    "response.code_interpreter_call.completed",
	    "response.image_generation_call.in_progress",
	    "response.image_generation_call.generating",
	    "response.image_generation_call.partial_image",
	    "response.image_generation_call.completed", "response.mcp_call.in_progress",
	    "response.mcp_call.completed", "response.mcp_call.failed",
	    "response.mcp_list_tools.in_progress", "response.mcp_list_tools.completed",
	    "response.mcp_list_tools.failed"};
	struct buf event = {0};
	struct fold fold;
	size_t i;

	(void)state;
	open_message(&fold);
	document_mark_stored(&fold.doc);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		buf_clear(&event);
		buf_printf(&event, "{\"type\":\"%s\",\"item_id\":\"m\"}", types[i]);
		feed(&fold, buf_cstr(&event), FOLD_IGNORED);
	}
	assert_false(document_is_dirty(&fold.doc));
	buf_free(&event);
	fold_close(&fold);
}

/* ---- bad events ------------------------------------------------------------------------------ */

static void bad_events_change_nothing_and_are_named_in_a_warning(void **state)
{
	static const struct {
		const char *event, *warning;
	} cases[] = {
	    {"", "no JSON object: expected an object at byte 0"},
	    {"[DONE]", "no JSON object"},
	    {"\"x\"", "no JSON object"},
	    {"{\"type\":\"response.created\"", "unexpected end at byte 26"},
	    {"{\"type\":\"response.created\"} x", "unexpected text after the value"},
	    {"{}", "whose type is nothing, expected a string"},
	    {"{\"type\":7}", "whose type is a number"},
	    {"{\"type\":null}", "whose type is null"},
	    {"{\"type\":\"response.new_thing\"}", "unknown event \"response.new_thing\""},
	    {"{\"type\":\"response.created\",\"response\":[]}",
		"response.created: response is an array, expected an object"},
	    {"{\"type\":\"response.output_item.added\"}",
		"response.output_item.added: item is nothing, expected an object"},
	    {ADDED("5"), "item is a number"},
	    {ADDED("{\"id\":12}"), "the item's id is a number"},
	    {"{\"type\":\"response.output_item.added\",\"output_index\":-1,\"item\":{\"id\":\"x\"}"
	     "}",
		"output_index -1 is out of range"},
	    {"{\"type\":\"response.output_item.done\",\"output_index\":9223372036854775807,"
	     "\"item\":{\"id\":\"x\"}}",
		"response.output_item.done: output_index 9223372036854775807 is out of range"},
	    {"{\"type\":\"response.output_item.added\",\"output_index\":\"0\","
	     "\"item\":{\"id\":\"x\"}}",
		"output_index is \"0\", expected an integer"},
	    {DELTA("nobody", "0", "x"), "no item has the id \"nobody\""},
	    {"{\"type\":\"response.output_text.delta\",\"delta\":\"x\"}",
		"item_id is nothing, expected a string"},
	    {"{\"type\":\"response.output_text.delta\",\"item_id\":[],\"delta\":\"x\"}",
		"item_id is an array"},
	    {"{\"type\":\"response.output_text.delta\",\"item_id\":\"m\"}",
		"response.output_text.delta: delta is nothing, expected a string"},
	    {"{\"type\":\"response.output_text.delta\",\"item_id\":\"m\",\"delta\":{}}",
		"delta is an object, expected a string"},
	    {DELTA("m", "2", "x"), "content_index 2 is out of range, expected 0 to 1"},
	    {"{\"type\":\"response.output_text.delta\",\"output_index\":3,\"delta\":\"x\"}",
		"there is no such item, and its output_index 3 is not the next one, expected 2"},
	    {"{\"type\":\"response.output_text.delta\",\"output_index\":2,\"content_index\":1,"
	     "\"delta\":\"x\"}",
		"content_index 1 is out of range, expected 0 to 0"},
	    {DELTA("m", "-1", "x"), "content_index -1 is out of range"},
	    {DELTA("m", "0.0", "x"), "content_index is 0.0, expected an integer"},
	    {DELTA("m", "99999999999999999999", "x"), "expected an integer"},
	    {DELTA("m", "true", "x"), "content_index is true"},
	    {"{\"type\":\"response.reasoning_summary_text.delta\",\"item_id\":\"m\","
	     "\"summary_index\":1,\"delta\":\"x\"}",
		"summary_index 1 is out of range, expected 0 to 0"},
	    {DELTA("odd", "0", "x"), "the part's text is not a string"},
	    {DELTA("odd", "1", "x"), "the part's text is not a string"},
	    {"{\"type\":\"response.function_call_arguments.delta\",\"item_id\":\"odd\","
	     "\"delta\":\"x\"}",
		"the item's arguments is not a string"},
	    {"{\"type\":\"response.output_text.done\",\"item_id\":\"m\"}",
		"response.output_text.done: text is nothing, expected a string"},
	    {"{\"type\":\"response.content_part.added\",\"item_id\":\"m\"}",
		"part is nothing, expected an object"},
	    {PART("m", "\"x\""), "part is a string"},
	    {PART("nobody", "{}"), "no item has the id"},
	    {"{\"type\":\"response.content_part.added\",\"item_id\":\"m\",\"content_index\":2,"
	     "\"part\":{}}",
		"content_index 2 is out of range, expected 0 to 1"},
	    {"{\"type\":\"response.content_part.done\",\"item_id\":\"m\",\"content_index\":2,"
	     "\"part\":{}}",
		"content_index 2 is out of range, expected 0 to 1"},
	    {"{\"type\":\"response.reasoning_summary_part.added\",\"item_id\":\"odd\",\"part\":{}}",
		"the item's summary is not an array"},
	    {"{\"type\":\"response.output_text.annotation.added\",\"item_id\":\"m\","
	     "\"annotation\":\"x\"}",
		"annotation is a string, expected an object"},
	    {"{\"type\":\"response.output_text.annotation.added\",\"item_id\":\"odd\","
	     "\"content_index\":0,\"annotation\":{}}",
		"the part's annotations is not an array"},
	};
	struct stored_copy before = {0};
	struct fold fold;
	size_t i;

	(void)state;
	open_message(&fold);
	change(&fold, ADDED("{\"id\":\"odd\",\"arguments\":{},\"summary\":\"s\","
			    "\"content\":[{\"text\":5,\"annotations\":{}},\"bare\"]}"));
	stored_copy_flush(&before, &fold.doc);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fold.warning[0] = '\0';
		feed(&fold, cases[i].event, FOLD_SKIPPED);
		if (strstr(fold.warning, cases[i].warning) == NULL)
			fail_msg("%s: warning \"%s\" lacks \"%s\"", cases[i].event, fold.warning,
			    cases[i].warning);
		assert_false(document_is_dirty(&fold.doc));
		assert_true(stored_copy_is(&before, &fold.doc));
	}
	assert_int_equal(fold.status, STATUS_IN_PROGRESS);
	stored_copy_free(&before);
	fold_close(&fold);
}

static void events_nested_too_deeply_for_the_object_are_skipped(void **state)
{
	struct buf event = {0};
	struct fold fold;
	int depth, i;
	enum fold_result result;

	(void)state;
	for (depth = 100; depth < 140; depth++) {
		open_message(&fold);
		buf_clear(&event);
		buf_puts(&event, "{\"type\":\"response.output_text.annotation.added\","
				 "\"item_id\":\"m\",\"annotation\":{\"a\":");
		for (i = 0; i < depth; i++)
			buf_putc(&event, '[');
		for (i = 0; i < depth; i++)
			buf_putc(&event, ']');
		buf_puts(&event, "}}");
		result = fold_event(&fold, buf_span(&event));
		assert_int_equal(result, depth + 7 <= JSON_MAX_DEPTH ? FOLD_CHANGED : FOLD_SKIPPED);
		assert_valid(&fold);
		fold_close(&fold);
	}
	buf_free(&event);
}

static void a_warning_quotes_only_the_beginning_of_what_is_long(void **state)
{
	struct buf event = {0};
	struct fold fold;
	int i;

	(void)state;
	open_fold(&fold);
	buf_puts(&event, "{\"type\":\"");
	for (i = 0; i < 10000; i++)
		buf_putc(&event, 'x');
	buf_puts(&event, "\"}");
	feed(&fold, buf_cstr(&event), FOLD_SKIPPED);
	assert_true(strlen(fold.warning) < 100);
	buf_free(&event);
	fold_close(&fold);
}

/* ---- against the naive fold ------------------------------------------------------------------ */

struct dice {
	uint64_t state;
};

/* xorshift64*: the same sequence on every machine */
static unsigned roll(struct dice *dice, unsigned sides)
{
	dice->state ^= dice->state >> 12;
	dice->state ^= dice->state << 25;
	dice->state ^= dice->state >> 27;
	return (unsigned)((dice->state * 2685821657736338717u >> 33) % sides);
}

#define PICK(dice, list) (list)[roll((dice), sizeof(list) / sizeof((list)[0]))]

static void put_string(struct dice *dice, struct buf *out)
{
	static const char *const pieces[] = {"word ", "\\n", "\\\"", "\\\\", "\\u0041", "\\/",
	    "\xc3\xa9", "\xf0\x9f\x98\x80", "{", "]", ",", "  ", "\\ud83d\\ude00", "\\u0001"};
	unsigned i, n = roll(dice, roll(dice, 12) == 0 ? 120 : 8);

	buf_putc(out, '"');
	for (i = 0; i < n; i++)
		buf_puts(out, PICK(dice, pieces));
	buf_putc(out, '"');
}

static void put_value(struct dice *dice, struct buf *out)
{
	static const char *const values[] = {"null", "true", "0", "-1.50", "1e3", "[]", "{}",
	    "[1, {\"a\":null}]", "{\"text\":\"x\"}", "\"s\"", "\"\""};

	if (roll(dice, 4) == 0)
		put_string(dice, out);
	else
		buf_puts(out, PICK(dice, values));
}

static void put_id(struct dice *dice, struct buf *out)
{
	static const char *const ids[] = {"\"a\"", "\"b\"", "\"c\"", "\"d\"", "\"\\u0061\"",
	    "\"\xc3\xa9\"", "\"e\\\"\"", "\"nobody\"", "7", "null"};

	buf_puts(out, ids[roll(dice, roll(dice, 12) == 0 ? 10 : 7)]);
}

static void put_part(struct dice *dice, struct buf *out)
{
	static const char *const names[] = {
	    "text", "refusal", "annotations", "logprobs", "stdout", "stderr"};
	static const char *const types[] = {"output_text", "refusal", "reasoning_text"};
	unsigned i, n = 1 + roll(dice, 4);

	buf_printf(out, "{\"type\":\"%s\"%s", PICK(dice, types), n > 1 ? "," : "");
	n--;
	for (i = 0; i < n; i++) {
		buf_printf(out, "%s\"%s\" :", i != 0 ? "," : "", PICK(dice, names));
		if (roll(dice, 3) == 0)
			put_value(dice, out);
		else
			put_string(dice, out);
	}
	buf_putc(out, '}');
}

static void put_parts(struct dice *dice, struct buf *out)
{
	unsigned i, n = roll(dice, 4);

	buf_putc(out, '[');
	for (i = 0; i < n; i++) {
		buf_puts(out, i != 0 ? ", " : "");
		if (roll(dice, 8) == 0)
			put_value(dice, out);
		else
			put_part(dice, out);
	}
	buf_putc(out, ']');
}

static void put_item(struct dice *dice, struct buf *out)
{
	static const char *const statuses[] = {
	    "\"in_progress\"", "\"completed\"", "null", "\"a status longer than its slot\""};
	static const char *const texts[] = {"arguments", "input", "code", "name", "call_id"};
	static const char *const types[] = {"message", "message", "reasoning", "function_call",
	    "shell_call", "shell_call_output", "apply_patch_call"};
	unsigned i, n = roll(dice, 3);

	buf_puts(out, "{\"id\": ");
	put_id(dice, out);
	if (roll(dice, 3) != 0)
		buf_printf(out, ",\"type\":\"%s\"", PICK(dice, types));
	if (roll(dice, 8) == 0)
		buf_puts(out, roll(dice, 3) == 0 ? ",\"action\":{\"commands\":[\"a\",\"b\"]}"
						 : ",\"action\":{\"n\":1,\"commands\":[]}");
	if (roll(dice, 8) == 0)
		buf_puts(out, ",\"operation\":{\"diff\":\"+\",\"path\":\"p\"}");
	if (roll(dice, 8) == 0) {
		buf_puts(out, ",\"output\":");
		put_parts(dice, out);
	}
	if (roll(dice, 2) == 0)
		buf_printf(out, ",\"status\":%s", PICK(dice, statuses));
	if (roll(dice, 2) == 0) {
		buf_puts(out, ",\"content\":");
		put_parts(dice, out);
	}
	for (i = 0; i < n; i++) {
		buf_printf(out, ",\"%s\":", PICK(dice, texts));
		put_string(dice, out);
	}
	if (roll(dice, 4) == 0) {
		buf_puts(out, ",\"summary\":");
		put_parts(dice, out);
	}
	if (roll(dice, 10) == 0) {
		static const char *const odd[] = {
		    "content", "arguments", "action", "operation", "output", "summary"};

		buf_printf(out, ",\"%s\":", PICK(dice, odd));
		put_value(dice, out);
	}
	buf_putc(out, '}');
}

static void put_items(struct dice *dice, struct buf *out)
{
	unsigned i, n = roll(dice, 4);

	buf_putc(out, '[');
	for (i = 0; i < n; i++) {
		buf_puts(out, i != 0 ? "," : "");
		put_item(dice, out);
	}
	buf_putc(out, ']');
}

static void put_response(struct dice *dice, struct buf *out)
{
	static const char *const names[] = {"id", "temperature", "model", "metadata", "usage",
	    "background", "tools", "text", "extra", "other", "", "created_at", "error",
	    "te\\u0078t"};
	static const char *const statuses[] = {
	    "completed", "failed", "cancelled", "incomplete", "queued", "in_progress", "odd", ""};
	unsigned i, n = roll(dice, 6);

	buf_puts(out, "{\"x\":1");
	for (i = 0; i < n; i++) {
		buf_printf(out, ",\"%s\":", PICK(dice, names));
		put_value(dice, out);
	}
	if (roll(dice, 2) == 0)
		buf_printf(out, ",\"status\":\"%s\"", PICK(dice, statuses));
	if (roll(dice, 2) == 0) {
		buf_puts(out, ",\"output\":");
		put_items(dice, out);
	}
	buf_putc(out, '}');
}

static void put_index(struct dice *dice, struct buf *out, const char *name)
{
	static const char *const odd[] = {"-1", "1.0", "\"0\"", "null", "7", "4294967296"};

	if (roll(dice, 4) == 0)
		return;
	if (roll(dice, 12) == 0)
		buf_printf(out, ",\"%s\":%s", name, PICK(dice, odd));
	else
		buf_printf(out, ",\"%s\":%u", name, roll(dice, 4));
}

static void put_shell_event(struct dice *dice, struct buf *out)
{
	static const char *const deltas[] = {"{\"stdout\":\"o\"}", "{\"stderr\":\"e\"}",
	    "{\"stdout\":\"o\",\"stderr\":7}", "{}", "\"text\""};

	if (roll(dice, 3) == 0) {
		buf_puts(out, "{\"type\":\"response.shell_call_command.added\",\"command\":");
		put_string(dice, out);
	} else if (roll(dice, 2) == 0) {
		buf_printf(out,
		    "{\"type\":\"response.shell_call_output_content.delta\",\"delta\":%s",
		    PICK(dice, deltas));
	} else {
		buf_puts(out, "{\"type\":\"response.shell_call_output_content.done\",\"output\":");
		put_parts(dice, out);
	}
}

static void random_event(struct dice *dice, struct buf *out)
{
	static const char *const growing[] = {"output_text", "output_text", "refusal",
	    "reasoning_text", "reasoning_summary_text", "function_call_arguments",
	    "custom_tool_call_input", "code_interpreter_call_code", "mcp_call_arguments",
	    "shell_call_command", "apply_patch_call_operation_diff"};
	static const char *const done[] = {
	    "text", "refusal", "arguments", "input", "code", "command", "diff"};
	static const char *const told[] = {
	    "created", "in_progress", "queued", "web_search_call.searching", "unheard_of"};
	static const char *const terminal[] = {"completed", "failed", "incomplete", "cancelled"};
	unsigned what = roll(dice, 100);

	buf_clear(out);
	if (what < 40) {
		buf_printf(out, "{\"type\":\"response.%s.delta\",\"delta\":", PICK(dice, growing));
		put_string(dice, out);
	} else if (what < 50) {
		buf_printf(out, "{\"type\":\"response.%s.done\",\"%s\":", PICK(dice, growing),
		    PICK(dice, done));
		put_string(dice, out);
	} else if (what < 63) {
		buf_printf(out, "{\"type\":\"response.output_item.%s\",\"item\":",
		    roll(dice, 2) == 0 ? "added" : "done");
		put_item(dice, out);
	} else if (what < 76) {
		buf_printf(out, "{\"type\":\"response.%s_part.%s\",\"part\":",
		    roll(dice, 3) == 0 ? "reasoning_summary" : "content",
		    roll(dice, 3) == 0 ? "done" : "added");
		put_part(dice, out);
	} else if (what < 82) {
		buf_puts(
		    out, "{\"type\":\"response.output_text.annotation.added\",\"annotation\":");
		put_part(dice, out);
	} else if (what < 92) {
		buf_printf(out, "{\"type\":\"response.%s\",\"response\":", PICK(dice, told));
		put_response(dice, out);
	} else if (what < 95) {
		buf_printf(out, "{\"type\":\"response.%s\",\"response\":", PICK(dice, terminal));
		put_response(dice, out);
	} else if (what < 97) {
		put_shell_event(dice, out);
	} else if (what < 98) {
		buf_puts(out, "{\"type\":\"error\",\"error\":");
		put_value(dice, out);
		buf_puts(out, ",\"code\":null,\"message\":");
		put_string(dice, out);
	} else {
		buf_puts(out, "{\"type\":\"response.output_text.delta\",\"delta\":");
		put_value(dice, out);
	}
	if (roll(dice, 10) == 0)
		buf_puts(
		    out, roll(dice, 2) == 0 ? ",\"logprobs\":[]" : ",\"logprobs\":[{\"t\":1},2]");
	if (roll(dice, 20) == 0)
		buf_puts(out, ",\"name\":\"f\"");
	if (roll(dice, 5) != 0) {
		buf_puts(out, ",\"item_id\":");
		put_id(dice, out);
	}
	put_index(dice, out, "output_index");
	put_index(dice, out, "command_index");
	put_index(dice, out, "content_index");
	put_index(dice, out, "summary_index");
	buf_puts(out, roll(dice, 60) == 0 ? "" : "}");
}

/* Folds an event in both ways and compares; writes the stored copy now and then. */
static void step(struct fold *fold, struct naive_fold *naive, struct stored_copy *copy,
    struct dice *dice, struct span event)
{
	bool is_json = json_check(event, 0, NULL, NULL);
	enum fold_result result = fold_event(fold, event);
	enum fold_result expected = is_json ? naive_event(naive, event) : FOLD_SKIPPED;

	if (result != expected)
		fail_msg("%.*s: result %d (%s), expected %d", (int)event.len, event.p, (int)result,
		    fold->warning, (int)expected);
	assert_check_passes(fold);
	if (!naive_equals(naive, text_of(fold)))
		fail_msg("after %.*s: %.*s is not %s", (int)event.len, event.p,
		    (int)text_of(fold).len, text_of(fold).p, naive_text(naive));
	if (roll(dice, 3) != 0)
		return;
	stored_copy_flush(copy, &fold->doc);
	assert_true(stored_copy_is(copy, &fold->doc));
}

static void random_events_make_the_object_that_the_naive_fold_makes(void **state)
{
	struct buf initial = {0}, event = {0};

	(void)state;
	initial_object(&initial);
	for (uint64_t seed = 1; seed <= rounds(1500); seed++) {
		struct dice dice = {seed * 0x9e3779b97f4a7c15u};
		struct stored_copy copy = {0};
		struct naive_fold naive;
		struct fold fold;
		int i;

		assert_true(fold_open(&fold, buf_span(&initial)));
		naive_open(&naive, buf_span(&initial));
		for (i = 0; i < 20; i++) {
			random_event(&dice, &event);
			step(&fold, &naive, &copy, &dice, buf_span(&event));
		}
		fold_end(&fold);
		naive_end(&naive);
		assert_int_equal(fold.status, naive.status);
		fold_seal(&fold, NOW);
		naive_seal(&naive, NOW);
		assert_true(naive_equals(&naive, text_of(&fold)));
		stored_copy_flush(&copy, &fold.doc);
		assert_true(stored_copy_is(&copy, &fold.doc));
		fold_close(&fold);
		naive_close(&naive);
		stored_copy_free(&copy);
	}
	buf_free(&initial);
	buf_free(&event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse_response_output_item_added_event),
	    cmocka_unit_test(test_parse_response_output_text_delta_event),
	    cmocka_unit_test(test_parse_response_completed_event),
	    cmocka_unit_test(test_content_part_added_event),
	    cmocka_unit_test(test_accumulated_text_structure),
	    cmocka_unit_test(test_output_items_tracking_structure),
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
	    cmocka_unit_test(every_growing_field_grows_and_is_set_when_done),
	    cmocka_unit_test(growing_values_that_are_absent_or_null_begin_empty),
	    cmocka_unit_test(an_index_that_is_absent_or_null_is_the_first_part),
	    cmocka_unit_test(text_is_seen_from_the_first_delta_on),
	    cmocka_unit_test(items_that_grow_in_turn_keep_apart),
	    cmocka_unit_test(items_stand_in_the_order_of_their_output_index),
	    cmocka_unit_test(an_item_replaces_the_one_with_its_id),
	    cmocka_unit_test(an_item_that_is_repeated_when_done_costs_its_status_alone),
	    cmocka_unit_test(a_part_replaces_the_one_at_its_index),
	    cmocka_unit_test(more_parts_than_can_be_tracked_are_kept_but_none_is_added),
	    cmocka_unit_test(no_more_items_are_added_than_can_be_tracked),
	    cmocka_unit_test(reasoning_has_summary_parts_beside_its_content),
	    cmocka_unit_test(escapes_and_special_characters_arrive_as_they_are),
	    cmocka_unit_test(a_surrogate_pair_may_be_split_between_deltas),
	    cmocka_unit_test(half_a_surrogate_pair_at_the_end_becomes_a_replacement_character),
	    cmocka_unit_test(invalid_utf8_becomes_replacement_characters),
	    cmocka_unit_test(progress_of_tools_is_ignored),
	    cmocka_unit_test(bad_events_change_nothing_and_are_named_in_a_warning),
	    cmocka_unit_test(events_nested_too_deeply_for_the_object_are_skipped),
	    cmocka_unit_test(a_warning_quotes_only_the_beginning_of_what_is_long),
	    cmocka_unit_test(random_events_make_the_object_that_the_naive_fold_makes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
