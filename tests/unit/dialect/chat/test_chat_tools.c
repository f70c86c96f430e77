#include "chat_case.h"

#define HI         "'input':'hi',"
#define F(name)    "{'type':'function','name':'" name "','parameters':{}}"
#define SENT(name) "{'type':'function','function':{'name':'" name "','parameters':{}}}"
#define FUNCTION   "'type':'function','function':"
#define INPUT(more)                                                                                \
	"'parameters':{'type':'object','properties':{'input':{'type':'string'" more "}},"          \
	"'required':['input'],'additionalProperties':false}"

static void test_functions_go_into_a_member_of_that_name(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(HI "'tools':[{'type':'function','name':'f','description':'d','strict':true,"
		     "'parameters':{ 'type':'object'}},{'type':'function','name':'g','strict':null,"
		     "'description':null,'parameters':null}]",
		"'tools':[{" FUNCTION "{'name':'f','description':'d','parameters':{ "
		"'type':'object'},'strict':true}},{" FUNCTION
		"{'name':'g','parameters':{'type':'object','properties':{}}}}]")},
	    {SAYS(HI "'tools':[{'type':'function','name':'f','strict':false,'parameters':{}}]",
		 "'tools':[" SENT("f") "]"),
		.quirks = BIT(NO_STRICT_TOOLS)},
	    {SAYS(HI "'tools':[],'tool_choice':'auto','parallel_tool_calls':true",
		"'tools':null,'tool_choice':null,'parallel_tool_calls':null")},
	    {SAYS(HI "'tools':null", "'tools':null")},
	    {SAYS(HI "'tools':[{'type':'function','name':'f','parameters':[]}]", "Invalid 'tools'"),
		.param = "tools"},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_custom_tools_become_functions_of_one_string(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(HI
		"'tools':[{'type':'custom','name':'c','description':'d','format':{'type':'text'}}]",
		"'tools':[{" FUNCTION "{'name':'c','description':'d'," INPUT("") "}}]")},
	    {SAYS(HI
		 "'tools':[{'type':'custom','name':'c','format':{'type':'grammar','syntax':'lark',"
		 "'definition':'start: \\\"a\\\"'}}]",
		 "'tools':[{" FUNCTION "{'name':'c'," INPUT(
		     ",'description':'Text of this grammar (lark):\\nstart: \\\"a\\\"'") "}}]"),
		.left_out = "tools.format"},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_tools_of_a_namespace_have_its_name_before_theirs(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(HI "'tools':[{'type':'namespace','name':'s','description':'d','tools':[" F(
		      "f") "]}," F("f") "],'tool_choice':{'type':'function','namespace':'s','name':"
					"'f'}",
		"'tools':[" SENT("s__f") "," SENT(
		    "f") "],'tool_choice':{'type':'function','function':{'name':'s__f'}}")},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_a_choice_is_said_only_of_tools_that_are_there(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(HI "'tools':[" F("f") "],'tool_choice':'required','parallel_tool_calls':false",
		"'tool_choice':'required','parallel_tool_calls':false")},
	    {SAYS(HI "'tools':[" F("f") "],'tool_choice':'none'", "'tool_choice':'none'")},
	    {SAYS(HI "'tools':[" F("f") "],'tool_choice':{'type':'function','name':'f'}",
		"'tool_choice':{'type':'function','function':{'name':'f'}}")},
	    {SAYS(HI "'tools':[{'type':'custom','name':'c'}],"
		     "'tool_choice':{'type':'custom','name':'c'}",
		"'tool_choice':{'type':'function','function':{'name':'c'}}")},
	    {SAYS(HI "'tools':[" F("f") "],'tool_choice':{'type':'function','name':'g'}",
		 "Invalid 'tool_choice'"),
		.param = "tool_choice"},
	    {SAYS(HI "'tool_choice':'required'", "Invalid 'tool_choice'"), .param = "tool_choice"},
	    {SAYS(HI "'tool_choice':'none'", "'tool_choice':null")},
	    {SAYS(HI "'tools':[" F("f") "],'tool_choice':'perhaps'", "Invalid 'tool_choice'"),
		.param = "tool_choice"},
	    {SAYS(HI "'tools':[" F("f") "],'tool_choice':{'type':'file_search'}",
		 "'tool_choice' is not supported"),
		.param = "tool_choice"},
	    {SAYS(HI "'tools':[" F("f") "],'tool_choice':{'type':'file_search'}",
		 "'tool_choice':null"),
		.drop_params = true, .left_out = "tool_choice"},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_allowed_tools_are_the_only_ones_where_they_cannot_be_told(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(HI "'tools':[" F("f") "," F(
		      "g") "],'tool_choice':{'type':'allowed_tools',"
			   "'mode':'required','tools':[{'type':'function','name':'g'}]}",
		"'tools':[" SENT("g") "],'tool_choice':'required'")},
	    {SAYS(HI "'tools':[" F("f") "," F(
		      "g") "],'tool_choice':{'type':'allowed_tools',"
			   "'mode':'auto','tools':[{'type':'function','name':'g'}]}",
		 "'tools':[" SENT("f") "," SENT(
		     "g") "],'tool_choice':{'type':'allowed_tools','allowed_tools':{'mode':'auto',"
			  "'tools':[{'type':'function','function':{'name':'g'}}]}}"),
		.quirks = BIT(OPENAI_MEMBERS)},
	    {SAYS(HI "'tools':[" F("f") "],'tool_choice':{'type':'allowed_tools','mode':'auto',"
					"'tools':[]}",
		"'tools':null,'tool_choice':null")},
	    {SAYS(HI "'tools':[" F("f") "],'tool_choice':{'type':'allowed_tools','mode':'required',"
					"'tools':[{'type':'function','name':'g'}]}",
		 "Invalid 'tool_choice'"),
		.param = "tool_choice"},
	    {SAYS(HI "'tools':[" F("f") "],'tool_choice':{'type':'allowed_tools','mode':'auto',"
					"'tools':[{'type':'mcp','server_label':'l'}]}",
		 "'tool_choice' is not supported"),
		.param = "tool_choice"},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

#define SPACE "{'type':'namespace','name':'s','tools':[" F("f") "," F("g") "]}"
#define ONLY(mode, tools)                                                                          \
	"'tool_choice':{'type':'allowed_tools','mode':'" mode "','tools':" tools "}"

static void test_namespaces_and_searches_are_allowed_as_a_whole(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(HI "'tools':[" F("f") "," SPACE
					"]," ONLY("auto", "[{'type':'namespace','name':'s'}]"),
		"'tools':[" SENT("s__f") "," SENT("s__g") "],'tool_choice':'auto'")},
	    {SAYS(HI "'tools':[" F("f") "," SPACE
					"]," ONLY("required", "[{'type':'namespace','name':'s'}]"),
		 "'tool_choice':{'type':'allowed_tools','allowed_tools':{'mode':'required','tools':"
		 "[{'type':'function','function':{'name':'s__f'}},{'type':'function','function':"
		 "{'name':'s__g'}}]}}"),
		.quirks = BIT(OPENAI_MEMBERS)},
	    {SAYS(HI "'tools':[" F("f") ",{'type':'web_search'}]," ONLY(
		      "auto", "[{'type':'web_search'}]"),
		 "'web_search_options':{},'tools':[" SENT("f") "],'tool_choice':'none'"),
		.quirks = BIT(OPENAI_MEMBERS), .upstream = "gpt-4o-search-preview"},
	    {SAYS(HI "'tools':[" F("f") ",{'type':'web_search'}]," ONLY(
		      "auto", "[{'type':'function','name':'f'}]"),
		"'tools':[" SENT("f") "],'tool_choice':'auto'")},
	    {SAYS(HI "'tools':[" F("f") "]," ONLY("required", "[{'type':'function','name':'g'}]"),
		 "Invalid 'tool_choice'"),
		.quirks = BIT(OPENAI_MEMBERS), .param = "tool_choice"},
	    {SAYS(HI "'tools':[" F("f") "]," ONLY("auto", "{}"),
		 "Invalid 'tool_choice.tools': expected an array of tools."),
		.param = "tool_choice"},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_calls_one_at_a_time_can_be_refused(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(HI "'tools':[" F("f") "],'parallel_tool_calls':true",
		 "'parallel_tool_calls':null"),
		.quirks = BIT(NO_PARALLEL_TOOL_CALLS)},
	    {SAYS(HI "'tools':[" F("f") "],'parallel_tool_calls':false",
		 "'parallel_tool_calls' is not supported"),
		.quirks = BIT(NO_PARALLEL_TOOL_CALLS), .param = "parallel_tool_calls"},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_hosted_tools_are_refused_or_dropped(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(HI "'tools':[{'type':'file_search'}]",
		 "'tools' is not supported by the Chat Completions API, which the model 'm' is "
		 "served by: it has no tool of type 'file_search'"),
		.param = "tools"},
	    {SAYS(HI "'tools':[{'type':'mcp'}," F("f") ",{'type':'tool_search'}]",
		 "'tools':[" SENT("f") "]"),
		.drop_params = true, .left_out = "tools"},
	    {SAYS(HI "'tools':[{'type':'shell'}],'tool_choice':'required'",
		 "'tools':null,'tool_choice':null"),
		.drop_params = true, .left_out = "tools, tool_choice"},
	    {SAYS(HI "'tools':[{'type':'web_search'}]", "'tools' is not supported"),
		.param = "tools"},
	    {SAYS(HI "'tools':[{'type':'web_search_preview'}]", "'tools' is not supported"),
		.quirks = BIT(OPENAI_MEMBERS), .param = "tools"},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_models_that_search_have_options_for_it(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(HI "'tools':[{'type':'web_search'}]", "'web_search_options':{},'tools':null"),
		.quirks = BIT(OPENAI_MEMBERS), .upstream = "gpt-4o-search-preview"},
	    {SAYS(HI "'tools':[{'type':'web_search_preview','search_context_size':'low',"
		     "'user_location':{'type':'approximate','city':'Bonn','region':null}}]",
		 "'web_search_options':{'search_context_size':'low','user_location':"
		 "{'type':'approximate','approximate':{'city':'Bonn'}}}"),
		.quirks = BIT(OPENAI_MEMBERS), .upstream = "gpt-5-search-api"},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_functions_go_into_a_member_of_that_name),
	    cmocka_unit_test(test_custom_tools_become_functions_of_one_string),
	    cmocka_unit_test(test_tools_of_a_namespace_have_its_name_before_theirs),
	    cmocka_unit_test(test_a_choice_is_said_only_of_tools_that_are_there),
	    cmocka_unit_test(test_allowed_tools_are_the_only_ones_where_they_cannot_be_told),
	    cmocka_unit_test(test_namespaces_and_searches_are_allowed_as_a_whole),
	    cmocka_unit_test(test_calls_one_at_a_time_can_be_refused),
	    cmocka_unit_test(test_hosted_tools_are_refused_or_dropped),
	    cmocka_unit_test(test_models_that_search_have_options_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
