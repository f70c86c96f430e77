#include "tests/unit/dialect/chat/chat_case.h"
#include "common/dialect/request_tools.h"

static bool tell(
    struct request_writer *writer, struct span tool, const struct tool_name *name, void *ctx)
{
	struct buf *told = ctx;

	(void)writer;
	(void)tool;
	buf_printf(told, "%s;", name != NULL ? name->sent : "search");
	return true;
}

/* What is told, or the error. */
static void assert_tools(const char *json, bool drop_params, const char *expected)
{
	const struct deployment deployment = {.drop_params = drop_params};
	struct request_writer writer = {.deployment = &deployment, .model = "m"};
	struct buf tools = {0}, told = {0};

	quote(&tools, json);
	if (request_each_tool(&writer, buf_span(&tools), tell, &told))
		assert_string_equal(buf_cstr(&told), expected);
	else
		assert_non_null(strstr(writer.error.message, expected));
	request_writer_free(&writer);
	buf_free(&tools);
	buf_free(&told);
}

static void test_each_tool_is_told_by_its_name(void **state)
{
	(void)state;
	assert_tools("null", false, "");
	assert_tools("[{'type':'function','name':'f'},{'type':'namespace','name':'s','tools':"
		     "[{'type':'function','name':'f'},{'type':'custom','name':'c'}]},"
		     "{'type':'web_search_2025_08_26'}]",
	    false, "f;s__f;s__c;search;");
}

static void test_two_tools_of_one_name_are_refused(void **state)
{
	(void)state;
	assert_tools("[{'type':'function','name':'f'},{'type':'custom','name':'f'}]", true,
	    "two tools are called 'f'");
	assert_tools("[{'type':'function','name':'s__f'},{'type':'namespace','name':'s','tools':"
		     "[{'type':'function','name':'f'}]}]",
	    true, "two tools are called 's__f'");
}

static void test_names_and_types_must_be_good(void **state)
{
	(void)state;
	assert_tools("[{'type':'function'}]", true, "no name");
	assert_tools("[{'type':'function','name':''}]", true, "'' must be 1 to 64");
	assert_tools("[{'type':'function','name':'a b'}]", true, "'a b' must be 1 to 64");
	assert_tools("[{'name':'a'}]", true, "no type");
	assert_tools("[7]", true, "no type");
	assert_tools("[{'type':'namespace','name':'s','tools':7}]", true, "an array of tools");
	assert_tools("[{'type':'namespace','name':'s','tools':[{'type':'namespace','name':'t',"
		     "'tools':[]}]}]",
	    true, "a namespace is in another one");
}

static void test_tools_of_others_are_refused_or_left_out(void **state)
{
	(void)state;
	assert_tools("[{'type':'computer_use_preview'}]", false, "'computer_use_preview'");
	assert_tools("[{'type':'mcp'},{'type':'function','name':'f'}]", true, "f;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_tool_is_told_by_its_name),
	    cmocka_unit_test(test_two_tools_of_one_name_are_refused),
	    cmocka_unit_test(test_names_and_types_must_be_good),
	    cmocka_unit_test(test_tools_of_others_are_refused_or_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
