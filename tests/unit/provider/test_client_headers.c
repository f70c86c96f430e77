#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/provider/client_headers.h"

/* Names and values in turn, up to NULL. */
static const char *value_of(const void *ctx, const char *variable)
{
	const char *const *pair = ctx;

	for (; pair[0] != NULL; pair += 2) {
		if (strcmp(pair[0], variable) == 0)
			return pair[1];
	}
	return NULL;
}

static void expect_collected(const char *const environment[], const char *expected)
{
	struct buf lines = {0};

	client_headers_collect(&lines, value_of, environment);
	assert_string_equal(buf_cstr(&lines), expected);
	buf_free(&lines);
}

static void those_that_a_provider_gets_are_collected(void **state)
{
	static const char *const environment[] = {"HTTP_TRACESTATE", "a=1,b=2", "HTTP_COOKIE", "c",
	    "HTTP_AUTHORIZATION", "Bearer k", "HTTP_X_CLIENT_REQUEST_ID", "r: 7",
	    "HTTP_OPENAI_BETA", "x=v1", "HTTP_TRACEPARENT", "00-1-2-01", NULL};
	static const char *const none[] = {"HTTP_ACCEPT", "a", NULL};

	(void)state;
	expect_collected(environment,
	    "OpenAI-Beta: x=v1\nX-Client-Request-Id: r: 7\ntraceparent: 00-1-2-01\n"
	    "tracestate: a=1,b=2\n");
	expect_collected(none, "");
}

static void one_that_would_begin_another_is_left_out(void **state)
{
	static const char *const environment[] = {"HTTP_OPENAI_BETA", "x\r\nX-Admin: 1",
	    "HTTP_TRACESTATE", "", "HTTP_TRACEPARENT", "00\x7f", NULL};

	(void)state;
	expect_collected(environment, "");
}

static void expect_added(
    const char *there, const char *lines, bool is_translated, const char *expected)
{
	struct curl_slist *headers = there != NULL ? curl_slist_append(NULL, there) : NULL;
	struct buf text = {0};

	headers = client_headers_add(headers, span_of(lines), is_translated);
	for (const struct curl_slist *each = headers; each != NULL; each = each->next)
		buf_printf(&text, "%s|", each->data);
	assert_string_equal(buf_cstr(&text), expected);
	buf_free(&text);
	curl_slist_free_all(headers);
}

static void each_line_is_a_header(void **state)
{
	(void)state;
	expect_added(NULL, "A: 1\nB: x: y\n", false, "A: 1|B: x: y|");
	expect_added("Host: h", "", false, "Host: h|");
}

static void the_deployment_s_own_header_wins(void **state)
{
	(void)state;
	expect_added("TRACEPARENT: d", "traceparent: c\ntracestate: t\n", false,
	    "TRACEPARENT: d|tracestate: t|");
}

static void a_translated_request_goes_without_openai_s(void **state)
{
	static const char lines[] = "OpenAI-Beta: x\ntraceparent: c\n";

	(void)state;
	expect_added(NULL, lines, false, "OpenAI-Beta: x|traceparent: c|");
	expect_added(NULL, lines, true, "traceparent: c|");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(those_that_a_provider_gets_are_collected),
	    cmocka_unit_test(one_that_would_begin_another_is_left_out),
	    cmocka_unit_test(each_line_is_a_header),
	    cmocka_unit_test(the_deployment_s_own_header_wins),
	    cmocka_unit_test(a_translated_request_goes_without_openai_s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
