#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/responder/follow_query.h"

static void expect(const char *query, bool stream, const char *after)
{
	struct follow_query read;
	struct api_error error;

	if (!follow_query_read(&read, query, &error))
		fail_msg("%s: %s", query, error.message);
	assert_int_equal(read.stream, stream);
	assert_string_equal(read.after, after);
}

static void refused(const char *query, const char *param)
{
	struct follow_query read;
	struct api_error error;

	if (follow_query_read(&read, query, &error))
		fail_msg("accepted: %s", query);
	assert_int_equal(error.status, 400);
	assert_string_equal(error.param, param);
}

static void a_stream_is_asked_for_in_one_way(void **state)
{
	(void)state;
	expect("", false, "");
	expect("stream=false", false, "");
	expect("stream=true", true, "");
	expect("include[]=x&stream=true", true, "");
	expect("include%5B%5D=x&%73tream=tru%65", true, "");
	expect("xstream=true&streams=true", false, "");
	expect("stream=false&stream=true", true, "");
	refused("stream", "stream");
	refused("stream=", "stream");
	refused("stream=True", "stream");
	refused("stream=1", "stream");
	refused("stream=true%00", "stream");
}

static void a_number_says_where_it_goes_on(void **state)
{
	(void)state;
	expect("stream=true&starting_after=0", true, "0");
	expect("starting_after=0042&stream=true", true, "42");
	expect("stream=true&starting_after=9223372036854775806", true, "9223372036854775806");
	refused("stream=true&starting_after=9223372036854775807", "starting_after");
	refused("stream=true&starting_after=99999999999999999999", "starting_after");
	refused("stream=true&starting_after=", "starting_after");
	refused("stream=true&starting_after=-1", "starting_after");
	refused("stream=true&starting_after=+1", "starting_after");
	refused("stream=true&starting_after=1.0", "starting_after");
	refused("stream=true&starting_after=seq_1", "starting_after");
}

static void what_is_said_about_a_stream_counts_for_one_alone(void **state)
{
	(void)state;
	expect("starting_after=x&include_obfuscation=x", false, "");
	expect("stream=false&starting_after=7", false, "");
}

static void obfuscation_may_be_asked_for(void **state)
{
	(void)state;
	expect("stream=true&include_obfuscation=true", true, "");
	expect("stream=true&include_obfuscation=false", true, "");
	refused("stream=true&include_obfuscation=yes", "include_obfuscation");
	refused("stream=true&include_obfuscation", "include_obfuscation");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stream_is_asked_for_in_one_way),
	    cmocka_unit_test(a_number_says_where_it_goes_on),
	    cmocka_unit_test(what_is_said_about_a_stream_counts_for_one_alone),
	    cmocka_unit_test(obfuscation_may_be_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
