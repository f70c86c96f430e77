#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/dialect/messages/messages_reader.h"
#include "tests/unit/dialect/recorded_steps.h"

static struct tool_names tools;

static const char *end_name(enum reader_end end)
{
	return end == READER_WHOLE ? "" : end == READER_FAILED ? "failed\n" : "truncated\n";
}

/* The steps that events make, one on a line each, and what end the reader then tells. */
static const char *read_by(void (*give)(struct messages_reader *, const char *), const char *text)
{
	static struct buf result;
	struct builder builder = {0};
	struct reader_setting setting = {.builder = &builder, .tools = &tools, .origin = "here"};
	struct messages_reader *reader = messages_reader_new(&setting);
	enum reader_end end;

	forget_recorded_steps();
	give(reader, text);
	end = messages_reader_end(reader);
	assert_int_equal(messages_reader_is_over(reader), end != READER_TRUNCATED);
	messages_reader_free(reader);
	buf_free(&result);
	buf_puts(&result, recorded_steps());
	buf_puts(&result, end_name(end));
	forget_recorded_steps();
	return buf_cstr(&result);
}

static void give_events(struct messages_reader *reader, const char *lines)
{
	while (*lines != '\0') {
		size_t len = strcspn(lines, "\n");

		messages_reader_event(reader, (struct span){lines, len});
		lines += len + (lines[len] == '\n');
	}
}

static void give_object(struct messages_reader *reader, const char *object)
{
	messages_reader_object(reader, span_of(object));
}

#define BEGIN(index, content)                                                                      \
	"{\"type\":\"content_block_start\",\"index\":" #index ",\"content_block\":" content "}\n"
#define DELTA(index, type, value)                                                                  \
	"{\"type\":\"content_block_delta\",\"index\":" #index ",\"delta\":{\"type\":\"" type       \
	"_delta\"," value "}}\n"
#define TEXT(index, text)      DELTA(index, "text", "\"text\":\"" text "\"")
#define THINKING(index, text)  DELTA(index, "thinking", "\"thinking\":\"" text "\"")
#define SIGNATURE(index, text) DELTA(index, "signature", "\"signature\":\"" text "\"")
#define INPUT(index, json)     DELTA(index, "input_json", "\"partial_json\":\"" json "\"")
#define CITATION(index, value) DELTA(index, "citations", "\"citation\":" value)
#define STOP(index)            "{\"type\":\"content_block_stop\",\"index\":" #index "}\n"
#define BEGIN_TEXT(index)      BEGIN(index, "{\"type\":\"text\",\"text\":\"\"}")
#define BEGIN_THINKING(index)                                                                      \
	BEGIN(index, "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}")
#define BEGIN_CALL(index, id, name)                                                                \
	BEGIN(index, "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"" name "\",\"input\":{}" \
		     "}")
#define REASON(word)   "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"" word "\"}}\n"
#define USAGE(members) "{\"type\":\"message_delta\",\"delta\":{},\"usage\":{" members "}}\n"
#define MESSAGE(usage) "{\"type\":\"message_start\",\"message\":{\"usage\":{" usage "}}}\n"
#define MESSAGE_STOP   "{\"type\":\"message_stop\"}\n"
#define COMPLETED      "end completed\n"
#define OUT_OF_TOKENS  "end incomplete max_output_tokens\n"
#define CONTENT_FILTER "end incomplete content_filter\n"
#define SEARCH(query)                                                                              \
	"item ws_ {\"type\":\"web_search_call\",\"status\":\"completed\",\"action\":{\"type\":"    \
	"\"search\",\"query\":\"" query "\"}}\n"
#define PAGE "{\"type\":\"web_search_result_location\",\"url\":\"https://a\",\"title\":\"A\"}"

struct reading {
	const char *given, *steps;
};

static void check(const struct reading *readings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_string_equal(read_by(give_events, readings[i].given), readings[i].steps);
}

#define CHECK(readings) check(readings, sizeof(readings) / sizeof((readings)[0]))

static void test_a_stream_of_text_becomes_a_message(void **state)
{
	(void)state;
	assert_string_equal(
	    read_by(give_events,
		"{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\","
		"\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":null,"
		"\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n" BEGIN_TEXT(
		    0) "{\"type\":\"ping\"}\n" TEXT(0, "Hel") TEXT(0, "lo")
		    STOP(0) "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\","
			    "\"stop_sequence\":null},\"usage\":{\"output_tokens\":7}}"
			    "\n" MESSAGE_STOP),
	    "begin\nmodel \"m\"\nusage 9/1/10/0/0/0\ntext \"Hel\"\ntext \"lo\"\n"
	    "usage 9/7/16/0/0/0\nend part\n" COMPLETED);
}

static void test_text_may_come_with_the_start(void **state)
{
	(void)state;
	assert_string_equal(read_by(give_events, BEGIN(0, "{\"type\":\"text\",\"text\":\"a\"}")
						     TEXT(0, "b") STOP(0) MESSAGE_STOP),
	    "text \"a\"\ntext \"b\"\nend part\n" COMPLETED);
}

static void test_an_empty_text_block_is_nothing(void **state)
{
	static const struct reading readings[] = {
	    {BEGIN_TEXT(0) STOP(0) MESSAGE_STOP, COMPLETED},
	    {BEGIN_TEXT(0) TEXT(0, "") STOP(0) MESSAGE_STOP, COMPLETED},
	    {BEGIN_TEXT(0) DELTA(0, "text", "\"text\":null") STOP(0) MESSAGE_STOP, COMPLETED},
	    {BEGIN_TEXT(0) CITATION(0, PAGE) STOP(0) MESSAGE_STOP, COMPLETED},
	};

	(void)state;
	CHECK(readings);
}

static void test_text_blocks_are_parts(void **state)
{
	(void)state;
	assert_string_equal(
	    read_by(give_events, BEGIN_TEXT(0) TEXT(0, "a") STOP(0) BEGIN_TEXT(1) TEXT(1, "b")
				     STOP(1) BEGIN_CALL(2, "i", "f") STOP(2) BEGIN_TEXT(3)
					 TEXT(3, "c") STOP(3) MESSAGE_STOP),
	    "text \"a\"\nend part\ntext \"b\"\nend part\ncall 2 id \"i\" name \"f\"\nend call 2\n"
	    "text \"c\"\nend part\n" COMPLETED);
}

static void test_thinking_is_kept_with_its_signature(void **state)
{
	static const struct reading readings[] = {
	    {BEGIN_THINKING(0) THINKING(0, "a") THINKING(0, "b") SIGNATURE(0, "Si")
		    SIGNATURE(0, "g==") STOP(0) MESSAGE_STOP,
		"reasoning \"a\"\nreasoning \"b\"\n"
		"encrypted \"respool.signature.here.Sig==\"\n"
		"end reasoning\n" COMPLETED},
	    {BEGIN_THINKING(0) SIGNATURE(0, "Sig") STOP(0) MESSAGE_STOP,
		"encrypted \"respool.omitted.here.Sig\"\n"
		"end reasoning\n" COMPLETED},
	    {BEGIN_THINKING(0) THINKING(0, "") THINKING(0, "a") STOP(0) MESSAGE_STOP,
		"reasoning \"a\"\nend reasoning\n" COMPLETED},
	    {BEGIN_THINKING(0) STOP(0) MESSAGE_STOP, COMPLETED},
	    {BEGIN(0, "{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":\"Sig\"}") STOP(0)
		    MESSAGE_STOP,
		"reasoning \"a\"\n"
		"encrypted \"respool.signature.here.Sig\"\n"
		"end reasoning\n" COMPLETED},
	    {BEGIN(0, "{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":\"Sig\"}")
		    SIGNATURE(0, "Sig") STOP(0) MESSAGE_STOP,
		"reasoning \"a\"\n"
		"encrypted \"respool.signature.here.Sig\"\n"
		"end reasoning\n" COMPLETED},
	};

	(void)state;
	CHECK(readings);
}

static void test_each_block_of_thinking_is_an_item(void **state)
{
	(void)state;
	assert_string_equal(
	    read_by(give_events, BEGIN_THINKING(0) THINKING(0, "a") SIGNATURE(0, "A") STOP(0) BEGIN(
				     1, "{\"type\":\"redacted_thinking\",\"data\":\"R/\\/==\"}")
				     STOP(1) BEGIN_THINKING(2) THINKING(2, "b") SIGNATURE(2, "B")
					 STOP(2) BEGIN_CALL(3, "i", "f") STOP(3) MESSAGE_STOP),
	    "reasoning \"a\"\nencrypted \"respool.signature.here.A\"\nend reasoning\n"
	    "encrypted \"respool.redacted.here.R//==\"\nend reasoning\n"
	    "reasoning \"b\"\nencrypted \"respool.signature.here.B\"\nend reasoning\n"
	    "call 3 id \"i\" name \"f\"\nend call 3\n" COMPLETED);
}

static void test_redacted_thinking_without_data_is_skipped(void **state)
{
	static const struct reading readings[] = {
	    {BEGIN(0, "{\"type\":\"redacted_thinking\",\"data\":\"\"}") STOP(0) MESSAGE_STOP,
		COMPLETED},
	    {BEGIN(0, "{\"type\":\"redacted_thinking\"}") STOP(0) MESSAGE_STOP, COMPLETED},
	};

	(void)state;
	CHECK(readings);
}

static void test_input_comes_in_pieces_or_with_the_start(void **state)
{
	static const struct reading readings[] = {
	    {BEGIN_CALL(1, "i", "f") INPUT(1, "") INPUT(1, "{\\\"a\\\"") INPUT(1, ":1}") STOP(1)
		    REASON("tool_use") MESSAGE_STOP,
		"call 1 id \"i\" name \"f\"\narguments 1 \"{\\\"a\\\"\"\narguments 1 \":1}\"\n"
		"end call 1\n" COMPLETED},
	    {BEGIN(0, "{\"type\":\"tool_use\",\"id\":\"i\",\"name\":\"f\",\"input\":{\"a\": 1}}")
		    STOP(0) MESSAGE_STOP,
		"call 0 id \"i\" name \"f\"\narguments 0 \"{\\\"a\\\":1}\"\nend call "
		"0\n" COMPLETED},
	    {BEGIN(0, "{\"type\":\"tool_use\",\"id\":\"i\",\"name\":\"f\",\"input\":{\"a\": 1}}")
		    INPUT(0, "") INPUT(0, "{}") STOP(0) MESSAGE_STOP,
		"call 0 id \"i\" name \"f\"\narguments 0 \"{}\"\nend call 0\n" COMPLETED},
	    {BEGIN(0, "{\"type\":\"tool_use\",\"name\":\"f\",\"input\":\"[1]\"}") STOP(0)
		    MESSAGE_STOP,
		"call 0 name \"f\"\narguments 0 \"[1]\"\nend call 0\n" COMPLETED},
	    {BEGIN(0, "{\"type\":\"tool_use\",\"id\":7,\"name\":\"f\",\"input\":null}") STOP(0)
		    MESSAGE_STOP,
		"call 0 name \"f\"\nend call 0\n" COMPLETED},
	    {BEGIN(0, "{\"type\":\"tool_use\",\"id\":\"i\"}") INPUT(0, "{}") STOP(0) MESSAGE_STOP,
		COMPLETED},
	};

	(void)state;
	CHECK(readings);
}

static void test_tools_have_the_names_that_the_client_gave(void **state)
{
	static const struct reading readings[] = {
	    {BEGIN_CALL(0, "i", "patch") INPUT(0, "{}") STOP(0) MESSAGE_STOP,
		"call 0 id \"i\" name \"patch\" custom\narguments 0 \"{}\"\nend call "
		"0\n" COMPLETED},
	    {BEGIN_CALL(0, "i", "files_\\u005fread") STOP(0) MESSAGE_STOP,
		"call 0 id \"i\" name \"read\" in \"files\"\nend call 0\n" COMPLETED},
	    {BEGIN_CALL(0, "i", "answer") INPUT(0, "{\\\"a\\\"") INPUT(0, ":1}") STOP(0)
		    REASON("tool_use") MESSAGE_STOP,
		"text \"{\\\"a\\\"\"\ntext \":1}\"\nend part\n" COMPLETED},
	    {BEGIN(0, "{\"type\":\"tool_use\",\"name\":\"answer\",\"input\":{\"a\":1}}") STOP(0)
		    MESSAGE_STOP,
		"text \"{\\\"a\\\":1}\"\nend part\n" COMPLETED},
	};

	(void)state;
	assert_true(tool_names_add(&tools, TOOL_CUSTOM, (struct span){0}, SPAN("patch")));
	assert_true(tool_names_add(&tools, TOOL_FUNCTION, SPAN("files"), SPAN("read")));
	assert_true(tool_names_add(&tools, TOOL_FORMAT, (struct span){0}, SPAN("answer")));
	CHECK(readings);
	tool_names_free(&tools);
}

static void test_words_beside_an_answer_in_a_form_are_not_told(void **state)
{
	static const struct reading readings[] = {
	    {BEGIN_TEXT(0) TEXT(0, "Here:") STOP(0) BEGIN_CALL(1, "i", "answer") INPUT(1, "{}")
		    STOP(1) BEGIN_TEXT(2) TEXT(2, "Done.") STOP(2) MESSAGE_STOP,
		"text \"{}\"\nend part\n" COMPLETED},
	    {BEGIN_TEXT(0) TEXT(0, "Here:") BEGIN_CALL(1, "i", "answer") INPUT(1, "{}") STOP(0)
		    STOP(1) MESSAGE_STOP,
		"text \"{}\"\nend part\n" COMPLETED},
	    {BEGIN_TEXT(0) TEXT(0, "No ") TEXT(0, "\\u00e4\\n") STOP(0) MESSAGE_STOP,
		"text \"No \xc3\xa4\\n\"\nend part\n" COMPLETED},
	    {BEGIN_TEXT(0) TEXT(0, "Let me look.") STOP(0) BEGIN_CALL(1, "i", "f") STOP(1)
		    BEGIN_TEXT(2) TEXT(2, "a") STOP(2) MESSAGE_STOP,
		"text \"Let me look.\"\nend part\ncall 1 id \"i\" name \"f\"\nend call 1\n"
		"text \"a\"\nend part\n" COMPLETED},
	};

	(void)state;
	assert_true(tool_names_add(&tools, TOOL_FUNCTION, (struct span){0}, SPAN("f")));
	assert_true(tool_names_add(&tools, TOOL_FORMAT, (struct span){0}, SPAN("answer")));
	CHECK(readings);
	tool_names_free(&tools);
}

static void test_a_web_search_is_an_item_once_its_input_is_whole(void **state)
{
	static const struct reading readings[] = {
	    {BEGIN(0, "{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"web_search\","
		      "\"input\":{}}") INPUT(0, "{\\\"query\\\": \\\"a") INPUT(0, " b\\\"}") STOP(0)
		    BEGIN(1, "{\"type\":\"web_search_tool_result\",\"tool_use_id\":\"s\","
			     "\"content\":[{\"type\":\"web_search_result\"}]}") STOP(1)
			MESSAGE_STOP,
		SEARCH("a b") COMPLETED},
	    {BEGIN(0, "{\"type\":\"server_tool_use\",\"name\":\"web_search\","
		      "\"input\":{\"query\":\"q\"}}") STOP(0) MESSAGE_STOP,
		SEARCH("q") COMPLETED},
	    {BEGIN(0, "{\"type\":\"server_tool_use\",\"name\":\"web_search\"}") INPUT(0, "{\\\"q")
		    STOP(0) MESSAGE_STOP,
		SEARCH("") COMPLETED},
	    {BEGIN(0, "{\"type\":\"server_tool_use\",\"name\":\"bash_code_execution\"}") INPUT(0,
		 "{}") STOP(0) BEGIN(1, "{\"type\":\"mcp_tool_use\",\"name\":\"f\"}") INPUT(1, "{}")
		    STOP(1) BEGIN(2, "{\"type\":\"container_upload\"}") STOP(2) MESSAGE_STOP,
		COMPLETED},
	};

	(void)state;
	CHECK(readings);
}

#define URL_CITATION(url, title, start, end)                                                       \
	"annotation {\"type\":\"url_citation\",\"url\":\"" url "\",\"title\":\"" title             \
	"\",\"start_index\":" #start ",\"end_index\":" #end "}\n"

static void test_citations_of_pages_are_annotations_of_their_part(void **state)
{
	static const struct reading readings[] = {
	    {BEGIN_TEXT(0) TEXT(0, "abc") STOP(0) BEGIN_TEXT(1) CITATION(1, PAGE)
		    TEXT(1, "\xc3\xa4\\u00f6") CITATION(1, PAGE) STOP(1) MESSAGE_STOP,
		"text \"abc\"\nend part\ntext \"\xc3\xa4\\u00f6\"\n" URL_CITATION("https://a", "A",
		    0, 2) URL_CITATION("https://a", "A", 0, 2) "end part\n" COMPLETED},
	    {BEGIN(0, "{\"type\":\"text\",\"text\":\"ab\",\"citations\":[" PAGE ",7]}") STOP(0)
		    MESSAGE_STOP,
		"text \"ab\"\n" URL_CITATION("https://a", "A", 0, 2) "end part\n" COMPLETED},
	    {BEGIN_TEXT(0) TEXT(0, "a") CITATION(0,
		 "{\"type\":\"search_result_location\",\"source\":\"https://b\","
		 "\"title\":null}") CITATION(0,
		 "{\"type\":\"search_result_location\",\"source\":\"kb/1\"}") STOP(0) MESSAGE_STOP,
		"text \"a\"\n" URL_CITATION("https://b", "", 0, 1) "end part\n" COMPLETED},
	};

	(void)state;
	CHECK(readings);
}

static void test_other_citations_are_left_out(void **state)
{
	static const struct reading readings[] = {
	    {BEGIN_TEXT(0) TEXT(0, "a")
		    CITATION(0, "{\"type\":\"char_location\",\"document_title\":\"d\"}")
			CITATION(0, "{\"type\":\"page_location\",\"document_index\":0}")
			    CITATION(0, "{\"type\":\"web_search_result_location\",\"url\":\"\"}")
				CITATION(0, "[]") CITATION(0, "{\"type\":[]}") STOP(0) MESSAGE_STOP,
		"text \"a\"\nend part\n" COMPLETED},
	};

	(void)state;
	CHECK(readings);
}

static void test_blocks_side_by_side_are_told_one_after_the_other(void **state)
{
	static const struct reading readings[] = {
	    {BEGIN_TEXT(0) TEXT(0, "a") BEGIN_THINKING(1) THINKING(1, "x") TEXT(0, "b")
		    BEGIN_CALL(2, "i", "f") INPUT(2, "{") THINKING(1, "y") STOP(0) INPUT(2, "}")
			TEXT(3, "late") STOP(2) STOP(1) STOP(3) MESSAGE_STOP,
		"text \"a\"\ntext \"b\"\nend part\nreasoning \"x\"\nreasoning \"y\"\n"
		"end reasoning\ncall 2 id \"i\" name \"f\"\narguments 2 \"{\"\n"
		"arguments 2 \"}\"\nend call 2\ntext \"late\"\nend part\n" COMPLETED},
	    /* Both are open, and nothing has been said of either. */
	    {BEGIN_TEXT(0) BEGIN_TEXT(1) TEXT(1, "b") TEXT(0, "a") STOP(1) STOP(0) MESSAGE_STOP,
		"text \"b\"\nend part\ntext \"a\"\nend part\n" COMPLETED},
	    {BEGIN_CALL(0, "i", "f") BEGIN_CALL(1, "j", "g") INPUT(0, "{") INPUT(1, "[")
		    INPUT(0, "}") STOP(0) INPUT(1, "]") STOP(1) MESSAGE_STOP,
		"call 0 id \"i\" name \"f\"\ncall 1 id \"j\" name \"g\"\narguments 0 \"{\"\n"
		"arguments 1 \"[\"\narguments 0 \"}\"\nend call 0\narguments 1 \"]\"\n"
		"end call 1\n" COMPLETED},
	    {BEGIN_CALL(0, "i", "f") BEGIN_TEXT(1) TEXT(1, "a") INPUT(0, "{}") TEXT(1, "b") STOP(1)
		    STOP(0) MESSAGE_STOP,
		"call 0 id \"i\" name \"f\"\ntext \"a\"\narguments 0 \"{}\"\ntext \"b\"\n"
		"end part\nend call 0\n" COMPLETED},
	};

	(void)state;
	CHECK(readings);
}

static void test_a_block_that_says_nothing_while_others_do_has_stopped(void **state)
{
	static const struct reading readings[] = {
	    {BEGIN_THINKING(0) THINKING(0, "t") BEGIN_TEXT(1) TEXT(1, "a") TEXT(1, "b")
		    TEXT(1, "c"),
		"reasoning \"t\"\nend reasoning\ntext \"a\"\ntext \"b\"\ntext \"c\"\ntruncated\n"},
	    {BEGIN_TEXT(0) TEXT(0, "t") BEGIN_CALL(1, "i", "f") INPUT(1, "{") INPUT(1, "1")
		    INPUT(1, "}") STOP(0) STOP(1) MESSAGE_STOP,
		"text \"t\"\nend part\ncall 1 id \"i\" name \"f\"\narguments 1 \"{\"\n"
		"arguments 1 \"1\"\narguments 1 \"}\"\nend call 1\n" COMPLETED},
	    {BEGIN_TEXT(0) TEXT(0, "t") BEGIN_TEXT(1) TEXT(1, "a") TEXT(1, "b") TEXT(1, "c")
		    TEXT(0, "u") STOP(0) STOP(1) MESSAGE_STOP,
		"text \"t\"\nend part\ntext \"a\"\ntext \"b\"\ntext \"c\"\nend part\n"
		"text \"u\"\nend part\n" COMPLETED},
	    {BEGIN_THINKING(0) THINKING(0, "t") BEGIN_TEXT(1) TEXT(1, "a") TEXT(1, "b") TEXT(1, "c")
		    SIGNATURE(0, "S") STOP(0) STOP(1) MESSAGE_STOP,
		"reasoning \"t\"\nend reasoning\ntext \"a\"\ntext \"b\"\ntext \"c\"\n"
		"end part\n" COMPLETED},
	};

	(void)state;
	CHECK(readings);
}

static void test_starts_and_stops_may_be_missing(void **state)
{
	static const struct reading readings[] = {
	    {TEXT(0, "a") TEXT(0, "b") MESSAGE_STOP,
		"text \"a\"\ntext \"b\"\nend part\n" COMPLETED},
	    {THINKING(0, "a") SIGNATURE(0, "S") STOP(0) TEXT(1, "b") MESSAGE_STOP,
		"reasoning \"a\"\n"
		"encrypted \"respool.signature.here.S\"\n"
		"end reasoning\ntext \"b\"\nend part\n" COMPLETED},
	    {BEGIN(0, "7") TEXT(0, "a") STOP(0) BEGIN(1, "{\"text\":\"b\"}") STOP(1) MESSAGE_STOP,
		"text \"a\"\nend part\n" COMPLETED},
	    {INPUT(0, "{}") SIGNATURE(1, "S") CITATION(2, PAGE) STOP(3) MESSAGE_STOP, COMPLETED},
	    {BEGIN_THINKING(0) THINKING(0, "a") BEGIN_TEXT(1) TEXT(1, "b") BEGIN_CALL(2, "i", "f")
		    INPUT(2, "{}") MESSAGE_STOP,
		"reasoning \"a\"\nend reasoning\ntext \"b\"\nend part\n"
		"call 2 id \"i\" name \"f\"\narguments 2 \"{}\"\nend call 2\n" COMPLETED},
	    {STOP(0) BEGIN_TEXT(0) TEXT(0, "a") STOP(0) STOP(0) MESSAGE_STOP,
		"text \"a\"\nend part\n" COMPLETED},
	};

	(void)state;
	CHECK(readings);
}

static void test_an_index_may_be_used_again_or_missing(void **state)
{
	static const struct reading readings[] = {
	    {BEGIN_THINKING(0) THINKING(0, "a") BEGIN_TEXT(0) TEXT(0, "b") BEGIN_CALL(0, "i", "f")
		    INPUT(0, "{}") BEGIN_CALL(0, "j", "g") STOP(0) MESSAGE_STOP,
		"reasoning \"a\"\nend reasoning\ntext \"b\"\nend part\n"
		"call 0 id \"i\" name \"f\"\narguments 0 \"{}\"\nend call 0\n"
		"call 0 id \"j\" name \"g\"\nend call 0\n" COMPLETED},
	    {BEGIN_TEXT(0) THINKING(0, "a") TEXT(0, "b") STOP(0) MESSAGE_STOP,
		"reasoning \"a\"\nend reasoning\ntext \"b\"\nend part\n" COMPLETED},
	    {BEGIN_CALL(0, "i", "f") TEXT(0, "a") INPUT(0, "{}") STOP(0) MESSAGE_STOP,
		"call 0 id \"i\" name \"f\"\ntext \"a\"\narguments 0 \"{}\"\nend call "
		"0\n" COMPLETED},
	    {BEGIN_CALL(null, "i", "f") INPUT("x", "{}") STOP(-1) BEGIN_CALL(1.5, "j", "g")
		    INPUT(null, "[]") STOP([]) MESSAGE_STOP,
		"call 0 id \"i\" name \"f\"\narguments 0 \"{}\"\nend call 0\n"
		"call 1 id \"j\" name \"g\"\narguments 1 \"[]\"\nend call 1\n" COMPLETED},
	};

	(void)state;
	CHECK(readings);
}

static void test_more_open_blocks_than_make_sense_are_ended(void **state)
{
	struct buf lines = {0};
	const char *steps;

	(void)state;
	for (int i = 0; i < 300; i++)
		buf_printf(&lines,
		    "{\"type\":\"content_block_start\",\"index\":%d,\"content_block\":"
		    "{\"type\":\"tool_use\",\"name\":\"f\"}}\n",
		    i);
	buf_puts(&lines, MESSAGE_STOP);
	steps = read_by(give_events, buf_cstr(&lines));
	assert_true(strstr(steps, "end call 255\n") < strstr(steps, "call 256 name"));
	assert_non_null(strstr(steps, "end call 299\n" COMPLETED));
	buf_free(&lines);
}

static void test_stop_reasons_say_whether_it_is_whole(void **state)
{
	static const struct reading readings[] = {
	    {REASON("end_turn") MESSAGE_STOP, COMPLETED},
	    {REASON("stop_sequence") MESSAGE_STOP, COMPLETED},
	    {REASON("tool_use") MESSAGE_STOP, COMPLETED},
	    {REASON("pause_turn") MESSAGE_STOP, COMPLETED},
	    {REASON("something_new") MESSAGE_STOP, COMPLETED},
	    {MESSAGE_STOP, COMPLETED},
	    {REASON("max_tokens") MESSAGE_STOP, OUT_OF_TOKENS},
	    {REASON("max_tokens") USAGE("") MESSAGE_STOP, OUT_OF_TOKENS},
	    {REASON("model_context_window_exceeded") MESSAGE_STOP, OUT_OF_TOKENS},
	    {REASON("refusal") MESSAGE_STOP, CONTENT_FILTER},
	};

	(void)state;
	CHECK(readings);
}

static void test_what_was_cut_off_is_left_open(void **state)
{
	static const struct reading readings[] = {
	    {BEGIN_CALL(0, "i", "f") INPUT(0, "{}") STOP(0) BEGIN_CALL(1, "j", "g") INPUT(1, "{")
		    STOP(1) REASON("max_tokens") MESSAGE_STOP,
		"call 0 id \"i\" name \"f\"\narguments 0 \"{}\"\nend call 0\n"
		"call 1 id \"j\" name \"g\"\narguments 1 \"{\"\n" OUT_OF_TOKENS},
	    {BEGIN_TEXT(0) TEXT(0, "a") STOP(0) REASON("max_tokens") MESSAGE_STOP,
		"text \"a\"\n" OUT_OF_TOKENS},
	};

	(void)state;
	CHECK(readings);
}

static void test_a_refusal_is_explained(void **state)
{
	static const struct reading readings[] = {
	    {BEGIN_TEXT(0) TEXT(0, "a") STOP(
		 0) "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\","
		    "\"stop_details\":{\"type\":\"refusal\",\"explanation\":\"No.\"}}}\n" USAGE("")
			MESSAGE_STOP,
		"text \"a\"\nrefusal \"No.\"\n" CONTENT_FILTER},
	    {"{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\","
	     "\"stop_details\":{\"explanation\":null}}}\n" MESSAGE_STOP,
		CONTENT_FILTER},
	    {"{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\","
	     "\"stop_details\":{\"explanation\":\"No.\"}}}\n" MESSAGE_STOP,
		COMPLETED},
	};

	(void)state;
	CHECK(readings);
}

static void test_only_message_stop_proves_that_it_is_whole(void **state)
{
	static const struct reading readings[] = {
	    {"", "truncated\n"},
	    {BEGIN_TEXT(0) TEXT(0, "a") STOP(0), "text \"a\"\ntruncated\n"},
	    {BEGIN_TEXT(0) TEXT(0, "a") STOP(0) REASON("end_turn"), "text \"a\"\ntruncated\n"},
	    {MESSAGE_STOP TEXT(0, "a") MESSAGE_STOP "{\"type\":\"error\"}", COMPLETED},
	};

	(void)state;
	CHECK(readings);
}

static void test_usage_is_the_last_that_is_known(void **state)
{
	static const struct reading readings[] = {
	    {MESSAGE("\"input_tokens\":10,\"cache_read_input_tokens\":3,"
		     "\"cache_creation_input_tokens\":2,\"output_tokens\":1")
		    USAGE("\"output_tokens\":20,\"output_tokens_details\":{\"thinking_tokens\":5}"),
		"begin\nusage 15/1/16/3/2/0\nusage 15/20/35/3/2/5\ntruncated\n"},
	    {MESSAGE("\"input_tokens\":0,\"output_tokens\":0") USAGE(
		 "\"input_tokens\":10,\"cache_read_input_tokens\":null,"
		 "\"output_tokens\":20,\"output_tokens_details\":{\"reasoning_tokens\":4}"),
		"begin\nusage 0/0/0/0/0/0\nusage 10/20/30/0/0/4\ntruncated\n"},
	    {MESSAGE("\"input_tokens\":10") USAGE("\"input_tokens\":0,\"output_tokens\":2"),
		"begin\nusage 10/-1/10/0/0/0\nusage 10/2/12/0/0/0\ntruncated\n"},
	    {USAGE("\"cache_read_input_tokens\":4") USAGE("\"output_tokens\":20"),
		"usage 4/-1/4/4/0/0\nusage 4/20/24/4/0/0\ntruncated\n"},
	    {MESSAGE("") USAGE("\"input_tokens\":-1,\"output_tokens\":\"7\"")
		    USAGE("\"input_tokens\":9223372036854775807"),
		"begin\ntruncated\n"},
	    {MESSAGE("\"service_tier\":\"standard\"") USAGE("\"service_tier\":\"priority\"")
		    USAGE("\"service_tier\":null"),
		"begin\ntier \"default\"\ntier \"priority\"\ntruncated\n"},
	};

	(void)state;
	CHECK(readings);
}

static void test_an_error_ends_it(void **state)
{
	static const struct reading readings[] = {
	    {"{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Busy\"},"
	     "\"request_id\":\"r\"}\n" TEXT(0, "a"),
		"fail {\"code\":\"overloaded_error\",\"message\":\"Busy\","
		"\"type\":\"overloaded_error\"}\nfailed\n"},
	    {"{\"error\":{\"message\":\"Busy\"}}", "fail {\"message\":\"Busy\"}\nfailed\n"},
	    {"{\"error\":{\"message\":\"Busy\",\"code\":429,\"type\":null}}",
		"fail {\"code\":\"rate_limit_exceeded\",\"status\":429,\"message\":\"Busy\"}\n"
		"failed\n"},
	    {"{\"error\":{\"message\":\"Busy\",\"code\":\"529\",\"type\":\"overloaded_error\"}}",
		"fail {\"code\":\"overloaded_error\",\"status\":529,\"message\":\"Busy\","
		"\"type\":\"overloaded_error\"}\nfailed\n"},
	    {"{\"error\":{\"message\":\"Busy\",\"code\":\"busy\",\"type\":\"api_error\"}}",
		"fail {\"code\":\"busy\",\"message\":\"Busy\",\"type\":\"api_error\"}\nfailed\n"},
	    {"{\"error\":{\"message\":\"Busy\",\"code\":7}}",
		"fail {\"message\":\"Busy\"}\nfailed\n"},
	    {"{\"error\":\"Busy\"}", "fail {\"message\":\"Busy\"}\nfailed\n"},
	    {"{\"type\":\"error\",\"message\":\"Busy\"}", "fail {\"message\":\"Busy\"}\nfailed\n"},
	    {"{\"message\":\"Busy\",\"code\":503}",
		"fail {\"code\":\"server_error\",\"status\":503,\"message\":\"Busy\"}\nfailed\n"},
	    {"{\"type\":\"error\",\"error\":7}", "fail {}\nfailed\n"},
	    {"{\"type\":\"ping\",\"error\":{\"message\":\"x\"}}\n{\"error\":null}", "truncated\n"},
	};

	(void)state;
	CHECK(readings);
}

static void test_what_is_unknown_or_broken_is_passed_over(void **state)
{
	static const char *const given[] = {
	    "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
	    "\"text\":\"a\"}",
	    "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
	    "\"text\":\"a\"}} x",
	    "[]",
	    "null",
	    "",
	    "{}",
	    "{\"type\":7}",
	    "{\"type\":\"something_new\",\"delta\":{}}",
	    "{\"type\":\"content_block_delta\"}",
	    "{\"type\":\"content_block_delta\",\"index\":{},\"delta\":[]}",
	    "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":7}",
	    BEGIN(1, "{\"type\":\"something_new\",\"text\":\"a\"}") TEXT(1, "a") INPUT(1, "{}"),
	    BEGIN_TEXT(2) DELTA(2, "something_new", "\"text\":\"a\"")
		DELTA(2, "text", "\"text\":[]"),
	    BEGIN_TEXT(3) SIGNATURE(3, "S") INPUT(3, "{}"),
	    "{\"type\":\"message_start\",\"message\":[]}",
	    "{\"type\":\"message_delta\",\"delta\":7,\"usage\":\"none\"}",
	    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":{},\"stop_details\":[]}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		assert_string_equal(read_by(give_events, given[i]), "truncated\n");
}

static void test_names_may_be_spelled_with_escapes(void **state)
{
	(void)state;
	assert_string_equal(
	    read_by(give_events,
		"{\"t\\u0079pe\":\"content_block\\u005fdelta\",\"inde\\u0078\":0,\"delt\\u0061\":{"
		"\"type\":\"text\\u005fdelta\",\"te\\u0078t\":\"a\"}}"),
	    "text \"a\"\ntruncated\n");
}

static void test_a_whole_message_makes_the_same_steps(void **state)
{
	(void)state;
	assert_string_equal(
	    read_by(give_object,
		"{\"id\":\"msg_1\",\"type\":\"message\",\"model\":\"m\",\"content\":["
		"{\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":\"S\"},"
		"{\"type\":\"redacted_thinking\",\"data\":\"R\"},"
		"{\"type\":\"server_tool_use\",\"name\":\"web_search\",\"input\":{\"query\":\"q\"}}"
		","
		"{\"type\":\"text\",\"text\":\"a\",\"citations\":[" PAGE "]},7,"
		"{\"type\":\"text\",\"text\":\"b\",\"citations\":null},"
		"{\"type\":\"tool_use\",\"id\":\"i\",\"name\":\"f\",\"input\":{\"a\":1}}],"
		"\"stop_reason\":\"tool_use\",\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}"),
	    "begin\nmodel \"m\"\nusage 1/2/3/0/0/0\n"
	    "reasoning \"t\"\nencrypted \"respool.signature.here.S\"\nend reasoning\n"
	    "encrypted \"respool.redacted.here.R\"\nend reasoning\n" SEARCH(
		"q") "text \"a\"\n" URL_CITATION("https://a", "A", 0,
		1) "end part\ntext \"b\"\nend part\n"
		   "call 6 id \"i\" name \"f\"\narguments 6 \"{\\\"a\\\":1}\"\nend call "
		   "6\n" COMPLETED);
}

static void test_an_object_is_a_message_or_an_error(void **state)
{
	static const struct reading readings[] = {
	    {"{\"type\":\"message\",\"content\":[],\"stop_reason\":\"max_tokens\"}",
		"begin\n" OUT_OF_TOKENS},
	    {"{\"content\":[{\"type\":\"text\",\"text\":\"a\"}],\"error\":null}",
		"begin\ntext \"a\"\nend part\n" COMPLETED},
	    {"{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"m\"}}",
		"fail {\"code\":\"api_error\",\"message\":\"m\",\"type\":\"api_error\"}\nfailed\n"},
	    {"{\"error\":{\"message\":\"m\"}}", "fail {\"message\":\"m\"}\nfailed\n"},
	    {"{\"detail\":\"Not Found\"}", "truncated\n"},
	    {"[]", "truncated\n"},
	    {"{\"type\":\"message\",\"content\":[", "truncated\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++)
		assert_string_equal(read_by(give_object, readings[i].given), readings[i].steps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_stream_of_text_becomes_a_message),
	    cmocka_unit_test(test_text_may_come_with_the_start),
	    cmocka_unit_test(test_an_empty_text_block_is_nothing),
	    cmocka_unit_test(test_text_blocks_are_parts),
	    cmocka_unit_test(test_thinking_is_kept_with_its_signature),
	    cmocka_unit_test(test_each_block_of_thinking_is_an_item),
	    cmocka_unit_test(test_redacted_thinking_without_data_is_skipped),
	    cmocka_unit_test(test_input_comes_in_pieces_or_with_the_start),
	    cmocka_unit_test(test_tools_have_the_names_that_the_client_gave),
	    cmocka_unit_test(test_words_beside_an_answer_in_a_form_are_not_told),
	    cmocka_unit_test(test_a_web_search_is_an_item_once_its_input_is_whole),
	    cmocka_unit_test(test_citations_of_pages_are_annotations_of_their_part),
	    cmocka_unit_test(test_other_citations_are_left_out),
	    cmocka_unit_test(test_blocks_side_by_side_are_told_one_after_the_other),
	    cmocka_unit_test(test_a_block_that_says_nothing_while_others_do_has_stopped),
	    cmocka_unit_test(test_starts_and_stops_may_be_missing),
	    cmocka_unit_test(test_an_index_may_be_used_again_or_missing),
	    cmocka_unit_test(test_more_open_blocks_than_make_sense_are_ended),
	    cmocka_unit_test(test_stop_reasons_say_whether_it_is_whole),
	    cmocka_unit_test(test_what_was_cut_off_is_left_open),
	    cmocka_unit_test(test_a_refusal_is_explained),
	    cmocka_unit_test(test_only_message_stop_proves_that_it_is_whole),
	    cmocka_unit_test(test_usage_is_the_last_that_is_known),
	    cmocka_unit_test(test_an_error_ends_it),
	    cmocka_unit_test(test_what_is_unknown_or_broken_is_passed_over),
	    cmocka_unit_test(test_names_may_be_spelled_with_escapes),
	    cmocka_unit_test(test_a_whole_message_makes_the_same_steps),
	    cmocka_unit_test(test_an_object_is_a_message_or_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
