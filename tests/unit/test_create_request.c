#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../common/create_request.h"

static struct create_request parsed(const char *body)
{
	struct create_request request;
	struct api_error error;

	if (!create_request_parse(&request, span_of(body), &error))
		fail_msg("%s: %s", body, error.message);
	return request;
}

/* Expects a 400 that names param, NULL for none, and says text. */
static void refused_bytes(struct span body, const char *param, const char *text)
{
	struct create_request request;
	struct api_error error = {0};

	if (create_request_parse(&request, body, &error))
		fail_msg("accepted: %.*s", (int)body.len, body.p);
	assert_int_equal(error.status, 400);
	assert_string_equal(error.type, "invalid_request_error");
	if (param == NULL)
		assert_null(error.param);
	else
		assert_string_equal(error.param, param);
	if (strstr(error.message, text) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.message, text);
}

static void refused(const char *body, const char *param, const char *text)
{
	refused_bytes(span_of(body), param, text);
}

static void assert_rest(const char *body, const char *expected)
{
	struct create_request request = parsed(body);

	if (!span_is(buf_span(&request.rest), expected))
		fail_msg("rest is %.*s, expected %s", (int)request.rest.len,
		    request.rest.len > 0 ? request.rest.data : "", expected);
	create_request_free(&request);
}

static void takes_the_members_that_respool_acts_on(void **state)
{
	struct create_request request = parsed(
	    "{\"model\":\"gpt-4o\",\"background\":true,\"stream\":false,\"input\":\"Hello\"}");

	(void)state;
	assert_string_equal(request.model, "gpt-4o");
	assert_true(request.background);
	assert_false(request.stream);
	assert_true(span_is(request.input, "\"Hello\""));
	assert_int_equal(request.rest.len, 0);
	create_request_free(&request);
}

static void flags_may_be_absent_or_null(void **state)
{
	struct create_request request = parsed("{\"model\":\"m\"}");

	(void)state;
	assert_false(request.background || request.stream);
	assert_int_equal(request.input.len, 0);
	create_request_free(&request);
	request = parsed("{\"model\":\"m\",\"background\":null,\"stream\":null}");
	assert_false(request.background || request.stream);
	create_request_free(&request);
}

static void rest_keeps_every_character_of_the_other_members(void **state)
{
	(void)state;
	assert_rest("{\"temperature\":0.7,\"model\":\"m\",\"seed\":12345678901234567890}",
	    "\"temperature\":0.7,\"seed\":12345678901234567890");
	assert_rest(" {\"model\" : \"m\" , \"x\" : 1e-7 , \"y\":\"a\\u0000\\/\\ud83d\\ude00\" } ",
	    "\"x\":1e-7,\"y\":\"a\\u0000\\/\\ud83d\\ude00\"");
	assert_rest("{\"a\\u0062\":{ \"model\":1, \"z\":[ ] },\"model\":\"m\"}",
	    "\"a\\u0062\":{ \"model\":1, \"z\":[ ] }");
	assert_rest("{\"model\":\"m\",\"metadata\":{\"a\":\"b\"}}", "\"metadata\":{\"a\":\"b\"}");
}

static void rest_leaves_out_the_four_members_however_they_are_spelled(void **state)
{
	(void)state;
	assert_rest("{\"mod\\u0065l\":\"m\",\"b\\u0061ckground\":true,\"\\u0073tream\":false,"
		    "\"inpu\\u0074\":[],\"top_p\":1}",
	    "\"top_p\":1");
}

static void keeps_what_the_response_repeats(void **state)
{
	struct create_request request = parsed(
	    "{\"model\":\"m\",\"top_p\":0.50,\"tools\":[ 1 ],\"metadata\":{},\"background\":true,"
	    "\"error\":\"x\",\"incomplete_details\":{},\"output\":[]}");

	(void)state;
	assert_true(span_is(request.fields[RESPONSE_MODEL], "\"m\""));
	assert_true(span_is(request.fields[RESPONSE_TOP_P], "0.50"));
	assert_true(span_is(request.fields[RESPONSE_TOOLS], "[ 1 ]"));
	assert_true(span_is(request.fields[RESPONSE_METADATA], "{}"));
	assert_true(span_is(request.fields[RESPONSE_BACKGROUND], "true"));
	assert_int_equal(request.fields[RESPONSE_ERROR].len, 0);
	assert_int_equal(request.fields[RESPONSE_INCOMPLETE_DETAILS].len, 0);
	assert_int_equal(request.fields[RESPONSE_USER].len, 0);
	create_request_free(&request);
}

static void model_is_decoded(void **state)
{
	struct create_request request = parsed("{\"model\":\"op\\u0065nai\\/g\\u00fc\"}");

	(void)state;
	assert_string_equal(request.model, "openai/g\xc3\xbc");
	create_request_free(&request);
}

static void a_body_that_is_no_json_object_is_refused(void **state)
{
	(void)state;
	refused("", NULL, "empty");
	refused("   ", NULL, "not valid JSON");
	refused("{\"model\":", NULL, "at byte 9");
	refused("{\"model\":\"m\"} x", NULL, "not valid JSON");
	refused("{\"model\":\"m\",}", NULL, "not valid JSON");
	refused("[\"model\"]", NULL, "must be a JSON object, not an array");
	refused(" \n\"model\"", NULL, "must be a JSON object, not a string");
	refused("null", NULL, "must be a JSON object, not null");
}

static void bytes_that_are_not_utf8_are_refused(void **state)
{
	(void)state;
	refused("{\"model\":\"m\xff\"}", NULL, "not valid JSON");
	refused("{\"model\":\"m\",\"x\":\"\xc3\"}", NULL, "not valid JSON");
	refused("{\"model\":\"m\",\"x\":\"\xed\xa0\x80\"}", NULL, "not valid JSON");
	refused_bytes(SPAN("{\"model\":\"m\0\"}"), NULL, "not valid JSON");
}

static void nesting_that_is_too_deep_is_refused(void **state)
{
	char body[1024] = "{\"model\":\"m\",\"x\":";
	size_t start = strlen(body);

	(void)state;
	memset(body + start, '[', 200);
	memset(body + start + 200, ']', 200);
	strcpy(body + start + 400, "}");
	refused(body, NULL, "not valid JSON");
}

static void a_member_given_twice_is_refused_by_name(void **state)
{
	(void)state;
	refused("{\"model\":\"a\",\"model\":\"b\"}", NULL, "'model' is given more than once");
	refused("{\"model\":\"a\",\"mod\\u0065l\":\"b\"}", NULL, "'model' is given more than once");
	refused("{\"model\":\"a\",\"x\":1,\"x\":1}", NULL, "'x' is given more than once");
}

static void too_many_members_are_refused(void **state)
{
	struct buf body = {0};

	(void)state;
	buf_puts(&body, "{\"model\":\"m\"");
	for (int i = 0; i < 300; i++)
		buf_printf(&body, ",\"x%d\":1", i);
	buf_putc(&body, '}');
	refused_bytes(buf_span(&body), NULL, "256 members");
	buf_free(&body);
}

static void model_must_be_a_string_that_is_not_empty(void **state)
{
	(void)state;
	refused("{}", "model", "Missing required parameter: 'model'");
	refused("{\"model\":\"\"}", "model", "empty");
	refused("{\"model\":null}", "model", "expected a string, but got null");
	refused("{\"model\":[\"m\"]}", "model", "expected a string, but got an array");
	refused("{\"model\":\"a\\u0000b\"}", "model", "U+0000");
}

static void a_model_that_is_too_long_is_refused(void **state)
{
	struct buf body = {0};

	(void)state;
	buf_puts(&body, "{\"model\":\"");
	for (int i = 0; i < 513; i++)
		buf_putc(&body, 'm');
	buf_puts(&body, "\"}");
	refused_bytes(buf_span(&body), "model", "longer than 512 bytes");
	buf_free(&body);
}

static void flags_must_be_booleans_or_null(void **state)
{
	(void)state;
	refused("{\"model\":\"m\",\"background\":\"true\"}", "background", "but got a string");
	refused("{\"model\":\"m\",\"background\":1}", "background", "but got a number");
	refused("{\"model\":\"m\",\"stream\":{}}", "stream", "but got an object");
}

static void metadata_must_be_an_object_of_strings(void **state)
{
	(void)state;
	refused("{\"model\":\"m\",\"metadata\":[]}", "metadata", "an object or null");
	refused("{\"model\":\"m\",\"metadata\":\"x\"}", "metadata", "an object or null");
	refused("{\"model\":\"m\",\"metadata\":{\"n\":1}}", "metadata", "'metadata.n'");
}

static struct buf with_metadata(int key_len, int value_len, const char *letter)
{
	struct buf body = {0};

	buf_puts(&body, "{\"model\":\"m\",\"metadata\":{\"");
	for (int i = 0; i < key_len; i++)
		buf_puts(&body, letter);
	buf_puts(&body, "\":\"");
	for (int i = 0; i < value_len; i++)
		buf_puts(&body, letter);
	buf_puts(&body, "\"}}");
	return body;
}

static void metadata_lengths_are_counted_in_characters(void **state)
{
	static const char *const letters[] = {
	    "a", "\xc3\xa4", "\\u00e4", "\\n", "\xf0\x9f\x98\x80"};

	(void)state;
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
		struct buf fits = with_metadata(64, 512, letters[i]);
		struct buf long_key = with_metadata(65, 1, letters[i]);
		struct buf long_value = with_metadata(1, 513, letters[i]);
		struct create_request request = parsed(buf_cstr(&fits));

		create_request_free(&request);
		refused_bytes(buf_span(&long_key), "metadata", "64 characters");
		refused_bytes(buf_span(&long_value), "metadata", "512 characters");
		buf_free(&fits);
		buf_free(&long_key);
		buf_free(&long_value);
	}
}

static void metadata_has_at_most_16_pairs(void **state)
{
	struct buf body = {0};
	struct create_request request;

	(void)state;
	buf_puts(&body, "{\"model\":\"m\",\"metadata\":{\"a0\":\"\"");
	for (int i = 1; i < 16; i++)
		buf_printf(&body, ",\"a%d\":\"\"", i);
	buf_puts(&body, "}}");
	request = parsed(buf_cstr(&body));
	create_request_free(&request);
	body.len -= 2;
	buf_puts(&body, ",\"one\":\"more\"}}");
	refused_bytes(buf_span(&body), "metadata", "more than 16 pairs");
	buf_free(&body);
}

static void error_envelope_is_valid_json_whatever_the_message_holds(void **state)
{
	struct api_error error;
	struct buf out = {0};

	(void)state;
	assert_false(
	    api_error_set(&error, 400, "invalid_request_error", "model", NULL, "a\"%s\n", "\xff"));
	api_error_json(&out, &error);
	assert_string_equal(buf_cstr(&out),
	    "{\"error\":{\"message\":\"a\\\"\xef\xbf\xbd\\n\",\"type\":\"invalid_request_error\","
	    "\"param\":\"model\",\"code\":null}}");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_the_members_that_respool_acts_on),
	    cmocka_unit_test(flags_may_be_absent_or_null),
	    cmocka_unit_test(rest_keeps_every_character_of_the_other_members),
	    cmocka_unit_test(rest_leaves_out_the_four_members_however_they_are_spelled),
	    cmocka_unit_test(keeps_what_the_response_repeats),
	    cmocka_unit_test(model_is_decoded),
	    cmocka_unit_test(a_body_that_is_no_json_object_is_refused),
	    cmocka_unit_test(bytes_that_are_not_utf8_are_refused),
	    cmocka_unit_test(nesting_that_is_too_deep_is_refused),
	    cmocka_unit_test(a_member_given_twice_is_refused_by_name),
	    cmocka_unit_test(too_many_members_are_refused),
	    cmocka_unit_test(model_must_be_a_string_that_is_not_empty),
	    cmocka_unit_test(a_model_that_is_too_long_is_refused),
	    cmocka_unit_test(flags_must_be_booleans_or_null),
	    cmocka_unit_test(metadata_must_be_an_object_of_strings),
	    cmocka_unit_test(metadata_lengths_are_counted_in_characters),
	    cmocka_unit_test(metadata_has_at_most_16_pairs),
	    cmocka_unit_test(error_envelope_is_valid_json_whatever_the_message_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
