#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/config/dialect.h"
#include "common/provider/api_path.h"

enum {
	RESPONSES = 1 << DIALECT_RESPONSES,
	CHAT = 1 << DIALECT_CHAT,
};

static void expect(const char *path, unsigned apis)
{
	if (api_path_apis(span_of(path)) != apis)
		fail_msg("%s: %x, expected %x", path, api_path_apis(span_of(path)), apis);
}

static void a_new_response_can_be_had_by_every_api(void **state)
{
	(void)state;
	expect("responses", 0);
}

static void chat_and_embeddings_lie_beside_responses(void **state)
{
	(void)state;
	expect("chat/completions", RESPONSES | CHAT);
	expect("embeddings", RESPONSES | CHAT);
	assert_true(api_path_is_beside_chat(SPAN("embeddings")));
	assert_false(api_path_is_chat(SPAN("embeddings")));
	assert_true(api_path_is_chat(SPAN("chat/completions")));
	assert_false(api_path_is_beside_chat(SPAN("responses/compact")));
}

static void all_else_is_of_the_responses_api_alone(void **state)
{
	(void)state;
	expect("responses/compact", RESPONSES);
	expect("responses/input_tokens", RESPONSES);
	expect("responses/resp_1/cancel", RESPONSES);
	expect("conversations/conv_1", RESPONSES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_response_can_be_had_by_every_api),
	    cmocka_unit_test(chat_and_embeddings_lie_beside_responses),
	    cmocka_unit_test(all_else_is_of_the_responses_api_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
