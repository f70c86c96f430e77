#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/response/echo.h"
#include "common/base/json.h"

/* expected is NULL where the field's default is to stand. */
static void assert_shown(enum response_field field, const char *value, const char *expected)
{
	struct buf out = {0};
	bool shown = echo_write(&out, field, span_of(value));

	assert_true(json_check(span_of(value), 0, NULL, NULL));
	if (expected == NULL) {
		if (shown || out.len != 0)
			fail_msg("%s is shown as %s", value, buf_cstr(&out));
	} else {
		assert_true(shown);
		assert_string_equal(buf_cstr(&out), expected);
	}
	buf_free(&out);
}

static void a_function_has_every_member_that_the_schema_requires(void **state)
{
	(void)state;
	assert_shown(RESPONSE_TOOLS, "[{\"type\":\"function\",\"name\":\"f\"}]",
	    "[{\"type\":\"function\",\"name\":\"f\",\"description\":null,\"parameters\":null,"
	    "\"strict\":null}]");
	assert_shown(RESPONSE_TOOLS,
	    "[ { \"strict\":false, \"n\\u0061me\":\"f\", \"parameters\":{\"a\":1.0},"
	    "\"description\":\"d\",\"type\":\"function\" } ]",
	    "[{\"strict\":false,\"name\":\"f\",\"parameters\":{\"a\":1.0},\"description\":\"d\","
	    "\"type\":\"function\"}]");
	assert_shown(RESPONSE_TOOLS, "[{}]",
	    "[{\"type\":\"function\",\"name\":\"\",\"description\":null,\"parameters\":null,"
	    "\"strict\":null}]");
}

static void members_of_a_function_that_the_schema_refuses_are_as_if_missing(void **state)
{
	(void)state;
	assert_shown(RESPONSE_TOOLS,
	    "[{\"type\":7,\"name\":[],\"description\":1,\"parameters\":\"p\",\"strict\":\"yes\"}]",
	    "[{\"type\":\"function\",\"name\":\"\",\"description\":null,\"parameters\":null,"
	    "\"strict\":null}]");
	assert_shown(RESPONSE_TOOLS, "[{\"name\":1,\"name\":\"f\",\"strict\":true,\"strict\":1}]",
	    "[{\"name\":\"\",\"name\":\"f\",\"strict\":true,\"strict\":null,\"type\":\"function\","
	    "\"description\":null,"
	    "\"parameters\":null}]");
	assert_shown(RESPONSE_TOOLS, "[1,\"f\",null,[]]", "[]");
}

static void further_members_of_a_function_are_kept(void **state)
{
	(void)state;
	assert_shown(RESPONSE_TOOLS,
	    "[{\"type\":\"function\",\"defer_loading\":true,\"name\":\"f\",\"description\":null,"
	    "\"parameters\":null,\"strict\":null}]",
	    "[{\"type\":\"function\",\"defer_loading\":true,\"name\":\"f\",\"description\":null,"
	    "\"parameters\":null,\"strict\":null}]");
}

static void tools_that_are_hosted_pass_as_they_are(void **state)
{
	static const char tools[] =
	    "[{\"type\":\"web_search\"},{\"type\":\"custom\",\"name\":\"c\","
	    "\"format\":{\"type\":\"text\"}},{\"type\":\"namespace\",\"name\":\"n\","
	    "\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]},"
	    "{\"type\":\"mcp\",\"server_label\":\"s\",\"server_url\":\"https://a.example/mcp\"}]";

	(void)state;
	assert_shown(RESPONSE_TOOLS, tools, tools);
}

static void tools_lose_their_credentials(void **state)
{
	(void)state;
	assert_shown(RESPONSE_TOOLS,
	    "[{\"type\":\"mcp\",\"authorization\":\"s\",\"headers\":{\"a\":\"s\"},"
	    "\"server_label\":\"l\"},{\"type\":\"function\",\"api_key\":\"s\",\"name\":\"f\","
	    "\"description\":null,\"strict\":true,"
	    "\"parameters\":{\"properties\":{\"headers\":{}}}}]",
	    "[{\"type\":\"mcp\",\"server_label\":\"l\"},{\"type\":\"function\",\"name\":\"f\","
	    "\"description\":null,\"strict\":true,"
	    "\"parameters\":{\"properties\":{\"headers\":{}}}}]");
	assert_shown(RESPONSE_TOOL_CHOICE,
	    "{\"type\":\"allowed_tools\",\"mode\":\"auto\","
	    "\"tools\":[{\"type\":\"mcp\",\"authorization\":\"s\",\"server_label\":\"l\"}]}",
	    "{\"type\":\"allowed_tools\",\"mode\":\"auto\","
	    "\"tools\":[{\"type\":\"mcp\",\"server_label\":\"l\"}]}");
}

static void a_tool_choice_is_a_word_or_an_object_of_a_type(void **state)
{
	(void)state;
	assert_shown(RESPONSE_TOOL_CHOICE, "\"requ\\u0069red\"", "\"required\"");
	assert_shown(RESPONSE_TOOL_CHOICE, "{\"type\":\"function\",\"name\":\"f\"}",
	    "{\"type\":\"function\",\"name\":\"f\"}");
	assert_shown(
	    RESPONSE_TOOL_CHOICE, "{\"name\":\"f\"}", "{\"name\":\"f\",\"type\":\"function\"}");
	assert_shown(
	    RESPONSE_TOOL_CHOICE, "{\"type\":\"function\",\"name\":1}", "{\"type\":\"function\"}");
	assert_shown(RESPONSE_TOOL_CHOICE, "{\"type\":\"mcp\",\"server_label\":\"s\",\"name\":1}",
	    "{\"type\":\"mcp\",\"server_label\":\"s\",\"name\":1}");
}

static void allowed_tools_have_tools_and_a_mode(void **state)
{
	(void)state;
	assert_shown(RESPONSE_TOOL_CHOICE, "{\"type\":\"allowed_tools\"}",
	    "{\"type\":\"allowed_tools\",\"tools\":[],\"mode\":\"auto\"}");
	assert_shown(RESPONSE_TOOL_CHOICE,
	    "{\"type\":\"allowed_tools\",\"mode\":\"required\",\"tools\":[{\"name\":\"f\"},1,"
	    "{\"type\":\"web_search\"}]}",
	    "{\"type\":\"allowed_tools\",\"mode\":\"required\","
	    "\"tools\":[{\"name\":\"f\",\"type\":\"function\"},{\"type\":\"web_search\"}]}");
	assert_shown(RESPONSE_TOOL_CHOICE, "{\"type\":\"allowed_tools\",\"mode\":1,\"tools\":{}}",
	    "{\"type\":\"allowed_tools\",\"mode\":\"auto\",\"tools\":[]}");
}

static void reasoning_has_effort_and_summary(void **state)
{
	(void)state;
	assert_shown(RESPONSE_REASONING, "{}", "{\"effort\":null,\"summary\":null}");
	assert_shown(RESPONSE_REASONING, "{\"effort\":\"minimal\"}",
	    "{\"effort\":\"minimal\",\"summary\":null}");
	assert_shown(RESPONSE_REASONING, "{\"summary\":null,\"effort\":3,\"mode\":\"pro\"}",
	    "{\"summary\":null,\"effort\":null,\"mode\":\"pro\"}");
}

static void text_has_a_format(void **state)
{
	(void)state;
	assert_shown(RESPONSE_TEXT, "{}", "{\"format\":{\"type\":\"text\"}}");
	assert_shown(RESPONSE_TEXT, "{\"format\":null,\"verbosity\":\"low\"}",
	    "{\"format\":{\"type\":\"text\"},\"verbosity\":\"low\"}");
	assert_shown(RESPONSE_TEXT, "{\"format\":\"text\",\"verbosity\":null}",
	    "{\"format\":{\"type\":\"text\"}}");
	assert_shown(RESPONSE_TEXT, "{\"format\":{},\"verbosity\":1,\"x\":2}",
	    "{\"format\":{\"type\":\"text\"},\"x\":2}");
	assert_shown(RESPONSE_TEXT, "{\"format\":{\"type\":\"grammar\",\"grammar\":\"g\"}}",
	    "{\"format\":{\"type\":\"grammar\",\"grammar\":\"g\"}}");
	assert_shown(RESPONSE_TEXT, "{\"format\":{\"type\":\"json_object\"}}",
	    "{\"format\":{\"type\":\"json_object\"}}");
}

static void a_json_schema_format_has_every_member_that_the_schema_requires(void **state)
{
	(void)state;
	assert_shown(RESPONSE_TEXT,
	    "{\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":{\"a\":1}}}",
	    "{\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":null,"
	    "\"description\":null,\"strict\":false}}");
	assert_shown(RESPONSE_TEXT,
	    "{\"format\":{\"type\":\"json_schema\",\"strict\":true,\"description\":\"d\"}}",
	    "{\"format\":{\"type\":\"json_schema\",\"strict\":true,\"description\":\"d\","
	    "\"name\":\"\",\"schema\":null}}");
}

static void a_conversation_is_shown_as_an_object(void **state)
{
	(void)state;
	assert_shown(RESPONSE_CONVERSATION, "\"conv_1\"", "{\"id\":\"conv_1\"}");
	assert_shown(RESPONSE_CONVERSATION, "{ \"id\" : \"conv_1\" }", "{\"id\":\"conv_1\"}");
	assert_shown(RESPONSE_CONVERSATION, "7", NULL);
}

static void a_prompt_passes_as_it_is(void **state)
{
	static const char prompt[] =
	    "{\"id\":\"pmpt_1\",\"version\":\"2\",\"variables\":{\"token\":\"t\","
	    "\"f\":{\"type\":\"input_file\",\"file_id\":\"file_1\"}}}";

	(void)state;
	assert_shown(RESPONSE_PROMPT, prompt, prompt);
	assert_shown(RESPONSE_PROMPT, "\"pmpt_1\"", NULL);
}

static void what_the_object_cannot_show_is_left_to_the_default(void **state)
{
	(void)state;
	for (int field = 0; field < RESPONSE_FIELD_COUNT; field++) {
		struct buf out = {0};

		assert_shown(field, "null", NULL);
		assert_false(echo_write(&out, field, (struct span){0}));
	}
	assert_shown(RESPONSE_INSTRUCTIONS, "\"i\"", "\"i\"");
	assert_shown(RESPONSE_INSTRUCTIONS, "[{\"role\":\"developer\"}]", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_function_has_every_member_that_the_schema_requires),
	    cmocka_unit_test(members_of_a_function_that_the_schema_refuses_are_as_if_missing),
	    cmocka_unit_test(further_members_of_a_function_are_kept),
	    cmocka_unit_test(tools_that_are_hosted_pass_as_they_are),
	    cmocka_unit_test(tools_lose_their_credentials),
	    cmocka_unit_test(a_tool_choice_is_a_word_or_an_object_of_a_type),
	    cmocka_unit_test(allowed_tools_have_tools_and_a_mode),
	    cmocka_unit_test(reasoning_has_effort_and_summary),
	    cmocka_unit_test(text_has_a_format),
	    cmocka_unit_test(a_json_schema_format_has_every_member_that_the_schema_requires),
	    cmocka_unit_test(a_conversation_is_shown_as_an_object),
	    cmocka_unit_test(a_prompt_passes_as_it_is),
	    cmocka_unit_test(what_the_object_cannot_show_is_left_to_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
