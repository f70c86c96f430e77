#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/relay/event_lines.h"
#include "app/relay/sealed_lines.h"

static void add(void *ctx, struct span content)
{
	buf_append_span(ctx, content);
}

static void feed(struct event_lines *lines, const char *stream, size_t piece)
{
	size_t len = strlen(stream), step;

	for (size_t at = 0; at < len; at += step) {
		step = piece < len - at ? piece : len - at;
		event_lines_note(lines, (struct span){stream + at, step});
	}
}

/* Whatever the pieces are in which it comes. */
static void assert_found(const char *stream, const char *expected)
{
	for (size_t piece = 1; piece <= strlen(stream); piece++) {
		struct sealed_lines sealed;
		struct event_lines lines = {.on_line = sealed_lines_note, .ctx = &sealed};
		struct buf found = {0};

		sealed_lines_open(&sealed, add, &found);
		feed(&lines, stream, piece);
		assert_string_equal(buf_cstr(&found), expected);
		sealed_lines_close(&sealed);
		buf_free(&found);
	}
}

static void contents_of_items_that_are_done_are_found(void **state)
{
	(void)state;
	assert_found("event: response.output_item.done\n"
		     "data: {\"type\":\"response.output_item.done\",\"item\":{"
		     "\"encrypted_content\":\"a\"}}\n\n"
		     "data: {\"type\": \"response.output_item.done\", \"item\": {"
		     "\"encrypted_content\": \"b\"}}\r\n\r\n",
	    "\"a\"\"b\"");
}

static void contents_of_the_response_at_the_end_are_found(void **state)
{
	(void)state;
	assert_found(
	    "data: {\"type\":\"response.completed\",\"response\":{\"output\":["
	    "{\"encrypted_content\":\"a\"},{},{\"encrypted_content\":\"b\"}]}}\n\n"
	    "data: {\"type\":\"response.incomplete\",\"response\":{\"output\":["
	    "{\"encrypted_content\":\"c\"}]}}\n\n"
	    "data: {\"type\":\"response.created\",\"response\":{\"output\":["
	    "{\"encrypted_content\":\"d\"}]}}\n\n"
	    "data: {\"type\":\"response.completed\",\"response\":\"encrypted_content\"}\n\n",
	    "\"a\"\"b\"\"c\"");
}

static void the_end_is_not_looked_at_where_no_item_has_a_content(void **state)
{
	const char *end = "data: {\"type\":\"response.completed\",\"response\":{\"output\":["
			  "{\"encrypted_content\":\"b\"}]}}\n\n";
	struct buf stream = {0};

	(void)state;
	buf_puts(&stream, "data: {\"type\":\"response.output_item.done\",\"item\":{}}\n\n");
	buf_puts(&stream, end);
	assert_found(buf_cstr(&stream), "");
	buf_clear(&stream);
	buf_puts(&stream, "data: {\"type\":\"response.output_item.done\",\"item\":{"
			  "\"encrypted_content\":\"a\"}}\n\n"
			  "data: {\"type\":\"response.output_item.done\",\"item\":{}}\n\n");
	buf_puts(&stream, end);
	assert_found(buf_cstr(&stream), "\"a\"\"b\"");
	buf_free(&stream);
}

static void the_type_may_stand_anywhere(void **state)
{
	(void)state;
	assert_found("data: {\"item\":{\"encrypted_content\":\"a\"},"
		     "\"type\":\"response.output_item.done\"}\n\n",
	    "\"a\"");
}

static void other_events_are_not_looked_at(void **state)
{
	(void)state;
	assert_found("data: {\"type\":\"response.output_item.added\",\"item\":{"
		     "\"encrypted_content\":\"a\"}}\n\n"
		     "data: {\"type\":\"response.output_text.delta\",\"delta\":"
		     "\"encrypted_content\"}\n\n"
		     "data: {\"item\":{\"encrypted_content\":\"a\"},\"type\":\"x\"}\n\n"
		     "data: {\"type\":\"response.output_item.done\",\"item\":{}}\n\n"
		     "data: {\"type\":\"response.output_item.done\",\"item\":{"
		     "\"encrypted_content\":null}}\n\n"
		     "data: {\"type\":\"response.output_item.done\",\"item\":{"
		     "\"encrypted_content\":}\n\n"
		     "data:{\"type\":\"response.output_item.don\"}\n\n"
		     ": {\"encrypted_content\":\"a\"}\n\n"
		     "data: [DONE]\n\n",
	    "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(contents_of_items_that_are_done_are_found),
	    cmocka_unit_test(contents_of_the_response_at_the_end_are_found),
	    cmocka_unit_test(the_end_is_not_looked_at_where_no_item_has_a_content),
	    cmocka_unit_test(the_type_may_stand_anywhere),
	    cmocka_unit_test(other_events_are_not_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
