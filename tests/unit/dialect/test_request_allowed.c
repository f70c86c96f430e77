#include "tests/unit/dialect/chat/chat_case.h"
#include "common/dialect/request_allowed.h"
#include "common/dialect/request_tools.h"

#define TOOLS                                                                                      \
	"[{'type':'function','name':'f'},{'type':'custom','name':'g'},{'type':'namespace',"        \
	"'name':'s','tools':[{'type':'function','name':'f'},{'type':'function','name':'h'}]},"     \
	"{'type':'web_search_preview'}]"
#define ALLOWED(tools) "{'type':'allowed_tools','mode':'auto','tools':" tools "}"

struct telling {
	struct request_allowed allowed;
	struct buf told;
};

static bool tell(
    struct request_writer *writer, struct span tool, const struct tool_name *name, void *ctx)
{
	struct telling *telling = ctx;

	(void)writer;
	(void)tool;
	if (request_allows(&telling->allowed, name))
		buf_printf(&telling->told, "%s;", name != NULL ? name->sent : "search");
	return true;
}

/* Those of TOOLS that are allowed, or the error. */
static void assert_allowed(const char *json, bool drop_params, const char *expected)
{
	const struct deployment deployment = {.drop_params = drop_params};
	struct request_writer writer = {
	    .deployment = &deployment, .model = "m", .dialect = DIALECT_CHAT};
	struct buf choice = {0}, tools = {0};
	struct telling telling = {0};

	quote(&choice, json);
	quote(&tools, TOOLS);
	if (request_read_allowed(&telling.allowed, &writer, buf_span(&choice))) {
		assert_true(request_each_tool(&writer, buf_span(&tools), tell, &telling));
		assert_string_equal(buf_cstr(&telling.told), expected);
	} else {
		assert_string_equal(writer.error.param, "tool_choice");
		assert_non_null(strstr(writer.error.message, expected));
	}
	request_allowed_free(&telling.allowed);
	request_writer_free(&writer);
	buf_free(&choice);
	buf_free(&tools);
	buf_free(&telling.told);
}

static void test_other_choices_allow_all(void **state)
{
	static const char *const choices[] = {
	    "", "'auto'", "'required'", "{'type':'function','name':'f'}", "7"};

	(void)state;
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
		assert_allowed(choices[i], false, "f;g;s__f;s__h;search;");
}

static void test_a_tool_is_allowed_by_the_client_s_name(void **state)
{
	(void)state;
	assert_allowed(ALLOWED("[]"), false, "");
	assert_allowed(ALLOWED("[{'type':'function','name':'f'}]"), false, "f;");
	assert_allowed(
	    ALLOWED("[{'type':'custom','name':'g'},{'type':'function','name':'x'}]"), false, "g;");
	assert_allowed(ALLOWED("[{'type':'function','name':'h','namespace':'s'}]"), false, "s__h;");
}

static void test_a_namespace_and_a_search_are_allowed_as_a_whole(void **state)
{
	(void)state;
	assert_allowed(ALLOWED("[{'type':'namespace','name':'s'}]"), false, "s__f;s__h;");
	assert_allowed(ALLOWED("[{'type':'web_search'}]"), false, "search;");
	assert_allowed(ALLOWED("[{'type':'web_search_2025_08_26'},{'type':'namespace','name':'s'},"
			       "{'type':'function','name':'f'}]"),
	    false, "f;s__f;s__h;search;");
	assert_allowed(ALLOWED("[{'type':'function','name':'web_search'}]"), false, "");
}

static void test_what_is_no_list_of_tools_is_an_error(void **state)
{
	(void)state;
	assert_allowed(ALLOWED("{}"), true, "'tool_choice.tools': expected an array of tools");
	assert_allowed(ALLOWED("'f'"), true, "expected an array of tools");
	assert_allowed(ALLOWED("null"), true, "expected an array of tools");
	assert_allowed("{'type':'allowed_tools'}", true, "expected an array of tools");
	assert_allowed(ALLOWED("[7]"), true, "no type");
	assert_allowed(ALLOWED("[{'type':'function'}]"), true, "no name");
	assert_allowed(ALLOWED("[{'type':'namespace','name':''}]"), true, "no name");
}

static void test_tools_of_others_are_refused_or_left_out(void **state)
{
	static const char tools[] =
	    ALLOWED("[{'type':'mcp','server_label':'l'},{'type':'function','name':'f'}]");

	(void)state;
	assert_allowed(tools, false, "'mcp'");
	assert_allowed(tools, true, "f;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_other_choices_allow_all),
	    cmocka_unit_test(test_a_tool_is_allowed_by_the_client_s_name),
	    cmocka_unit_test(test_a_namespace_and_a_search_are_allowed_as_a_whole),
	    cmocka_unit_test(test_what_is_no_list_of_tools_is_an_error),
	    cmocka_unit_test(test_tools_of_others_are_refused_or_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
