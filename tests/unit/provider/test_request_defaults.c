#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/config/dialect.h"
#include "common/provider/request_body.h"
#include "common/provider/upstream_body.h"
#include "tests/unit/literal.h"

enum { MOST = 8 };

static struct deployment deployment_of(struct request_default *defaults)
{
	struct deployment deployment = {.model_name = text("m"),
	    .model = text("up"),
	    .provider = text("openai"),
	    .defaults = defaults};

	while (deployment.default_count < MOST && defaults[deployment.default_count].value != NULL)
		deployment.default_count++;
	return deployment;
}

#define NUMBER                                                                                     \
	{                                                                                          \
		text("temperature"), NULL, text("temperature"), text("0.2")                        \
	}
#define EFFORT                                                                                     \
	{                                                                                          \
		text("reasoning_effort"), NULL, text("reasoning.effort"), text("\"low\"")          \
	}
#define SUMMARY                                                                                    \
	{                                                                                          \
		NULL, NULL, text("reasoning.summary"), text("\"auto\"")                            \
	}
#define TOKENS                                                                                     \
	{                                                                                          \
		text("max_tokens"), NULL, text("max_output_tokens"), text("9")                     \
	}
#define SEED                                                                                       \
	{                                                                                          \
		text("seed"), NULL, NULL, text("1")                                                \
	}
#define FORMAT                                                                                     \
	{                                                                                          \
		text("response_format"), text("{\"type\":\"nested\"}"), text("text.format"),       \
		    text("{\"type\":\"flat\"}")                                                    \
	}

typedef void write_fn(
    struct buf *out, struct span body, const struct deployment *deployment, const char *model);

static void expect(
    write_fn *write, const struct deployment *deployment, const char *body, const char *expected)
{
	struct buf out = {0};

	write(&out, span_of(body), deployment, "m");
	assert_string_equal(buf_cstr(&out), expected);
	buf_free(&out);
}

static void expect_filled(
    const struct deployment *deployment, const char *body, const char *expected)
{
	expect(request_body_for, deployment, body, expected);
}

static void what_the_client_does_not_say_is_added(void **state)
{
	struct request_default defaults[MOST] = {NUMBER, EFFORT, SUMMARY, TOKENS, SEED};
	const struct deployment deployment = deployment_of(defaults);

	(void)state;
	expect_filled(&deployment, "{\"model\":\"m\",\"input\":[ 1 ]}",
	    "{\"model\":\"up\",\"input\":[ 1 ],\"temperature\":0.2,\"reasoning\":{\"effort\":"
	    "\"low\",\"summary\":\"auto\"},\"max_output_tokens\":9}");
	expect_filled(&deployment, "{}",
	    "{\"temperature\":0.2,\"reasoning\":{\"effort\":\"low\",\"summary\":\"auto\"},"
	    "\"max_output_tokens\":9}");
}

static void what_the_client_says_stays_as_it_is_spelled(void **state)
{
	struct request_default defaults[MOST] = {NUMBER, EFFORT, TOKENS};
	const struct deployment deployment = deployment_of(defaults);

	(void)state;
	expect_filled(&deployment,
	    "{\"temp\\u0065rature\": 1.0, \"max_output_tokens\":1e1,"
	    "\"reasoning\":{ \"eff\\u006frt\" : \"high\" }}",
	    "{\"temp\\u0065rature\":1.0,\"max_output_tokens\":1e1,"
	    "\"reasoning\":{\"eff\\u006frt\":\"high\"}}");
	expect_filled(&deployment, "{\"reasoning\":7,\"temperature\":\"\",\"max_output_tokens\":0}",
	    "{\"reasoning\":7,\"temperature\":\"\",\"max_output_tokens\":0}");
}

static void an_object_is_filled_up(void **state)
{
	struct request_default defaults[MOST] = {EFFORT, SUMMARY, FORMAT};
	const struct deployment deployment = deployment_of(defaults);

	(void)state;
	expect_filled(&deployment,
	    "{\"reasoning\":{\"summary\":\"concise\"},\"text\":{\"verbosity\":\"low\"}}",
	    "{\"reasoning\":{\"summary\":\"concise\",\"effort\":\"low\"},"
	    "\"text\":{\"verbosity\":\"low\",\"format\":{\"type\":\"flat\"}}}");
	expect_filled(&deployment, "{\"text\":{\"format\":{\"type\":\"text\"}},\"reasoning\":{}}",
	    "{\"text\":{\"format\":{\"type\":\"text\"}},"
	    "\"reasoning\":{\"effort\":\"low\",\"summary\":\"auto\"}}");
}

static void null_says_nothing(void **state)
{
	struct request_default defaults[MOST] = {NUMBER, EFFORT, TOKENS};
	const struct deployment deployment = deployment_of(defaults);

	(void)state;
	expect_filled(&deployment,
	    "{\"temperature\":null,\"reasoning\":null,\"max_output_tokens\":null,\"user\":null}",
	    "{\"temperature\":0.2,\"reasoning\":{\"effort\":\"low\"},\"max_output_tokens\":9,"
	    "\"user\":null}");
	expect_filled(&deployment,
	    "{\"reasoning\":{\"effort\":null},\"max_output_tokens\":1,\"temperature\":1}",
	    "{\"reasoning\":{\"effort\":\"low\"},\"max_output_tokens\":1,\"temperature\":1}");
}

static void what_is_dropped_is_not_added(void **state)
{
	char *dropped[] = {text("reasoning"), text("max_tokens"), text("temperature")};
	struct request_default defaults[MOST] = {NUMBER, EFFORT, TOKENS, FORMAT};
	struct deployment deployment = deployment_of(defaults);

	(void)state;
	deployment.dropped = dropped;
	deployment.dropped_count = 3;
	expect_filled(&deployment, "{\"temperature\":1,\"reasoning\":{\"effort\":\"high\"}}",
	    "{\"text\":{\"format\":{\"type\":\"flat\"}}}");
	expect(request_body_for_chat, &deployment, "{}",
	    "{\"response_format\":{\"type\":\"nested\"}}");
}

static void a_request_that_is_translated_has_what_only_its_api_knows(void **state)
{
	struct request_default defaults[MOST] = {NUMBER, EFFORT, TOKENS, SEED};
	struct deployment deployment = deployment_of(defaults);

	(void)state;
	deployment.has_api = true;
	deployment.api = DIALECT_CHAT;
	expect_filled(&deployment, "{\"temperature\":1}",
	    "{\"temperature\":1,\"reasoning\":{\"effort\":\"low\"},\"seed\":1}");
}

static void a_chat_gets_chat_s_words(void **state)
{
	struct request_default defaults[MOST] = {EFFORT, SUMMARY, TOKENS, SEED, FORMAT};
	struct deployment deployment = deployment_of(defaults);

	(void)state;
	deployment.quirks_given = 1u << QUIRK_USES_MAX_COMPLETION_TOKENS;
	expect(request_body_for_chat, &deployment, "{\"model\":\"m\",\"messages\":[]}",
	    "{\"model\":\"up\",\"messages\":[],\"reasoning_effort\":\"low\",\"max_tokens\":9,"
	    "\"seed\":1,\"response_format\":{\"type\":\"nested\"}}");
	deployment.quirks_set = deployment.quirks_given;
	expect(request_body_for_chat, &deployment, "{\"seed\":2,\"reasoning_effort\":\"high\"}",
	    "{\"seed\":2,\"reasoning_effort\":\"high\",\"max_completion_tokens\":9,"
	    "\"response_format\":{\"type\":\"nested\"}}");
	expect(request_body_for_chat, &deployment, "{\"max_tokens\":1,\"seed\":null}",
	    "{\"max_tokens\":1,\"seed\":1,\"reasoning_effort\":\"low\","
	    "\"response_format\":{\"type\":\"nested\"}}");
}

static void other_requests_get_nothing(void **state)
{
	struct request_default defaults[MOST] = {NUMBER, EFFORT, TOKENS};
	const struct deployment deployment = deployment_of(defaults);

	(void)state;
	expect(request_body_for_others, &deployment, "{\"model\":\"m\",\"input\":null}",
	    "{\"model\":\"up\",\"input\":null}");
}

static void a_request_of_the_background_has_them_too(void **state)
{
	struct request_default defaults[MOST] = {NUMBER, TOKENS};
	const struct deployment deployment = deployment_of(defaults);
	struct buf body = {0};

	(void)state;
	upstream_body(
	    &body, &deployment, "m", SPAN("\"temperature\" : null"), SPAN(""), SPAN("[ 1 ]"));
	assert_string_equal(buf_cstr(&body),
	    "{\"model\":\"up\",\"stream\":true,\"temperature\":0.2,"
	    "\"max_output_tokens\":9,\"input\":[ 1 ]}");
	buf_clear(&body);
	upstream_body(&body, &deployment, "m", SPAN(""), SPAN(""), SPAN(""));
	assert_string_equal(buf_cstr(&body),
	    "{\"model\":\"up\",\"stream\":true,\"temperature\":0.2,"
	    "\"max_output_tokens\":9}");
	buf_free(&body);
}

static void expect_extra(const char *extra, const char *body, const char *expected)
{
	char own[256];
	struct deployment deployment = {0};
	struct buf out = {0};

	if (extra != NULL) {
		memcpy(own, extra, strlen(extra) + 1);
		deployment.extra_body = own;
	}
	buf_puts(&out, body);
	request_body_add_extra(&out, &deployment);
	assert_string_equal(buf_cstr(&out), expected);
	buf_free(&out);
}

static void an_extra_body_adds_what_is_not_there(void **state)
{
	(void)state;
	expect_extra(NULL, "{\"a\": 1 }", "{\"a\": 1 }");
	expect_extra("{\"a\":2,\"b\":{\"c\":[3]},\"d\":null}", "{\"\\u0061\": 1}",
	    "{\"\\u0061\": 1,\"b\":{\"c\":[3]},\"d\":null}");
	expect_extra("{\"a\":2,\"b\":3}", "{}", "{\"a\":2,\"b\":3}");
	expect_extra("{\"a\":2}", "{\"a\":null}", "{\"a\":null}");
	expect_extra("{}", "{}", "{}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_client_does_not_say_is_added),
	    cmocka_unit_test(what_the_client_says_stays_as_it_is_spelled),
	    cmocka_unit_test(an_object_is_filled_up),
	    cmocka_unit_test(null_says_nothing),
	    cmocka_unit_test(what_is_dropped_is_not_added),
	    cmocka_unit_test(a_request_that_is_translated_has_what_only_its_api_knows),
	    cmocka_unit_test(a_chat_gets_chat_s_words),
	    cmocka_unit_test(other_requests_get_nothing),
	    cmocka_unit_test(a_request_of_the_background_has_them_too),
	    cmocka_unit_test(an_extra_body_adds_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
