#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/response/builder.h"
#include "common/response/event.h"
#include "common/response/response_id.h"

#define TEXT(text) span_of("\"" text "\"")
#define NONE       ((struct span){0})

/* A builder at work, what it sends, and a client that folds that. */
struct work {
	struct builder builder;
	struct fold made, read;
	struct buf events; /* type and delta of each, a line each */
	long long number;
	bool begun;
};

static void open_fold(struct fold *fold)
{
	struct span fields[RESPONSE_FIELD_COUNT] = {0};
	char id[RESPONSE_ID_SIZE];
	struct buf object = {0};

	response_id_generate(id);
	response_initial(&object, id, 1700000000, fields);
	assert_true(fold_open(fold, buf_span(&object)));
	buf_free(&object);
}

static void note(struct work *work, struct span event)
{
	struct span type = json_inside(json_get(event, "type"));

	buf_append(&work->events, type.p + strlen("response."), type.len - strlen("response."));
	if (json_get(event, "delta").len > 0)
		buf_append_span(&work->events, json_get(event, "delta"));
	buf_putc(&work->events, '\n');
}

static void on_event(void *ctx, const struct response_event *event)
{
	struct work *work = ctx;
	struct buf text = {0};
	struct span data;

	event_write(&text, event, work->number++);
	data = span_of(strstr(buf_cstr(&text), "data: ") + strlen("data: "));
	data.len -= 2;
	assert_true(json_check(data, 0, NULL, NULL));
	note(work, data);
	assert_int_equal(fold_event(&work->read, data), FOLD_CHANGED);
	assert_string_equal(work->read.warning, "");
	buf_free(&text);
}

static void on_begin(void *ctx)
{
	struct work *work = ctx;

	assert_false(work->begun);
	work->begun = true;
}

static void setup(struct work *work)
{
	*work = (struct work){0};
	open_fold(&work->made);
	open_fold(&work->read);
	builder_open(&work->builder, &work->made);
	work->builder.on_event = on_event;
	work->builder.on_begin = on_begin;
	work->builder.ctx = work;
}

static void teardown(struct work *work)
{
	builder_close(&work->builder);
	fold_close(&work->made);
	fold_close(&work->read);
	buf_free(&work->events);
}

static const char *output_of(const struct fold *fold)
{
	static struct buf out[2];
	static int turn;
	struct buf *b = &out[turn ^= 1];

	buf_clear(b);
	json_canonical(b, json_get(buf_span(&fold->doc.text), "output"));
	return buf_cstr(b);
}

/* What the client has is what was made; returns it. */
static const char *agreed(struct work *work)
{
	assert_string_equal(output_of(&work->made), output_of(&work->read));
	return output_of(&work->made);
}

static void assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("%s is not in %s", part, text);
}

static void call(struct work *work, long long key, const char *id, const char *name)
{
	struct builder_call call = {.id = span_of(id), .name = span_of(name)};

	builder_call(&work->builder, key, &call);
}

static void test_text_is_announced_grows_and_ends(void **state)
{
	struct work work;

	(void)state;
	setup(&work);
	builder_text(&work.builder, TEXT("Hel"), NONE);
	builder_text(&work.builder, TEXT("lo"), NONE);
	builder_end(&work.builder, STATUS_COMPLETED, NULL);
	assert_string_equal(buf_cstr(&work.events),
	    "output_item.added\ncontent_part.added\noutput_text.delta\"Hel\"\n"
	    "output_text.delta\"lo\"\noutput_text.done\ncontent_part.done\noutput_item.done\n");
	assert_has(agreed(&work), "\"status\":\"completed\"");
	assert_has(agreed(&work), "\"text\":\"Hello\"");
	assert_true(work.begun);
	teardown(&work);
}

static void test_what_opens_ends_what_was_open(void **state)
{
	struct work work;

	(void)state;
	setup(&work);
	builder_reasoning(&work.builder, TEXT("hm"));
	builder_text(&work.builder, TEXT("a"), NONE);
	call(&work, 1, "\"c1\"", "\"f\"");
	builder_arguments(&work.builder, 1, TEXT("{}"));
	builder_text(&work.builder, TEXT("b"), NONE);
	builder_end(&work.builder, STATUS_COMPLETED, NULL);
	assert_string_equal(buf_cstr(&work.events),
	    "output_item.added\nreasoning_summary_part.added\n"
	    "reasoning_summary_text.delta\"hm\"\nreasoning_summary_text.done\n"
	    "reasoning_summary_part.done\noutput_item.done\n"
	    "output_item.added\ncontent_part.added\noutput_text.delta\"a\"\n"
	    "output_text.done\ncontent_part.done\noutput_item.done\n"
	    "output_item.added\nfunction_call_arguments.delta\"{}\"\n"
	    "output_item.added\ncontent_part.added\noutput_text.delta\"b\"\n"
	    "function_call_arguments.done\noutput_item.done\n"
	    "output_text.done\ncontent_part.done\noutput_item.done\n");
	agreed(&work);
	assert_int_equal(work.read.output.count, 4);
	teardown(&work);
}

static void test_calls_grow_side_by_side(void **state)
{
	struct work work;

	(void)state;
	setup(&work);
	call(&work, 0, "\"c1\"", "\"f\"");
	call(&work, 1, "\"c2\"", "\"g\"");
	builder_arguments(&work.builder, 1, TEXT("[2"));
	builder_arguments(&work.builder, 0, TEXT("[1"));
	builder_arguments(&work.builder, 1, TEXT("]"));
	builder_arguments(&work.builder, 0, TEXT("]"));
	builder_end(&work.builder, STATUS_COMPLETED, NULL);
	assert_has(agreed(&work), "\"name\":\"f\",\"arguments\":\"[1]\"");
	assert_has(agreed(&work), "\"name\":\"g\",\"arguments\":\"[2]\"");
	teardown(&work);
}

static void test_a_call_without_arguments_has_an_empty_object(void **state)
{
	struct work work;

	(void)state;
	setup(&work);
	call(&work, 7, "", "\"f\"");
	builder_end_call(&work.builder, 7);
	builder_end(&work.builder, STATUS_COMPLETED, NULL);
	assert_has(agreed(&work), "\"arguments\":\"{}\"");
	assert_has(agreed(&work), "\"call_id\":\"call_");
	teardown(&work);
}

static void test_a_call_id_is_used_once(void **state)
{
	struct work work;
	const char *output, *first;

	(void)state;
	setup(&work);
	call(&work, 0, "\"same\"", "\"f\"");
	call(&work, 1, "\"same\"", "\"f\"");
	builder_end(&work.builder, STATUS_COMPLETED, NULL);
	output = agreed(&work);
	first = strstr(output, "\"call_id\":\"same\"");
	assert_non_null(first);
	assert_null(strstr(first + 1, "\"call_id\":\"same\""));
	teardown(&work);
}

static void test_no_more_calls_are_remembered_than_there_may_be(void **state)
{
	struct builder_call call = {.name = TEXT("f")};
	struct work work;
	char id[24];

	(void)state;
	setup(&work);
	work.builder.on_event = NULL;
	for (int i = 0; i < OUTPUT_ITEMS_MAX + 10; i++) {
		snprintf(id, sizeof(id), "\"call_%d\"", i);
		call.id = span_of(id);
		builder_call(&work.builder, i, &call);
		builder_end_call(&work.builder, i);
	}
	assert_int_equal(work.made.output.count, OUTPUT_ITEMS_MAX);
	assert_int_equal(work.builder.call_id_count, OUTPUT_ITEMS_MAX);
	teardown(&work);
}

static void test_a_custom_tool_gets_its_text(void **state)
{
	struct builder_call custom = {
	    .id = TEXT("c"), .name = TEXT("sql"), .space = TEXT("db"), .custom = true};
	struct work work;

	(void)state;
	setup(&work);
	builder_call(&work.builder, 0, &custom);
	builder_arguments(&work.builder, 0, TEXT("{\\\"inp"));
	builder_arguments(&work.builder, 0, TEXT("ut\\\":\\\"a\\\\nb\\\"}"));
	builder_end(&work.builder, STATUS_COMPLETED, NULL);
	assert_has(agreed(&work), "\"type\":\"custom_tool_call\"");
	assert_has(agreed(&work), "\"namespace\":\"db\"");
	assert_has(agreed(&work), "\"input\":\"a\\nb\"");
	teardown(&work);
}

static void test_half_a_character_waits_for_its_other_half(void **state)
{
	struct work work;

	(void)state;
	setup(&work);
	builder_text(&work.builder, TEXT("a\\ud83d"), NONE);
	builder_text(&work.builder, TEXT("\\ude00"), NONE);
	builder_text(&work.builder, TEXT("\\ud83d"), NONE);
	builder_end(&work.builder, STATUS_COMPLETED, NULL);
	assert_has(buf_cstr(&work.events), "output_text.delta\"\xf0\x9f\x98\x80\"\n"
					   "output_text.delta\"\xef\xbf\xbd\"\n");
	assert_has(agreed(&work), "\"text\":\"a\xf0\x9f\x98\x80\xef\xbf\xbd\"");
	teardown(&work);
}

static void test_annotations_are_counted_in_their_part(void **state)
{
	struct work work;

	(void)state;
	setup(&work);
	builder_text(&work.builder, TEXT("a\\n\xc3\xa4"), NONE);
	assert_int_equal(builder_text_length(&work.builder), 3);
	builder_annotation(&work.builder, SPAN("{\"type\":\"url_citation\"}"));
	builder_end_part(&work.builder);
	builder_text(&work.builder, TEXT("b"), NONE);
	assert_int_equal(builder_text_length(&work.builder), 1);
	builder_annotation(&work.builder, SPAN("{\"type\":\"file_citation\"}"));
	builder_end(&work.builder, STATUS_COMPLETED, NULL);
	assert_has(agreed(&work), "\"annotations\":[{\"type\":\"url_citation\"}]");
	assert_has(agreed(&work), "\"annotations\":[{\"type\":\"file_citation\"}]");
	teardown(&work);
}

static void test_a_part_that_the_object_cannot_have_is_not_told(void **state)
{
	struct work work;

	(void)state;
	setup(&work);
	work.made.output.part_count = OUTPUT_PARTS_MAX - 1;
	builder_text(&work.builder, TEXT("a"), NONE);
	builder_end_part(&work.builder);
	builder_text(&work.builder, TEXT("b"), NONE);
	builder_end(&work.builder, STATUS_COMPLETED, NULL);
	assert_has(agreed(&work), "\"text\":\"a\"");
	assert_null(strstr(buf_cstr(&work.events), "\"b\""));
	teardown(&work);
}

static void test_refusal_is_a_part_of_its_own(void **state)
{
	struct work work;

	(void)state;
	setup(&work);
	builder_text(&work.builder, TEXT("a"), NONE);
	builder_refusal(&work.builder, TEXT("no"));
	builder_end(&work.builder, STATUS_INCOMPLETE, "content_filter");
	assert_has(agreed(&work), "{\"type\":\"refusal\",\"refusal\":\"no\"}");
	assert_has(agreed(&work), "\"status\":\"incomplete\"");
	assert_int_equal(work.made.status, STATUS_INCOMPLETE);
	teardown(&work);
}

static void test_reasoning_keeps_what_is_encrypted(void **state)
{
	struct work work;

	(void)state;
	setup(&work);
	builder_encrypted(&work.builder, TEXT("one"));
	builder_end_reasoning(&work.builder);
	builder_reasoning(&work.builder, TEXT("hm"));
	builder_encrypted(&work.builder, TEXT("two"));
	builder_end(&work.builder, STATUS_COMPLETED, NULL);
	assert_has(agreed(&work), "\"encrypted_content\":\"one\",\"summary\":[]");
	assert_has(agreed(&work), "\"encrypted_content\":\"two\"");
	assert_int_equal(work.read.output.count, 2);
	teardown(&work);
}

static void test_an_answer_of_nothing_has_an_empty_message(void **state)
{
	struct work work;

	(void)state;
	setup(&work);
	builder_end(&work.builder, STATUS_COMPLETED, NULL);
	assert_has(agreed(&work), "\"text\":\"\"");
	teardown(&work);
}

static void test_usage_adds_up_what_was_told(void **state)
{
	struct builder_usage first = {10, -1, -1, 4, -1, -1}, last = {-1, 5, -1, -1, -1, 2};
	struct work work;
	struct span object;

	(void)state;
	setup(&work);
	builder_usage(&work.builder, &first);
	builder_usage(&work.builder, &last);
	builder_model(&work.builder, TEXT("served"));
	builder_end(&work.builder, STATUS_COMPLETED, NULL);
	object = buf_span(&work.made.doc.text);
	assert_true(json_string_is(json_get(object, "model"), "served"));
	assert_true(span_is(json_get(object, "usage"),
	    "{\"input_tokens\":10,\"input_tokens_details\":{\"cached_tokens\":4,"
	    "\"cache_write_tokens\":0},\"output_tokens\":5,"
	    "\"output_tokens_details\":{\"reasoning_tokens\":2},\"total_tokens\":15}"));
	teardown(&work);
}

static void test_a_failure_leaves_items_incomplete(void **state)
{
	struct work work;

	(void)state;
	setup(&work);
	builder_text(&work.builder, TEXT("a"), NONE);
	builder_fail(&work.builder, SPAN("{\"code\":\"overloaded_error\",\"message\":\"m\"}"));
	assert_has(agreed(&work), "\"status\":\"incomplete\"");
	assert_true(work.made.error_seen);
	assert_int_equal(work.made.error_status, 529);
	teardown(&work);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text_is_announced_grows_and_ends),
	    cmocka_unit_test(test_what_opens_ends_what_was_open),
	    cmocka_unit_test(test_calls_grow_side_by_side),
	    cmocka_unit_test(test_a_call_without_arguments_has_an_empty_object),
	    cmocka_unit_test(test_a_call_id_is_used_once),
	    cmocka_unit_test(test_no_more_calls_are_remembered_than_there_may_be),
	    cmocka_unit_test(test_a_custom_tool_gets_its_text),
	    cmocka_unit_test(test_half_a_character_waits_for_its_other_half),
	    cmocka_unit_test(test_annotations_are_counted_in_their_part),
	    cmocka_unit_test(test_a_part_that_the_object_cannot_have_is_not_told),
	    cmocka_unit_test(test_refusal_is_a_part_of_its_own),
	    cmocka_unit_test(test_reasoning_keeps_what_is_encrypted),
	    cmocka_unit_test(test_an_answer_of_nothing_has_an_empty_message),
	    cmocka_unit_test(test_usage_adds_up_what_was_told),
	    cmocka_unit_test(test_a_failure_leaves_items_incomplete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
