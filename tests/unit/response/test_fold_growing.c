#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/response/fold.h"
#include "common/base/json.h"
#include "folding.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
