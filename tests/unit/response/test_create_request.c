#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/response/create_request.h"

static struct create_request parsed(const char *body)
{
	struct create_request request;
	struct api_error error;

	if (!create_request_parse(&request, span_of(body), &error))
		fail_msg("%s: %s", body, error.message);
	return request;
}

/* Expects an error of that status that names param, NULL for none, and says text. */
static void refused_as(int status, struct span body, const char *param, const char *text)
{
	struct create_request request;
	struct api_error error = {0};

	if (create_request_parse(&request, body, &error))
		fail_msg("accepted: %.*s", (int)body.len, body.p);
	assert_int_equal(error.status, status);
	assert_string_equal(error.type, "invalid_request_error");
	if (param == NULL)
		assert_null(error.param);
	else
		assert_string_equal(error.param, param);
	if (strstr(error.message, text) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.message, text);
}

static void refused_bytes(struct span body, const char *param, const char *text)
{
	refused_as(400, body, param, text);
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

static void the_gateways_own_members_stay_apart(void **state)
{
	struct create_request request = parsed(
	    "{\"api_key\":\"s\",\"timeout\":3,\"model\":\"m\",\"seed\":1,\"fallbacks\":[\"a\"]}");
	struct buf written = {0};

	(void)state;
	assert_true(span_is(buf_span(&request.rest), "\"seed\":1"));
	assert_float_equal(request.gateway.timeout, 3, 0.001);
	assert_true(request.gateway.unmet);
	assert_false(create_request_is_verbatim(&request, SPAN("")));
	create_request_write(&written, &request, SPAN(""));
	assert_string_equal(buf_cstr(&written), "{\"model\":\"m\",\"seed\":1}");
	buf_free(&written);
	create_request_free(&request);
	refused("{\"model\":\"m\",\"timeout\":\"3\"}", "timeout", "expected a number of seconds");
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

static bool takes_options(const char *body, const char *param)
{
	struct create_request request = parsed(body);
	struct api_error error = {0};
	bool taken = create_request_check_stream_options(&request, &error);

	if (!taken) {
		assert_int_equal(error.status, 400);
		assert_string_equal(error.param, param);
	}
	create_request_free(&request);
	return taken;
}

static void options_of_a_stream_are_an_object_with_a_flag(void **state)
{
	const char *const whole = "stream_options";

	(void)state;
	assert_true(takes_options("{\"model\":\"m\"}", ""));
	assert_true(takes_options("{\"model\":\"m\",\"stream_options\":null}", ""));
	assert_true(takes_options("{\"model\":\"m\",\"stream_options\":{\"x\":1}}", ""));
	assert_true(takes_options("{\"model\":\"m\",\"stream_options\":"
				  "{\"include_obfuscation\":false}}",
	    ""));
	assert_false(takes_options("{\"model\":\"m\",\"stream_options\":[]}", whole));
	assert_false(takes_options("{\"model\":\"m\",\"stream_options\":\"x\"}", whole));
	assert_false(takes_options("{\"model\":\"m\",\"stream_options\":"
				   "{\"include_obfuscation\":1}}",
	    "stream_options.include_obfuscation"));
	assert_rest(
	    "{\"model\":\"m\",\"stream_options\":{\"x\":1}}", "\"stream_options\":{\"x\":1}");
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

static void a_prompt_and_a_conversation_are_kept_whatever_they_are(void **state)
{
	struct create_request request =
	    parsed("{\"model\":\"m\",\"prompt\":{\"id\":\"p\"},\"conversation\":\"conv_1\"}");

	(void)state;
	assert_true(span_is(request.fields[RESPONSE_PROMPT], "{\"id\":\"p\"}"));
	assert_true(span_is(request.fields[RESPONSE_CONVERSATION], "\"conv_1\""));
	create_request_free(&request);
	request = parsed("{\"model\":\"m\",\"prompt\":\"p\",\"conversation\":7}");
	create_request_free(&request);
}

static void an_integer_of_the_response_has_no_fraction(void **state)
{
	(void)state;
	refused("{\"model\":\"m\",\"max_output_tokens\":16.5}", "max_output_tokens",
	    "expected an integer, but got a decimal number instead.");
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
	refused_as(
	    404, SPAN("{\"model\":\"\"}"), "model", "The requested model '' does not exist.");
	refused("{\"model\":null}", "model", "expected a string, but got null instead.");
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
	refused("{\"model\":\"m\",\"background\":\"true\"}", "background",
	    "Invalid type for 'background': expected a boolean, but got a string instead.");
	refused("{\"model\":\"m\",\"background\":1}", "background", "but got an integer instead.");
	refused("{\"model\":\"m\",\"background\":1e2}", "background",
	    "but got a decimal number instead.");
	refused("{\"model\":\"m\",\"stream\":{}}", "stream", "but got an object instead.");
}

static void metadata_must_be_an_object_of_strings(void **state)
{
	(void)state;
	refused("{\"model\":\"m\",\"metadata\":[]}", "metadata", "expected a metadata object");
	refused("{\"model\":\"m\",\"metadata\":\"x\"}", "metadata", "expected a metadata object");
	refused("{\"model\":\"m\",\"metadata\":{\"n\":1}}", "metadata",
	    "Invalid type for 'metadata.n': expected a string, but got an integer instead.");
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
		refused_bytes(buf_span(&long_key), "metadata",
		    "maximum length 64, but got a string with length 65 instead.");
		refused_bytes(buf_span(&long_value), "metadata",
		    "maximum length 512, but got a string with length 513 instead.");
		buf_free(&fits);
		buf_free(&long_key);
		buf_free(&long_value);
	}
}

static void a_mistake_in_metadata_names_the_member_as_it_is_meant(void **state)
{
	struct create_request request;
	struct api_error error;
	struct buf out = {0};

	(void)state;
	assert_false(create_request_parse(&request,
	    span_of("{\"model\":\"m\",\"metadata\":{\"a\":\"\",\"\\u0062\":[]}}"), &error));
	api_error_json(&out, &error);
	assert_string_equal(buf_cstr(&out),
	    "{\"error\":{\"message\":\"Invalid type for 'metadata.b': expected a string, but got "
	    "an "
	    "array instead.\",\"type\":\"invalid_request_error\",\"param\":\"metadata.b\","
	    "\"code\":\"invalid_type\"}}");
	buf_free(&out);
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
	refused_bytes(buf_span(&body), "metadata", "got an object with 17 properties instead.");
	buf_free(&body);
}

static void input_is_a_string_or_an_array(void **state)
{
	(void)state;
	refused("{\"model\":\"m\",\"input\":7}", "input",
	    "expected one of a string or array of input items, but got an integer instead.");
	refused("{\"model\":\"m\",\"input\":{}}", "input", "but got an object instead.");
}

static void a_previous_response_of_ours_is_taken_out_of_the_rest(void **state)
{
	struct create_request request = parsed(
	    "{\"model\":\"m\",\"previous\\u005fresponse_id\":\"litellm_poll\\u005fa\",\"x\":1}");

	(void)state;
	assert_true(request.continues);
	assert_string_equal(request.previous_id, "litellm_poll_a");
	assert_true(span_is(buf_span(&request.rest), "\"x\":1"));
	assert_true(
	    span_is(request.fields[RESPONSE_PREVIOUS_RESPONSE_ID], "\"litellm_poll\\u005fa\""));
	create_request_free(&request);
}

static void a_provider_s_previous_response_stays_in_the_rest(void **state)
{
	struct create_request request =
	    parsed("{\"model\":\"m\",\"previous_response_id\":\"resp_1\"}");

	(void)state;
	assert_false(request.continues);
	assert_string_equal(request.previous_id, "resp_1");
	assert_true(span_is(buf_span(&request.rest), "\"previous_response_id\":\"resp_1\""));
	create_request_free(&request);
	request = parsed("{\"model\":\"m\",\"previous_response_id\":null}");
	assert_null(request.previous_id);
	create_request_free(&request);
}

static void previous_response_id_must_be_a_string(void **state)
{
	(void)state;
	refused("{\"model\":\"m\",\"previous_response_id\":1}", "previous_response_id",
	    "expected a string, but got an integer instead.");
	refused("{\"model\":\"m\",\"previous_response_id\":\"litellm_poll_a\\u0000\"}",
	    "previous_response_id", "U+0000");
}

static void assert_input(const char *context, const char *input, const char *expected)
{
	struct buf out = {0};

	create_request_write_input(&out, span_of(context), span_of(input));
	assert_string_equal(buf_cstr(&out), expected);
	buf_free(&out);
}

static void an_input_without_context_is_as_it_was(void **state)
{
	(void)state;
	assert_input("", "\"a\"", "\"a\"");
	assert_input("", "[ 1 , {} ]", "[ 1 , {} ]");
	assert_input("", "", "");
}

static void context_stands_before_the_input_s_items(void **state)
{
	(void)state;
	assert_input("{\"a\":1}", "[ {\"b\":1.0} , 2 ]", "[{\"a\":1},{\"b\":1.0} , 2]");
	assert_input("{\"a\":1},2", "\"x\\u0000\"",
	    "[{\"a\":1},2,{\"type\":\"message\",\"role\":\"user\",\"content\":\"x\\u0000\"}]");
	assert_input("1", "[ ]", "[1]");
	assert_input("1", "null", "[1]");
	assert_input("1", "", "[1]");
}

static void items_are_added_to_a_list_with_commas_between_them(void **state)
{
	struct buf items = {0};

	(void)state;
	create_request_add_items(&items, SPAN("[]"));
	create_request_add_items(&items, SPAN("[1,2]"));
	create_request_add_items(&items, SPAN("[\n]"));
	create_request_add_items(&items, SPAN("[[]]"));
	create_request_add_items(&items, SPAN("\"a\""));
	assert_string_equal(
	    buf_cstr(&items), "1,2,[],{\"type\":\"message\",\"role\":\"user\",\"content\":\"a\"}");
	buf_free(&items);
}

static void assert_written(const char *body, const char *context, const char *expected)
{
	struct create_request request = parsed(body);
	struct buf out = {0};

	assert_false(create_request_is_verbatim(&request, span_of(context)));
	create_request_write(&out, &request, span_of(context));
	assert_string_equal(buf_cstr(&out), expected);
	buf_free(&out);
	create_request_free(&request);
}

static void a_body_that_continues_has_the_context_in_its_input(void **state)
{
	(void)state;
	assert_written("{\"previous_response_id\":\"litellm_poll_a\",\"input\":\"hi\","
		       "\"model\":\"m\"}",
	    "{\"c\":1}",
	    "{\"input\":[{\"c\":1},{\"type\":\"message\",\"role\":\"user\",\"content\":\"hi\"}],"
	    "\"model\":\"m\"}");
	assert_written("{\"model\":\"m\",\"previous_response_id\":\"litellm_poll_a\"}", "1,2",
	    "{\"model\":\"m\",\"input\":[1,2]}");
	assert_written("{\"model\":\"m\",\"previous_response_id\":\"litellm_poll_a\"}", "",
	    "{\"model\":\"m\"}");
}

static void a_body_that_continues_nothing_of_ours_goes_as_it_came(void **state)
{
	struct create_request request =
	    parsed("{\"model\":\"m\",\"previous_response_id\":\"resp_1\"}");

	(void)state;
	assert_true(create_request_is_verbatim(&request, SPAN("")));
	create_request_free(&request);
}

/* litellm:custom_llm_provider:openai;model_id:x;response_id:litellm_poll_a1 */
#define MARKED_ID                                                                                  \
	"resp_"                                                                                    \
	"bGl0ZWxsbTpjdXN0b21fbGxtX3Byb3ZpZGVyOm9wZW5haTttb2RlbF9pZDp4O3Jlc3BvbnNlX2lkOmxpdGVs"     \
	"bG1fcG9sbF9hMQ=="

/* litellm:model_id:x;item_id:msg_1 */
#define MARKED_ITEM "encitem_bGl0ZWxsbTptb2RlbF9pZDp4O2l0ZW1faWQ6bXNnXzE="

static void marks_of_a_litellm_proxy_are_gone_from_all_that_is_read(void **state)
{
	struct create_request request =
	    parsed("{\"model\":\"m\",\"previous_response_id\":\"" MARKED_ID
		   "\",\"input\":[{\"id\":\"" MARKED_ITEM "\"}]}");

	(void)state;
	assert_string_equal(request.previous_id, "litellm_poll_a1");
	assert_true(request.continues);
	assert_true(span_is(request.input, "[{\"id\":\"msg_1\"}]"));
	assert_true(
	    span_is(request.body, "{\"model\":\"m\",\"previous_response_id\":\"litellm_poll_a1\","
				  "\"input\":[{\"id\":\"msg_1\"}]}"));
	assert_string_equal(request.maker.model_id, "x");
	create_request_free(&request);
}

static void a_request_that_names_no_model_asks_for_the_one_that_it_is_given(void **state)
{
	struct create_request request = parsed("{ \"prompt\":{\"id\":\"p\"},\"input\":\"x\"}");

	(void)state;
	assert_null(request.model);
	create_request_use_model(&request, "gpt-5");
	assert_string_equal(request.model, "gpt-5");
	assert_true(span_is(request.fields[RESPONSE_MODEL], "\"gpt-5\""));
	assert_true(span_is(
	    request.body, "{\"model\":\"gpt-5\", \"prompt\":{\"id\":\"p\"},\"input\":\"x\"}"));
	assert_true(span_is(request.input, "\"x\""));
	assert_true(span_is(buf_span(&request.rest), "\"prompt\":{\"id\":\"p\"}"));
	create_request_free(&request);
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
	    cmocka_unit_test(the_gateways_own_members_stay_apart),
	    cmocka_unit_test(takes_the_members_that_respool_acts_on),
	    cmocka_unit_test(options_of_a_stream_are_an_object_with_a_flag),
	    cmocka_unit_test(flags_may_be_absent_or_null),
	    cmocka_unit_test(rest_keeps_every_character_of_the_other_members),
	    cmocka_unit_test(rest_leaves_out_the_four_members_however_they_are_spelled),
	    cmocka_unit_test(keeps_what_the_response_repeats),
	    cmocka_unit_test(a_prompt_and_a_conversation_are_kept_whatever_they_are),
	    cmocka_unit_test(an_integer_of_the_response_has_no_fraction),
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
	    cmocka_unit_test(a_mistake_in_metadata_names_the_member_as_it_is_meant),
	    cmocka_unit_test(metadata_has_at_most_16_pairs),
	    cmocka_unit_test(input_is_a_string_or_an_array),
	    cmocka_unit_test(a_previous_response_of_ours_is_taken_out_of_the_rest),
	    cmocka_unit_test(a_provider_s_previous_response_stays_in_the_rest),
	    cmocka_unit_test(previous_response_id_must_be_a_string),
	    cmocka_unit_test(an_input_without_context_is_as_it_was),
	    cmocka_unit_test(context_stands_before_the_input_s_items),
	    cmocka_unit_test(items_are_added_to_a_list_with_commas_between_them),
	    cmocka_unit_test(a_body_that_continues_has_the_context_in_its_input),
	    cmocka_unit_test(a_body_that_continues_nothing_of_ours_goes_as_it_came),
	    cmocka_unit_test(marks_of_a_litellm_proxy_are_gone_from_all_that_is_read),
	    cmocka_unit_test(a_request_that_names_no_model_asks_for_the_one_that_it_is_given),
	    cmocka_unit_test(error_envelope_is_valid_json_whatever_the_message_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
