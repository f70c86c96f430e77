#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/provider/upstream_body.h"

static char name[] = "gpt", any[] = "gpt-*", upstream_name[] = "provider/gpt \"5\"",
	    upstream_any[] = "served-*", provider[] = "openai";
static char top_p[] = "top_p", metadata[] = "metadata";
static char *dropped[] = {top_p, metadata};

static const struct deployment plain = {
    .model_name = name, .model = upstream_name, .provider = provider};
static const struct deployment picky = {
    .model_name = name,
    .model = upstream_name,
    .provider = provider,
    .dropped = dropped,
    .dropped_count = 2,
};
static const struct deployment pattern = {
    .model_name = any, .model = upstream_any, .provider = provider};

#define HEAD "{\"model\":\"provider/gpt \\\"5\\\"\",\"stream\":true"

static void check_for(const struct deployment *deployment, const char *model, const char *rest,
    const char *context, const char *input, const char *expected)
{
	struct buf body = {0};

	upstream_body(&body, deployment, model, span_of(rest), span_of(context), span_of(input));
	assert_string_equal(buf_cstr(&body), expected);
	buf_free(&body);
}

static void check(const char *rest, const char *context, const char *input, const char *expected)
{
	check_for(&plain, "gpt", rest, context, input, expected);
}

static void request_without_anything_is_model_and_stream(void **state)
{
	(void)state;
	check("", "", "", HEAD "}");
}

static void model_is_named_as_at_the_deployment(void **state)
{
	(void)state;
	check_for(&pattern, "gpt-mini", "", "", "", "{\"model\":\"served-mini\",\"stream\":true}");
}

static void members_and_input_keep_their_spelling(void **state)
{
	(void)state;
	check("\"a\" : 1.50 , \"\\u0062\":[ ]", "", "[ \"x\" ]",
	    HEAD ",\"a\" : 1.50 , \"\\u0062\":[ ],\"input\":[ \"x\" ]}");
	check("", "", "\"t\\u00e4xt\"", HEAD ",\"input\":\"t\\u00e4xt\"}");
}

static void what_is_written_stands_behind_what_was_there(void **state)
{
	struct buf body = {0};

	(void)state;
	buf_puts(&body, "before ");
	upstream_body(&body, &plain, "gpt", SPAN(""), SPAN(""), SPAN(""));
	assert_string_equal(buf_cstr(&body), "before " HEAD "}");
	buf_free(&body);
}

static void dropped_member_is_left_out_wherever_it_stands(void **state)
{
	(void)state;
	check_for(&picky, "gpt", "\"top_p\":1,\"a\":2", "", "1", HEAD ",\"a\":2,\"input\":1}");
	check_for(&picky, "gpt", "\"a\":2,\"top_p\":1", "", "", HEAD ",\"a\":2}");
	check_for(&picky, "gpt", "\"a\":2,\"metadata\":{\"top_p\":\"1\"},\"b\":3", "", "",
	    HEAD ",\"a\":2,\"b\":3}");
	check_for(&picky, "gpt", "\"top_p\":1,\"metadata\":null", "", "", HEAD "}");
	check_for(&picky, "gpt", "", "", "", HEAD "}");
}

static void dropped_member_is_found_in_every_spelling(void **state)
{
	(void)state;
	check_for(&picky, "gpt", "\"\\u0074op_p\":1,\"a\":2", "", "", HEAD ",\"a\":2}");
}

static void only_members_of_the_request_itself_are_dropped(void **state)
{
	(void)state;
	check_for(&picky, "gpt", "\"a\":{\"top_p\":1},\"b\":\"metadata\",\"top_pp\":1", "",
	    "[{\"metadata\":1}]",
	    HEAD ",\"a\":{\"top_p\":1},\"b\":\"metadata\",\"top_pp\":1,"
		 "\"input\":[{\"metadata\":1}]}");
}

static void context_stands_before_the_items_of_the_input(void **state)
{
	(void)state;
	check("\"a\":1", "{\"id\":1},{\"id\":2}", "[ {\"id\":3} ,{\"id\":4}]",
	    HEAD ",\"a\":1,\"input\":[{\"id\":1},{\"id\":2},{\"id\":3} ,{\"id\":4}]}");
}

static void text_after_a_context_is_a_message_of_the_user(void **state)
{
	(void)state;
	check("", "{\"id\":1}", "\"Go \\\"on\\\"\"",
	    HEAD ",\"input\":[{\"id\":1},{\"type\":\"message\",\"role\":\"user\","
		 "\"content\":\"Go \\\"on\\\"\"}]}");
}

static void context_stands_alone_without_input(void **state)
{
	(void)state;
	check("", "{\"id\":1}", "", HEAD ",\"input\":[{\"id\":1}]}");
	check("", "{\"id\":1}", "[ ]", HEAD ",\"input\":[{\"id\":1}]}");
	check("", "{\"id\":1}", "null", HEAD ",\"input\":[{\"id\":1}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(request_without_anything_is_model_and_stream),
	    cmocka_unit_test(model_is_named_as_at_the_deployment),
	    cmocka_unit_test(members_and_input_keep_their_spelling),
	    cmocka_unit_test(what_is_written_stands_behind_what_was_there),
	    cmocka_unit_test(dropped_member_is_left_out_wherever_it_stands),
	    cmocka_unit_test(dropped_member_is_found_in_every_spelling),
	    cmocka_unit_test(only_members_of_the_request_itself_are_dropped),
	    cmocka_unit_test(context_stands_before_the_items_of_the_input),
	    cmocka_unit_test(text_after_a_context_is_a_message_of_the_user),
	    cmocka_unit_test(context_stands_alone_without_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
