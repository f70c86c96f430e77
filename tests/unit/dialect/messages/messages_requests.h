/*
 * What the tests of the Messages API's requests begin with. JSON is written with ' for ", and a
 * request's model and stream are left to the helpers.
 */
#ifndef RESPOOL_TESTS_MESSAGES_REQUESTS_H
#define RESPOOL_TESTS_MESSAGES_REQUESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/dialect/request.h"
#include "tests/unit/literal.h"

#define ORIGIN "0123456789abcdef"
/* What each request begins with, and the message of most. */
#define HEAD        "{'model':'claude-1','max_tokens':4096,'stream':true"
#define HI          "'messages':[{'role':'user','content':[{'type':'text','text':'Hi'}]}]}"
#define QUIRK(name) (1u << QUIRK_##name)

struct request_case {
	const char *members; /* of the request, after "model" */
	const char *sent;    /* the whole of what is sent; or how the message of the error begins */
	unsigned quirks;
	const char *left_out; /* or NULL: nothing */
	const char *param;    /* of the error; or NULL: there is none */
	bool drop_params, without_thinking;
};

static inline struct buf with_quotes(const char *text)
{
	struct buf quoted = {0};

	for (; *text != '\0'; text++)
		buf_putc(&quoted, *text == '\'' ? '"' : *text);
	buf_cstr(&quoted);
	return quoted;
}

static inline void assert_sent(const struct request_case *one)
{
	struct deployment deployment = {.id = text(ORIGIN),
	    .model_name = text("claude"),
	    .model = text("claude-1"),
	    .provider = text("anthropic"),
	    .drop_params = one->drop_params,
	    .max_tokens = 4096,
	    .quirks_given = ~0u,
	    .quirks_set = one->quirks};
	struct request_writer writer = {.deployment = &deployment,
	    .model = "claude",
	    .dialect = DIALECT_MESSAGES,
	    .without_thinking = one->without_thinking};
	struct buf members = with_quotes(one->members), expected = with_quotes(one->sent);
	struct buf body = {0}, out = {0};
	bool written;

	buf_printf(
	    &body, "{\"model\":\"claude\"%s%s}", members.len > 0 ? "," : "", buf_cstr(&members));
	assert_true(json_check(buf_span(&body), 0, NULL, NULL));
	written = messages_request_write(&out, &writer, buf_span(&body));
	if (one->param != NULL) {
		assert_false(written);
		assert_int_equal(writer.error.status, 400);
		assert_string_equal(writer.error.param, one->param);
		assert_non_null(strstr(writer.error.message, buf_cstr(&expected)));
	} else {
		if (!written)
			print_message("%s\n", writer.error.message);
		assert_true(written);
		assert_string_equal(buf_cstr(&out), buf_cstr(&expected));
		assert_true(json_check(buf_span(&out), 0, NULL, NULL));
		assert_string_equal(
		    buf_cstr(&writer.left_out), one->left_out != NULL ? one->left_out : "");
	}
	request_writer_free(&writer);
	buf_free(&members);
	buf_free(&expected);
	buf_free(&body);
	buf_free(&out);
}

static inline void assert_all_sent(const struct request_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_sent(&cases[i]);
}

#define ASSERT_ALL_SENT(cases) assert_all_sent(cases, sizeof(cases) / sizeof((cases)[0]))

#endif
