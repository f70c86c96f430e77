#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/response/usage_finder.h"

/* What is found of a text that comes in pieces of this size. */
static struct usage_finder find_in_pieces(const char *text, size_t size)
{
	struct span rest = span_of(text);
	struct usage_finder finder, found;

	usage_finder_begin(&finder);
	while (rest.len > 0) {
		size_t len = rest.len < size ? rest.len : size;

		usage_finder_feed(&finder, (struct span){rest.p, len});
		rest = (struct span){rest.p + len, rest.len - len};
	}
	found = finder;
	usage_finder_close(&finder);
	return found;
}

/* However it is cut. */
static void assert_found(const char *text, long long input, long long output)
{
	for (size_t size = 1; size <= strlen(text); size++) {
		struct usage_finder found = find_in_pieces(text, size);

		assert_int_equal(found.input, input);
		assert_int_equal(found.output, output);
	}
}

static void usage_of_a_response_is_found(void **state)
{
	(void)state;
	assert_found("{\"id\":\"resp_1\",\"output\":[],\"usage\":{\"input_tokens\":12,"
		     "\"input_tokens_details\":{\"cached_tokens\":8},\"output_tokens\":34,"
		     "\"total_tokens\":46},\"user\":null,\"metadata\":{\"a\":\"b\"}}",
	    12, 34);
	assert_found(
	    "{\"usage\" : \n\t{ \"output_tokens\" : 2 , \"input_tokens\" : 1 }, \"a\":1}", 1, 2);
}

static void usage_of_chat_completions_is_found(void **state)
{
	(void)state;
	assert_found("{\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4,"
		     "\"total_tokens\":13}}",
	    9, 4);
}

static void usage_of_embeddings_has_no_output(void **state)
{
	(void)state;
	assert_found("{\"object\":\"list\",\"data\":[{\"embedding\":[0.1]}],"
		     "\"usage\":{\"prompt_tokens\":7,\"total_tokens\":7}}",
	    7, -1);
}

static void last_usage_of_a_stream_counts(void **state)
{
	(void)state;
	assert_found("data: {\"type\":\"response.created\",\"response\":{\"usage\":null}}\n\n"
		     "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,"
		     "\"completion_tokens\":1}}\n\n"
		     "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,"
		     "\"completion_tokens\":2}}\n\n"
		     "data: {\"choices\":[],\"usage\":null}\n\ndata: [DONE]\n\n",
	    9, 2);
}

static void what_a_text_says_is_no_usage(void **state)
{
	(void)state;
	assert_found(
	    "{\"text\":\"{\\\"usage\\\":{\\\"input_tokens\\\":1,\\\"output_tokens\\\":1}}\"}", -1,
	    -1);
	assert_found("{\"usage\":{\"input_tokens\":3,\"output_tokens\":5},"
		     "\"text\":\"\\\\\\\"usage\\\\\\\":{\\\"input_tokens\\\":1}\"}",
	    3, 5);
	assert_found("{\"a\":\"usage\",\"b\":{\"input_tokens\":1,\"output_tokens\":1}}", -1, -1);
}

static void braces_and_quotes_in_its_strings_do_not_end_it(void **state)
{
	(void)state;
	assert_found("{\"usage\":{\"note\":\"}\\\"}\\\\\",\"input_tokens\":3,"
		     "\"more\":{\"x\":{}},\"output_tokens\":5}}",
	    3, 5);
}

static void what_tells_of_no_tokens_is_passed_over(void **state)
{
	(void)state;
	assert_found("{\"usage\":{\"input_tokens\":3,\"output_tokens\":5},\"tools\":[{\"usage\":"
		     "{\"type\":\"object\",\"input_tokens\":{\"type\":\"integer\"}}}]}",
	    3, 5);
	assert_found("{\"usage\":{\"input_tokens\":-1,\"output_tokens\":\"5\"}}", -1, -1);
	assert_found("{\"usage\":[1],\"usage\":3,\"usage\":{\"input_tokens\":1.5}}", -1, -1);
	assert_found("\"\"\"usage\"\"usage\"\"usage\":{\"input_tokens\":1}", 1, -1);
}

static void what_is_no_json_is_passed_over(void **state)
{
	(void)state;
	assert_found("\"usage\":{\"input_tokens\":1,}", -1, -1);
	assert_found("\"usage\":{\"input_tokens\":1", -1, -1);
	assert_found("", -1, -1);
}

static void one_that_does_not_end_is_not_kept(void **state)
{
	struct usage_finder finder;
	char filler[1000];

	(void)state;
	memset(filler, 'x', sizeof(filler));
	usage_finder_begin(&finder);
	usage_finder_feed(&finder, span_of("{\"usage\":{\"a\":\""));
	for (int i = 0; i < 100; i++) {
		usage_finder_feed(&finder, (struct span){filler, sizeof(filler)});
		assert_true(finder.object.len < 16384);
	}
	usage_finder_feed(&finder, span_of("\"},\"usage\":{\"input_tokens\":2}}"));
	assert_int_equal(finder.input, 2);
	usage_finder_close(&finder);
}

static void it_is_found_wherever_it_stands_in_a_long_piece(void **state)
{
	static const char usage[] = "\"usage\":{\"input_tokens\":3}";
	char text[400];

	(void)state;
	for (size_t before = 0; before < 200; before++) {
		struct usage_finder found;

		memset(text, '"', sizeof(text));
		text[sizeof(text) - 1] = '\0';
		memcpy(text + before, usage, sizeof(usage) - 1);
		found = find_in_pieces(text, sizeof(text));
		assert_int_equal(found.input, 3);
		text[before + sizeof(usage) - 1] = '\0';
		found = find_in_pieces(text, sizeof(text));
		assert_int_equal(found.input, 3);
	}
}

static void next_answer_begins_with_nothing(void **state)
{
	struct usage_finder finder;

	(void)state;
	usage_finder_begin(&finder);
	usage_finder_feed(&finder, span_of("{\"usage\":{\"input_tokens\":2}}{\"usage\":{\"inp"));
	usage_finder_close(&finder);
	usage_finder_feed(&finder, span_of("ut_tokens\":7}}"));
	assert_int_equal(finder.input, -1);
	assert_int_equal(finder.output, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(usage_of_a_response_is_found),
	    cmocka_unit_test(usage_of_chat_completions_is_found),
	    cmocka_unit_test(usage_of_embeddings_has_no_output),
	    cmocka_unit_test(last_usage_of_a_stream_counts),
	    cmocka_unit_test(what_a_text_says_is_no_usage),
	    cmocka_unit_test(braces_and_quotes_in_its_strings_do_not_end_it),
	    cmocka_unit_test(what_tells_of_no_tokens_is_passed_over),
	    cmocka_unit_test(what_is_no_json_is_passed_over),
	    cmocka_unit_test(one_that_does_not_end_is_not_kept),
	    cmocka_unit_test(it_is_found_wherever_it_stands_in_a_long_piece),
	    cmocka_unit_test(next_answer_begins_with_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
