#include "messages_requests.h"

#define END "," HI

static void test_members_find_their_place(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'input':'Hi'", .sent = HEAD END},
	    {.members = "'input':'Hi','max_output_tokens':77,'stream':false,'temperature':null",
		.sent = "{'model':'claude-1','max_tokens':77,'stream':true" END},
	    {.members = "'input':'Hi','temperature':0.50,'top_p':1e-1,'top_k':5",
		.sent = HEAD ",'temperature':0.50,'top_p':1e-1,'top_k':5" END},
	    {.members = "'input':'Hi','stop':'x'", .sent = HEAD ",'stop_sequences':['x']" END},
	    {.members = "'input':'Hi','stop':['x','y']",
		.sent = HEAD ",'stop_sequences':['x','y']" END},
	    {.members = "'input':'Hi','user':'u'", .sent = HEAD ",'metadata':{'user_id':'u'}" END},
	    {.members = "'input':'Hi','safety_identifier':'s','user':'u'",
		.sent = HEAD ",'metadata':{'user_id':'s'}" END},
	    {.members = "'input':'Hi','service_tier':'auto'",
		.sent = HEAD ",'service_tier':'auto'" END},
	    {.members = "'input':'Hi','service_tier':'default'",
		.sent = HEAD ",'service_tier':'standard_only'" END},
	    {.members = "'input':'Hi','instructions':'Be brief.'",
		.sent = HEAD ",'system':[{'type':'text','text':'Be brief.'}]" END},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_what_does_no_harm_is_left_out_and_noted(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'input':'Hi','metadata':{'a':'b'},'store':true,'truncation':'auto',"
			"'seed':1,'prompt_cache_key':'k','text':{'verbosity':'low'}",
		.sent = HEAD END,
		.left_out = "metadata, store, truncation, seed, prompt_cache_key, text.verbosity"},
	    {.members = "'input':'Hi','service_tier':'flex'",
		.sent = HEAD END,
		.left_out = "service_tier"},
	    {.members = "'input':'Hi','context_management':[]", .sent = HEAD END},
	    {.members = "'input':'Hi','presence_penalty':0,'frequency_penalty':-0.0e3,"
			"'logit_bias':{},'logprobs':false,'top_logprobs':0,'background':false,"
			"'previous_response_id':null,'include':['reasoning.encrypted_content']",
		.sent = HEAD END},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_members_of_its_own_pass(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'input':'Hi','container':'c','betas':['b'],'mcp_servers':[]",
		.sent = HEAD ",'container':'c','betas':['b'],'mcp_servers':[]" END},
	    {.members = "'input':'Hi','context_management':{'edits':[]}",
		.sent = HEAD ",'context_management':{'edits':[]}" END},
	    {.members = "'input':'Hi','output_config':{'effort':'low','more':1}",
		.sent = HEAD ",'output_config':{'effort':'low','more':1}" END},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_what_would_change_the_answer_is_refused(void **state)
{
	static const char *const members[][2] = {
	    {"presence_penalty", "0.5"},
	    {"frequency_penalty", "1"},
	    {"logit_bias", "{'1':2}"},
	    {"logprobs", "true"},
	    {"top_logprobs", "3"},
	    {"include", "['message.output_text.logprobs']"},
	    {"text", "{'format':{'type':'json_object'}}"},
	    {"context_management", "[{'type':'compaction','compact_threshold':1000}]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		struct buf body = {0};

		buf_printf(&body, "'input':'Hi','%s':%s", members[i][0], members[i][1]);
		assert_sent(&(struct request_case){.members = buf_cstr(&body),
		    .sent = "is not supported by the Anthropic Messages API",
		    .param = members[i][0]});
		assert_sent(&(struct request_case){.members = buf_cstr(&body),
		    .sent = HEAD END,
		    .drop_params = true,
		    .left_out = members[i][0]});
		buf_free(&body);
	}
}

static void test_another_question_is_refused_even_where_params_are_dropped(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'input':'Hi','previous_response_id':'resp_1'",
		.sent = "is not supported by",
		.param = "previous_response_id",
		.drop_params = true},
	    {.members = "'input':'Hi','conversation':'conv_1'",
		.sent = "is not supported by",
		.param = "conversation",
		.drop_params = true},
	    {.members = "'input':'Hi','prompt':{'id':'p'}",
		.sent = "is not supported by",
		.param = "prompt",
		.drop_params = true},
	    {.members = "'input':'Hi','background':true",
		.sent = "is not supported by",
		.param = "background",
		.drop_params = true},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_a_temperature_stays_in_its_bounds(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'input':'Hi','temperature':1.5",
		.sent = HEAD ",'temperature':1" END,
		.left_out = "temperature beyond 1"},
	    {.members = "'input':'Hi','temperature':1.0", .sent = HEAD ",'temperature':1.0" END},
	    {.members = "'input':'Hi','temperature':0.2,'top_p':0.9",
		.sent = HEAD ",'temperature':0.2" END,
		.quirks = QUIRK(NO_TOP_P_WITH_TEMPERATURE),
		.left_out = "top_p"},
	    {.members = "'input':'Hi','temperature':0.2,'top_p':1.0",
		.sent = HEAD ",'temperature':0.2" END,
		.quirks = QUIRK(NO_TOP_P_WITH_TEMPERATURE)},
	    {.members = "'input':'Hi','top_p':0.9",
		.sent = HEAD ",'top_p':0.9" END,
		.quirks = QUIRK(NO_TOP_P_WITH_TEMPERATURE)},
	    {.members = "'input':'Hi','temperature':0.2",
		.sent = "other than 1",
		.quirks = QUIRK(FIXED_TEMPERATURE),
		.param = "temperature"},
	    {.members = "'input':'Hi','temperature':1",
		.sent = HEAD ",'temperature':1" END,
		.quirks = QUIRK(FIXED_TEMPERATURE)},
	    {.members = "'input':'Hi','temperature':1.0,'top_p':1",
		.sent = HEAD END,
		.quirks = QUIRK(NO_SAMPLING)},
	    {.members = "'input':'Hi','top_p':0.5",
		.sent = "takes none",
		.quirks = QUIRK(NO_SAMPLING),
		.param = "top_p"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

static void test_a_member_that_is_dropped_is_not_looked_at(void **state)
{
	char *dropped[] = {text("background"), text("temperature")};
	struct deployment deployment = {.id = text(ORIGIN),
	    .model_name = text("claude"),
	    .model = text("claude-1"),
	    .provider = text("anthropic"),
	    .max_tokens = 9,
	    .dropped = dropped,
	    .dropped_count = 2};
	struct request_writer writer = {
	    .deployment = &deployment, .model = "claude", .dialect = DIALECT_MESSAGES};
	struct buf out = {0};

	(void)state;
	assert_true(messages_request_write(&out, &writer,
	    SPAN("{\"model\":\"claude\",\"background\":true,\"temperature\":\"x\",\"input\":"
		 "\"\"}")));
	assert_string_equal(buf_cstr(&out),
	    "{\"model\":\"claude-1\",\"max_tokens\":9,\"stream\":true,\"messages\":[{\"role\":"
	    "\"user\",\"content\":[{\"type\":\"text\",\"text\":\"\xe2\x80\xa6\"}]}]}");
	request_writer_free(&writer);
	buf_free(&out);
}

#define MARKED(text)                                                                               \
	"{'type':'input_text','text':'" text "','prompt_cache_breakpoint':{'mode':'explicit'}}"
#define MARK ",'cache_control':{'type':'ephemeral'}"

static void test_the_last_four_cache_marks_stay(void **state)
{
	static const struct request_case cases[] = {
	    {.members = "'input':[{'role':'user','content':[" MARKED("a") "," MARKED(
		 "b") "," MARKED("c") "," MARKED("d") "," MARKED("e") "]}]",
		.sent = HEAD ",'messages':[{'role':'user','content':["
			     "{'type':'text','text':'a'},{'type':'text','text':'b'" MARK
			     "},{'type':'text','text':'c'" MARK "},{'type':'text','text':'d'" MARK
			     "},{'type':'text','text':'e'" MARK "}]}]}",
		.left_out = "cache marks beyond four"},
	    {.members = "'cache_control':{'type':'ephemeral'},'tools':[{'type':'function','name':"
			"'f','cache_control':{'type':'ephemeral','ttl':'1h'}}],'input':["
			"{'role':'system','content':'s','cache_control':{'type':'ephemeral'}},"
			"{'role':'user','content':[" MARKED(
			    "a") "],'cache_control':{}},"
				 "{'role':'assistant','content':'b','cache_control':{'type':'"
				 "ephemeral'}}]",
		.sent = HEAD MARK ",'tools':[{'name':'f','input_schema':{'type':'object',"
				  "'properties':{}}}],'system':[{'type':'text','text':'s'" MARK
				  "}],'messages':[{'role':'user','content':[{'type':'text','text':"
				  "'a'" MARK "}]},{'role':'assistant','content':[{'type':'text',"
				  "'text':'b'" MARK "}]}]}",
		.left_out = "cache marks beyond four"},
	};

	(void)state;
	ASSERT_ALL_SENT(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_members_find_their_place),
	    cmocka_unit_test(test_what_does_no_harm_is_left_out_and_noted),
	    cmocka_unit_test(test_members_of_its_own_pass),
	    cmocka_unit_test(test_what_would_change_the_answer_is_refused),
	    cmocka_unit_test(test_another_question_is_refused_even_where_params_are_dropped),
	    cmocka_unit_test(test_a_temperature_stays_in_its_bounds),
	    cmocka_unit_test(test_a_member_that_is_dropped_is_not_looked_at),
	    cmocka_unit_test(test_the_last_four_cache_marks_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
