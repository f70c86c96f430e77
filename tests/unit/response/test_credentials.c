#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/response/credentials.h"
#include "common/base/json.h"

static void assert_written(const char *tools, const char *expected)
{
	struct buf out = {0};
	bool removed = credentials_write(&out, span_of(tools));

	assert_string_equal(buf_cstr(&out), expected);
	assert_int_equal(removed, strcmp(tools, expected) != 0);
	buf_free(&out);
}

static void assert_named(const char *name, const char *value, bool expected)
{
	if (credentials_are_in(span_of(name), span_of(value)) != expected)
		fail_msg("%s: %s", name, value);
}

static void credentials_are_known_by_their_names(void **state)
{
	static const char *const names[] = {"authorization", "Authorization", "headers",
	    "extra_headers", "http-headers", "api_key", "apiKey", "X-API-Key", "access_token",
	    "authorization_token", "token", "auth", "password", "client_secret", "domain_secrets",
	    "credentials", "aws_secret_access_key", "\\u0061uthorization", "cookie"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_named(names[i], "\"s\"", true);
}

static void other_members_are_no_credentials(void **state)
{
	static const char *const names[] = {"", "type", "name", "server_label", "server_url", "key",
	    "max_tokens", "tokens", "continuation_token", "author", "header", "container",
	    "vector_store_ids"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_named(names[i], "\"s\"", false);
	assert_named("headers", "null", false);
	assert_named("authorization", "true", false);
	assert_named("headers", "{}", true);
}

static void a_long_name_is_known_by_its_end(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'x', sizeof(name));
	strcpy(name + 200, "_api_key");
	assert_named(name, "1", true);
}

static void an_mcp_tool_loses_authorization_and_headers(void **state)
{
	(void)state;
	assert_written("[{\"type\":\"mcp\",\"server_label\":\"s\",\"authorization\":\"secret\","
		       "\"headers\":{\"a\":\"secret\"},\"require_approval\":\"never\"}]",
	    "[{\"type\":\"mcp\",\"server_label\":\"s\",\"require_approval\":\"never\"}]");
	assert_written("{\"headers\":{},\"type\":\"mcp\"}", "{\"type\":\"mcp\"}");
	assert_written("{\"auth\\u006frization\":\"secret\"}", "{}");
	assert_written("{\"headers\":null,\"authorization\":null}",
	    "{\"headers\":null,\"authorization\":null}");
}

static void credentials_are_found_further_down(void **state)
{
	(void)state;
	assert_written(
	    "[{\"type\":\"shell\",\"environment\":{\"network_policy\":{\"type\":\"allowlist\","
	    "\"domain_secrets\":[{\"domain\":\"d\",\"name\":\"n\",\"value\":\"secret\"}]}}}]",
	    "[{\"type\":\"shell\",\"environment\":{\"network_policy\":{\"type\":\"allowlist\"}}}]");
	assert_written("[{\"type\":\"namespace\",\"tools\":[{\"type\":\"mcp\",\"headers\":{}}]}]",
	    "[{\"type\":\"namespace\",\"tools\":[{\"type\":\"mcp\"}]}]");
}

static void what_describes_a_function_is_kept(void **state)
{
	static const char tools[] =
	    "[{\"type\":\"function\",\"name\":\"request\",\"parameters\":{\"properties\":"
	    "{\"headers\":{\"type\":\"object\"},\"token\":{\"type\":\"string\"}}}},"
	    "{\"name\":\"t\",\"input_schema\":{\"properties\":{\"api_key\":{}}}}]";

	(void)state;
	assert_written(tools, tools);
}

static void credentials_are_found_at_any_depth(void **state)
{
	struct buf deep = {0}, expected = {0};

	(void)state;
	for (int i = 0; i < 60; i++) {
		buf_puts(&deep, "[{\"a\":");
		buf_puts(&expected, "[{\"a\":");
	}
	buf_puts(&deep, "{\"headers\":[{\"a\":\"]}\\\"}\"}],\"b\":-1.50}");
	buf_puts(&expected, "{\"b\":-1.50}");
	for (int i = 0; i < 60; i++) {
		buf_puts(&deep, "},null,{}]");
		buf_puts(&expected, "},null,{}]");
	}
	assert_written(buf_cstr(&deep), buf_cstr(&expected));
	buf_free(&deep);
	buf_free(&expected);
}

static void what_is_kept_is_canonically_spelled(void **state)
{
	static const char tools[] = " [ 1e1 , \"\\u0041\\\\\\/\" , [ ] , { } , true ,"
				    " { \"\\u0061\" : false } ] ";
	struct buf out = {0}, canonical = {0};

	(void)state;
	assert_false(credentials_write(&out, span_of(tools)));
	json_canonical(&canonical, span_of(tools));
	assert_string_equal(buf_cstr(&out), buf_cstr(&canonical));
	buf_free(&out);
	buf_free(&canonical);
}

static void assert_url(const char *url, const char *expected)
{
	struct buf tool = {0}, shown = {0};

	buf_printf(&tool, "{\"server_url\":\"%s\"}", url);
	buf_printf(&shown, "{\"server_url\":\"%s\"}", expected);
	assert_written(buf_cstr(&tool), buf_cstr(&shown));
	buf_free(&tool);
	buf_free(&shown);
}

static void a_server_s_url_loses_what_may_be_secret(void **state)
{
	(void)state;
	assert_url("https://mcp.example.com/v1/mcp", "https://mcp.example.com/v1/mcp");
	assert_url("https://mcp.example.com:8443", "https://mcp.example.com:8443");
	assert_url("https://user:pass@mcp.example.com/sse", "https://mcp.example.com/sse");
	assert_url("https://us@er:p@ss@h/sse", "https://h/sse");
	assert_url("https://h/mcp?api_key=secret#secret", "https://h/mcp");
	assert_url("https://h?api_key=a@b", "https://h");
	assert_url("https://h/s/0123456789abcdefghij/mcp", "https://h/s/<redacted>/mcp");
	assert_url("https://h/<redacted>", "https://h/<redacted>");
	assert_url("litellm_proxy", "litellm_proxy");
	assert_url("litellm_proxy/mcp/github", "litellm_proxy/mcp/github");
	assert_url("user:pass@h/mcp", "h/mcp");
	assert_url("user:pass@https://user@h/@scope/mcp", "https://h/@scope/mcp");
	assert_url("", "");
	assert_url("//", "//");
	assert_url("https://", "https://");
	assert_written("{\"server_url\":7}", "{\"server_url\":7}");
}

static void assert_input(const char *input, const char *expected)
{
	struct buf out = {0};
	bool removed;

	buf_puts(&out, "before ");
	removed = credentials_write_input(&out, span_of(input));
	assert_int_equal(removed, expected != NULL);
	if (strcmp(buf_cstr(&out) + 7, expected != NULL ? expected : "") != 0)
		fail_msg("%s becomes %s", input, buf_cstr(&out) + 7);
	buf_free(&out);
}

static void an_input_without_credentials_is_not_written(void **state)
{
	(void)state;
	assert_input("", NULL);
	assert_input("null", NULL);
	assert_input("\"authorization tools\"", NULL);
	assert_input("[]", NULL);
	assert_input("[1,\"tools\",null,{\"type\":\"message\",\"content\":\"\\u0000\"}]", NULL);
	assert_input(
	    "[{\"type\":\"mcp_list_tools\",\"tools\":[{\"name\":\"authorization\"}]}]", NULL);
	assert_input("[{\"tools\":{\"authorization\":\"a\"}}]", NULL);
	assert_input("[{\"content\":[{\"logprobs\":[{\"token\":\"a\"}],\"tools\":1}]}]", NULL);
}

static void tools_in_an_input_lose_their_credentials(void **state)
{
	(void)state;
	assert_input("[ {\"type\" : \"message\", \"n\":1e1} ,{\"type\":\"additional_tools\","
		     "\"tools\":[{\"type\":\"mcp\",\"headers\":{\"a\":\"b\"}}],\"x\":[ 1 ]}]",
	    "[{\"type\" : \"message\", \"n\":1e1},{\"type\":\"additional_tools\","
	    "\"tools\":[{\"type\":\"mcp\"}],\"x\":[ 1 ]}]");
	assert_input("[{\"t\\u006fols\":[{\"auth\":\"a\"}]}]", "[{\"tools\":[{}]}]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(credentials_are_known_by_their_names),
	    cmocka_unit_test(other_members_are_no_credentials),
	    cmocka_unit_test(a_long_name_is_known_by_its_end),
	    cmocka_unit_test(an_mcp_tool_loses_authorization_and_headers),
	    cmocka_unit_test(credentials_are_found_further_down),
	    cmocka_unit_test(what_describes_a_function_is_kept),
	    cmocka_unit_test(credentials_are_found_at_any_depth),
	    cmocka_unit_test(what_is_kept_is_canonically_spelled),
	    cmocka_unit_test(a_server_s_url_loses_what_may_be_secret),
	    cmocka_unit_test(an_input_without_credentials_is_not_written),
	    cmocka_unit_test(tools_in_an_input_lose_their_credentials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
