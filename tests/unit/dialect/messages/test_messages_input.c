#include "messages_requests.h"

#define INPUT(items)     "'input':[" items "]"
#define SENT(messages)   HEAD ",'messages':[" messages "]}"
#define USER(text)       "{'role':'user','content':'" text "'}"
#define ASSISTANT(text)  "{'type':'message','role':'assistant','content':'" text "'}"
#define TEXT(text)       "{'type':'text','text':'" text "'}"
#define U(blocks)        "{'role':'user','content':[" blocks "]}"
#define A(blocks)        "{'role':'assistant','content':[" blocks "]}"
#define CALL(id)         "{'type':'function_call','call_id':'" id "','name':'f','arguments':'{}'}"
#define OUTPUT(id, text) "{'type':'function_call_output','call_id':'" id "','output':'" text "'}"
#define USE(id)          "{'type':'tool_use','id':'" id "','name':'f','input':{}}"
#define RESULT(id, text) "{'type':'tool_result','tool_use_id':'" id "','content':'" text "'}"
#define ABORTED(id)                                                                                \
	"{'type':'tool_result','tool_use_id':'" id "','content':'aborted','is_error':true}"
#define FILLER TEXT("\xe2\x80\xa6")

static void test_neighbours_of_one_role_are_one_message(void **state)
{
	static const struct request_case cases[] = {
	    {.members = INPUT(
		 USER("a") "," USER("b") "," ASSISTANT("c") "," ASSISTANT("d") "," USER("e")),
		.sent = SENT(
		    U(TEXT("a") "," TEXT("b")) "," A(TEXT("c") "," TEXT("d")) "," U(TEXT("e")))},
	    {.members = INPUT(
		 USER("a") "," ASSISTANT("c") "," USER(" ") "," ASSISTANT("d") "," USER("e")),
		.sent = SENT(U(TEXT("a")) "," A(TEXT("c") "," TEXT("d")) "," U(TEXT("e")))},
	    {.members = INPUT(ASSISTANT("a") "," USER("b")),
		.sent = SENT(U(FILLER) "," A(TEXT("a")) "," U(TEXT("b")))},
	    {.members = "'input':' '", .sent = SENT(U(FILLER))},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_what_says_nothing_at_all_is_refused(void **state)
{
	static const struct request_case cases[] = {
	    {.members = INPUT(""), .sent = "nothing to answer", .param = "input"},
	    {.members = INPUT(" ") ",'instructions':''",
		.sent = "nothing to answer",
		.param = "input"},
	    {.members = "'input':null,'instructions':null",
		.sent = "nothing to answer",
		.param = "input",
		.drop_params = true},
	    {.members = "", .sent = "nothing to answer", .param = "input"},
	    {.members = INPUT("") ",'instructions':'i'",
		.sent = HEAD ",'system':[" TEXT("i") "],'messages':[" U(FILLER) "]}"},
	    {.members = INPUT("{'role':'developer','content':'d'}"),
		.sent = HEAD ",'system':[" TEXT("d") "],'messages':[" U(FILLER) "]}"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_text_that_is_blank_does_not_go(void **state)
{
	static const struct request_case cases[] = {
	    {.members = INPUT("{'role':'user','content':[{'type':'input_text','text':''},{'type':"
			      "'input_text','text':' \\n\\u00a0\xe3\x80\x80'},{'type':'input_text',"
			      "'text':' a '}]}"),
		.sent = SENT(U(TEXT(" a ")))},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_a_final_message_of_the_assistants_is_gone_on_with(void **state)
{
	static const struct request_case cases[] = {
	    {.members = INPUT(USER("a") "," ASSISTANT("b c \\n")),
		.sent = SENT(U(TEXT("a")) "," A(TEXT("b c")))},
	    {.members = INPUT(USER("a") ",{'role':'assistant','content':[{'type':'output_text',"
					"'text':'b','annotations':[]},{'type':'refusal','refusal':"
					"'no ','cache_control':{}}]}"),
		.sent = SENT(U(TEXT("a")) "," A(
		    TEXT("b") ",{'type':'text','text':'no','cache_control':{}}"))},
	    {.members = INPUT(USER("a") "," ASSISTANT("b ")),
		.sent = SENT(U(TEXT("a")) "," A(TEXT("b ")) "," U(TEXT("Continue."))),
		.quirks = QUIRK(ADAPTIVE_THINKING)},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_the_system_speaks_first(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'instructions':'i'," INPUT(
		 "{'role':'developer','content':[{'type':'input_text','text':'d'}]}," USER("a")),
		.sent =
		    HEAD ",'system':[" TEXT("i") "," TEXT("d") "],'messages':[" U(TEXT("a")) "]}"},
	    {.members = INPUT(USER("a") ",{'role':'system','content':'s'}," USER("b")),
		.sent =
		    HEAD ",'system':[" TEXT("s") "],'messages':[" U(TEXT("a") "," TEXT("b")) "]}",
		.left_out = "order of system messages"},
	    {.members = INPUT("{'role':'system','content':[{'type':'input_image','image_url':"
			      "'https://a/b'}]}"),
		.sent = "no images",
		.param = "input"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_results_follow_their_calls_at_once(void **state)
{
	static const struct request_case cases[] = {
	    /* One turn of two calls, answered out of order. */
	    {.members = INPUT(USER("a") "," CALL("1") "," CALL("2") "," OUTPUT("2", "y") "," OUTPUT(
		 "1", "x") "," USER("b")),
		.sent = SENT(U(TEXT("a")) "," A(USE("1") "," USE("2")) "," U(
		    RESULT("1", "x") "," RESULT("2", "y") "," TEXT("b")))},
	    /* Two turns. */
	    {.members = INPUT(
		 USER("a") "," CALL("1") "," OUTPUT("1", "x") "," CALL("2") "," OUTPUT("2", "y")),
		.sent = SENT(U(TEXT("a")) "," A(USE("1")) "," U(RESULT("1", "x")) "," A(
		    USE("2")) "," U(RESULT("2", "y")))},
	    /* Text between a call and its output. */
	    {.members = INPUT(USER("a") "," CALL("1") "," ASSISTANT("t") "," OUTPUT("1", "x")),
		.sent = SENT(U(TEXT("a")) "," A(TEXT("t") "," USE("1")) "," U(RESULT("1", "x")))},
	    /* The user speaks before the output comes. */
	    {.members = INPUT(USER("a") "," CALL("1") "," USER("b") "," OUTPUT("1", "x")),
		.sent = SENT(U(TEXT("a")) "," A(USE("1")) "," U(RESULT("1", "x") "," TEXT("b")))},
	    {.members = INPUT(OUTPUT("1", "x") "," CALL("1")),
		.sent = SENT(U(FILLER) "," A(USE("1")) "," U(RESULT("1", "x")))},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_each_call_has_one_result(void **state)
{
	static const struct request_case cases[] = {
	    {.members = INPUT(USER("a") "," CALL("1") "," CALL("2") "," OUTPUT("2", "y")),
		.sent = SENT(U(TEXT("a")) "," A(USE("1") "," USE("2")) "," U(
		    ABORTED("1") "," RESULT("2", "y")))},
	    {.members = INPUT(USER("a") "," OUTPUT("3", "z")),
		.sent = SENT(U(TEXT("a"))),
		.left_out = "input.function_call_output"},
	    {.members = INPUT(USER("a") "," CALL("1")),
		.sent = SENT(U(TEXT("a")) "," A(USE("1")) "," U(ABORTED("1")))},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_ids_of_calls_are_words_and_used_once(void **state)
{
	static const struct request_case cases[] = {
	    {.members = INPUT(CALL("f.x:3") "," OUTPUT("f.x:3", "x")),
		.sent = SENT(U(FILLER) "," A(USE("call_gQINAJXiYxUDvtaMWFQVDgkD")) "," U(
		    RESULT("call_gQINAJXiYxUDvtaMWFQVDgkD", "x")))},
	    {.members = INPUT(CALL("1") "," OUTPUT("1", "x") "," CALL("1") "," OUTPUT("1", "y")),
		.sent = SENT(U(FILLER) "," A(USE("1")) "," U(RESULT("1", "x")) "," A(USE(
		    "call_LViGzaVnwbZvAdfqJm5sijey")) "," U(RESULT("call_LViGzaVnwbZvAdfqJm5sijey",
		    "y")))},
	    {.members = INPUT("{'type':'function_call','name':'f','arguments':'{}'}"),
		.sent = "a call of a tool has no",
		.param = "input"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

#define WITH(arguments)                                                                            \
	"{'type':'function_call','call_id':'1','name':'f','arguments':" arguments                  \
	"}," OUTPUT("1", "x")
#define USED(name, input)                                                                          \
	SENT(U(FILLER) "," A("{'type':'tool_use','id':'1','name':'" name "','input':" input        \
			     "}") "," U(RESULT("1", "x")))

static void test_arguments_are_an_object(void **state)
{
	static const struct request_case cases[] = {
	    {.members = INPUT(WITH("' {\\\"a\\\": 1.50}'")), .sent = USED("f", "{'a': 1.50}")},
	    {.members = INPUT(WITH("''")), .sent = USED("f", "{}")},
	    {.members = INPUT(WITH("'  '")), .sent = USED("f", "{}")},
	    {.members = INPUT(WITH("null")), .sent = USED("f", "{}")},
	    {.members = INPUT(WITH("{'a':2}")), .sent = USED("f", "{'a':2}")},
	    {.members = INPUT(WITH("'{\\\"a\\\":'")), .sent = USED("f", "{'input':'{\\\"a\\\":'}")},
	    {.members = INPUT(WITH("'[1]'")), .sent = USED("f", "{'input':'[1]'}")},
	    {.members =
		    INPUT("{'type':'custom_tool_call','call_id':'1','name':'f','input':'a\\nb'},"
			  "{'type':'custom_tool_call_output','call_id':'1','output':'x'}"),
		.sent = USED("f", "{'input':'a\\nb'}")},
	    {.members = INPUT("{'type':'function_call','call_id':'1','name':'f','namespace':'n',"
			      "'arguments':''}," OUTPUT("1", "x")),
		.sent = USED("n__f", "{}")},
	    {.members = INPUT("{'type':'function_call','call_id':'1','name':'f.g','arguments':''}"),
		.sent = "f.g",
		.param = "input"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

#define OF(output) CALL("1") ",{'type':'function_call_output','call_id':'1'," output "}"
#define GIVES(result)                                                                              \
	SENT(U(FILLER) "," A(USE("1")) "," U("{'type':'tool_result','tool_use_id':'1'" result "}"))

static void test_outputs_may_have_parts(void **state)
{
	static const struct request_case cases[] = {
	    {.members = INPUT(OF("'output':''")), .sent = GIVES("")},
	    {.members = INPUT(OF("'output':[]")), .sent = GIVES("")},
	    {.members = INPUT(OF("'output':[{'type':'input_text','text':' '}]")),
		.sent = GIVES("")},
	    {.members = INPUT(OF("'output':'x','status':'incomplete'")),
		.sent = GIVES(",'content':'x','is_error':true")},
	    {.members = INPUT(OF("'output':[{'type':'input_text','text':'x'},{'type':'input_image',"
				 "'image_url':'https://a/b'}],'cache_control':{}")),
		.sent =
		    GIVES(",'content':[" TEXT("x") ",{'type':'image','source':{'type':'url',"
						   "'url':'https://a/b'}}],'cache_control':{}")},
	    {.members = INPUT(OF("'output':{'a':7}")), .sent = GIVES(",'content':'{\\\"a\\\":7}'")},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

#define PART(part)              INPUT("{'role':'user','content':[" part "]}")
#define BLOCK(block)            SENT(U(block))
#define DOCUMENT(title, source) "{'type':'document'" title ",'source':{" source "}}"
#define PNG                     "iVBORw0KGgoAAAANSUhEUg=="

static void test_images_are_told_by_their_bytes(void **state)
{
	static const struct request_case cases[] = {
	    {.members = PART("{'type':'input_image','image_url':'data:image/jpeg;base64," PNG
			     "','detail':'high'}"),
		.sent = BLOCK("{'type':'image','source':{'type':'base64','media_type':'image/png',"
			      "'data':'" PNG "'}}")},
	    {.members = PART("{'type':'input_image','image_url':'data:image\\/GIF;base64,AAAA'}"),
		.sent = BLOCK("{'type':'image','source':{'type':'base64','media_type':'image/gif',"
			      "'data':'AAAA'}}")},
	    {.members = PART("{'type':'input_image','image_url':'data:image/svg+xml,<svg>'}"),
		.sent = "PNG, JPEG",
		.param = "input"},
	    {.members = PART("{'type':'input_image','image_url':'data:image/png;base64,AA?'}"),
		.sent = "not base64",
		.param = "input"},
	    {.members = PART("{'type':'input_image','image_url':'ftp://a/b'}"),
		.sent = "has to begin with",
		.param = "input"},
	    {.members = PART("{'type':'input_image','file_id':'file-1'}"),
		.sent = "file_id",
		.drop_params = true,
		.param = "input"},
	    {.members = PART("{'type':'input_audio','input_audio':{}}"),
		.sent = "audio",
		.param = "input"},
	    {.members = PART("{'type':'input_video'}"), .sent = "input_video", .param = "input"},
	    {.members = INPUT("{'role':'assistant','content':[{'type':'input_image','image_url':"
			      "'https://a/b'}]}"),
		.sent = "no images",
		.param = "input"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_files_are_documents(void **state)
{
	static const struct request_case cases[] = {
	    {.members = PART("{'type':'input_file','filename':'a.pdf','file_data':"
			     "'data:application/octet-stream;base64,JVBERi0xLjcK'}"),
		.sent = BLOCK(DOCUMENT(",'title':'a.pdf'",
		    "'type':'base64','media_type':'application/pdf','data':'JVBERi0xLjcK'"))},
	    {.members = PART("{'type':'input_file','filename':'','file_data':'JVBERi0xLjcK'}"),
		.sent = BLOCK(DOCUMENT(
		    "", "'type':'base64','media_type':'application/pdf','data':'JVBERi0xLjcK'"))},
	    {.members = PART("{'type':'input_file','filename':'a.csv','file_data':"
			     "'data:text/csv;base64,YSwiYiIKw6k='}"),
		.sent = BLOCK(DOCUMENT(",'title':'a.csv'",
		    "'type':'text','media_type':'text/plain','data':'a,\\\"b\\\"\\n\xc3\xa9'"))},
	    {.members = PART("{'type':'input_file','file_data':'data:text/plain,a%20b'}"),
		.sent =
		    BLOCK(DOCUMENT("", "'type':'text','media_type':'text/plain','data':'a b'"))},
	    {.members = PART("{'type':'input_file','file_data':'" PNG "'}"),
		.sent = BLOCK("{'type':'image','source':{'type':'base64','media_type':'image/png',"
			      "'data':'" PNG "'}}")},
	    {.members = PART("{'type':'input_file','file_data':'UEsDBBQA/w=='}"),
		.sent = "PDF",
		.param = "input"},
	    {.members = PART("{'type':'input_file','file_url':'https://a/b.pdf','filename':null}"),
		.sent = BLOCK(DOCUMENT("", "'type':'url','url':'https://a/b.pdf'"))},
	    {.members = PART("{'type':'input_file','file_id':'file_1','cache_control':{}}"),
		.sent = BLOCK("{'type':'document','source':{'type':'file','file_id':'file_1'},"
			      "'cache_control':{}}")},
	    {.members = PART("{'type':'input_file'}"), .sent = "none of", .param = "input"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_other_items_are_passed_over_or_refused(void **state)
{
	static const struct request_case cases[] = {
	    {.members = INPUT("{'type':'web_search_call','id':'ws_1'}," USER("a")),
		.sent = SENT(U(TEXT("a"))),
		.left_out = "input's items of hosted tools"},
	    {.members = INPUT("{'type':'message','id':'m_1','role':'user','content':'a'},"
			      "{'type':'item_reference','id':'m_1'},{'id':'m_1'}"),
		.sent = SENT(U(TEXT("a")))},
	    {.members = INPUT("{'type':'item_reference','id':'m_1'}"),
		.sent = "m_1",
		.param = "input"},
	    {.members = INPUT("{'type':'compaction','encrypted_content':'x'}"),
		.sent = "no items of type",
		.drop_params = true,
		.param = "input"},
	    {.members = INPUT("{'type':'shell_call','call_id':'1'}"),
		.sent = "no function called",
		.param = "input"},
	    {.members = INPUT("{'type':'thing'}"), .sent = "thing", .param = "input"},
	    {.members = INPUT("7"), .sent = "an item has no type", .param = "input"},
	    {.members = INPUT("{'role':'tool','content':'a'}"), .sent = "role", .param = "input"},
	    {.members = INPUT("{'role':'user','content':7}"), .sent = "content", .param = "input"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_a_shell_that_is_declared_as_a_function_is_one(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'tools':[{'type':'function','name':'shell'}]," INPUT(
		 "{'type':'shell_call','call_id':'1','action':{'commands':['ls']}},"
		 "{'type':'shell_call_output','call_id':'1','output':[{'stdout':'x'}]}"),
		.sent = HEAD ",'tools':[{'name':'shell','input_schema':{'type':'object',"
			     "'properties':{}}}],'messages':[" U(FILLER) "," A(
				 "{'type':'tool_use','id':'1','name':'shell','input':{'commands':['"
				 "ls']}}") "," U("{'type':'tool_result','tool_use_id':'1','content'"
						 ":'[{\\\"stdout\\\":"
						 "\\\"x\\\"}]'}") "]}"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_neighbours_of_one_role_are_one_message),
	    cmocka_unit_test(test_what_says_nothing_at_all_is_refused),
	    cmocka_unit_test(test_text_that_is_blank_does_not_go),
	    cmocka_unit_test(test_a_final_message_of_the_assistants_is_gone_on_with),
	    cmocka_unit_test(test_the_system_speaks_first),
	    cmocka_unit_test(test_results_follow_their_calls_at_once),
	    cmocka_unit_test(test_each_call_has_one_result),
	    cmocka_unit_test(test_ids_of_calls_are_words_and_used_once),
	    cmocka_unit_test(test_arguments_are_an_object),
	    cmocka_unit_test(test_outputs_may_have_parts),
	    cmocka_unit_test(test_images_are_told_by_their_bytes),
	    cmocka_unit_test(test_files_are_documents),
	    cmocka_unit_test(test_a_shell_that_is_declared_as_a_function_is_one),
	    cmocka_unit_test(test_other_items_are_passed_over_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
