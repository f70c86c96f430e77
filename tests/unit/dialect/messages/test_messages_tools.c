#include "messages_requests.h"

#define END    "," HI
#define EMPTY  "'input_schema':{'type':'object','properties':{}}"
#define F      "{'type':'function','name':'f'}"
#define G      "{'type':'function','name':'g'}"
#define SENT_F "{'name':'f'," EMPTY "}"
#define SENT_G "{'name':'g'," EMPTY "}"

static void test_tools_are_said_in_its_words(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'input':'Hi','tools':[],'tool_choice':'auto','parallel_tool_calls':false",
		.sent = HEAD END},
	    {.members = "'input':'Hi','tools':[{'type':'function','name':'f','description':'d',"
			"'parameters':{'type':'object','x':[1]},'strict':true}]",
		.sent = HEAD ",'tools':[{'name':'f','description':'d','input_schema':{'type':"
			     "'object','x':[1]},'strict':true}]" END},
	    {.members = "'input':'Hi','tools':[{'type':'function','name':'f','description':null,"
			"'parameters':null,'strict':null}]",
		.sent = HEAD ",'tools':[" SENT_F "]" END},
	    {.members = "'input':'Hi','tools':[{'type':'function','name':'f','parameters':"
			"{'properties':{'a':{}},'required':['a']}}]",
		.sent = HEAD ",'tools':[{'name':'f','input_schema':{'type':'object','properties':"
			     "{'a':{}},'required':['a']}}]" END},
	    {.members = "'input':'Hi','tools':[{'type':'function','name':'f','strict':false}]",
		.sent = HEAD ",'tools':[" SENT_F "]" END,
		.quirks = QUIRK(NO_STRICT_TOOLS)},
	    {.members = "'input':'Hi','tools':[{'type':'custom','name':'f','description':'d',"
			"'format':{'type':'text'}}]",
		.sent = HEAD ",'tools':[{'name':'f','description':'d','input_schema':{'type':"
			     "'object','properties':{'input':{'type':'string'}},'required':"
			     "['input'],'additionalProperties':false}}]" END},
	    {.members = "'input':'Hi','tools':[{'type':'namespace','name':'n','tools':[" F "]}]",
		.sent = HEAD ",'tools':[{'name':'n__f'," EMPTY "}]" END},
	    {.members = "'input':'Hi','tools':[{'type':'web_search','filters':{'allowed_domains':"
			"['a.org']},'user_location':{'type':'approximate','city':'Rome'},"
			"'max_uses':2},{'type':'web_search_preview'}]",
		.sent = HEAD ",'tools':[{'type':'web_search_20250305','name':'web_search',"
			     "'max_uses':2,'allowed_domains':['a.org'],'user_location':{'type':"
			     "'approximate','city':'Rome'}}]" END},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_tools_that_it_cannot_have_are_refused(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'input':'Hi','tools':[{'type':'web_search'},{'type':'function','name':"
			"'web_search'}]",
		.sent = "two tools are called",
		.param = "tools"},
	    {.members = "'input':'Hi','tools':[" F "," F "]",
		.sent = "two tools are called",
		.param = "tools"},
	    {.members = "'input':'Hi','tools':[{'type':'file_search'}]",
		.sent = "file_search",
		.param = "tools"},
	    {.members = "'input':'Hi','tools':[{'type':'file_search'}," F "]",
		.sent = HEAD ",'tools':[" SENT_F "]" END,
		.drop_params = true,
		.left_out = "tools"},
	    {.members = "'input':'Hi','tools':[{'type':'function','name':'a.b'}]",
		.sent = "a.b",
		.param = "tools"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

#define CHOICE(choice) ",'tool_choice':" choice ",'tools':[" SENT_F "," SENT_G "]" END

static void test_a_choice_is_said_in_its_words(void **state)
{
#define TOOLS "'input':'Hi','tools':[" F "," G "],"
	static const struct request_case cases[] = {
	    {.members = TOOLS "'tool_choice':'auto'", .sent = HEAD CHOICE("{'type':'auto'}")},
	    {.members = TOOLS "'tool_choice':'none','parallel_tool_calls':false",
		.sent = HEAD CHOICE("{'type':'none'}")},
	    {.members = TOOLS "'tool_choice':'required'", .sent = HEAD CHOICE("{'type':'any'}")},
	    {.members = TOOLS "'tool_choice':{'type':'function','name':'g'},"
			      "'parallel_tool_calls':false",
		.sent = HEAD CHOICE("{'type':'tool','name':'g','disable_parallel_tool_use':true}")},
	    {.members = TOOLS "'parallel_tool_calls':false",
		.sent = HEAD CHOICE("{'type':'auto','disable_parallel_tool_use':true}")},
	    {.members = TOOLS "'parallel_tool_calls':true",
		.sent = HEAD ",'tools':[" SENT_F "," SENT_G "]" END},
	    {.members = TOOLS "'tool_choice':{'type':'allowed_tools','mode':'required','tools':"
			      "[{'type':'function','name':'g'},{'type':'function','name':'h'}]}",
		.sent = HEAD ",'tool_choice':{'type':'any'},'tools':[" SENT_G "]" END},
	    {.members = "'input':'Hi','tools':[" F ",{'type':'web_search'}],'tool_choice':{'type':"
			"'allowed_tools','mode':'auto','tools':[{'type':'web_search_preview'}]}",
		.sent = HEAD ",'tool_choice':{'type':'auto'},'tools':[{'type':"
			     "'web_search_20250305','name':'web_search'}]" END},
	    {.members = TOOLS "'tool_choice':{'type':'allowed_tools','mode':'auto','tools':{}}",
		.sent = "expected an array of tools",
		.param = "tool_choice"},
	    {.members = TOOLS "'tool_choice':{'type':'allowed_tools','mode':'auto','tools':"
			      "[{'type':'mcp','server_label':'l'}]}",
		.sent = "mcp",
		.param = "tool_choice"},
	    {.members = TOOLS "'tool_choice':{'type':'function','name':'h'}",
		.sent = "a tool that is not there",
		.param = "tool_choice"},
	    {.members = TOOLS "'tool_choice':'some'", .sent = "expected", .param = "tool_choice"},
	    {.members = TOOLS "'tool_choice':{'type':'file_search'}",
		.sent = "file_search",
		.param = "tool_choice"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_a_tool_of_a_namespace_can_be_chosen(void **state)
{
#define SPACE "'input':'Hi','tools':[{'type':'namespace','name':'n','tools':[" F "," G "]}," F "],"
	static const struct request_case cases[] = {
	    {.members = SPACE "'tool_choice':{'type':'function','name':'f','namespace':'n'}",
		.sent = HEAD ",'tool_choice':{'type':'tool','name':'n__f'},'tools':[{'name':"
			     "'n__f'," EMPTY "},{'name':'n__g'," EMPTY "}," SENT_F "]" END},
	    {.members = SPACE "'tool_choice':{'type':'allowed_tools','mode':'auto','tools':"
			      "[{'type':'namespace','name':'n'}]}",
		.sent = HEAD ",'tool_choice':{'type':'auto'},'tools':[{'name':'n__f'," EMPTY
			     "},{'name':'n__g'," EMPTY "}]" END},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

#define FORMAT                                                                                     \
	"'text':{'format':{'type':'json_schema','name':'n','schema':{'type':'object','a':1}}}"
#define FORMAT_TOOL                                                                                \
	"{'name':'json_answer','description':'Gives the answer, in the form that is asked for.',"  \
	"'input_schema':{'type':'object','a':1}}"

static void test_a_schema_is_a_format_or_a_tool(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'input':'Hi'," FORMAT,
		.sent = HEAD ",'output_config':{'format':{'type':'json_schema','schema':{'type':"
			     "'object','a':1,'additionalProperties':false}}}" END},
	    {.members = "'input':'Hi'," FORMAT ",'output_config':{'format':{'schema':{'type':"
			"'object'}}}",
		.sent = HEAD ",'output_config':{'format':{'schema':{'type':'object'}}}" END},
	    {.members = "'input':'Hi'," FORMAT,
		.sent = HEAD ",'tool_choice':{'type':'tool','name':'json_answer',"
			     "'disable_parallel_tool_use':true},'tools':[" FORMAT_TOOL "]" END,
		.quirks = QUIRK(FORMAT_AS_TOOL)},
	    {.members = "'input':'Hi'," FORMAT ",'tools':[" F "]",
		.sent =
		    HEAD ",'tool_choice':{'type':'any'},'tools':[" SENT_F "," FORMAT_TOOL "]" END,
		.quirks = QUIRK(FORMAT_AS_TOOL)},
	    {.members = "'input':'Hi'," FORMAT ",'tools':[" F "],'tool_choice':'required'",
		.sent = HEAD ",'tool_choice':{'type':'any'},'tools':[" SENT_F "]" END,
		.quirks = QUIRK(FORMAT_AS_TOOL)},
	    {.members = "'input':'Hi'," FORMAT ",'reasoning':{'effort':'low'}",
		.sent = "while it reasons",
		.quirks = QUIRK(FORMAT_AS_TOOL),
		.param = "text"},
	    {.members = "'input':'Hi','text':{'format':{'type':'text'}}", .sent = HEAD END},
	    {.members = "'input':'Hi','text':{'format':{'type':'json_schema'}}",
		.sent = "schema",
		.param = "text"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_a_format_that_is_a_tool_is_known_as_such(void **state)
{
	struct deployment deployment = {.id = text(ORIGIN),
	    .model_name = text("claude"),
	    .model = text("claude-1"),
	    .provider = text("anthropic"),
	    .quirks_given = ~0u,
	    .quirks_set = QUIRK(FORMAT_AS_TOOL)};
	struct request_writer writer = {
	    .deployment = &deployment, .model = "claude", .dialect = DIALECT_MESSAGES};
	struct buf body = with_quotes("{'model':'claude','input':'Hi','tools':[{'type':'function',"
				      "'name':'json_answer'}]," FORMAT "}");
	struct buf out = {0};

	(void)state;
	assert_true(messages_request_write(&out, &writer, buf_span(&body)));
	assert_int_equal(tool_names_find(&writer.tools, SPAN("json_answer"))->kind, TOOL_FUNCTION);
	assert_int_equal(
	    tool_names_find(&writer.tools, SPAN("respool__json_answer"))->kind, TOOL_FORMAT);
	request_writer_free(&writer);
	buf_free(&body);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tools_are_said_in_its_words),
	    cmocka_unit_test(test_tools_that_it_cannot_have_are_refused),
	    cmocka_unit_test(test_a_choice_is_said_in_its_words),
	    cmocka_unit_test(test_a_tool_of_a_namespace_can_be_chosen),
	    cmocka_unit_test(test_a_schema_is_a_format_or_a_tool),
	    cmocka_unit_test(test_a_format_that_is_a_tool_is_known_as_such),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
