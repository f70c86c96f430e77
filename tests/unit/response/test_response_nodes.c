#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/response/response_nodes.h"

static const char id[] = "litellm_poll_00000000-0000-4000-8000-000000000000";

struct opened {
	struct document doc;
	struct response_nodes nodes;
};

static void open_object(struct opened *opened, struct span object)
{
	assert_true(response_nodes_open(&opened->nodes, &opened->doc, object));
}

static void open_new(struct opened *opened)
{
	struct span fields[RESPONSE_FIELD_COUNT] = {[RESPONSE_MODEL] = SPAN("\"m\"")};
	struct buf object = {0};

	response_initial(&object, id, 1700000000, fields);
	open_object(opened, buf_span(&object));
	buf_free(&object);
}

static void close_opened(struct opened *opened)
{
	response_nodes_close(&opened->nodes);
	document_free(&opened->doc);
}

static void assert_member(const struct opened *opened, const char *name, const char *expected)
{
	struct span value = json_get(buf_span(&opened->doc.text), name);

	if (!span_is(value, expected))
		fail_msg("%s is %.*s, expected %s", name, (int)value.len, value.p, expected);
}

static void tools_of_the_provider_lose_their_credentials(void **state)
{
	struct opened opened;

	(void)state;
	open_new(&opened);
	response_nodes_merge(&opened.nodes,
	    SPAN("{\"tools\":[{\"type\":\"mcp\",\"headers\":{\"a\":\"s\"},\"authorization\":\"s\","
		 "\"server_label\":\"l\"},{\"type\":\"function\",\"name\":\"f\"}],"
		 "\"tool_choice\":{\"type\":\"mcp\",\"authorization\":\"s\",\"name\":\"n\"}}"));
	assert_member(&opened, "tools",
	    "[{\"type\":\"mcp\",\"server_label\":\"l\"},{\"type\":\"function\",\"name\":\"f\"}]");
	assert_member(&opened, "tool_choice", "{\"type\":\"mcp\",\"name\":\"n\"}");
	close_opened(&opened);
}

static void a_credential_among_unknown_members_is_left_out(void **state)
{
	struct opened opened;

	(void)state;
	open_new(&opened);
	response_nodes_merge(&opened.nodes, SPAN("{\"extra_headers\":{\"a\":\"s\"},\"api_"
						 "k\\u0065y\":\"s\",\"billing\":{\"token\":1},"
						 "\"continuation_token\":\"c\"}"));
	assert_member(&opened, "extra_headers", "");
	assert_member(&opened, "api_key", "");
	assert_member(&opened, "billing", "{\"token\":1}");
	assert_member(&opened, "continuation_token", "\"c\"");
	close_opened(&opened);
}

static void an_object_stored_without_prompt_and_conversation_is_opened(void **state)
{
	static const char newer[] = ",\"prompt\":null,\"conversation\":null";
	struct span fields[RESPONSE_FIELD_COUNT] = {[RESPONSE_MODEL] = SPAN("\"m\"")};
	struct buf object = {0};
	struct opened opened;
	char *place;

	(void)state;
	response_initial(&object, id, 1700000000, fields);
	buf_cstr(&object);
	place = strstr(object.data, newer);
	assert_non_null(place);
	memmove(place, place + strlen(newer), strlen(place + strlen(newer)) + 1);
	open_object(&opened, span_of(object.data));
	assert_member(&opened, "model", "\"m\"");
	assert_member(&opened, "prompt", "null");
	assert_member(&opened, "conversation", "null");
	buf_free(&object);
	close_opened(&opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tools_of_the_provider_lose_their_credentials),
	    cmocka_unit_test(a_credential_among_unknown_members_is_left_out),
	    cmocka_unit_test(an_object_stored_without_prompt_and_conversation_is_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
