#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "narrated_job.h"

static void nothing_is_told_before_output(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, "{\"type\":\"response.created\",\"response\":{\"status\":\"in_progress\"}}");
	job_tell(&job, "{\"type\":\"response.in_progress\",\"response\":{}}");
	job_tell(&job, "{\"type\":\"response.queued\",\"response\":{}}");
	job_tell(&job, "{\"type\":\"keepalive\",\"output_index\":0}");
	job_tell(&job, "{\"type\":\"error\",\"code\":\"x\",\"message\":\"y\"}");
	job_assert_told(&job, "");
	job_finish(&job);
}

static void a_retry_before_output_begins_no_second_time(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	fold_close(&job.fold);
	job_begin(&job);
	job_assert_told(&job, "");
	job_finish(&job);
}

static void a_text_is_told_piece_by_piece(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, ADDED("0", MESSAGE));
	job_assert_told(&job, "output_item.added");
	job_tell(
	    &job, OF_ITEM("content_part.added", "msg_1", "0",
		      "\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"\"}"));
	job_assert_told(&job, "content_part.added");
	job_assert_member(&job, 0, "part",
	    "{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[],\"logprobs\":[]}");
	job_tell(&job, TEXT("Hel"));
	job_tell(&job, TEXT("lo\\n"));
	job_assert_told(&job, "output_text.delta output_text.delta");
	job_assert_member(&job, 0, "delta", "\"lo\\n\"");
	job_assert_member(&job, 0, "logprobs", "[]");
	job_tell(&job,
	    OF_ITEM("output_text.done", "msg_1", "0", "\"content_index\":0,\"text\":\"Hello\\n\""));
	job_assert_told(&job, "output_text.done");
	job_tell(&job, OF_ITEM("content_part.done", "msg_1", "0",
			   "\"content_index\":0,\"part\":{\"type\":\"output_text\","
			   "\"text\":\"Hello\\n\",\"annotations\":[],\"logprobs\":[]}"));
	job_assert_told(&job, "content_part.done");
	job_tell(&job, COMPLETED);
	job_end_fold(&job);
	job_assert_told(&job, "output_item.done");
	job_finish(&job);
}

static void what_is_not_announced_is_announced_here(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, TEXT("a"));
	job_assert_told(&job, "output_item.added content_part.added output_text.delta");
	job_assert_member(&job, 2, "item", MESSAGE);
	job_end_fold(&job);
	job_assert_told(&job, "output_text.done content_part.done output_item.done");
	job_finish(&job);
}

static void an_item_that_comes_whole_is_told_from_its_beginning(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(
	    &job, DONE("0", "{\"id\":\"rs_1\",\"type\":\"reasoning\",\"summary\":[{\"type\":"
			    "\"summary_text\",\"text\":\"a\"},{\"type\":\"summary_text\",\"text\":"
			    "\"b\"}]}"));
	job_assert_told(&job, "output_item.added reasoning_summary_part.added "
			      "reasoning_summary_text.delta reasoning_summary_text.done "
			      "reasoning_summary_part.done reasoning_summary_part.added "
			      "reasoning_summary_text.delta reasoning_summary_text.done "
			      "reasoning_summary_part.done output_item.done");
	job_assert_member(
	    &job, 9, "item", "{\"id\":\"rs_1\",\"type\":\"reasoning\",\"summary\":[]}");
	job_finish(&job);
}

static void a_part_ends_when_a_later_one_begins(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, TEXT("a"));
	job.seen = event_log_count(&job.stored);
	job_tell(
	    &job, OF_ITEM("refusal.delta", "msg_1", "0", "\"content_index\":1,\"delta\":\"No\""));
	job_assert_told(
	    &job, "output_text.done content_part.done content_part.added refusal.delta");
	job_finish(&job);
}

static void half_a_character_waits_for_the_other_half(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, TEXT("a\\ud83d"));
	job_assert_member(&job, 0, "delta", "\"a\"");
	job_tell(&job, TEXT("\\ude00"));
	job_assert_member(&job, 0, "delta", "\"\xf0\x9f\x98\x80\"");
	job_tell(&job, TEXT("\\ud83d"));
	job_end_fold(&job);
	job_assert_member(&job, 3, "delta", "\"\xef\xbf\xbd\"");
	job_finish(&job);
}

static void logprobs_and_annotations_are_told_as_they_come(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(
	    &job, OF_ITEM("output_text.delta", "msg_1", "0",
		      "\"content_index\":0,\"delta\":\"a\",\"logprobs\":[{\"token\":\n\"a\"}]"));
	job_assert_member(&job, 0, "logprobs", "[{\"token\":\"a\"}]");
	job_tell(&job, OF_ITEM("output_text.delta", "msg_1", "0",
			   "\"content_index\":0,\"delta\":\"b\",\"logprobs\":[{\"token\":\"b\"}]"));
	job_assert_member(&job, 0, "logprobs", "[{\"token\":\"b\"}]");
	job_tell(&job, OF_ITEM("output_text.annotation.added", "msg_1", "0",
			   "\"content_index\":0,\"annotation\":{\"a\":1}"));
	job_assert_member(&job, 0, "annotation_index", "0");
	job_tell(&job, OF_ITEM("output_text.annotation.added", "msg_1", "0",
			   "\"content_index\":0,\"annotation\":{\"a\":2}"));
	job_assert_member(&job, 0, "annotation_index", "1");
	job_assert_member(&job, 0, "annotation", "{\"a\":2}");
	job_end_fold(&job);
	job_assert_member(&job, 2, "logprobs", "[{\"token\":\"a\"},{\"token\":\"b\"}]");
	job_finish(&job);
}

static void a_call_waits_for_its_name(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, OF_ITEM("function_call_arguments.delta", "fc_1", "0", "\"delta\":\"{\""));
	job_assert_told(&job, "");
	job_tell(&job, ADDED("0", CALL("fc_1", "call_1", "", "in_progress")));
	job_assert_told(&job, "output_item.added function_call_arguments.delta");
	job_assert_member(&job, 1, "item", CALL("fc_1", "call_1", "", "in_progress"));
	job_tell(
	    &job, OF_ITEM("function_call_arguments.done", "fc_1", "0", "\"arguments\":\"{}\""));
	job_assert_told(&job, "function_call_arguments.delta function_call_arguments.done");
	job_assert_member(&job, 0, "name", "\"f\"");
	job_finish(&job);
}

static void a_call_without_a_call_id_has_its_own_id_when_it_ends(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, DONE("0", "{\"id\":\"fc_1\",\"type\":\"custom_tool_call\",\"name\":\"f\","
				 "\"input\":\"x\",\"status\":\"completed\"}"));
	job_assert_told(&job, "output_item.added custom_tool_call_input.delta "
			      "custom_tool_call_input.done output_item.done");
	job_assert_member(&job, 0, "item",
	    "{\"id\":\"fc_1\",\"call_id\":\"fc_1\",\"type\":\"custom_tool_call\","
	    "\"name\":\"f\",\"input\":\"x\",\"status\":\"completed\"}");
	job_end_fold(&job);
	job_close(&job);
}

static void two_calls_of_one_call_id_are_told_apart(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, ADDED("0", CALL("fc_1", "call_1", "", "in_progress")));
	job_tell(&job, ADDED("1", CALL("fc_2", "call_1", "", "in_progress")));
	job_assert_member(&job, 0, "item", CALL("fc_2", "call_1_2", "", "in_progress"));
	job_tell(&job, DONE("1", CALL("fc_2", "call_1", "{}", "completed")));
	job_assert_member(&job, 0, "item", CALL("fc_2", "call_1_2", "{}", "completed"));
	job_end_fold(&job);
	job_close(&job);
}

static void an_item_without_an_id_is_told_under_one(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job,
	    "{\"type\":\"response.completed\",\"response\":{\"output\":[{\"type\":"
	    "\"message\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[]}]}}");
	job_end_fold(&job);
	job_assert_told(&job, "output_item.added output_item.done");
	job_close(&job);
}

static void an_item_keeps_the_id_that_was_told(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, ADDED("0", MESSAGE));
	job_tell(&job, "{\"type\":\"response.output_text.delta\",\"item_id\":\"other\","
		       "\"output_index\":0,\"content_index\":0,\"delta\":\"a\"}");
	job_tell(&job, DONE("0", "{\"id\":\"third\",\"type\":\"message\",\"status\":\"completed\","
				 "\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\","
				 "\"text\":\"a\",\"annotations\":[]}]}"));
	job_finish(&job);
}

static void a_text_that_is_replaced_by_a_longer_one_goes_on(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, TEXT("He"));
	job.seen = event_log_count(&job.stored);
	job_tell(&job,
	    OF_ITEM("output_text.done", "msg_1", "0", "\"content_index\":0,\"text\":\"Hello\""));
	job_assert_told(&job, "output_text.delta output_text.done");
	job_assert_member(&job, 1, "delta", "\"llo\"");
	job_finish(&job);
}

static void a_text_that_is_replaced_by_another_gets_its_last_state_only(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, TEXT("He"));
	job.seen = event_log_count(&job.stored);
	job_tell(&job,
	    OF_ITEM("output_text.done", "msg_1", "0", "\"content_index\":0,\"text\":\"other\""));
	job_assert_told(&job, "output_text.done");
	job_assert_member(&job, 0, "text", "\"other\"");
	job_end_fold(&job);
	job_assert_adds_up(&job);
	assert_int_equal(job.rules.replaced, 1);
	job_close(&job);
}

/* The two texts are of different characters where the first one ended. */
static void an_item_that_begins_again_does_not_go_on_with_its_text(void **state)
{
	static const char added[] =
	    "{\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"id\":\"m\","
	    "\"type\":\"message\",\"status\":\"in_progress\",\"role\":\"assistant\",\"content\":[]}"
	    "}";
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, added);
	job_tell(
	    &job, "{\"type\":\"response.output_text.delta\",\"item_id\":\"m\",\"delta\":\"ab\"}");
	job_assert_told(&job, "output_item.added content_part.added output_text.delta");
	job_tell(&job, added);
	job_tell(&job,
	    "{\"type\":\"response.output_text.delta\",\"item_id\":\"m\",\"delta\":\"a\xc3\xa9z\"}");
	job_assert_told(&job, "");
	job_end_fold(&job);
	job_assert_told(&job, "output_text.done content_part.done output_item.done");
	job_assert_member(&job, 2, "text", "\"a\xc3\xa9z\"");
	job_close(&job);
}

static void nothing_is_told_after_an_items_end(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, DONE("0", MESSAGE));
	job.seen = event_log_count(&job.stored);
	job_tell(&job, TEXT("late"));
	job_tell(&job, ADDED("0", MESSAGE));
	job_tell(&job, DONE("0", MESSAGE));
	job_assert_told(&job, "");
	job_end_fold(&job);
	job_assert_told(&job, "");
	job_close(&job);
}

static void reasoning_is_told_by_its_own_name(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job,
	    ADDED("0", "{\"id\":\"rs_1\",\"type\":\"reasoning\",\"summary\":[],\"content\":null}"));
	job_tell(
	    &job, OF_ITEM("content_part.added", "rs_1", "0",
		      "\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"\"}"));
	job_assert_member(&job, 0, "part", "{\"type\":\"reasoning_text\",\"text\":\"\"}");
	job_tell(
	    &job, OF_ITEM("reasoning.delta", "rs_1", "0", "\"content_index\":0,\"delta\":\"a\""));
	job_assert_told(&job, "output_item.added content_part.added reasoning_text.delta");
	job_finish(&job);
}

static void code_and_arguments_of_tools_grow(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, ADDED("0", "{\"id\":\"ci_1\",\"type\":\"code_interpreter_call\",\"status\":"
				  "\"in_progress\",\"code\":null}"));
	job_assert_member(&job, 0, "item",
	    "{\"id\":\"ci_1\",\"type\":\"code_interpreter_call\",\"status\":\"in_progress\","
	    "\"code\":\"\"}");
	job_tell(
	    &job, OF_ITEM("code_interpreter_call_code.delta", "ci_1", "0", "\"delta\":\"1+1\""));
	job_tell(
	    &job, ADDED("1", "{\"id\":\"mcp_1\",\"type\":\"mcp_call\",\"name\":\"n\",\"status\":"
			     "\"in_progress\",\"arguments\":\"\"}"));
	job_tell(&job, OF_ITEM("mcp_call_arguments.delta", "mcp_1", "1", "\"delta\":\"{}\""));
	job_end_fold(&job);
	job_assert_told(&job,
	    "output_item.added code_interpreter_call_code.delta output_item.added "
	    "mcp_call_arguments.delta code_interpreter_call_code.done output_item.done "
	    "mcp_call_arguments.done output_item.done");
	job_finish(&job);
}

static void items_of_other_types_are_told_as_they_are(void **state)
{
	static const char item[] = "{\"id\":\"sh_1\",\"type\":\"shell_call\",\"call_id\":\"c\","
				   "\"status\":\"in_progress\",\"action\":{\"commands\":[\"ls\"]}}";
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(
	    &job, ADDED("0", "{\"id\":\"sh_1\",\"type\":\"shell_call\",\"call_id\":\"c\","
			     "\"status\":\"in_progress\",\"action\":{\"commands\":[\"ls\"]}}"));
	job_assert_member(&job, 0, "item", item);
	job_tell(&job, OF_ITEM("shell_call_command.delta", "sh_1", "0",
			   "\"command_index\":0,\"delta\":\" -l\""));
	job_assert_told(&job, "output_item.added");
	job_end_fold(&job);
	job_assert_told(&job, "output_item.done");
	job_finish(&job);
}

static void progress_of_a_tool_is_passed_on(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, OF_ITEM("image_generation_call.generating", "ig_1", "1", "\"x\":1"));
	job_tell(&job, ADDED("1", "{\"id\":\"ig_1\",\"type\":\"image_generation_call\",\"status\":"
				  "\"in_progress\",\"result\":null}"));
	job_tell(&job, OF_ITEM("image_generation_call.partial_image", "ig_1", "1",
			   "\"sequence_number\":77,\"obfuscation\":\"xx\",\"error\":{\"a\":1},"
			   "\"partial_image_b64\":\"AAAA\",\n\"more\":[1, 2]"));
	job_assert_told(&job, "output_item.added image_generation_call.partial_image");
	job_assert_member(&job, 0, "output_index", "0");
	job_assert_member(&job, 0, "sequence_number", "3");
	job_assert_member(&job, 0, "partial_image_b64", "\"AAAA\"");
	job_assert_member(&job, 0, "more", "[1,2]");
	assert_int_equal(json_get(job_data(&job, 3), "error").len, 0);
	job_tell(&job, DONE("1", "{\"id\":\"ig_1\",\"type\":\"image_generation_call\",\"status\":"
				 "\"completed\",\"result\":\"AAAA\"}"));
	job_tell(&job, OF_ITEM("image_generation_call.completed", "ig_1", "1", "\"x\":1"));
	job_assert_told(&job, "output_item.done");
	job_finish(&job);
}

static void a_whole_answer_is_told_at_the_end(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	fold_response(&job.fold,
	    SPAN("{\"status\":\"completed\",\"output\":[{\"id\":\"m\",\"type\":\"message\","
		 "\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":"
		 "\"output_text\",\"text\":\"Hi\",\"annotations\":[]}]}]}"));
	job_end_fold(&job);
	job_assert_told(&job, "output_item.added content_part.added output_text.delta "
			      "output_text.done content_part.done output_item.done");
	job_finish(&job);
}

static void what_a_failure_cuts_off_ends_incomplete(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, TEXT("a"));
	fold_fail(&job.fold, "server_error", SPAN("gone"));
	job_end_fold(&job);
	job_assert_member(&job, 0, "item",
	    "{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"incomplete\",\"role\":"
	    "\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"a\","
	    "\"annotations\":[],\"logprobs\":[]}]}");
	job_finish(&job);
}

static void a_call_keeps_the_call_id_that_was_told(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, ADDED("0", CALL("fc_1", "call_1", "", "in_progress")));
	job_tell(&job, DONE("0", CALL("fc_1", "call_9", "{}", "completed")));
	job_finish(&job);
}

static void the_object_has_the_id_that_an_item_was_told_under(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job,
	    "{\"type\":\"response.completed\",\"response\":{\"output\":[{\"type\":"
	    "\"message\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[]},"
	    "{\"type\":\"function_call\",\"name\":\"f\",\"arguments\":\"{}\","
	    "\"status\":\"completed\"}]}}");
	job_finish(&job);
}

static void an_item_keeps_the_type_that_was_told(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, ADDED("0", MESSAGE));
	job_tell(&job, DONE("0", "{\"id\":\"msg_1\",\"type\":\"reasoning\",\"summary\":[]}"));
	job_end_fold(&job);
	assert_null(told_rules_end(&job.rules));
	assert_true(json_string_is(json_get(told_rules_item(&job.rules, 0), "type"), "message"));
	assert_true(json_type(json_get(told_rules_item(&job.rules, 0), "content")) == JSON_ARRAY);
	job_close(&job);
}

static void progress_of_another_type_of_tool_is_not_passed_on(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, ADDED("0", CALL("fc_1", "call_1", "", "in_progress")));
	job_tell(&job, OF_ITEM("web_search_call.searching", "fc_1", "0", "\"x\":1"));
	job_assert_told(&job, "output_item.added");
	job_tell(&job, ADDED("1", "{\"id\":\"mcp_1\",\"type\":\"mcp_call\",\"name\":\"f\","
				  "\"server_label\":\"s\",\"arguments\":\"\"}"));
	job_tell(&job, OF_ITEM("mcp_call.in_progress", "mcp_1", "1", "\"x\":1"));
	job_assert_told(&job, "output_item.added mcp_call.in_progress");
	job_end_fold(&job);
	job_close(&job);
}

static void a_message_ends_with_a_list_of_parts(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, ADDED("0", MESSAGE));
	job_tell(&job, TEXT("a"));
	job_tell(&job, DONE("0", "{\"id\":\"msg_1\",\"type\":\"message\",\"content\":null}"));
	job_end_fold(&job);
	assert_true(json_type(json_get(told_rules_item(&job.rules, 0), "content")) == JSON_ARRAY);
	job_close(&job);
}

static void looking_at_the_same_again_and_again_is_costly(void **state)
{
	static const char again[] =
	    OF_ITEM("output_text.done", "msg_1", "0", "\"content_index\":0,\"text\":\"a\"");
	enum fold_result result = FOLD_CHANGED;
	struct buf event = {0};
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, ADDED("0", MESSAGE));
	job_tell(&job, TEXT("a"));
	buf_puts(&event,
	    "{\"type\":\"response.output_text.annotation.added\",\"item_id\":\"msg_1\","
	    "\"output_index\":0,\"content_index\":0,\"annotation\":{\"a\":\"");
	for (int i = 0; i < 1 << 20; i++)
		buf_putc(&event, 'x');
	buf_puts(&event, "\"}}");
	job_tell(&job, buf_cstr(&event));
	for (int i = 0; i < 1000 && result != FOLD_COSTLY; i++)
		result = fold_event(&job.fold, SPAN(again));
	assert_int_equal(result, FOLD_COSTLY);
	buf_free(&event);
	job_end_fold(&job);
	job_close(&job);
}

static void a_type_spelled_otherwise_is_the_same(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, ADDED("0", "{\"id\":\"msg_1\",\"type\":\"mess\\u0061ge\",\"status\":"
				  "\"in_progress\",\"role\":\"assistant\",\"content\":[]}"));
	job_tell(&job, TEXT("a"));
	job_tell(&job, DONE("0", "{\"id\":\"msg_1\",\"type\":\"m\\u0065ssage\",\"status\":"
				 "\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":"
				 "\"output_text\",\"text\":\"ab\"}]}"));
	job_assert_told(&job,
	    "output_item.added content_part.added output_text.delta "
	    "output_text.delta output_text.done content_part.done output_item.done");
	job_finish(&job);
}

static void an_item_that_is_announced_twice_grows_as_if_it_were_once(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	for (int i = 0; i < 2; i++) {
		job_tell(&job, ADDED("0", MESSAGE));
		job_tell(&job, OF_ITEM("content_part.added", "msg_1", "0",
				   "\"content_index\":0,\"part\":{\"type\":\"output_text\","
				   "\"text\":\"\"}"));
	}
	job_tell(&job, TEXT("a"));
	job_assert_told(&job, "output_item.added content_part.added output_text.delta");
	job_finish(&job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_told_before_output),
	    cmocka_unit_test(a_retry_before_output_begins_no_second_time),
	    cmocka_unit_test(a_text_is_told_piece_by_piece),
	    cmocka_unit_test(what_is_not_announced_is_announced_here),
	    cmocka_unit_test(an_item_that_comes_whole_is_told_from_its_beginning),
	    cmocka_unit_test(a_part_ends_when_a_later_one_begins),
	    cmocka_unit_test(half_a_character_waits_for_the_other_half),
	    cmocka_unit_test(logprobs_and_annotations_are_told_as_they_come),
	    cmocka_unit_test(a_call_waits_for_its_name),
	    cmocka_unit_test(a_call_without_a_call_id_has_its_own_id_when_it_ends),
	    cmocka_unit_test(two_calls_of_one_call_id_are_told_apart),
	    cmocka_unit_test(an_item_without_an_id_is_told_under_one),
	    cmocka_unit_test(an_item_keeps_the_id_that_was_told),
	    cmocka_unit_test(a_text_that_is_replaced_by_a_longer_one_goes_on),
	    cmocka_unit_test(a_text_that_is_replaced_by_another_gets_its_last_state_only),
	    cmocka_unit_test(an_item_that_begins_again_does_not_go_on_with_its_text),
	    cmocka_unit_test(nothing_is_told_after_an_items_end),
	    cmocka_unit_test(reasoning_is_told_by_its_own_name),
	    cmocka_unit_test(code_and_arguments_of_tools_grow),
	    cmocka_unit_test(items_of_other_types_are_told_as_they_are),
	    cmocka_unit_test(progress_of_a_tool_is_passed_on),
	    cmocka_unit_test(a_whole_answer_is_told_at_the_end),
	    cmocka_unit_test(what_a_failure_cuts_off_ends_incomplete),
	    cmocka_unit_test(a_call_keeps_the_call_id_that_was_told),
	    cmocka_unit_test(the_object_has_the_id_that_an_item_was_told_under),
	    cmocka_unit_test(an_item_keeps_the_type_that_was_told),
	    cmocka_unit_test(progress_of_another_type_of_tool_is_not_passed_on),
	    cmocka_unit_test(a_message_ends_with_a_list_of_parts),
	    cmocka_unit_test(looking_at_the_same_again_and_again_is_costly),
	    cmocka_unit_test(a_type_spelled_otherwise_is_the_same),
	    cmocka_unit_test(an_item_that_is_announced_twice_grows_as_if_it_were_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
