#include <time.h>

#include "chat_case.h"
#include "common/dialect/sealed.h"

#define IN(items)          "'input':[" items "]"
#define OUT(messages)      "'messages':[" messages "]"
#define USER(content)      "{'role':'user','content':" content "}"
#define SYSTEM(content)    "{'role':'system','content':" content "}"
#define ASSISTANT(content) "{'role':'assistant','content':" content "}"
#define CALL(id, name)                                                                             \
	"{'type':'function_call','id':'fc_" id "','call_id':'" id "','name':'" name                \
	"','arguments':'{}','status':'completed'}"
#define OUTPUT(id, output) "{'type':'function_call_output','call_id':'" id "','output':" output "}"
#define CALLED(id, name)                                                                           \
	"{'id':'" id "','type':'function','function':{'name':'" name "','arguments':'{}'}}"
#define CALLS(content, calls) "{'role':'assistant','content':" content ",'tool_calls':[" calls "]}"
#define TOOL(id, content)     "{'role':'tool','tool_call_id':'" id "','content':" content "}"
#define TEXT(text)            "{'type':'text','text':" text "}"
#define THOUGHT(text)                                                                              \
	"{'type':'reasoning','id':'rs_1','summary':[{'type':'summary_text','text':'" text "'}]}"
#define IMAGE "{'type':'image_url','image_url':{'url':'data:x'}}"

static void test_instructions_come_first(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(
		IN("{'role':'system','content':'b'},{'type':'message','role':'user','content':'c',"
		   "'phase':'x','id':'msg_1'}") ",'instructions':'a'",
		OUT(SYSTEM("'a'") "," SYSTEM("'b'") "," USER("'c'")))},
	    {SAYS(
		IN("{'role':'developer','content':[{'type':'input_text','text':'b'}]}") ",'"
											"instructio"
											"ns':'a'",
		OUT(SYSTEM("'a'") "," SYSTEM("'b'")))},
	    {SAYS(IN("{'role':'developer','content':'b'}") ",'instructions':'a'",
		 OUT("{'role':'developer','content':'a'},{'role':'developer','content':'b'}")),
		.quirks = BIT(DEVELOPER_ROLE)},
	    {SAYS(IN("") ",'instructions':'a'", OUT(SYSTEM("'a'")))},
	    {SAYS(IN("") ",'instructions':''", "Invalid 'input'"), .param = "input"},
	    {SAYS("'input':null", "Invalid 'input': there is nothing to answer."), .param = "input",
		.drop_params = true},
	    {SAYS(IN("{'role':'tool','content':'a'}"), "Invalid 'input[0]': the role"),
		.param = "input"},
	    {SAYS(IN("{'role':'user','content':'a'},7"), "Invalid 'input[1]'"), .param = "input"},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_texts_are_parts_or_one_string(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(IN("{'role':'user','content':[{'type':'input_text','text':'a\\n'},"
		     "{'type':'text','text':'b'},{'type':'input_text','text':''}]}"),
		OUT(USER("[" TEXT("'a\\n'") "," TEXT("'b'") "]")))},
	    {SAYS(IN("{'role':'user','content':[{'type':'input_text','text':'a\\n'},"
		     "{'type':'text','text':'b'}]}"),
		 OUT(USER("'a\\nb'"))),
		.quirks = BIT(STRING_CONTENT)},
	    {SAYS(IN("{'role':'assistant','content':[{'type':'output_text','text':'a','annotations'"
		     ":[]},"
		     "{'type':'summary_text','text':'b'}]}"),
		OUT(ASSISTANT("'ab'")))},
	    {SAYS(IN("{'role':'user','content':[{'type':'input_video'}]}"),
		 "Invalid 'input[0]': parts of type 'input_video'"),
		.param = "input"},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_images_files_and_audio_are_parts(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(IN("{'role':'user','content':[{'type':'input_image','image_url':'data:x',"
		     "'detail':'original'},{'type':'input_image','image_url':'https://"
		     "x','detail':null},"
		     "{'type':'input_image','image_url':'https://y','detail':'low'}]}"),
		 OUT(USER("[{'type':'image_url','image_url':{'url':'data:x','detail':'high'}},"
			  "{'type':'image_url','image_url':{'url':'https://x'}},"
			  "{'type':'image_url','image_url':{'url':'https://y','detail':'low'}}]"))),
		.quirks = BIT(STRING_CONTENT)},
	    {SAYS(IN("{'role':'user','content':[{'type':'input_image','file_id':'file-1'}]}"),
		 "'input' is not supported"),
		.quirks = BIT(OPENAI_MEMBERS), .param = "input"},
	    {SAYS(IN("{'role':'user','content':[{'type':'input_file','file_data':'data:y',"
		     "'filename':'n'}]}"),
		OUT(USER("[{'type':'file','file':{'file_data':'data:y','filename':'n'}}]")))},
	    {SAYS(IN("{'role':'user','content':[{'type':'input_file','file_id':'file-1'}]}"),
		 OUT(USER("[{'type':'file','file':{'file_id':'file-1'}}]"))),
		.quirks = BIT(OPENAI_MEMBERS)},
	    {SAYS(IN("{'role':'user','content':[{'type':'input_file','file_id':'file-1'}]}"),
		 "'input' is not supported"),
		.drop_params = true, .param = "input"},
	    {SAYS(IN("{'role':'user','content':[{'type':'input_file','file_url':'https://x'}]}"),
		 "'input' is not supported"),
		.drop_params = true, .param = "input"},
	    {SAYS(IN("{'role':'user','content':[{'type':'input_audio','input_audio':{'data':'x',"
		     "'format':'wav'}}]}"),
		OUT(USER("[{'type':'input_audio','input_audio':{'data':'x','format':'wav'}}]")))},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_a_refusal_is_a_member_at_openai_and_text_elsewhere(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(IN("{'role':'assistant','content':[{'type':'refusal','refusal':'no'}]}"),
		 OUT("{'role':'assistant','content':null,'refusal':'no'}")),
		.quirks = BIT(OPENAI_MEMBERS)},
	    {SAYS(IN("{'role':'assistant','content':[{'type':'refusal','refusal':'no'}]}"),
		OUT(ASSISTANT("'no'")))},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_calls_are_one_message_with_the_text_before(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(IN("{'role':'assistant','content':'t'}," CALL("1", "f") "," CALL(
		      "2", "g") "," OUTPUT("2", "'b'") "," OUTPUT("1",
		      "'a'") ",{'role':'user','content':'u'}"),
		OUT(CALLS("'t'", CALLED("1", "f") "," CALLED("2", "g")) "," TOOL(
		    "1", "'a'") "," TOOL("2", "'b'") "," USER("'u'")))},
	    {SAYS(
		IN(CALL("1", "f") "," OUTPUT("1", "'a'") "," CALL("2", "g") "," OUTPUT("2", "'b'")),
		OUT(CALLS("null", CALLED("1", "f")) "," TOOL("1", "'a'") "," CALLS(
		    "null", CALLED("2", "g")) "," TOOL("2", "'b'")))},
	    {SAYS(IN(CALL("1", "f") "," OUTPUT("1", "'a'")),
		 OUT(CALLS("''", CALLED("1", "f")) "," TOOL("1", "'a'"))),
		.quirks = BIT(EMPTY_CONTENT)},
	    {SAYS(IN("{'role':'assistant','content':'s'},{'role':'assistant','content':'t'}," CALL(
		      "1", "f") "," OUTPUT("1", "'a'")),
		OUT(ASSISTANT("'s'") "," CALLS("'t'", CALLED("1", "f")) "," TOOL("1", "'a'")))},
	    {SAYS(IN("{'role':'user','content':'u'},{'role':'assistant','content':[{'type':"
		     "'output_text','text':''}]}"),
		OUT(USER("'u'")))},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_what_stands_between_a_call_and_its_output_gives_way(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(IN(CALL("1", "f") ",{'role':'assistant','content':'t'}," OUTPUT("1", "'a'")),
		OUT(CALLS("'t'", CALLED("1", "f")) "," TOOL("1", "'a'")))},
	    {SAYS(IN(CALL("1", "f") ",{'role':'user','content':'u'}," OUTPUT("1", "'a'")),
		OUT(CALLS("null", CALLED("1", "f")) "," TOOL("1", "'a'") "," USER("'u'")))},
	    {SAYS(IN(CALL("1", "f") "," OUTPUT("1", "'a'") ",{'role':'assistant','content':'t'}"),
		OUT(CALLS("null", CALLED("1", "f")) "," TOOL("1", "'a'") "," ASSISTANT("'t'")))},
	    {SAYS(IN("{'role':'assistant','content':'s'}," CALL(
		      "1", "f") ",{'role':'assistant','content':'t'}," OUTPUT("1", "'a'")),
		OUT(CALLS("'s\\n\\nt'", CALLED("1", "f")) "," TOOL("1", "'a'")))},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_every_call_has_an_output_and_every_output_a_call(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(IN(CALL("1", "f") ",{'role':'user','content':'u'}"),
		OUT(CALLS("null", CALLED("1", "f")) "," TOOL("1", "'aborted'") "," USER("'u'")))},
	    {SAYS(IN(OUTPUT("1", "'a'") ",{'role':'user','content':'u'}"), OUT(USER("'u'"))),
		.left_out = "input.function_call_output"},
	    {SAYS(IN("{'type':'function_call','name':'f','arguments':''}"),
		 "Invalid 'input[0]': a call has no call_id"),
		.param = "input"},
	    {SAYS(IN("{'type':'function_call_output','output':''}"),
		 "Invalid 'input[0]': an output has no call_id"),
		.param = "input"},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

#define CALL_WITH(arguments)                                                                       \
	"{'type':'function_call','call_id':'1','name':'f','arguments':" arguments "}"
#define CALLED_WITH(arguments)                                                                     \
	"{'id':'1','type':'function','function':{'name':'f','arguments':" arguments "}}"
#define ARGUMENTS(given, sent)                                                                     \
	SAYS(IN(CALL_WITH(given) "," OUTPUT("1", "'a'")),                                          \
	    OUT(CALLS("null", CALLED_WITH(sent)) "," TOOL("1", "'a'")))

static void test_arguments_of_a_call_are_json(void **state)
{
	static const struct chat_case tests[] = {
	    {ARGUMENTS("' {\\\"a\\\": 1}'", "' {\\\"a\\\": 1}'")},
	    {ARGUMENTS("'[1]'", "'[1]'")},
	    {ARGUMENTS("''", "'{}'")},
	    {ARGUMENTS("null", "'{}'")},
	    {ARGUMENTS("{'a':1}", "'{\\\"a\\\":1}'")},
	    {ARGUMENTS("'{\\\"a'", "'{\\\"input\\\":\\\"{\\\\\\\"a\\\"}'")},
	    {ARGUMENTS("'{} {}'", "'{\\\"input\\\":\\\"{} {}\\\"}'")},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_outputs_are_text(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(IN(CALL("1", "f") "," OUTPUT("1", "''")),
		OUT(CALLS("null", CALLED("1", "f")) "," TOOL("1", "'(no output)'")))},
	    {SAYS(IN(CALL("1", "f") "," OUTPUT("1", "[]")),
		OUT(CALLS("null", CALLED("1", "f")) "," TOOL("1", "'(no output)'")))},
	    {SAYS(IN(CALL("1", "f") "," OUTPUT("1", "null")),
		OUT(CALLS("null", CALLED("1", "f")) "," TOOL("1", "'(no output)'")))},
	    {SAYS(IN(CALL("1", "f") "," OUTPUT("1", "[{'type':'input_text','text':'a\\u0001'},"
						    "{'type':'output_text','text':'b'}]")),
		OUT(CALLS("null", CALLED("1", "f")) "," TOOL("1", "'a\\u0001b'")))},
	    {SAYS(IN(CALL("1", "f") "," OUTPUT("1", "{'a':1}")),
		OUT(CALLS("null", CALLED("1", "f")) "," TOOL("1", "'{\\\"a\\\":1}'")))},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_images_in_outputs_follow_all_outputs_of_the_turn(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(IN(CALL("1", "f") "," CALL("2", "f") "," OUTPUT(
		      "1", "[{'type':'input_image','image_url':'data:x'}]") "," OUTPUT("2",
		      "[{'type':'input_text','text':'b'},"
		      "{'type':'input_image','image_url':'data:x'},"
		      "{'type':'input_image','image_url':'data:x'}]") ",{'role':'user','content':'"
								      "u'}"),
		OUT(CALLS("null", CALLED("1", "f") "," CALLED("2", "f")) "," TOOL(
		    "1", "'(in the next message of the user)'") "," TOOL("2",
		    "'b'") "," USER("[" TEXT("'From the output of the call 1:'") "," IMAGE
										 "," TEXT(
										     "'From "
										     "the "
										     "output "
										     "of the "
										     "call "
										     "2:'") "," IMAGE
											    "," IMAGE
											    "]") "," USER("'u'")))},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_ids_have_the_provider_s_form_and_are_unique(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(IN(CALL("abcdef123", "f") "," OUTPUT("abcdef123", "'a'")),
		 OUT(CALLS("null", CALLED("abcdef123", "f")) "," TOOL("abcdef123", "'a'"))),
		.quirks = BIT(NINE_CHARACTER_CALL_IDS)},
	    {SAYS(IN(CALL("call_1", "f") "," OUTPUT("call_1", "'a'")),
		 OUT(CALLS("null", CALLED("2ZxtuOiTe", "f")) "," TOOL("2ZxtuOiTe", "'a'"))),
		.quirks = BIT(NINE_CHARACTER_CALL_IDS)},
	    {SAYS(
		IN(CALL("1", "f") "," CALL("1", "g") "," OUTPUT("1", "'a'") "," OUTPUT("1", "'b'")),
		OUT(CALLS("null",
		    CALLED("1", "f") "," CALLED("call_LViGzaVnwbZvAdfqJm5sijey", "g")) "," TOOL("1",
		    "'a'") "," TOOL("call_LViGzaVnwbZvAdfqJm5sijey", "'b'")))},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_a_call_goes_by_the_name_that_its_tool_is_sent_by(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(IN("{'type':'function_call','call_id':'1','namespace':'s','name':'f',"
		     "'arguments':'{}'}") ",'tools':[{'type':'namespace','name':'s','tools':"
					  "[{'type':'function','name':'f'}]}]",
		OUT(CALLS("null", CALLED("1", "s__f")) "," TOOL("1", "'aborted'")))},
	    {SAYS(IN("{'type':'function_call','call_id':'1','namespace':'s','name':'f',"
		     "'arguments':''}"),
		OUT(CALLS("null", CALLED("1", "s__f")) "," TOOL("1", "'aborted'")))},
	    {SAYS(IN(CALL("1", "a.b")), "Invalid 'input[0]': the name"), .param = "input"},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_calls_of_other_tools_are_calls_of_functions(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(IN("{'type':'custom_tool_call','call_id':'1','name':'c','input':'"
		     "a\\n\\\"'},"
		     "{'type':'custom_tool_call_output','call_id':'1','output':'b'}"),
		OUT(CALLS("null",
		    "{'id':'1','type':'function','function':{'name':'c','arguments':"
		    "'{\\\"input\\\":\\\"a\\\\n\\\\\\\"\\\"}'}}") "," TOOL("1", "'b'")))},
	    {SAYS(IN("{'type':'local_shell_call','call_id':'1','action':{'type':'exec'}},"
		     "{'type':'local_shell_call_output','id':'1','output':'b'}") ",'tools':"
										 "[{'type':"
										 "'function"
										 "','name':"
										 "'local_"
										 "shell'}]",
		OUT(CALLS("null",
		    "{'id':'1','type':'function','function':{'name':'local_shell',"
		    "'arguments':'{\\\"type\\\":\\\"exec\\\"}'}}") "," TOOL("1", "'b'")))},
	    {SAYS(IN("{'type':'shell_call','call_id':'1','action':{}},"
		     "{'type':'shell_call_output','call_id':'1','output':[{'stdout':'x'}]"
		     "}") ",'tools':[{'type':'function','name':'shell'}]",
		OUT(CALLS("null", CALLED("1", "shell")) "," TOOL(
		    "1", "'[{\\\"stdout\\\":\\\"x\\\"}]'")))},
	    {SAYS(IN("{'type':'apply_patch_call','call_id':'1','operation':{}}"),
		 "'input' is not supported"),
		.drop_params = true, .param = "input"},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_signatures_come_back_with_their_calls(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(IN("{'type':'function_call','call_id':'1','name':'f','arguments':'{}',"
		     "'extra_content':{'google':{'thought_signature':'s'}}}," CALL(
			 "2", "g") "," OUTPUT("1", "'a'") "," OUTPUT("2", "'a'") "," CALL("3",
			 "h") "," OUTPUT("3", "'a'")),
		 OUT(CALLS("null", "{'id':'1','type':'function','function':{'name':'f',"
				   "'arguments':'{}'},'extra_content':{'google':{'thought_"
				   "signature':'s'}}}," CALLED("2", "g")) "," TOOL("1",
		     "'a'") "," TOOL("2", "'a'") "," CALLS("null",
		     "{'id':'3','type':'function','function':{'name':'h',"
		     "'arguments':'{}'},'extra_content':{'google':{'thought_signature':"
		     "'skip_thought_signature_validator'}}}") "," TOOL("3", "'a'"))),
		.quirks = BIT(THOUGHT_SIGNATURES)},
	    {SAYS(IN("{'type':'function_call','call_id':'1','name':'f','arguments':'{}',"
		     "'extra_content':{}}," OUTPUT("1", "'a'")),
		OUT(CALLS("null", CALLED("1", "f")) "," TOOL("1", "'a'")))},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_reasoning_goes_back_with_the_message_that_follows(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(IN("{'role':'user','content':'u'}," THOUGHT("r") "," CALL("1", "f") "," OUTPUT(
		      "1", "'a'") "," THOUGHT("s") ",{'role':'assistant','content':'t'}"),
		 OUT(USER("'u'") ",{'role':'assistant','content':null,'reasoning_content':'r',"
				 "'tool_calls':[" CALLED("1", "f") "]}," TOOL(
				     "1", "'a'") ",{'role':'assistant','content':'t','reasoning_"
						 "content':'s'}")),
		.quirks = BIT(REASONING_SENT_BACK)},
	    {SAYS(IN("{'type':'reasoning','summary':[],'content':[{'type':'reasoning_text','text':'"
		     "a'},"
		     "{'type':'reasoning_text','text':'b'}],'encrypted_content':null},"
		     "{'role':'assistant','content':'t'}"),
		 OUT("{'role':'assistant','content':'t','reasoning_content':'a\\n\\nb'}")),
		.quirks = BIT(REASONING_SENT_BACK)},
	    {SAYS(IN("{'role':'assistant','content':'s'}," THOUGHT(
		      "r") ",{'role':'assistant','content':'t'}"),
		 OUT(ASSISTANT(
		     "'s'") ",{'role':'assistant','content':'t','reasoning_content':'r'}")),
		.quirks = BIT(REASONING_SENT_BACK)},
	    {SAYS(IN("{'type':'reasoning','summary':[],'encrypted_content':'x'},"
		     "{'role':'assistant','content':'t'}"),
		 OUT(ASSISTANT("'t'"))),
		.quirks = BIT(REASONING_SENT_BACK), .left_out = "input.reasoning"},
	    {SAYS(IN(THOUGHT(
		      "r") ",{'role':'user','content':'u'},{'role':'assistant','content':'t'}"),
		 OUT(USER("'u'") "," ASSISTANT("'t'"))),
		.quirks = BIT(REASONING_SENT_BACK), .left_out = "input.reasoning"},
	    {SAYS(IN(THOUGHT("r") ",{'role':'assistant','content':'t'}"), OUT(ASSISTANT("'t'"))),
		.left_out = "input.reasoning"},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void assert_details(const char *origin, const char *sealed, const char *expected)
{
	struct buf data = {0}, item = {0}, request = {0};
	struct chat_case test = {.expected = expected, .quirks = BIT(REASONING_DETAILS)};

	quote(&data, sealed);
	sealed_write(&item, SEALED_DETAILS, origin, buf_span(&data));
	buf_puts(&request, "'input':[{'type':'reasoning','summary':[{'type':'summary_text',"
			   "'text':'r'}],'encrypted_content':");
	buf_append_span(&request, buf_span(&item));
	buf_puts(&request, "},{'role':'assistant','content':'t'}]");
	test.request = buf_cstr(&request);
	assert_chat_case(&test);
	buf_free(&data);
	buf_free(&item);
	buf_free(&request);
}

#define DETAILED(details)                                                                          \
	OUT("{'role':'assistant','content':'t','reasoning_details':[" details "]}")

static void test_details_go_back_to_where_they_come_from(void **state)
{
	static const char text[] = DETAILED("{'type':'reasoning.text','text':'r'}");

	(void)state;
	assert_details(
	    "d1", "[ {'data':'x'},{'data':'y'} ]", DETAILED(" {'data':'x'},{'data':'y'} "));
	assert_details("d2", "[{'data':'x'}]", text);
	assert_details("d1", "[{'data':'x'}", text);
	assert_details("d1", "[]", text);
	assert_details("d1", "{}", text);
}

static void test_what_hosted_tools_did_is_left_out(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(IN("{'type':'web_search_call','id':'ws_1'},{'type':'mcp_call'},"
		     "{'type':'image_generation_call'},{'role':'assistant','content':'t'}"),
		 OUT(ASSISTANT("'t'"))),
		.left_out = "input's items of hosted tools"},
	    {SAYS(IN("{'type':'compaction','encrypted_content':'x'}"), "'input' is not supported"),
		.drop_params = true, .param = "input"},
	    {SAYS(IN("{'type':'novelty'}"),
		 "'input' is not supported by the Chat Completions API, which the model 'm' is "
		 "served by: it has no items of type 'novelty'"),
		.param = "input"},
	    {SAYS(IN("{'id':'x'}"), "Item with id 'x' not found."), .param = "input"},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_a_reference_to_what_has_been_said_says_nothing_more(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(IN("{'role':'user','content':'u'}," CALL(
		      "1", "f") ",{'type':'item_reference','id':'fc_1'}," OUTPUT("1", "'a'")),
		OUT(USER("'u'") "," CALLS("null", CALLED("1", "f")) "," TOOL("1", "'a'")))},
	    {SAYS(
		IN("{'role':'user','content':'u','id':'msg_1'},{'id':'msg_1'}"), OUT(USER("'u'")))},
	    {SAYS(IN("{'role':'user','content':'u'},{'type':'item_reference','id':'msg_1'}"),
		 "Item with id 'msg_1' not found."),
		.param = "input"},
	    {SAYS(IN("{'type':'item_reference'}"), "Item with id '' not found."), .param = "input"},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

/* So many that a look at each for each would take minutes. */
static void test_many_items_take_no_longer_each(void **state)
{
	enum { MANY = 5000 };
	struct chat_case test = {.expected = "'stream':true"};
	struct buf request = {0};
	clock_t begin = clock();

	(void)state;
	buf_puts(&request, "'tools':[{'type':'function','name':'f'}");
	for (int i = 0; i < MANY; i++)
		buf_printf(&request, ",{'type':'function','name':'f%d'}", i);
	buf_puts(&request, "],'input':[{'role':'user','content':'u'}");
	for (int i = 0; i < MANY; i++)
		buf_printf(&request,
		    ",{'type':'function_call','call_id':'%d','name':'f%d'},"
		    "{'type':'function_call_output','call_id':'%d','output':'a'}",
		    i % (MANY / 2), i, i % (MANY / 2));
	buf_putc(&request, ']');
	test.request = buf_cstr(&request);
	assert_chat_case(&test);
	assert_true(clock() - begin < 20 * CLOCKS_PER_SEC);
	buf_free(&request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_instructions_come_first),
	    cmocka_unit_test(test_texts_are_parts_or_one_string),
	    cmocka_unit_test(test_images_files_and_audio_are_parts),
	    cmocka_unit_test(test_a_refusal_is_a_member_at_openai_and_text_elsewhere),
	    cmocka_unit_test(test_calls_are_one_message_with_the_text_before),
	    cmocka_unit_test(test_what_stands_between_a_call_and_its_output_gives_way),
	    cmocka_unit_test(test_every_call_has_an_output_and_every_output_a_call),
	    cmocka_unit_test(test_arguments_of_a_call_are_json),
	    cmocka_unit_test(test_outputs_are_text),
	    cmocka_unit_test(test_images_in_outputs_follow_all_outputs_of_the_turn),
	    cmocka_unit_test(test_ids_have_the_provider_s_form_and_are_unique),
	    cmocka_unit_test(test_a_call_goes_by_the_name_that_its_tool_is_sent_by),
	    cmocka_unit_test(test_calls_of_other_tools_are_calls_of_functions),
	    cmocka_unit_test(test_signatures_come_back_with_their_calls),
	    cmocka_unit_test(test_reasoning_goes_back_with_the_message_that_follows),
	    cmocka_unit_test(test_details_go_back_to_where_they_come_from),
	    cmocka_unit_test(test_what_hosted_tools_did_is_left_out),
	    cmocka_unit_test(test_a_reference_to_what_has_been_said_says_nothing_more),
	    cmocka_unit_test(test_many_items_take_no_longer_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
