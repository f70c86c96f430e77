/*
 * A request and what becomes of it in Chat Completions. For legibility JSON has ' here where it is
 * sent with ".
 */
#ifndef RESPOOL_TESTS_CHAT_CASE_H
#define RESPOOL_TESTS_CHAT_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/dialect/request.h"
#include "tests/unit/literal.h"

#define BIT(quirk) (1u << QUIRK_##quirk)

struct chat_case {
	const char *request;  /* members, without the model */
	const char *expected; /* members of the body; or the beginning of the error, if param is
				 given */
	unsigned quirks;
	bool drop_params;
	const char *left_out; /* or NULL */
	const char *param;    /* of the error, or NULL */
	const char *upstream; /* the model's name there, or NULL for "up" */
};

/* For an initializer. */
#define SAYS(body, becomes) .request = (body), .expected = (becomes)

static inline void quote(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		buf_putc(out, *text == '\'' ? '"' : *text);
}

static inline void assert_chat_error(
    const struct chat_case *test, const struct request_writer *writer)
{
	assert_int_equal(writer->error.status, 400);
	assert_string_equal(writer->error.param, test->param);
	if (strncmp(writer->error.message, test->expected, strlen(test->expected)) != 0)
		assert_string_equal(writer->error.message, test->expected);
}

/* Compares each member that is expected; one that is expected to be null must not be there. */
static inline void assert_chat_members(const struct chat_case *test, const struct buf *body)
{
	struct buf expected = {0}, name = {0}, got = {0}, value = {0};
	struct json_scan scan;
	struct span key, member;

	buf_putc(&expected, '{');
	quote(&expected, test->expected);
	buf_putc(&expected, '}');
	assert_true(json_check(buf_span(&expected), 0, NULL, NULL));
	scan = json_open(buf_span(&expected), 0);
	while (json_member(&scan, &key, &member)) {
		buf_clear(&name);
		buf_clear(&got);
		buf_clear(&value);
		buf_append_span(&name, key);
		buf_append_span(&got, json_get(buf_span(body), buf_cstr(&name)));
		if (json_is_given(member))
			buf_append_span(&value, member);
		assert_string_equal(buf_cstr(&got), buf_cstr(&value));
	}
	buf_free(&expected);
	buf_free(&name);
	buf_free(&got);
	buf_free(&value);
}

static inline void assert_chat_case(const struct chat_case *test)
{
	const struct deployment deployment = {
	    .id = text("d1"),
	    .model_name = text("m"),
	    .model = text(test->upstream != NULL ? test->upstream : "up"),
	    .provider = text("openai_like"),
	    .drop_params = test->drop_params,
	    .quirks_given = ~0u,
	    .quirks_set = test->quirks,
	};
	struct request_writer writer = {
	    .deployment = &deployment, .model = "m", .dialect = DIALECT_CHAT};
	struct buf body = {0}, out = {0};
	bool written;

	buf_puts(&body, "{\"model\":\"m\",");
	quote(&body, test->request);
	buf_putc(&body, '}');
	assert_true(json_check(buf_span(&body), 0, NULL, NULL));
	written = chat_request_write(&out, &writer, buf_span(&body));
	if (!written && test->param == NULL)
		assert_string_equal(writer.error.message, "");
	if (test->param != NULL) {
		assert_false(written);
		assert_chat_error(test, &writer);
	} else {
		assert_true(json_check(buf_span(&out), 0, NULL, NULL));
		assert_chat_members(test, &out);
		assert_string_equal(
		    buf_cstr(&writer.left_out), test->left_out != NULL ? test->left_out : "");
	}
	request_writer_free(&writer);
	buf_free(&body);
	buf_free(&out);
}

static inline void assert_chat_cases(const struct chat_case *tests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_chat_case(&tests[i]);
}

#define ASSERT_CHAT_CASES(tests) assert_chat_cases(tests, sizeof(tests) / sizeof((tests)[0]))

#endif
