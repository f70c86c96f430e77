#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/dialect/chat/chat_calls.h"
#include "tests/unit/dialect/recorded_steps.h"

#define NONE ((struct span){0})

static struct tool_names tools;

static int name_tools(void **state)
{
	(void)state;
	tool_names_add(&tools, TOOL_FUNCTION, SPAN("files"), SPAN("read"));
	tool_names_add(&tools, TOOL_CUSTOM, NONE, SPAN("sh"));
	tool_names_add(&tools, TOOL_FORMAT, NONE, SPAN("answer"));
	return 0;
}

static int forget_tools(void **state)
{
	(void)state;
	tool_names_free(&tools);
	return 0;
}

/* Reads one tool_calls for each string up to NULL; "!" before it: of the last delta. */
static void expect(const char *const *lists, const char *steps)
{
	struct builder builder = {.begun = true};
	struct chat_calls calls;

	forget_recorded_steps();
	chat_calls_open(&calls, &builder, &tools);
	for (; *lists != NULL; lists++) {
		bool is_last = **lists == '!';

		chat_calls_read(&calls, span_of(*lists + is_last),
		    is_last ? CALLS_IN_LAST_DELTA : CALLS_IN_DELTA);
	}
	chat_calls_settle(&calls);
	assert_string_equal(recorded_steps(), steps);
	chat_calls_close(&calls);
	forget_recorded_steps();
}

#define LISTS(...)             ((const char *const[]){__VA_ARGS__, NULL})
#define F(name, arguments)     "\"function\":{\"name\":\"" name "\",\"arguments\":\"" arguments "\"}"
#define ARGUMENTS(arguments)   "\"function\":{\"arguments\":\"" arguments "\"}"
#define CALL(number, id, name) "call " number " id \"" id "\" name \"" name "\"\n"
#define PIECE(number, piece)   "arguments " number " \"" piece "\"\n"

static void test_the_index_is_the_key(void **state)
{
	(void)state;
	expect(LISTS("[{\"index\":0,\"id\":\"a\",\"type\":\"function\"," F("f", "") "}]",
		   "[{\"index\":0," ARGUMENTS("{\\\"x\\\":") "}]",
		   "[{\"index\":1,\"id\":\"b\"," F("g", "") "},{\"index\":0," ARGUMENTS("1}") "}]",
		   "[{\"index\":1," ARGUMENTS("{\\\"y\\\":2}") "}]"),
	    CALL("0", "a", "f") PIECE("0", "{\\\"x\\\":") PIECE("0", "1}") CALL("1", "b", "g")
		PIECE("1", "{\\\"y\\\":2}"));
}

static void test_a_new_id_at_a_used_index_is_a_new_call(void **state)
{
	(void)state;
	expect(LISTS("[{\"index\":0,\"id\":\"a\"," F("f", "{}") "},"
								"{\"index\":0,\"id\":\"b\"," F(
								    "f", "{\\\"x\\\":1}") "}]",
		   "[{\"index\":0,\"id\":\"c\"," F("f", "{\\\"x\\\":1}") "}]"),
	    CALL("0", "a", "f") CALL("1", "b", "f") PIECE("1", "{\\\"x\\\":1}") CALL("2", "c", "f")
		PIECE("2", "{\\\"x\\\":1}"));
}

static void test_whole_calls_with_neither_id_nor_index_are_apart(void **state)
{
	static const char *const forms[] = {
	    "[{\"index\":0,\"id\":\"\",%s},{\"index\":0,\"id\":\"\",%s}]", "[{%s},{%s}]"};
	struct buf list = {0};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		buf_clear(&list);
		for (const char *p = forms[i], *arguments = "1"; *p != '\0'; p++) {
			if (*p != '%') {
				buf_putc(&list, *p);
				continue;
			}
			buf_printf(&list,
			    "\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":%s}\"}",
			    arguments);
			arguments = "2";
			p++;
		}
		expect(LISTS(buf_cstr(&list)),
		    "call 0 name \"f\"\n" PIECE("0", "{\\\"x\\\":1}") "call 1 name \"f\"\n" PIECE(
			"1", "{\\\"x\\\":2}"));
	}
	buf_free(&list);
	expect(LISTS("[{\"index\":0," F("f", "{\\\"x\\\":1}") "}]",
		   "[{\"index\":0," F("f", "{\\\"x\\\":2}") "}]"),
	    "call 0 name \"f\"\n" PIECE("0", "{\\\"x\\\":1}") "call 1 name \"f\"\n" PIECE(
		"1", "{\\\"x\\\":2}"));
}

static void test_without_an_index_the_id_or_the_last_call_counts(void **state)
{
	(void)state;
	expect(
	    LISTS("[{\"id\":\"a\"," F("f", "") "}]", "[{" ARGUMENTS("{\\\"x\\\":") "}]",
		"[{\"id\":\"b\"," F("g", "{\\\"y\\\":") "}]", "[{\"id\":null," ARGUMENTS("2") "}]",
		"[{\"id\":\"a\"," ARGUMENTS("1}") "}]", "[{\"id\":\"b\"," ARGUMENTS("}") "}]"),
	    CALL("0", "a", "f") PIECE("0", "{\\\"x\\\":") CALL("1", "b", "g")
		PIECE("1", "{\\\"y\\\":") PIECE("1", "2") PIECE("0", "1}") PIECE("1", "}"));
}

static void test_ids_and_names_that_come_again_say_nothing_new(void **state)
{
	(void)state;
	expect(LISTS("[{\"index\":0,\"id\":\"a\"," F("f", "{\\\"x\\\":") "}]",
		   "[{\"index\":0,\"id\":\"a\"," F("f", "[1,") "}]",
		   "[{\"index\":0,\"id\":\"\"," F("", "2]}") "}]"),
	    CALL("0", "a", "f") PIECE("0", "{\\\"x\\\":") PIECE("0", "[1,") PIECE("0", "2]}"));
	expect(LISTS("[{\"index\":0,\"id\":\"a\"," ARGUMENTS("{") "}]",
		   "[{\"index\":0,\"id\":\"other\"," ARGUMENTS("}") "}]",
		   "[{\"index\":0," F("f", "") "}]"),
	    CALL("0", "a", "f") PIECE("0", "{}"));
}

static void test_a_name_may_grow_until_arguments_come(void **state)
{
	(void)state;
	expect(
	    LISTS("[{\"index\":0,\"id\":\"a\"," F("get", "") "}]",
		"[{\"index\":0," F("get_time", "") "}]", "[{\"index\":0," F("get_time", "{}") "}]"),
	    CALL("0", "a", "get_time"));
}

static void test_arguments_wait_for_the_name(void **state)
{
	(void)state;
	expect(LISTS("[{\"index\":0,\"id\":\"a\"," ARGUMENTS("{\\\"x\\\"") "}]",
		   "[{\"index\":0," ARGUMENTS(":1") "}]", "[{\"index\":0," F("f", "}") "}]"),
	    CALL("0", "a", "f") PIECE("0", "{\\\"x\\\":1") PIECE("0", "}"));
	expect(LISTS("[{\"index\":0,\"id\":\"a\"," ARGUMENTS("{}") "}]"), "");
}

static void test_arguments_may_be_of_any_type(void **state)
{
	(void)state;
	expect(LISTS("[{\"index\":0,\"id\":\"a\",\"function\":"
		     "{\"name\":\"f\",\"arguments\":{ \"x\": \"\\u00e9\\n\" }}}]"),
	    CALL("0", "a", "f") PIECE("0", "{\\\"x\\\":\\\"\xc3\xa9\\\\n\\\"}"));
	expect(
	    LISTS("[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":null}}]",
		"[{\"index\":0,\"function\":{\"arguments\":17}}]", "[{\"index\":0}]",
		"[null,3,\"x\",[],{\"function\":7}]", "null", "\"x\""),
	    CALL("0", "a", "f"));
	expect(LISTS("{\"index\":0,\"id\":\"a\"," F("f", "{}") "}"), CALL("0", "a", "f"));
	expect(LISTS("[{\"id\":\"a\",\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}]"),
	    CALL("0", "a", "f") PIECE("0", "{\\\"x\\\":1}"));
}

static void test_a_call_that_comes_again_whole_is_dropped(void **state)
{
	(void)state;
	expect(LISTS("[{\"index\":0,\"id\":\"a\"," F("f", "{\\\"x\\\":") "}]",
		   "[{\"index\":0," ARGUMENTS("\\\" } \\\"}") "}]",
		   "![{\"index\":0,\"id\":\"a\"," F("f", "{\\\"x\\\": \\\" } \\\"}") "}]"),
	    CALL("0", "a", "f") PIECE("0", "{\\\"x\\\":") PIECE("0", "\\\" } \\\"}"));
	/* It was cut off both times. */
	expect(LISTS("[{\"index\":0,\"id\":\"a\"," F("f", "{\\\"x") "}]",
		   "[{\"index\":0," ARGUMENTS("y") "}]",
		   "![{\"index\":0,\"id\":\"a\"," F("f", "{\\\"xy") "}]"),
	    CALL("0", "a", "f") PIECE("0", "{\\\"x") PIECE("0", "y"));
}

static void test_arguments_may_not_go_on_behind_their_end(void **state)
{
	(void)state;
	expect(LISTS("[{\"index\":0,\"id\":\"a\"," F("f", "{\\\"x\\\":1}") "}]",
		   "[{\"index\":0," ARGUMENTS("}") "}]"),
	    CALL("0", "a", "f") PIECE("0", "{\\\"x\\\":1}"));
	/* Empty ones in the first piece stand for none. */
	expect(LISTS("[{\"index\":0,\"id\":\"a\"," F("f", "{}") "}]",
		   "[{\"index\":0," ARGUMENTS("{\\\"x\\\":1}") "}]"),
	    CALL("0", "a", "f") PIECE("0", "{\\\"x\\\":1}"));
}

static void test_two_calls_may_have_one_id(void **state)
{
	(void)state;
	expect(LISTS("[{\"index\":0,\"id\":\"a\"," F(
		   "f", "{\\\"x\\\":1}") "},"
					 "{\"index\":1,\"id\":\"a\"," F("f", "{\\\"x\\\":1}") "}]"),
	    CALL("0", "a", "f") PIECE("0", "{\\\"x\\\":1}") CALL("1", "a", "f")
		PIECE("1", "{\\\"x\\\":1}"));
	expect(LISTS("[{\"id\":\"a\"," F("f", "{\\\"x\\\":1}") "},"
							       "{\"id\":\"a\"," F(
								   "f", "{\\\"x\\\":2}") "}]"),
	    CALL("0", "a", "f") PIECE("0", "{\\\"x\\\":1}") CALL("1", "a", "f")
		PIECE("1", "{\\\"x\\\":2}"));
}

static void test_a_tool_is_called_what_the_client_calls_it(void **state)
{
	(void)state;
	expect(LISTS("[{\"id\":\"a\"," F("files__read", "") "},{\"id\":\"b\"," F(
		   "sh", "{\\\"input\\\":\\\"ls\\\"}") "},{\"id\":\"c\"," F("\\u0073h", "") "}]"),
	    "call 0 id \"a\" name \"read\" in \"files\"\n"
	    "call 1 id \"b\" name \"sh\" custom\n" PIECE(
		"1", "{\\\"input\\\":\\\"ls\\\"}") "call 2 id \"c\" name \"sh\" custom\n");
}

static void test_a_format_s_arguments_are_text(void **state)
{
	(void)state;
	expect(LISTS("[{\"index\":0,\"id\":\"a\"," F("answer", "{\\\"x\\\":") "}]",
		   "[{\"index\":0," ARGUMENTS("1}") "}]"),
	    "text \"{\\\"x\\\":\"\ntext \"1}\"\n");
	expect(LISTS("[{\"index\":0,\"id\":\"a\"," F("answer", "{}") "}]"), "text \"{}\"\n");
}

static void test_extra_content_stays_with_its_call(void **state)
{
	(void)state;
	expect(LISTS("[{\"index\":0,\"id\":\"a\"," F("f", "") ",\"extra_content\":{\"s\":1}}]",
		   "[{\"index\":0," ARGUMENTS("{\\\"x\\\":1}") "}]",
		   "[{\"index\":0,\"extra_content\":{\"s\":1}}]",
		   "[{\"index\":0,\"extra_content\":{\"s\":2}}]"),
	    "call 0 id \"a\" name \"f\" with {\"extra_content\":{\"s\":1}}\n" PIECE(
		"0", "{\\\"x\\\":1}") "extra 0 {\"extra_content\":{\"s\":2}}\n");
}

static void test_more_calls_than_are_kept_are_all_told(void **state)
{
	struct builder builder = {.begun = true};
	struct chat_calls calls;
	struct buf list = {0}, steps = {0};

	(void)state;
	forget_recorded_steps();
	chat_calls_open(&calls, &builder, &tools);
	for (int i = 0; i < 2 * CHAT_CALLS_KEPT; i++) {
		buf_clear(&list);
		buf_printf(
		    &list, "[{\"index\":%d,\"id\":\"%d\",\"function\":{\"name\":\"f\"}}]", i, i);
		chat_calls_read(&calls, buf_span(&list), CALLS_IN_DELTA);
		if (i >= CHAT_CALLS_KEPT)
			buf_printf(&steps, "end call %d\n", i - CHAT_CALLS_KEPT);
		if (i < 2 * CHAT_CALLS_KEPT - 1)
			buf_printf(&steps, "call %d id \"%d\" name \"f\"\n", i, i);
	}
	chat_calls_close(&calls);
	/* The one before is told when the next comes, which ends an older one. */
	assert_non_null(strstr(recorded_steps(), "call 254 id \"254\" name \"f\"\nend call 127\n"));
	assert_int_equal(strlen(recorded_steps()), steps.len);
	forget_recorded_steps();
	buf_free(&list);
	buf_free(&steps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_index_is_the_key),
	    cmocka_unit_test(test_a_new_id_at_a_used_index_is_a_new_call),
	    cmocka_unit_test(test_whole_calls_with_neither_id_nor_index_are_apart),
	    cmocka_unit_test(test_without_an_index_the_id_or_the_last_call_counts),
	    cmocka_unit_test(test_ids_and_names_that_come_again_say_nothing_new),
	    cmocka_unit_test(test_a_name_may_grow_until_arguments_come),
	    cmocka_unit_test(test_arguments_wait_for_the_name),
	    cmocka_unit_test(test_arguments_may_be_of_any_type),
	    cmocka_unit_test(test_a_call_that_comes_again_whole_is_dropped),
	    cmocka_unit_test(test_arguments_may_not_go_on_behind_their_end),
	    cmocka_unit_test(test_two_calls_may_have_one_id),
	    cmocka_unit_test(test_a_tool_is_called_what_the_client_calls_it),
	    cmocka_unit_test(test_a_format_s_arguments_are_text),
	    cmocka_unit_test(test_extra_content_stays_with_its_call),
	    cmocka_unit_test(test_more_calls_than_are_kept_are_all_told),
	};

	return cmocka_run_group_tests(tests, name_tools, forget_tools);
}
