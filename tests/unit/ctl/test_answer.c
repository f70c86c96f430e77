#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/ctl/answer.h"

#define PART(text) "{\"type\":\"output_text\",\"text\":\"" text "\"}"
#define MESSAGE(status, parts)                                                                     \
	"{\"type\":\"message\",\"status\":\"" status "\",\"content\":[" parts "]}"
#define OBJECT(items) "{\"id\":\"x\",\"output\":[" items "]}"

static void assert_text(const char *object, bool whole, const char *expected)
{
	struct buf text = {0};

	answer_text(&text, span_of(object), whole);
	assert_string_equal(buf_cstr(&text), expected);
	buf_free(&text);
}

static void the_text_is_that_of_the_messages(void **state)
{
	(void)state;
	assert_text(
	    OBJECT("{\"type\":\"reasoning\",\"content\":[" PART("no") "]}," MESSAGE("completed",
		PART("a\\nb") "," PART("") "," PART("\\u00fc")) "," MESSAGE("completed",
		"{\"type\":\"refusal\",\"refusal\":\"I cannot\"}")),
	    true, "a\nb\n\xc3\xbc\nI cannot");
	assert_text(OBJECT(""), true, "");
	assert_text("no object", true, "");
}

static void nothing_behind_a_message_that_grows_is_taken(void **state)
{
	static const char object[] =
	    OBJECT(MESSAGE("in_progress", PART("a")) "," MESSAGE("in_progress", PART("b")));

	(void)state;
	assert_text(object, false, "a");
	assert_text(object, true, "a\nb");
}

static void what_an_answer_does_besides_writing_is_named_once(void **state)
{
	static const char object[] = OBJECT("{\"type\":\"reasoning\"}," MESSAGE("completed",
	    PART("a")) ",{\"type\":\"function_call\",\"name\":\"look_\\u0075p\"},{\"type\":1}");
	struct buf steps = {0};

	(void)state;
	assert_int_equal(answer_steps(&steps, SPAN(object), 0), 2);
	assert_string_equal(buf_cstr(&steps), "reasoning, function_call look_up");
	buf_clear(&steps);
	assert_int_equal(answer_steps(&steps, SPAN(object), 1), 2);
	assert_string_equal(buf_cstr(&steps), "function_call look_up");
	buf_clear(&steps);
	assert_int_equal(answer_steps(&steps, SPAN(object), 3), 2);
	assert_string_equal(buf_cstr(&steps), "");
	buf_free(&steps);
}

static void assert_fault(const char *object, const char *expected)
{
	struct buf fault = {0};

	answer_fault(&fault, span_of(object));
	assert_string_equal(buf_cstr(&fault), expected);
	buf_free(&fault);
}

static void a_fault_is_the_error_or_why_it_is_incomplete(void **state)
{
	(void)state;
	assert_fault("{\"error\":{\"code\":\"server_error\",\"message\":\"It \\u0062roke\"}}",
	    "server_error: It broke");
	assert_fault("{\"error\":null,\"incomplete_details\":{\"reason\":\"max_output_tokens\"}}",
	    "max_output_tokens");
	assert_fault("{\"error\":null,\"incomplete_details\":null}", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_text_is_that_of_the_messages),
	    cmocka_unit_test(nothing_behind_a_message_that_grows_is_taken),
	    cmocka_unit_test(what_an_answer_does_besides_writing_is_named_once),
	    cmocka_unit_test(a_fault_is_the_error_or_why_it_is_incomplete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
