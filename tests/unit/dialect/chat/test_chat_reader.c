#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/dialect/chat/chat_reader.h"
#include "common/dialect/sealed.h"
#include "common/response/response_error.h"
#include "tests/unit/dialect/recorded_steps.h"

enum form { STREAM, BROKEN_OFF, OBJECT };

static bool with_tags;

static enum reader_end read_all(const char *const *events, enum form form)
{
	static const struct tool_names no_tools;
	struct builder builder = {0};
	struct reader_setting setting = {&builder, &no_tools, "origin", with_tags};
	struct chat_reader *reader = chat_reader_new(&setting);
	enum reader_end end;

	forget_recorded_steps();
	for (; *events != NULL; events++) {
		if (form == OBJECT)
			chat_reader_object(reader, span_of(*events));
		else
			chat_reader_event(reader, span_of(*events));
	}
	end = chat_reader_end(reader, form != BROKEN_OFF);
	chat_reader_free(reader);
	return end;
}

static void expect_end(
    const char *const *events, enum form form, enum reader_end end, const char *steps)
{
	assert_int_equal(read_all(events, form), end);
	assert_string_equal(recorded_steps(), steps);
	forget_recorded_steps();
}

/* In a stream that ends as it should: between the beginning and the end. */
static void expect(const char *const *events, const char *steps)
{
	struct buf all = {0};

	buf_printf(&all, "begin\n%send completed\n", steps);
	expect_end(events, STREAM, READER_WHOLE, buf_cstr(&all));
	buf_free(&all);
}

#define EVENTS(...)    ((const char *const[]){__VA_ARGS__, NULL})
#define CHOICE(inside) "{\"choices\":[{\"index\":0," inside "}]}"
#define DELTA(members) CHOICE("\"delta\":{" members "},\"logprobs\":null,\"finish_reason\":null")
#define LAST(members)  CHOICE("\"delta\":{" members "},\"finish_reason\":\"stop\"")
#define TEXT(text)     DELTA("\"content\":\"" text "\"")
#define STOP           LAST("")
#define WHOLE(message) CHOICE("\"message\":{" message "},\"finish_reason\":\"stop\"")

static void test_a_stream_is_told_step_by_step(void **state)
{
	(void)state;
	expect(
	    EVENTS(
		"{\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\","
		"\"service_tier\":\"default\",\"choices\":[{\"index\":0,\"delta\":"
		"{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}}]}",
		"{\"model\":\"m\",\"service_tier\":\"default\",\"choices\":[{\"index\":0,\"delta\":"
		"{\"content\":\"a\\n\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}",
		TEXT("b"), STOP,
		"{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,"
		"\"total_tokens\":5}}"),
	    "model \"m\"\ntier \"default\"\ntext \"a\\n\"\ntext \"b\"\nusage 3/2/5/-1/-1/-1\n");
}

static void test_what_says_nothing_is_passed_over(void **state)
{
	(void)state;
	expect(EVENTS("{\"id\":\"\",\"model\":\"\",\"choices\":[],\"prompt_filter_results\":[]}",
		   "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"other\"},"
		   "\"finish_reason\":\"length\"}]}",
		   "{\"choices\":null}", "{\"choices\":[null,3,[],{\"index\":0,\"delta\":7}]}",
		   "17", "\"ping\"", "not JSON", "{\"choices\":[{\"delta\":{\"content\":\"cut",
		   "{\"choices\":[{\"delta\":{\"content\":\"x\"}}]} trailing",
		   DELTA("\"content\":null"),
		   DELTA("\"content\":{},\"tool_calls\":null,\"audio\":null,\"reasoning\":[]"),
		   TEXT("a"), STOP),
	    "text \"a\"\n");
}

static void test_of_several_reasonings_one_is_told(void **state)
{
	(void)state;
	expect(EVENTS(DELTA("\"reasoning_content\":\"a\",\"reasoning\":\"a\",\"reasoning_details\":"
			    "[{\"type\":\"reasoning.text\",\"text\":\"a\"}]"),
		   DELTA("\"reasoning_content\":\"\",\"reasoning\":\"b\""),
		   DELTA("\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"ab\"}]"),
		   TEXT("c"), STOP),
	    "reasoning \"a\"\nreasoning \"b\"\ntext \"c\"\n");
	expect(
	    EVENTS(
		DELTA("\"reasoning_details\":[{\"type\":\"reasoning.summary\",\"summary\":\"a\"},"
		      "null,{\"type\":\"reasoning.text\",\"text\":\"b\"}]"),
		TEXT("c"), STOP),
	    "reasoning \"a\"\nreasoning \"b\"\ntext \"c\"\n");
}

static void test_details_with_a_seal_are_kept_together(void **state)
{
	static const char kept[] =
	    "[{\"type\":\"reasoning.text\",\"text\":\"ab\",\"signature\":\"s\",\"index\":0},"
	    "{\"type\":\"reasoning.encrypted\",\"data\":\"d\",\"index\":1}]";
	struct buf steps = {0};

	(void)state;
	buf_puts(&steps, "reasoning \"a\"\nreasoning \"b\"\nencrypted ");
	sealed_write(&steps, SEALED_DETAILS, "origin", SPAN(kept));
	buf_puts(&steps, "\nend reasoning\ntext \"c\"\n");
	expect(EVENTS(DELTA("\"reasoning\":\"a\",\"reasoning_details\":"
			    "[{\"type\":\"reasoning.text\",\"text\":\"a\",\"index\":0}]"),
		   DELTA("\"reasoning\":\"b\",\"reasoning_details\":"
			 "[{\"type\":\"reasoning.text\",\"text\":\"b\",\"index\":0}]"),
		   DELTA("\"reasoning\":null,\"reasoning_details\":"
			 "[{\"type\":\"reasoning.text\",\"signature\":\"s\",\"index\":0},"
			 "{\"type\":\"reasoning.encrypted\",\"data\":\"d\",\"index\":1}]"),
		   TEXT("c"), STOP),
	    buf_cstr(&steps));
	buf_free(&steps);
}

static void test_details_stand_before_the_call_they_come_with(void **state)
{
	struct buf steps = {0};

	(void)state;
	buf_puts(&steps, "encrypted ");
	sealed_write(&steps, SEALED_DETAILS, "origin",
	    SPAN("[{\"type\":\"reasoning.encrypted\",\"data\":\"d\"}]"));
	buf_puts(&steps, "\nend reasoning\ncall 0 id \"a\" name \"f\"\n");
	expect(
	    EVENTS(
		DELTA("\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}}],"
		      "\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":\"d\"}]"),
		STOP),
	    buf_cstr(&steps));
	buf_free(&steps);
}

static void test_content_may_be_a_list_of_parts(void **state)
{
	(void)state;
	expect(EVENTS(DELTA("\"content\":[{\"type\":\"thinking\",\"thinking\":"
			    "[{\"type\":\"text\",\"text\":\"a\"},3]}]"),
		   DELTA("\"content\":[{\"type\":\"thinking\",\"thinking\":\"b\"},"
			 "{\"type\":\"text\",\"text\":\"c\"},\"d\",{\"type\":\"reference\"}]"),
		   TEXT("e"), STOP),
	    "reasoning \"a\"\nreasoning \"b\"\ntext \"cd\"\ntext \"e\"\n");
}

static void test_think_tags_are_read_where_they_are_expected(void **state)
{
	(void)state;
	expect(EVENTS(TEXT("<think>a</think>b"), STOP), "text \"<think>a</think>b\"\n");
	with_tags = true;
	expect(
	    EVENTS(TEXT("<th"), TEXT("ink>a</think>\\nb"), STOP), "reasoning \"a\"\ntext \"b\"\n");
	expect(EVENTS(TEXT("<th"), STOP), "text \"<th\"\n");
	expect(
	    EVENTS(TEXT("\\n"),
		DELTA("\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}}]"),
		STOP),
	    "call 0 id \"a\" name \"f\"\n");
	with_tags = false;
}

static void test_a_refusal_is_no_text(void **state)
{
	(void)state;
	expect(EVENTS(DELTA("\"refusal\":\"I \""), DELTA("\"content\":null,\"refusal\":\"won't\""),
		   STOP),
	    "refusal \"I \"\nrefusal \"won't\"\n");
}

static void test_calls_and_text_keep_their_order(void **state)
{
	(void)state;
	expect(
	    EVENTS(TEXT("a"),
		DELTA("\"tool_calls\":[{\"index\":0,\"id\":\"i\",\"function\":{\"name\":\"f\"}}]"),
		TEXT("b"),
		DELTA("\"function_call\":{\"name\":\"old\",\"arguments\":\"{\\\"x\\\":1}\"}"),
		STOP),
	    "text \"a\"\ncall 0 id \"i\" name \"f\"\ntext \"b\"\n");
	expect(EVENTS(DELTA("\"function_call\":{\"name\":\"old\"}"),
		   DELTA("\"function_call\":{\"arguments\":\"{\\\"x\\\":\"}"),
		   DELTA("\"function_call\":{\"arguments\":\"1}\"}"),
		   CHOICE("\"delta\":{},\"finish_reason\":\"function_call\"")),
	    "call 0 name \"old\"\narguments 0 \"{\\\"x\\\":\"\narguments 0 \"1}\"\n");
	expect(
	    EVENTS(CHOICE("\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"i\",\"function\":"
			  "{\"name\":\"f\",\"arguments\":\"{}\"}}],\"extra_content\":{\"google\":"
			  "{\"thought_signature\":\"s\"}}},\"finish_reason\":\"tool_calls\"")),
	    "call 0 id \"i\" name \"f\"\n"
	    "extra 0 {\"extra_content\":{\"google\":{\"thought_signature\":\"s\"}}}\n");
}

static void test_annotations_are_told_flat_and_once(void **state)
{
#define CITATION                                                                                   \
	"{\"type\":\"url_citation\",\"url_citation\":{\"url\":\"u\",\"title\":\"t\","              \
	"\"start_index\":0,\"end_index\":2,\"content\":\"x\"}}"
	(void)state;
	expect(EVENTS(TEXT("abc"), DELTA("\"annotations\":[" CITATION "," CITATION ",{},null]"),
		   DELTA("\"annotations\":[" CITATION "]"), STOP),
	    "text \"abc\"\nannotation {\"type\":\"url_citation\",\"url\":\"u\",\"title\":\"t\","
	    "\"start_index\":0,\"end_index\":2}\n");
#undef CITATION
}

static void test_sources_are_cited_at_the_end_of_the_text_so_far(void **state)
{
#define SOURCES "\"citations\":[\"u\",\"v\"],\"search_results\":[{\"title\":\"t\",\"url\":\"u\"}],"
	(void)state;
	expect(EVENTS("{" SOURCES "\"choices\":[{\"delta\":{\"content\":\"\"}}]}",
		   "{" SOURCES "\"choices\":[{\"delta\":{\"content\":\"\\u00e9b\"}}]}",
		   "{" SOURCES "\"choices\":[{\"delta\":{\"content\":\"c\"}}]}",
		   "{\"citations\":[\"u\",\"v\",\"w\"],\"choices\":[]}", STOP),
	    "text \"\\u00e9b\"\n"
	    "annotation {\"type\":\"url_citation\",\"url\":\"u\",\"title\":\"t\","
	    "\"start_index\":2,\"end_index\":2}\n"
	    "annotation {\"type\":\"url_citation\",\"url\":\"v\",\"title\":\"\","
	    "\"start_index\":2,\"end_index\":2}\n"
	    "text \"c\"\n"
	    "annotation {\"type\":\"url_citation\",\"url\":\"w\",\"title\":\"\","
	    "\"start_index\":3,\"end_index\":3}\n");
#undef SOURCES
}

static void test_logprobs_go_with_their_text(void **state)
{
	(void)state;
	expect(
	    EVENTS("{\"choices\":[{\"delta\":{\"content\":\"a\"},\"logprobs\":{\"content\":[{"
		   "\"token\":"
		   "\"a\",\"logprob\":-0.50,\"bytes\":[97],\"top_logprobs\":[{\"token\":\"b\","
		   "\"logprob\":-1e3,\"bytes\":null}]},{\"token\":3},null],\"refusal\":null}}]}",
		"{\"choices\":[{\"delta\":{\"content\":\"b\"},\"logprobs\":{\"content\":null}}]}",
		STOP),
	    "text \"a\" [{\"token\":\"a\",\"bytes\":[97],\"logprob\":-0.50,\"top_logprobs\":"
	    "[{\"token\":\"b\",\"bytes\":[],\"logprob\":-1e3}]}]\n"
	    "text \"b\"\n");
}

static void test_audio_fails(void **state)
{
	(void)state;
	expect_end(EVENTS(DELTA("\"audio\":{\"data\":\"\"},\"content\":\"x\""), TEXT("a"), STOP),
	    STREAM, READER_FAILED,
	    "begin\nfail {\"code\":\"server_error\",\"message\":"
	    "\"The provider answered with audio, which is not supported.\"}\n");
}

static void test_a_message_counts_as_a_delta_once(void **state)
{
	(void)state;
	expect(EVENTS(CHOICE("\"message\":{\"role\":\"assistant\",\"content\":\"a\"}"),
		   CHOICE("\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"")),
	    "text \"a\"\n");
	/* Whole beside each delta (Perplexity). */
	expect(EVENTS(CHOICE("\"delta\":{\"content\":\"a\"},\"message\":{\"content\":\"a\"}"),
		   CHOICE("\"delta\":{\"content\":\"b\"},\"message\":{\"content\":\"ab\"}"), STOP),
	    "text \"a\"\ntext \"b\"\n");
}

static void test_an_answer_that_is_repeated_at_the_end_is_dropped(void **state)
{
#define CALL                                                                                       \
	"\"tool_calls\":[{\"id\":\"i\",\"function\":{\"name\":\"f\",\"arguments\":"                \
	"\"{\\\"x\\\":1}\"}}]"
	static const char steps[] = "reasoning \"r\"\ntext \"a\"\ntext \"b\"\n"
				    "call 0 id \"i\" name \"f\"\narguments 0 \"{\\\"x\\\":1}\"\n";

	(void)state;
	expect(EVENTS(DELTA("\"reasoning\":\"r\""), TEXT("a"), TEXT("b"), DELTA(CALL),
		   WHOLE("\"reasoning\":\"r\",\"content\":\"ab\"," CALL)),
	    steps);
	expect(EVENTS(DELTA("\"reasoning\":\"r\""), TEXT("a"), TEXT("b"), DELTA(CALL),
		   LAST("\"content\":\"ab\"," CALL)),
	    steps);
	expect(EVENTS(TEXT("a"), LAST("\"content\":\"a\"")), "text \"a\"\ntext \"a\"\n");
#undef CALL
}

static void test_finish_reasons_say_how_it_ended(void **state)
{
	static const struct {
		const char *reason, *end;
	} cases[] = {
	    {"stop", "completed"},
	    {"tool_calls", "completed"},
	    {"function_call", "completed"},
	    {"eos", "completed"},
	    {"something new", "completed"},
	    {"length", "incomplete max_output_tokens"},
	    {"max_tokens", "incomplete max_output_tokens"},
	    {"model_length", "incomplete max_output_tokens"},
	    {"content_filter", "incomplete content_filter"},
	};
	struct buf event = {0}, steps = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&event);
		buf_printf(&event, "{\"choices\":[{\"finish_reason\":\"%s\"}]}", cases[i].reason);
		buf_clear(&steps);
		buf_printf(&steps, "begin\ntext \"a\"\nend %s\n", cases[i].end);
		expect_end(
		    EVENTS(TEXT("a"), buf_cstr(&event)), STREAM, READER_WHOLE, buf_cstr(&steps));
		expect_end(EVENTS(TEXT("a"), buf_cstr(&event)), BROKEN_OFF, READER_WHOLE,
		    buf_cstr(&steps));
	}
	buf_free(&event);
	buf_free(&steps);
	expect_end(EVENTS(TEXT("a"), CHOICE("\"delta\":{},\"finish_reason\":\"abort\"")), STREAM,
	    READER_FAILED,
	    "begin\ntext \"a\"\nfail {\"code\":\"server_error\",\"message\":"
	    "\"The provider could not end its answer: abort.\"}\n");
}

static void test_an_end_without_a_reason_needs_an_answer(void **state)
{
	(void)state;
	expect(EVENTS(TEXT("a"), CHOICE("\"delta\":{},\"finish_reason\":\"\"")), "text \"a\"\n");
	expect_end(EVENTS("{\"choices\":[]}"), STREAM, READER_FAILED,
	    "begin\nfail {\"code\":\"server_error\",\"message\":"
	    "\"The provider ended its answer without saying anything.\"}\n");
	expect_end(EVENTS(TEXT("a")), BROKEN_OFF, READER_TRUNCATED, "begin\ntext \"a\"\n");
	expect_end(EVENTS(STOP), STREAM, READER_WHOLE, "begin\nend completed\n");
}

static void test_each_form_of_usage_counts(void **state)
{
	static const struct {
		const char *members, *step;
	} cases[] = {
	    {"\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15,"
	     "\"prompt_tokens_details\":{\"cached_tokens\":4,\"cache_write_tokens\":2},"
	     "\"completion_tokens_details\":{\"reasoning_tokens\":3}}",
		"usage 10/5/15/4/2/3\n"},
	    {"\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,\"prompt_cache_hit_tokens\":"
	     "7,"
	     "\"prompt_tokens_details\":null}",
		"usage 10/5/15/7/-1/-1\n"},
	    {"\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":0,\"total_tokens\":15}",
		"usage 10/5/15/-1/-1/-1\n"},
	    {"\"usage\":null,\"x_groq\":{\"id\":\"x\",\"usage\":{\"prompt_tokens\":1,"
	     "\"completion_tokens\":2,\"total_tokens\":3}}",
		"usage 1/2/3/-1/-1/-1\n"},
	    {"\"usage\":{\"input_tokens\":1,\"output_tokens\":2,\"cache_creation_input_tokens\":3}",
		"usage 1/2/3/-1/3/-1\n"},
	    {"\"usage\":{\"prompt_tokens\":-1,\"completion_tokens\":\"2\",\"total_tokens\":"
	     "99999999999999999999}",
		""},
	    {"\"usage\":{}", ""},
	};
	struct buf event = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&event);
		buf_printf(&event, "{\"choices\":[],%s}", cases[i].members);
		expect(EVENTS(STOP, buf_cstr(&event)), cases[i].step);
	}
	buf_free(&event);
	expect(
	    EVENTS(CHOICE("\"delta\":{},\"finish_reason\":\"stop\",\"usage\":{\"prompt_tokens\":1,"
			  "\"completion_tokens\":1}")),
	    "usage 1/1/2/-1/-1/-1\n");
}

static void test_errors_in_a_stream_fail_it(void **state)
{
	static const struct {
		const char *event, *error;
	} cases[] = {
	    {"{\"error\":{\"code\":502,\"message\":\"m\"},\"choices\":[{\"index\":0,\"delta\":"
	     "{\"content\":\"\"},\"finish_reason\":\"error\"}]}",
		"{\"code\":\"server_error\",\"message\":\"m\",\"status\":502}"},
	    {"{\"error\":{\"code\":\"429\",\"message\":\"m\",\"param\":null}}",
		"{\"code\":\"rate_limit_exceeded\",\"message\":\"m\",\"status\":429}"},
	    {"{\"error\":{\"type\":\"rate_limit_error\",\"message\":\"m\",\"param\":\"p\"}}",
		"{\"code\":\"rate_limit_exceeded\",\"message\":\"m\",\"type\":\"rate_limit_error\","
		"\"param\":\"p\"}"},
	    {"{\"error\":{\"code\":\"content_filter\",\"message\":\"m\",\"type\":null}}",
		"{\"code\":\"content_filter\",\"message\":\"m\"}"},
	    {"{\"object\":\"error\",\"message\":\"m\",\"type\":\"BadRequestError\",\"param\":null,"
	     "\"code\":400}",
		"{\"code\":\"invalid_prompt\",\"message\":\"m\",\"type\":\"BadRequestError\","
		"\"status\":400}"},
	    {"{\"error\":\"m\"}", "{\"code\":\"server_error\",\"message\":\"m\"}"},
	    {"{\"error\":\"what\",\"message\":\"m\"}",
		"{\"code\":\"server_error\",\"message\":\"m\"}"},
	    {"{\"detail\":\"m\"}", "{\"code\":\"server_error\",\"message\":\"m\"}"},
	    {"[{\"error\":{\"code\":429,\"message\":\"m\",\"status\":\"RESOURCE_EXHAUSTED\"}}]",
		"{\"code\":\"rate_limit_exceeded\",\"message\":\"m\",\"status\":429}"},
	    {"{\"error\":{\"type\":7}}",
		"{\"code\":\"server_error\",\"message\":"
		"\"The provider reported an error without saying what it was.\"}"},
	};
	struct buf steps = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&steps);
		buf_printf(&steps, "fail %s\n", cases[i].error);
		expect_end(EVENTS(cases[i].event, TEXT("a"), cases[i].event), STREAM, READER_FAILED,
		    buf_cstr(&steps));
		buf_clear(&steps);
		buf_printf(&steps, "begin\ntext \"a\"\nfail %s\n", cases[i].error);
		expect_end(EVENTS(TEXT("a"), cases[i].event, STOP), BROKEN_OFF, READER_FAILED,
		    buf_cstr(&steps));
	}
	buf_free(&steps);
	expect(
	    EVENTS("{\"error\":null,\"choices\":[{\"delta\":{\"content\":\"a\"},\"error\":null}]}",
		"{\"error\":\"\",\"choices\":[]}", STOP),
	    "text \"a\"\n");
	expect_end(
	    EVENTS("{\"choices\":[{\"error\":{\"code\":502,\"message\":\"m\"},\"message\":{}}]}"),
	    OBJECT, READER_FAILED,
	    "begin\nfail {\"code\":\"server_error\",\"message\":\"m\",\"status\":502}\n");
}

static void test_the_number_of_an_error_is_its_status(void **state)
{
	(void)state;
	assert_int_equal(
	    response_error_status(SPAN("{\"code\":\"server_error\",\"status\":502}")), 502);
	assert_int_equal(
	    response_error_status(SPAN("{\"code\":\"invalid_prompt\",\"status\":\"failed\"}")),
	    400);
}

static void test_an_object_is_told_like_a_stream(void **state)
{
	(void)state;
	expect_end(
	    EVENTS(
		"{\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
		"\"reasoning_content\":\"r\",\"content\":\"a\",\"refusal\":null,\"tool_calls\":["
		"{\"id\":\"i\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}},"
		"{\"id\":\"i\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}}],"
		"\"function_call\":{\"name\":\"f\",\"arguments\":\"\"}},"
		"\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":\"stop\"},"
		"{\"index\":1,\"message\":{\"content\":\"b\"}}],"
		"\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}"),
	    OBJECT, READER_WHOLE,
	    "begin\nmodel \"m\"\nusage 1/2/3/-1/-1/-1\nreasoning \"r\"\ntext \"a\"\n"
	    "call 0 id \"i\" name \"f\"\narguments 0 \"{\\\"x\\\":1}\"\n"
	    "call 1 id \"i\" name \"f\"\narguments 1 \"{\\\"x\\\":1}\"\nend completed\n");
	expect_end(EVENTS(CHOICE("\"message\":{\"content\":\"\"}")), OBJECT, READER_WHOLE,
	    "begin\nend completed\n");
	expect_end(EVENTS("{}"), OBJECT, READER_FAILED,
	    "begin\nfail {\"code\":\"server_error\",\"message\":"
	    "\"The provider ended its answer without saying anything.\"}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_stream_is_told_step_by_step),
	    cmocka_unit_test(test_what_says_nothing_is_passed_over),
	    cmocka_unit_test(test_of_several_reasonings_one_is_told),
	    cmocka_unit_test(test_details_with_a_seal_are_kept_together),
	    cmocka_unit_test(test_details_stand_before_the_call_they_come_with),
	    cmocka_unit_test(test_content_may_be_a_list_of_parts),
	    cmocka_unit_test(test_think_tags_are_read_where_they_are_expected),
	    cmocka_unit_test(test_a_refusal_is_no_text),
	    cmocka_unit_test(test_calls_and_text_keep_their_order),
	    cmocka_unit_test(test_annotations_are_told_flat_and_once),
	    cmocka_unit_test(test_sources_are_cited_at_the_end_of_the_text_so_far),
	    cmocka_unit_test(test_logprobs_go_with_their_text),
	    cmocka_unit_test(test_audio_fails),
	    cmocka_unit_test(test_a_message_counts_as_a_delta_once),
	    cmocka_unit_test(test_an_answer_that_is_repeated_at_the_end_is_dropped),
	    cmocka_unit_test(test_finish_reasons_say_how_it_ended),
	    cmocka_unit_test(test_an_end_without_a_reason_needs_an_answer),
	    cmocka_unit_test(test_each_form_of_usage_counts),
	    cmocka_unit_test(test_errors_in_a_stream_fail_it),
	    cmocka_unit_test(test_the_number_of_an_error_is_its_status),
	    cmocka_unit_test(test_an_object_is_told_like_a_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
