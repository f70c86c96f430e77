#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/response/fold.h"
#include "common/base/json.h"
#include "folding.h"

static void test_parse_response_output_item_added_event(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, ADDED("{\"id\":\"item_123\",\"type\":\"message\",\"role\":\"assistant\","
			    "\"content\":[]}"));
	assert_member(&fold, "output",
	    "[{\"id\":\"item_123\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[]}]");
	fold_close(&fold);
}

static void test_parse_response_output_text_delta_event(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, ADDED("{\"id\":\"item_123\",\"type\":\"message\","
			    "\"content\":[{\"type\":\"text\",\"text\":\"\"}]}"));
	change(&fold, DELTA("item_123", "0", "Hello "));
	change(&fold, DELTA("item_123", "0", "World!"));
	assert_member(&fold, "output",
	    "[{\"id\":\"item_123\",\"type\":\"message\","
	    "\"content\":[{\"type\":\"text\",\"text\":\"Hello World!\"}]}]");
	fold_close(&fold);
}

static void test_parse_response_completed_event(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	feed(&fold,
	    COMPLETED(
		"{\"id\":\"resp_123\",\"status\":\"completed\","
		"\"usage\":{\"input_tokens\":10,\"output_tokens\":50},"
		"\"reasoning\":{\"effort\":\"medium\"},\"tool_choice\":{\"type\":\"auto\"},"
		"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"test\"}}],"
		"\"model\":\"gpt-4o-2024\",\"output\":[{\"id\":\"item_1\",\"type\":\"message\"}]}"),
	    FOLD_TERMINAL);
	assert_int_equal(fold.status, STATUS_COMPLETED);
	assert_member(&fold, "usage", "{\"input_tokens\":10,\"output_tokens\":50}");
	assert_member(&fold, "reasoning", "{\"effort\":\"medium\"}");
	assert_member(&fold, "tool_choice", "{\"type\":\"auto\"}");
	assert_member(&fold, "tools", "[{\"type\":\"function\",\"function\":{\"name\":\"test\"}}]");
	assert_member(&fold, "model", "\"gpt-4o-2024\"");
	assert_member(&fold, "output", "[{\"id\":\"item_1\",\"type\":\"message\"}]");
	assert_true(json_string_is(member(&fold, "id"), FOLDED_ID));
	fold_close(&fold);
}

static void test_content_part_added_event(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, ADDED("{\"id\":\"item_123\",\"type\":\"message\"}"));
	change(&fold, PART("item_123", "{\"type\":\"text\",\"text\":\"\"}"));
	assert_member(&fold, "output",
	    "[{\"id\":\"item_123\",\"type\":\"message\","
	    "\"content\":[{\"type\":\"text\",\"text\":\"\"}]}]");
	fold_close(&fold);
}

static void test_accumulated_text_structure(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, ADDED("{\"id\":\"item_123\",\"content\":[{\"text\":\"\"},{\"x\":1}]}"));
	change(&fold, DELTA("item_123", "0", "Hello "));
	change(&fold, DELTA("item_123", "0", "World"));
	assert_member(&fold, "output",
	    "[{\"id\":\"item_123\",\"content\":[{\"text\":\"Hello World\"},{\"x\":1}]}]");
	fold_close(&fold);
}

static void test_output_items_tracking_structure(void **state)
{
	struct fold fold;

	(void)state;
	open_fold(&fold);
	change(&fold, ADDED("{\"id\":\"item_1\",\"type\":\"message\",\"content\":[]}"));
	change(&fold,
	    ADDED("{\"id\":\"item_2\",\"type\":\"function_call\",\"name\":\"get_weather\"}"));
	assert_member(&fold, "output",
	    "[{\"id\":\"item_1\",\"type\":\"message\",\"content\":[]},"
	    "{\"id\":\"item_2\",\"type\":\"function_call\",\"name\":\"get_weather\"}]");
	fold_close(&fold);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse_response_output_item_added_event),
	    cmocka_unit_test(test_parse_response_output_text_delta_event),
	    cmocka_unit_test(test_parse_response_completed_event),
	    cmocka_unit_test(test_content_part_added_event),
	    cmocka_unit_test(test_accumulated_text_structure),
	    cmocka_unit_test(test_output_items_tracking_structure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
