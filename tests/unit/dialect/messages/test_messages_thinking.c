#include "messages_requests.h"

#define END    "," HI
#define BUDGET "{'type':'enabled','budget_tokens':"

static void test_effort_is_a_budget_for_older_models(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'input':'Hi','reasoning':{'effort':'low','summary':'auto'}",
		.sent = HEAD ",'thinking':" BUDGET "1024}" END},
	    {.members = "'input':'Hi','reasoning':{'effort':'medium'},'max_output_tokens':9000",
		.sent = "{'model':'claude-1','max_tokens':9000,'stream':true,'thinking':" BUDGET
			"2048}" END},
	    {.members = "'input':'Hi','reasoning':{'effort':'high'}",
		.sent = "{'model':'claude-1','max_tokens':8192,'stream':true,'thinking':" BUDGET
			"4096}" END},
	    {.members = "'input':'Hi','reasoning':{'effort':'low'},'max_output_tokens':100",
		.sent = "{'model':'claude-1','max_tokens':1124,'stream':true,'thinking':" BUDGET
			"1024}" END,
		.left_out = "max_output_tokens below the thinking budget"},
	    {.members = "'input':'Hi','reasoning':{'effort':'minimal'}", .sent = HEAD END},
	    {.members = "'input':'Hi','reasoning':{'effort':'none'}", .sent = HEAD END},
	    {.members = "'input':'Hi','reasoning':{'effort':'low'}",
		.sent = HEAD END,
		.quirks = QUIRK(NO_REASONING_EFFORT),
		.left_out = "reasoning"},
	    {.members = "'input':'Hi','reasoning':{'effort':null,'summary':'auto'}",
		.sent = HEAD END},
	    {.members = "'input':'Hi','reasoning':{'effort':'lots'}",
		.sent = "reasoning.effort",
		.param = "reasoning"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_effort_is_a_word_for_models_that_adapt(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'input':'Hi','reasoning':{'effort':'xhigh','summary':'detailed'}",
		.sent = HEAD ",'thinking':{'type':'adaptive','display':'summarized'},"
			     "'output_config':{'effort':'xhigh'}" END,
		.quirks = QUIRK(ADAPTIVE_THINKING)},
	    {.members = "'input':'Hi','reasoning':{'effort':'xhigh'}",
		.sent =
		    HEAD ",'thinking':{'type':'adaptive'},'output_config':{'effort':'high'}" END,
		.quirks = QUIRK(ADAPTIVE_THINKING) | QUIRK(NO_XHIGH_EFFORT),
		.left_out = "reasoning.effort beyond high"},
	    {.members = "'input':'Hi','reasoning':{'effort':'max'}",
		.sent = HEAD ",'thinking':{'type':'adaptive'},'output_config':{'effort':'max'}" END,
		.quirks = QUIRK(ADAPTIVE_THINKING) | QUIRK(NO_XHIGH_EFFORT)},
	    {.members = "'input':'Hi','reasoning':{'effort':'low'}",
		.sent = HEAD ",'thinking':{'type':'adaptive'},'output_config':{'effort':'low'}" END,
		.quirks = QUIRK(ADAPTIVE_THINKING)},
	    {.members = "'input':'Hi','reasoning':{'effort':'minimal'}",
		.sent = HEAD ",'thinking':{'type':'disabled'},'output_config':{'effort':'low'}" END,
		.quirks = QUIRK(ADAPTIVE_THINKING)},
	    {.members = "'input':'Hi','reasoning':{'effort':'none'}",
		.sent = HEAD ",'thinking':{'type':'disabled'}" END,
		.quirks = QUIRK(ADAPTIVE_THINKING)},
	    {.members = "'input':'Hi','reasoning':{'effort':'high'},"
			"'text':{'format':{'type':'json_schema','schema':{'type':'object'}}}",
		.sent = HEAD ",'thinking':{'type':'adaptive'},'output_config':{'effort':'high',"
			     "'format':{'type':'json_schema','schema':{'type':'object',"
			     "'additionalProperties':false}}}" END,
		.quirks = QUIRK(ADAPTIVE_THINKING)},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_what_the_client_says_of_thinking_wins(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'input':'Hi','reasoning':{'effort':'low'},'thinking':" BUDGET "2000}",
		.sent = HEAD ",'thinking':" BUDGET "2000}" END},
	    {.members = "'input':'Hi','reasoning':{'effort':'low'},'temperature':0.5,"
			"'thinking':{'type':'disabled'}",
		.sent = HEAD ",'temperature':0.5,'thinking':{'type':'disabled'}" END},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_what_thinking_forbids_is_left_out(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'input':'Hi','reasoning':{'effort':'low'},'temperature':0.5,'top_p':0.9,"
			"'top_k':3",
		.sent = HEAD ",'thinking':" BUDGET "1024}" END,
		.left_out = "temperature, top_p, top_k"},
	    {.members = "'input':'Hi','reasoning':{'effort':'low'},'temperature':1,'top_p':0.99",
		.sent = HEAD ",'temperature':1,'top_p':0.99,'thinking':" BUDGET "1024}" END},
	    {.members = "'input':'Hi','reasoning':{'effort':'low'},'tool_choice':'required',"
			"'tools':[{'type':'function','name':'f'}]",
		.sent = HEAD ",'thinking':" BUDGET
			     "1024},'tool_choice':{'type':'auto'},'tools':[{'name':'f',"
			     "'input_schema':{'type':'object','properties':{}}}]" END,
		.left_out = "tool_choice"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

#define USER(text) "{'role':'user','content':'" text "'}"
#define SAID(text) "{'role':'user','content':[{'type':'text','text':'" text "'}]}"
#define CALL                                                                                       \
	"{'type':'function_call','call_id':'c','name':'f','arguments':''},"                        \
	"{'type':'function_call_output','call_id':'c','output':'r'}"
#define USE                "{'type':'tool_use','id':'c','name':'f','input':{}}"
#define RESULT             "{'role':'user','content':[{'type':'tool_result','tool_use_id':'c','content':'r'}]}"
#define SEALED(kind, data) "'encrypted_content':'respool." kind "." ORIGIN "." data "'"
#define SUMMARY(text)      "'summary':[{'type':'summary_text','text':'" text "'}]"

static void test_reasoning_goes_back_as_it_came(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'input':[" USER(
		 "Hi") ",{'type':'reasoning','summary':[{'type':"
		       "'summary_text','text':'a\\n'},{'type':'summary_text','text':'b'}]," SEALED(
			   "signature",
			   "S=/") "},{'type':'reasoning','summary':[]," SEALED("omitted",
			   "O") "},{'type':'reasoning'," SEALED("redacted", "R") "}," CALL "]",
		.sent = HEAD ",'messages':[" SAID(
		    "Hi") ",{'role':'assistant','content':["
			  "{'type':'thinking','thinking':'a\\nb','signature':'S=/'},"
			  "{'type':'thinking','thinking':'','signature':'O'},"
			  "{'type':'redacted_thinking','data':'R'}," USE "]}," RESULT "]}"},
	    {.members = "'input':[" USER("Hi") ",{'type':'reasoning'," SUMMARY("a") "," SEALED(
		 "signature", "S") "},{'role':'assistant','content':'x'}," USER("go") "]",
		.sent = HEAD
		",'messages':[" SAID("Hi") ",{'role':'assistant','content':["
					   "{'type':'thinking','thinking':'a','signature':'S'},"
					   "{'type':'text','text':'x'}]}," SAID("go") "]}"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

#define REASONING(signature)                                                                       \
	",{'type':'reasoning'," SUMMARY("a") "," SEALED("signature", signature) "}"
#define THINKING(signature) "{'type':'thinking','thinking':'a','signature':'" signature "'}"
#define CALLS(id)           ",{'type':'function_call','call_id':'" id "','name':'f','arguments':''}"
#define OUTPUT(id)          ",{'type':'function_call_output','call_id':'" id "','output':'r'}"
#define USES(id)            "{'type':'tool_use','id':'" id "','name':'f','input':{}}"
#define RETURNS(id)         "{'type':'tool_result','tool_use_id':'" id "','content':'r'}"

static void test_reasoning_between_calls_stays_there(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'input':[" USER("Hi") REASONING("S") CALLS("c") REASONING("T") CALLS("d")
		    OUTPUT("c") OUTPUT("d") "]",
		.sent = HEAD
		",'messages':[" SAID("Hi") ",{'role':'assistant','content':[" THINKING("S") "," USES(
		    "c") "," THINKING("T") "," USES("d") "]},{'role':'user',"
							 "'content':[" RETURNS("c") "," RETURNS(
							     "d") "]}]}"},
	    {.members = "'input':[" USER("Hi") CALLS("c")
		    REASONING("T") ",{'role':'assistant','content':'x'}" OUTPUT("c") "]",
		.sent = HEAD ",'messages':[" SAID("Hi") ",{'role':'assistant','content':[" THINKING(
		    "T") ",{'type':'text','text':'x'}," USES("c") "]},{'role':'user',"
								  "'content':[" RETURNS(
								      "c") "]}]}"},
	    {.members = "'input':[" USER("Hi") CALLS("c") REASONING("T") OUTPUT("c") "]",
		.sent = HEAD ",'messages':[" SAID("Hi") ",{'role':'assistant','content':[" USES(
		    "c") "]},{'role':'user','content':[" RETURNS("c") "]}]}",
		.left_out = "input.reasoning"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_reasoning_of_others_does_not_go(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'input':[" USER("Hi") ",{'type':'reasoning'," SUMMARY(
		 "a") ",'encrypted_"
		      "content':'respool.signature.fedcba9876543210.S'}," CALL "]",
		.sent = HEAD ",'messages':[" SAID("Hi") ",{'role':'assistant','content':[" USE
							"]}," RESULT "]}",
		.left_out = "input.reasoning"},
	    {.members = "'input':[" USER("Hi") ",{'type':'reasoning'," SUMMARY("a") "}," CALL "]",
		.sent = HEAD
		",'messages':[" SAID("Hi") ",{'role':'assistant','content':["
					   "{'type':'thinking','thinking':'a','signature':''}," USE
					   "]}," RESULT "]}",
		.quirks = QUIRK(UNSIGNED_THINKING)},
	    {.members = "'input':[" USER("Hi") ",{'type':'reasoning','summary':[]}," CALL "]",
		.sent = HEAD ",'messages':[" SAID("Hi") ",{'role':'assistant','content':[" USE
							"]}," RESULT "]}",
		.quirks = QUIRK(UNSIGNED_THINKING),
		.left_out = "input.reasoning"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_thinking_that_nothing_follows_does_not_go(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'input':[" USER("Hi") ",{'type':'reasoning'," SUMMARY("a") "," SEALED(
		 "signature", "S") "}," USER("go") "]",
		.sent = HEAD ",'messages':[{'role':'user','content':[{'type':'text','text':'Hi'},"
			     "{'type':'text','text':'go'}]}]}",
		.left_out = "input.reasoning"},
	    {.members = "'input':[" USER("Hi") ",{'role':'assistant','content':'x'},"
					       "{'type':'reasoning'," SUMMARY("a") "," SEALED(
						   "signature", "S") "}," USER("go") "]",
		.sent =
		    HEAD ",'messages':[" SAID("Hi") ",{'role':'assistant','content':["
						    "{'type':'text','text':'x'}]}," SAID("go") "]}",
		.left_out = "input.reasoning"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_a_turn_of_calls_without_thinking_stops_it(void **state)
{
#define LOW "'reasoning':{'effort':'low'},"
#define ON  ",'thinking':" BUDGET "1024}"
	static const struct request_case cases[] = {
	    {.members = LOW "'input':[" USER("Hi") "," CALL "]",
		.sent = HEAD ",'messages':[" SAID("Hi") ",{'role':'assistant','content':[" USE
							"]}," RESULT "]}",
		.left_out = "thinking"},
	    /* Models that adapt do not ask for it. */
	    {.members = LOW "'input':[" USER("Hi") "," CALL "]",
		.sent = HEAD ",'thinking':{'type':'adaptive'},'output_config':{'effort':'low'},"
			     "'messages':[" SAID("Hi") ",{'role':'assistant','content':[" USE
						       "]}," RESULT "]}",
		.quirks = QUIRK(ADAPTIVE_THINKING)},
	    /* The turn is over. */
	    {.members = LOW "'input':[" USER(
		 "Hi") "," CALL ",{'role':'assistant','content':'x'}," USER("go") "]",
		.sent = HEAD ON ",'messages':[" SAID(
		    "Hi") ",{'role':'assistant','content':[" USE "]}," RESULT
			  ",{'role':'assistant','content':[{'type':'text','text':'x'}]}," SAID(
			      "go") "]}"},
	    /* It has thought before the first call. */
	    {.members = LOW "'input':[" USER("Hi") ",{'type':'reasoning'," SEALED("omitted",
		 "O") "}," CALL ",{'type':'function_call','call_id':'d','name':'f','arguments':"
		      "'{}'},{'type':'function_call_output','call_id':'d','output':''}]",
		.sent = HEAD ON ",'messages':[" SAID(
		    "Hi") ",{'role':'assistant','content':["
			  "{'type':'thinking','thinking':'','signature':'O'}," USE "]}," RESULT
			  ",{'role':'assistant','content':[{'type':'tool_use','id':'d','name':'f',"
			  "'input':{}}]},{'role':'user','content':[{'type':'tool_result',"
			  "'tool_use_id':'d'}]}]}"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_a_request_can_do_without_thinking(void **state)
{
	static const struct request_case cases[] = {
	    {.members = LOW
		"'input':[" USER("Hi") ",{'type':'reasoning'," SEALED("omitted", "O") "}," CALL "]",
		.sent = HEAD ",'messages':[" SAID("Hi") ",{'role':'assistant','content':[" USE
							"]}," RESULT "]}",
		.without_thinking = true,
		.left_out = "thinking, input.reasoning"},
	    {.members = LOW "'input':'Hi'",
		.sent = HEAD ",'thinking':{'type':'disabled'},'output_config':{'effort':'low'}" END,
		.quirks = QUIRK(ADAPTIVE_THINKING),
		.without_thinking = true,
		.left_out = "thinking"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_effort_is_a_budget_for_older_models),
	    cmocka_unit_test(test_effort_is_a_word_for_models_that_adapt),
	    cmocka_unit_test(test_what_the_client_says_of_thinking_wins),
	    cmocka_unit_test(test_what_thinking_forbids_is_left_out),
	    cmocka_unit_test(test_reasoning_goes_back_as_it_came),
	    cmocka_unit_test(test_reasoning_between_calls_stays_there),
	    cmocka_unit_test(test_reasoning_of_others_does_not_go),
	    cmocka_unit_test(test_thinking_that_nothing_follows_does_not_go),
	    cmocka_unit_test(test_a_turn_of_calls_without_thinking_stops_it),
	    cmocka_unit_test(test_a_request_can_do_without_thinking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
