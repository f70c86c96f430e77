#include "chat_case.h"

#define HI "'input':'hi',"

static void test_the_whole_body(void **state)
{
	const struct deployment deployment = {
	    .model_name = text("m"), .model = text("up"), .provider = text("openai_like")};
	struct request_writer writer = {
	    .deployment = &deployment, .model = "m", .dialect = DIALECT_CHAT};
	struct buf out = {0};

	(void)state;
	assert_true(chat_request_write(&out, &writer,
	    SPAN("{\"model\":\"m\",\"instructions\":\"Be \\u0062rief.\",\"input\":\"hi\","
		 "\"stream\":false,\"stream_options\":{\"include_obfuscation\":false},"
		 "\"background\":false,\"previous_response_id\":null,\"conversation\":null,"
		 "\"prompt\":null,\"temperature\":1e-1,\"seed\":7}")));
	assert_string_equal(buf_cstr(&out),
	    "{\"model\":\"up\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
	    "\"temperature\":1e-1,\"messages\":[{\"role\":\"system\",\"content\":\"Be "
	    "\\u0062rief.\"},{\"role\":\"user\",\"content\":\"hi\"}],\"seed\":7}");
	assert_int_equal(writer.left_out.len, 0);
	request_writer_free(&writer);
	buf_free(&out);
}

static void test_members_are_called_as_the_provider_calls_them(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(HI "'max_output_tokens':9", "'max_tokens':9,'max_output_tokens':null")},
	    {SAYS(HI "'max_output_tokens':9", "'max_completion_tokens':9,'max_tokens':null"),
		.quirks = BIT(USES_MAX_COMPLETION_TOKENS)},
	    {SAYS(HI "'max_output_tokens':null", "'max_tokens':null")},
	    {SAYS(HI "'stream_options':{'include_obfuscation':true}",
		 "'stream':true,'stream_options':null"),
		.quirks = BIT(NO_STREAM_OPTIONS)},
	    {SAYS(HI "'temperature':0.5,'top_p':0.1", "'temperature':0.5,'top_p':0.1")},
	    {SAYS(HI "'user':'u'", "'user':'u'")},
	    {SAYS(HI "'include':['message.output_text.logprobs','x']",
		"'logprobs':true,'top_logprobs':null,'include':null")},
	    {SAYS(HI "'top_logprobs':3", "'logprobs':true,'top_logprobs':3")},
	    {SAYS(HI "'top_logprobs':0,'include':['reasoning.encrypted_content']",
		"'logprobs':null,'top_logprobs':null")},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_the_deployment_s_maximum_is_for_those_who_give_none(void **state)
{
	const struct deployment deployment = {.model_name = text("m"),
	    .model = text("up"),
	    .provider = text("openai_like"),
	    .max_tokens = 77};
	struct request_writer writer = {
	    .deployment = &deployment, .model = "m", .dialect = DIALECT_CHAT};
	struct buf out = {0};

	(void)state;
	assert_true(chat_request_write(&out, &writer, SPAN("{\"input\":\"hi\"}")));
	assert_true(span_is(json_get(buf_span(&out), "max_tokens"), "77"));
	buf_clear(&out);
	assert_true(
	    chat_request_write(&out, &writer, SPAN("{\"input\":\"hi\",\"max_output_tokens\":5}")));
	assert_true(span_is(json_get(buf_span(&out), "max_tokens"), "5"));
	request_writer_free(&writer);
	buf_free(&out);
}

static void test_what_the_deployment_drops_is_not_looked_at(void **state)
{
	char background[] = "background", seed[] = "seed";
	char *dropped[] = {background, seed};
	const struct deployment deployment = {.model_name = text("m"),
	    .model = text("up"),
	    .provider = text("openai_like"),
	    .dropped = dropped,
	    .dropped_count = 2};
	struct request_writer writer = {
	    .deployment = &deployment, .model = "m", .dialect = DIALECT_CHAT};
	struct buf out = {0};

	(void)state;
	assert_true(chat_request_write(
	    &out, &writer, SPAN("{\"input\":\"hi\",\"background\":true,\"s\\u0065ed\":1}")));
	assert_null(strstr(buf_cstr(&out), "ed\":1"));
	request_writer_free(&writer);
	buf_free(&out);
}

static void test_what_only_openai_takes_goes_there_alone(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(HI "'stream':true", "'store':false"), .quirks = BIT(OPENAI_MEMBERS)},
	    {SAYS(HI "'stream':true", "'store':null")},
	    {SAYS(HI "'metadata':{'a':'b'}", "'store':null,'metadata':{'a':'b'}"),
		.quirks = BIT(OPENAI_MEMBERS)},
	    {SAYS(HI "'store':true,'service_tier':'flex','safety_identifier':'s',"
		     "'prompt_cache_key':'k','prompt_cache_retention':'24h'",
		 "'store':true,'service_tier':'flex','safety_identifier':'s',"
		 "'prompt_cache_key':'k','prompt_cache_retention':'24h'"),
		.quirks = BIT(OPENAI_MEMBERS)},
	    {SAYS(HI "'store':true,'metadata':{},'service_tier':'flex','safety_identifier':null",
		 "'store':null,'metadata':null,'service_tier':null"),
		.left_out = "store, metadata, service_tier"},
	    {SAYS(HI "'text':{'verbosity':'low'}", "'verbosity':'low','text':null"),
		.quirks = BIT(OPENAI_MEMBERS)},
	    {SAYS(HI "'text':{'verbosity':'low'}", "'verbosity':null"),
		.left_out = "text.verbosity"},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_what_changes_nothing_is_left_out(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(HI "'truncation':'auto','max_tool_calls':3,'moderation':{'x':1}",
		 "'truncation':null,'max_tool_calls':null,'moderation':null"),
		.left_out = "truncation, max_tool_calls, moderation"},
	    {SAYS(
		HI "'truncation':'disabled','context_management':[]", "'context_management':null")},
	    {SAYS(HI "'reasoning':{'summary':'auto','effort':null}",
		"'reasoning':null,'reasoning_effort':null")},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_what_would_be_another_request_is_refused_always(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(HI "'background':true",
		 "'background' is not supported by the Chat Completions API"),
		.param = "background", .drop_params = true},
	    {SAYS(HI "'previous_response_id':'resp_1'", "'previous_response_id' is not"),
		.param = "previous_response_id", .drop_params = true},
	    {SAYS(HI "'conversation':'c'", "'conversation' is not"), .param = "conversation",
		.drop_params = true},
	    {SAYS(HI "'prompt':{'id':'p'}", "'prompt' is not"), .param = "prompt",
		.drop_params = true},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_what_cannot_be_said_is_refused_or_dropped(void **state)
{
	static const struct {
		struct chat_case refused;
		const char *without;
	} tests[] = {
	    {{SAYS(HI "'temperature':0.5", "'temperature' is not"), .quirks = BIT(NO_SAMPLING),
		 .param = "temperature"},
		"'temperature':null"},
	    {{SAYS(HI "'top_p':0.5", "'top_p' is not"), .quirks = BIT(NO_SAMPLING),
		 .param = "top_p"},
		"'top_p':null"},
	    {{SAYS(HI "'reasoning':{'effort':'low'}", "'reasoning' is not"),
		 .quirks = BIT(NO_REASONING_EFFORT), .param = "reasoning"},
		"'reasoning':null,'reasoning_effort':null"},
	    {{SAYS(
		  HI "'context_management':[{'type':'compaction'}]", "'context_management' is not"),
		 .param = "context_management"},
		"'context_management':null"},
	    {{SAYS(HI "'messages':[{'role':'user','content':'bye'}]", "'messages' is not"),
		 .param = "messages"},
		"'messages':[{'role':'user','content':'hi'}]"},
	    {{SAYS(HI "'text':{'format':{'type':'json_schema','name':'n','schema':{}}}",
		  "'text' is not"),
		 .quirks = BIT(NO_JSON_SCHEMA), .param = "text"},
		"'response_format':null"},
	    {{SAYS(HI "'text':{'format':{'type':'grammar'}}", "'text' is not"), .param = "text"},
		"'response_format':null"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		struct chat_case dropped = tests[i].refused;

		assert_chat_case(&tests[i].refused);
		dropped.expected = tests[i].without;
		dropped.drop_params = true;
		dropped.left_out = dropped.param;
		dropped.param = NULL;
		assert_chat_case(&dropped);
	}
}

static void test_the_default_of_what_is_refused_is_no_matter(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(HI "'temperature':1.0,'top_p':1", "'temperature':null,'top_p':null"),
		.quirks = BIT(NO_SAMPLING)},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_effort_goes_in_the_provider_s_way(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(HI "'reasoning':{'effort':'xhigh','summary':'auto'}",
		"'reasoning_effort':'xhigh','reasoning':null")},
	    {SAYS(HI "'reasoning':{'effort':'high'}", "'reasoning':{'effort':'high'}"),
		.quirks = BIT(REASONING_DETAILS)},
	    {SAYS(HI "'reasoning':{'effort':'low'}",
		 "'thinking':{'type':'enabled'},'reasoning_effort':null"),
		.quirks = BIT(THINKING_SWITCH) | BIT(NO_REASONING_EFFORT)},
	    {SAYS(HI "'reasoning':{'effort':'none'}", "'thinking':{'type':'disabled'}"),
		.quirks = BIT(THINKING_SWITCH)},
	    {SAYS(HI "'reasoning':{'effort':'minimal'}",
		 "'chat_template_kwargs':{'enable_thinking':false}"),
		.quirks = BIT(THINKING_TEMPLATE)},
	    {SAYS(HI "'reasoning':{'effort':'low'},"
		     "'chat_template_kwargs':{'a':[1],'enable_thinking':false,'b':2}",
		 "'chat_template_kwargs':{'enable_thinking':true,'a':[1],'b':2}"),
		.quirks = BIT(THINKING_TEMPLATE)},
	    {SAYS(HI "'chat_template_kwargs':{'enable_thinking':false}",
		 "'chat_template_kwargs':{'enable_thinking':false}"),
		.quirks = BIT(THINKING_TEMPLATE)},
	    {SAYS(HI "'reasoning':{'effort':'low'},'chat_template_kwargs':{'a':1}",
		"'reasoning_effort':'low','chat_template_kwargs':{'a':1}")},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_the_format_of_the_text_becomes_the_response_s(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(HI "'text':{'format':{'type':'text'}}", "'response_format':null,'text':null")},
	    {SAYS(HI "'text':{'format':{'type':'json_object'}}",
		"'response_format':{'type':'json_object'}")},
	    {SAYS(HI
		"'text':{'format':{'type':'json_schema','name':'n','schema':{ 'type':'object'},"
		"'strict':true,'description':'d'}}",
		"'response_format':{'type':'json_schema','json_schema':{'name':'n',"
		"'description':'d','schema':{ 'type':'object'},'strict':true}}")},
	    {SAYS(HI
		"'text':{'format':{'type':'json_schema','name':'n','schema':{},'strict':null}}",
		"'response_format':{'type':'json_schema','json_schema':{'name':'n','schema':{}}}")},
	    {SAYS(HI "'text':{'format':{'type':'json_schema','schema':{}}}",
		 "Invalid 'text.format'"),
		.param = "text"},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

static void test_members_of_other_apis_are_passed_on(void **state)
{
	static const struct chat_case tests[] = {
	    {SAYS(HI
		"'seed':1,'stop':['a'],'top_k':4,'presence_penalty':0.1,'logit_bias':{},'min_p':0",
		"'seed':1,'stop':['a'],'top_k':4,'presence_penalty':0.1,'logit_bias':{},'min_p':"
		"0")},
	    {SAYS(HI "'messages':[],'max_tokens':1,'max_output_tokens':2",
		 "'messages':[{'role':'user','content':'hi'}],'max_tokens':2"),
		.left_out = "max_tokens"},
	    {SAYS(HI "'max_tokens':1", "'max_tokens':1")},
	};

	(void)state;
	ASSERT_CHAT_CASES(tests);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_whole_body),
	    cmocka_unit_test(test_members_are_called_as_the_provider_calls_them),
	    cmocka_unit_test(test_the_deployment_s_maximum_is_for_those_who_give_none),
	    cmocka_unit_test(test_what_the_deployment_drops_is_not_looked_at),
	    cmocka_unit_test(test_what_only_openai_takes_goes_there_alone),
	    cmocka_unit_test(test_what_changes_nothing_is_left_out),
	    cmocka_unit_test(test_what_would_be_another_request_is_refused_always),
	    cmocka_unit_test(test_what_cannot_be_said_is_refused_or_dropped),
	    cmocka_unit_test(test_the_default_of_what_is_refused_is_no_matter),
	    cmocka_unit_test(test_effort_goes_in_the_provider_s_way),
	    cmocka_unit_test(test_the_format_of_the_text_becomes_the_response_s),
	    cmocka_unit_test(test_members_of_other_apis_are_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
