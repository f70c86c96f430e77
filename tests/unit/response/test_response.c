#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/response/response.h"

static const char id[] = "litellm_poll_123e4567-e89b-42d3-a456-426614174000";

static const struct span no_fields[RESPONSE_FIELD_COUNT];

static struct buf initial(const struct span fields[RESPONSE_FIELD_COUNT])
{
	struct buf object = {0};

	response_initial(&object, id, 1700000000, fields);
	assert_true(json_check(buf_span(&object), 0, NULL, NULL));
	return object;
}

static void assert_member(const struct buf *object, const char *name, const char *expected)
{
	struct span value = json_get(buf_span(object), name);

	if (!span_is(value, expected))
		fail_msg("%s is %.*s, expected %s", name, (int)value.len,
		    value.p != NULL ? value.p : "", expected);
}

static void initial_object_is_queued_and_empty(void **state)
{
	struct buf object = initial(no_fields);

	(void)state;
	assert_member(&object, "object", "\"response\"");
	assert_member(&object, "status", "\"queued\"");
	assert_member(&object, "created_at", "1700000000");
	assert_member(&object, "completed_at", "null");
	assert_member(&object, "output", "[]");
	assert_member(&object, "usage", "null");
	assert_member(&object, "background", "true");
	assert_true(json_string_is(json_get(buf_span(&object), "id"), id));
	buf_free(&object);
}

static void initial_object_has_every_required_member_once(void **state)
{
	static const char *const required[] = {"id", "object", "created_at", "completed_at",
	    "status", "incomplete_details", "model", "previous_response_id", "instructions",
	    "output", "error", "tools", "tool_choice", "truncation", "parallel_tool_calls", "text",
	    "top_p", "presence_penalty", "frequency_penalty", "top_logprobs", "temperature",
	    "reasoning", "user", "usage", "max_output_tokens", "max_tool_calls", "store",
	    "background", "service_tier", "metadata", "safety_identifier", "prompt_cache_key",
	    "prompt", "conversation"};
	struct buf object = initial(no_fields);
	struct json_scan scan = json_open(buf_span(&object), 0);
	struct span key, value;
	size_t members = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
		assert_true(json_get(buf_span(&object), required[i]).len > 0);
	while (json_member(&scan, &key, &value))
		members++;
	assert_int_equal(members, sizeof(required) / sizeof(required[0]));
	buf_free(&object);
}

static void missing_metadata_becomes_an_empty_object(void **state)
{
	struct span fields[RESPONSE_FIELD_COUNT] = {[RESPONSE_METADATA] = SPAN("null")};
	struct buf absent = initial(no_fields);
	struct buf null = initial(fields);

	(void)state;
	assert_member(&absent, "metadata", "{}");
	assert_member(&null, "metadata", "{}");
	buf_free(&absent);
	buf_free(&null);
}

static void initial_object_repeats_the_request_in_canonical_spelling(void **state)
{
	struct span fields[RESPONSE_FIELD_COUNT] = {
	    [RESPONSE_MODEL] = SPAN("\"gpt\\u002d4o\""),
	    [RESPONSE_TEMPERATURE] = SPAN("0.70"),
	    [RESPONSE_METADATA] = SPAN("{ \"test\" : \"value\" }"),
	    [RESPONSE_TOOLS] = SPAN("[ ]"),
	    [RESPONSE_INSTRUCTIONS] = SPAN("\"\\u0000\""),
	};
	struct buf object = initial(fields);

	(void)state;
	assert_member(&object, "model", "\"gpt-4o\"");
	assert_member(&object, "temperature", "0.70");
	assert_member(&object, "metadata", "{\"test\":\"value\"}");
	assert_member(&object, "tools", "[]");
	assert_member(&object, "instructions", "\"\\u0000\"");
	buf_free(&object);
}

static void status_and_completed_at_stand_at_fixed_offsets(void **state)
{
	struct buf object = initial(no_fields);

	(void)state;
	assert_memory_equal(object.data + RESPONSE_STATUS_OFFSET, "\"queued\"     ,", 14);
	assert_memory_equal(object.data + RESPONSE_COMPLETED_AT_OFFSET, "null      ,", 11);
	buf_free(&object);
}

static void status_slot_is_as_wide_for_every_status(void **state)
{
	char slot[RESPONSE_STATUS_WIDTH + 1];

	(void)state;
	for (int status = 0; status < STATUS_COUNT; status++) {
		response_status_slot(slot, status);
		assert_int_equal(strlen(slot), RESPONSE_STATUS_WIDTH);
	}
	response_status_slot(slot, STATUS_IN_PROGRESS);
	assert_string_equal(slot, "\"in_progress\"");
	response_status_slot(slot, STATUS_CANCELLED);
	assert_string_equal(slot, "\"cancelled\"  ");
}

static void peek_reads_every_status_from_its_slot(void **state)
{
	struct buf object = initial(no_fields);
	char slot[RESPONSE_STATUS_WIDTH + 1];

	(void)state;
	assert_int_equal(response_status_peek(buf_span(&object)), STATUS_QUEUED);
	for (int status = 0; status < STATUS_COUNT; status++) {
		response_status_slot(slot, status);
		memcpy(object.data + RESPONSE_STATUS_OFFSET, slot, RESPONSE_STATUS_WIDTH);
		assert_int_equal(response_status_peek(buf_span(&object)), status);
	}
	buf_free(&object);
}

static void peek_knows_an_object_that_is_not_ours(void **state)
{
	struct buf object = initial(no_fields);

	(void)state;
	assert_int_equal(response_status_peek((struct span){NULL, 0}), STATUS_COUNT);
	assert_int_equal(response_status_peek(SPAN("{\"id\":\"litellm_poll_1\"}")), STATUS_COUNT);
	for (size_t len = 0; len < RESPONSE_COMPLETED_AT_OFFSET; len++)
		assert_int_equal(
		    response_status_peek((struct span){object.data, len}), STATUS_COUNT);
	memcpy(object.data + RESPONSE_STATUS_OFFSET, "\"elsewhere\"  ", RESPONSE_STATUS_WIDTH);
	assert_int_equal(response_status_peek(buf_span(&object)), STATUS_COUNT);
	memset(object.data + RESPONSE_STATUS_OFFSET, ' ', RESPONSE_STATUS_WIDTH);
	assert_int_equal(response_status_peek(buf_span(&object)), STATUS_COUNT);
	buf_free(&object);
}

static void only_the_last_four_statuses_are_terminal(void **state)
{
	(void)state;
	assert_false(response_status_is_terminal(STATUS_QUEUED));
	assert_false(response_status_is_terminal(STATUS_IN_PROGRESS));
	assert_true(response_status_is_terminal(STATUS_COMPLETED));
	assert_true(response_status_is_terminal(STATUS_INCOMPLETE));
	assert_true(response_status_is_terminal(STATUS_FAILED));
	assert_true(response_status_is_terminal(STATUS_CANCELLED));
	assert_false(response_status_is_terminal(STATUS_COUNT));
}

static void names_are_found_again(void **state)
{
	(void)state;
	for (int field = 0; field < RESPONSE_FIELD_COUNT; field++) {
		assert_int_equal(response_field_find(span_of(response_field_name(field))), field);
		assert_true(json_check(span_of(response_field_default(field)), 0, NULL, NULL));
	}
	for (int status = 0; status < STATUS_COUNT; status++)
		assert_int_equal(
		    response_status_find(span_of(response_status_name(status))), status);
	assert_int_equal(response_field_find(SPAN("output")), RESPONSE_FIELD_COUNT);
	assert_int_equal(response_status_find(SPAN("")), STATUS_COUNT);
}

static void assert_accepts(enum response_field field, const char *value, bool expected)
{
	if (response_field_accepts(field, span_of(value)) != expected)
		fail_msg("%s: %s", response_field_name(field), value);
}

static void a_field_accepts_the_types_of_the_schema(void **state)
{
	(void)state;
	for (int field = 0; field < RESPONSE_FIELD_COUNT; field++) {
		const char *otherwise = response_field_default(field);

		assert_accepts(field, otherwise, strcmp(otherwise, "null") != 0);
		assert_accepts(field, "null", false);
		assert_accepts(field, "", false);
	}
	assert_accepts(RESPONSE_MODEL, "7", false);
	assert_accepts(RESPONSE_ERROR, "{}", true);
	assert_accepts(RESPONSE_ERROR, "\"x\"", false);
	assert_accepts(RESPONSE_INSTRUCTIONS, "[]", true);
	assert_accepts(RESPONSE_TOOL_CHOICE, "{}", true);
	assert_accepts(RESPONSE_TOOL_CHOICE, "[]", false);
	assert_accepts(RESPONSE_STORE, "false", true);
	assert_accepts(RESPONSE_TOP_P, "0.5", true);
	assert_accepts(RESPONSE_TOP_P, "\"0.5\"", false);
}

static void a_field_of_integers_accepts_no_fraction(void **state)
{
	(void)state;
	assert_accepts(RESPONSE_MAX_OUTPUT_TOKENS, "16", true);
	assert_accepts(RESPONSE_MAX_OUTPUT_TOKENS, "-16", true);
	assert_accepts(RESPONSE_MAX_OUTPUT_TOKENS, "16.00", true);
	assert_accepts(RESPONSE_MAX_OUTPUT_TOKENS, "16.50", false);
	assert_accepts(RESPONSE_MAX_OUTPUT_TOKENS, "16e1", false);
	assert_accepts(RESPONSE_MAX_OUTPUT_TOKENS, "{}", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(initial_object_is_queued_and_empty),
	    cmocka_unit_test(initial_object_has_every_required_member_once),
	    cmocka_unit_test(missing_metadata_becomes_an_empty_object),
	    cmocka_unit_test(initial_object_repeats_the_request_in_canonical_spelling),
	    cmocka_unit_test(status_and_completed_at_stand_at_fixed_offsets),
	    cmocka_unit_test(status_slot_is_as_wide_for_every_status),
	    cmocka_unit_test(peek_reads_every_status_from_its_slot),
	    cmocka_unit_test(peek_knows_an_object_that_is_not_ours),
	    cmocka_unit_test(only_the_last_four_statuses_are_terminal),
	    cmocka_unit_test(names_are_found_again),
	    cmocka_unit_test(a_field_accepts_the_types_of_the_schema),
	    cmocka_unit_test(a_field_of_integers_accepts_no_fraction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
