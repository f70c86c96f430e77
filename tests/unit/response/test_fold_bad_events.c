#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/response/fold.h"
#include "common/base/json.h"
#include "folding.h"
#include "stored_copy.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bad_events_change_nothing_and_are_named_in_a_warning),
	    cmocka_unit_test(events_nested_too_deeply_for_the_object_are_skipped),
	    cmocka_unit_test(a_warning_quotes_only_the_beginning_of_what_is_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
