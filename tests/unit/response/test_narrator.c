#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/response/event.h"
#include "common/response/narrator.h"
#include "naive_fold.h"
#include "told_rules.h"

#define MESSAGE                                                                                    \
	"{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"in_progress\","                       \
	"\"role\":\"assistant\",\"content\":[]}"
#define ADDED(index, item)                                                                         \
	"{\"type\":\"response.output_item.added\",\"output_index\":" index ",\"item\":" item "}"
#define DONE(index, item)                                                                          \
	"{\"type\":\"response.output_item.done\",\"output_index\":" index ",\"item\":" item "}"
#define OF_ITEM(type, id, index, members)                                                          \
	"{\"type\":\"response." type "\",\"item_id\":\"" id "\",\"output_index\":" index           \
	"," members "}"
#define TEXT(delta)                                                                                \
	OF_ITEM("output_text.delta", "msg_1", "0", "\"content_index\":0,\"delta\":\"" delta "\"")
#define CALL(id, call_id, arguments, status)                                                       \
	"{\"id\":\"" id "\",\"type\":\"function_call\",\"call_id\":\"" call_id                     \
	"\",\"name\":\"f\",\"arguments\":\"" arguments "\",\"status\":\"" status "\"}"
#define COMPLETED "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}"

/* A job: what it has told is stored at once, and checked. */
struct job {
	struct buf object;
	struct event_log log, stored;
	struct narrator *narrator;
	struct fold fold;
	struct told_rules rules;
	size_t seen; /* how many of the stored events the test has looked at */
};

static void store(struct job *job)
{
	for (size_t i = 0; i < event_log_count(&job->log); i++) {
		struct span event = event_log_at(&job->log, i);
		const char *fault = told_rules_take(&job->rules, event);

		if (fault != NULL)
			fail_msg("%s: %.*s", fault, (int)event.len, event.p);
		buf_append_span(event_log_room(&job->stored), event);
		event_log_added(&job->stored);
	}
	event_log_drop(&job->log, event_log_count(&job->log));
}

static void begin(struct job *job)
{
	assert_true(fold_open(&job->fold, buf_span(&job->object)));
	narrator_follow(job->narrator, &job->fold);
	store(job);
}

static void begin_job(struct job *job)
{
	struct span fields[RESPONSE_FIELD_COUNT] = {{0}};

	*job = (struct job){0};
	response_initial(
	    &job->object, "litellm_poll_01234567-89ab-4cde-8f01-23456789abcd", 1700000000, fields);
	event_write_response(
	    event_log_room(&job->log), "response.created", buf_span(&job->object), 0);
	event_log_added(&job->log);
	job->narrator = narrator_new(&job->log);
	begin(job);
	job->seen = 2;
}

static void tell(struct job *job, const char *event)
{
	fold_event(&job->fold, span_of(event));
	store(job);
}

/* The worker is gone; another one takes the job up. count: how much of the log it finds. */
static void recall(struct job *job, size_t count)
{
	struct span *events = calloc(count + 1, sizeof(*events));

	assert_non_null(events);
	for (size_t i = 0; i < count; i++)
		events[i] = event_log_at(&job->stored, i);
	fold_close(&job->fold);
	narrator_free(job->narrator);
	job->narrator = narrator_new(&job->log);
	narrator_recall(job->narrator, buf_span(&job->object), events, count);
	store(job);
	free(events);
}

static void restart(struct job *job)
{
	recall(job, event_log_count(&job->stored));
	begin(job);
}

static struct span data_at(const struct job *job, size_t i)
{
	struct span event = event_log_at(&job->stored, i);
	const char *data = memmem(event.p, event.len, "\ndata: ", 7);

	return (struct span){data + 7, event.len - 2 - (size_t)(data + 7 - event.p)};
}

/* Names the types, but for "response.", of what has been told since the last call. */
static void assert_told(struct job *job, const char *types)
{
	struct buf told = {0};

	for (; job->seen < event_log_count(&job->stored); job->seen++) {
		struct span type = json_inside(json_get(data_at(job, job->seen), "type"));

		buf_puts(&told, told.len > 0 ? " " : "");
		buf_append(&told, type.p + strlen("response."), type.len - strlen("response."));
	}
	assert_string_equal(buf_cstr(&told), types);
	buf_free(&told);
}

/* A member of the event that is the last but back ones. */
static void assert_member(const struct job *job, size_t back, const char *name, const char *value)
{
	struct span found = json_get(data_at(job, event_log_count(&job->stored) - 1 - back), name);

	if (!naive_same_json(found, span_of(value)))
		fail_msg("%s is %.*s, not %s", name, (int)found.len, found.p, value);
}

static void end_fold(struct job *job)
{
	fold_end(&job->fold);
	narrator_end(job->narrator);
	store(job);
}

/* The items that ended last are those of the object. */
static void assert_adds_up(struct job *job)
{
	struct span output = json_get(buf_span(&job->fold.doc.text), "output"), item;
	struct json_scan scan = json_open(output, 0);
	size_t first = job->rules.count - job->fold.output.count;

	while (json_element(&scan, &item))
		if (!naive_same_json(item, told_rules_item(&job->rules, first++)))
			fail_msg("%.*s is another item", (int)item.len, item.p);
}

static void end_job(struct job *job)
{
	assert_null(told_rules_end(&job->rules));
	fold_close(&job->fold);
	narrator_free(job->narrator);
	event_log_close(&job->log);
	event_log_close(&job->stored);
	told_rules_close(&job->rules);
	buf_free(&job->object);
}

static void finish(struct job *job)
{
	end_fold(job);
	assert_adds_up(job);
	assert_int_equal(job->rules.replaced, 0);
	end_job(job);
}

/* ---- one attempt ----------------------------------------------------------------------------- */

static void nothing_is_told_before_output(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, "{\"type\":\"response.created\",\"response\":{\"status\":\"in_progress\"}}");
	tell(&job, "{\"type\":\"response.in_progress\",\"response\":{}}");
	tell(&job, "{\"type\":\"response.queued\",\"response\":{}}");
	tell(&job, "{\"type\":\"keepalive\",\"output_index\":0}");
	tell(&job, "{\"type\":\"error\",\"code\":\"x\",\"message\":\"y\"}");
	assert_told(&job, "");
	finish(&job);
}

static void a_retry_before_output_begins_no_second_time(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	fold_close(&job.fold);
	begin(&job);
	assert_told(&job, "");
	finish(&job);
}

static void a_text_is_told_piece_by_piece(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, ADDED("0", MESSAGE));
	assert_told(&job, "output_item.added");
	tell(&job, OF_ITEM("content_part.added", "msg_1", "0",
		       "\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"\"}"));
	assert_told(&job, "content_part.added");
	assert_member(&job, 0, "part",
	    "{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[],\"logprobs\":[]}");
	tell(&job, TEXT("Hel"));
	tell(&job, TEXT("lo\\n"));
	assert_told(&job, "output_text.delta output_text.delta");
	assert_member(&job, 0, "delta", "\"lo\\n\"");
	assert_member(&job, 0, "logprobs", "[]");
	tell(&job,
	    OF_ITEM("output_text.done", "msg_1", "0", "\"content_index\":0,\"text\":\"Hello\\n\""));
	assert_told(&job, "output_text.done");
	tell(&job, OF_ITEM("content_part.done", "msg_1", "0",
		       "\"content_index\":0,\"part\":{\"type\":\"output_text\","
		       "\"text\":\"Hello\\n\",\"annotations\":[],\"logprobs\":[]}"));
	assert_told(&job, "content_part.done");
	tell(&job, COMPLETED);
	end_fold(&job);
	assert_told(&job, "output_item.done");
	finish(&job);
}

static void what_is_not_announced_is_announced_here(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, TEXT("a"));
	assert_told(&job, "output_item.added content_part.added output_text.delta");
	assert_member(&job, 2, "item", MESSAGE);
	end_fold(&job);
	assert_told(&job, "output_text.done content_part.done output_item.done");
	finish(&job);
}

static void an_item_that_comes_whole_is_told_from_its_beginning(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, DONE("0", "{\"id\":\"rs_1\",\"type\":\"reasoning\",\"summary\":[{\"type\":"
			     "\"summary_text\",\"text\":\"a\"},{\"type\":\"summary_text\",\"text\":"
			     "\"b\"}]}"));
	assert_told(&job, "output_item.added reasoning_summary_part.added "
			  "reasoning_summary_text.delta reasoning_summary_text.done "
			  "reasoning_summary_part.done reasoning_summary_part.added "
			  "reasoning_summary_text.delta reasoning_summary_text.done "
			  "reasoning_summary_part.done output_item.done");
	assert_member(&job, 9, "item", "{\"id\":\"rs_1\",\"type\":\"reasoning\",\"summary\":[]}");
	finish(&job);
}

static void a_part_ends_when_a_later_one_begins(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, TEXT("a"));
	job.seen = event_log_count(&job.stored);
	tell(&job, OF_ITEM("refusal.delta", "msg_1", "0", "\"content_index\":1,\"delta\":\"No\""));
	assert_told(&job, "output_text.done content_part.done content_part.added refusal.delta");
	finish(&job);
}

static void half_a_character_waits_for_the_other_half(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, TEXT("a\\ud83d"));
	assert_member(&job, 0, "delta", "\"a\"");
	tell(&job, TEXT("\\ude00"));
	assert_member(&job, 0, "delta", "\"\xf0\x9f\x98\x80\"");
	tell(&job, TEXT("\\ud83d"));
	end_fold(&job);
	assert_member(&job, 3, "delta", "\"\xef\xbf\xbd\"");
	finish(&job);
}

static void logprobs_and_annotations_are_told_as_they_come(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, OF_ITEM("output_text.delta", "msg_1", "0",
		       "\"content_index\":0,\"delta\":\"a\",\"logprobs\":[{\"token\":\n\"a\"}]"));
	assert_member(&job, 0, "logprobs", "[{\"token\":\"a\"}]");
	tell(&job, OF_ITEM("output_text.delta", "msg_1", "0",
		       "\"content_index\":0,\"delta\":\"b\",\"logprobs\":[{\"token\":\"b\"}]"));
	assert_member(&job, 0, "logprobs", "[{\"token\":\"b\"}]");
	tell(&job, OF_ITEM("output_text.annotation.added", "msg_1", "0",
		       "\"content_index\":0,\"annotation\":{\"a\":1}"));
	assert_member(&job, 0, "annotation_index", "0");
	tell(&job, OF_ITEM("output_text.annotation.added", "msg_1", "0",
		       "\"content_index\":0,\"annotation\":{\"a\":2}"));
	assert_member(&job, 0, "annotation_index", "1");
	assert_member(&job, 0, "annotation", "{\"a\":2}");
	end_fold(&job);
	assert_member(&job, 2, "logprobs", "[{\"token\":\"a\"},{\"token\":\"b\"}]");
	finish(&job);
}

static void a_call_waits_for_its_name(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, OF_ITEM("function_call_arguments.delta", "fc_1", "0", "\"delta\":\"{\""));
	assert_told(&job, "");
	tell(&job, ADDED("0", CALL("fc_1", "call_1", "", "in_progress")));
	assert_told(&job, "output_item.added function_call_arguments.delta");
	assert_member(&job, 1, "item", CALL("fc_1", "call_1", "", "in_progress"));
	tell(&job, OF_ITEM("function_call_arguments.done", "fc_1", "0", "\"arguments\":\"{}\""));
	assert_told(&job, "function_call_arguments.delta function_call_arguments.done");
	assert_member(&job, 0, "name", "\"f\"");
	finish(&job);
}

static void a_call_without_a_call_id_has_its_own_id_when_it_ends(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, DONE("0", "{\"id\":\"fc_1\",\"type\":\"custom_tool_call\",\"name\":\"f\","
			     "\"input\":\"x\",\"status\":\"completed\"}"));
	assert_told(&job, "output_item.added custom_tool_call_input.delta "
			  "custom_tool_call_input.done output_item.done");
	assert_member(&job, 0, "item",
	    "{\"id\":\"fc_1\",\"call_id\":\"fc_1\",\"type\":\"custom_tool_call\","
	    "\"name\":\"f\",\"input\":\"x\",\"status\":\"completed\"}");
	end_fold(&job);
	end_job(&job);
}

static void two_calls_of_one_call_id_are_told_apart(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, ADDED("0", CALL("fc_1", "call_1", "", "in_progress")));
	tell(&job, ADDED("1", CALL("fc_2", "call_1", "", "in_progress")));
	assert_member(&job, 0, "item", CALL("fc_2", "call_1_2", "", "in_progress"));
	tell(&job, DONE("1", CALL("fc_2", "call_1", "{}", "completed")));
	assert_member(&job, 0, "item", CALL("fc_2", "call_1_2", "{}", "completed"));
	end_fold(&job);
	end_job(&job);
}

static void an_item_without_an_id_is_told_under_one(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job,
	    "{\"type\":\"response.completed\",\"response\":{\"output\":[{\"type\":"
	    "\"message\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[]}]}}");
	end_fold(&job);
	assert_told(&job, "output_item.added output_item.done");
	end_job(&job);
}

static void an_item_keeps_the_id_that_was_told(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, ADDED("0", MESSAGE));
	tell(&job, "{\"type\":\"response.output_text.delta\",\"item_id\":\"other\","
		   "\"output_index\":0,\"content_index\":0,\"delta\":\"a\"}");
	tell(&job, DONE("0", "{\"id\":\"third\",\"type\":\"message\",\"status\":\"completed\","
			     "\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\","
			     "\"text\":\"a\",\"annotations\":[]}]}"));
	finish(&job);
}

static void a_text_that_is_replaced_by_a_longer_one_goes_on(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, TEXT("He"));
	job.seen = event_log_count(&job.stored);
	tell(&job,
	    OF_ITEM("output_text.done", "msg_1", "0", "\"content_index\":0,\"text\":\"Hello\""));
	assert_told(&job, "output_text.delta output_text.done");
	assert_member(&job, 1, "delta", "\"llo\"");
	finish(&job);
}

static void a_text_that_is_replaced_by_another_gets_its_last_state_only(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, TEXT("He"));
	job.seen = event_log_count(&job.stored);
	tell(&job,
	    OF_ITEM("output_text.done", "msg_1", "0", "\"content_index\":0,\"text\":\"other\""));
	assert_told(&job, "output_text.done");
	assert_member(&job, 0, "text", "\"other\"");
	end_fold(&job);
	assert_adds_up(&job);
	assert_int_equal(job.rules.replaced, 1);
	end_job(&job);
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
	begin_job(&job);
	tell(&job, added);
	tell(&job, "{\"type\":\"response.output_text.delta\",\"item_id\":\"m\",\"delta\":\"ab\"}");
	assert_told(&job, "output_item.added content_part.added output_text.delta");
	tell(&job, added);
	tell(&job,
	    "{\"type\":\"response.output_text.delta\",\"item_id\":\"m\",\"delta\":\"a\xc3\xa9z\"}");
	assert_told(&job, "");
	end_fold(&job);
	assert_told(&job, "output_text.done content_part.done output_item.done");
	assert_member(&job, 2, "text", "\"a\xc3\xa9z\"");
	end_job(&job);
}

static void nothing_is_told_after_an_items_end(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, DONE("0", MESSAGE));
	job.seen = event_log_count(&job.stored);
	tell(&job, TEXT("late"));
	tell(&job, ADDED("0", MESSAGE));
	tell(&job, DONE("0", MESSAGE));
	assert_told(&job, "");
	end_fold(&job);
	assert_told(&job, "");
	end_job(&job);
}

static void reasoning_is_told_by_its_own_name(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job,
	    ADDED("0", "{\"id\":\"rs_1\",\"type\":\"reasoning\",\"summary\":[],\"content\":null}"));
	tell(&job, OF_ITEM("content_part.added", "rs_1", "0",
		       "\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"\"}"));
	assert_member(&job, 0, "part", "{\"type\":\"reasoning_text\",\"text\":\"\"}");
	tell(&job, OF_ITEM("reasoning.delta", "rs_1", "0", "\"content_index\":0,\"delta\":\"a\""));
	assert_told(&job, "output_item.added content_part.added reasoning_text.delta");
	finish(&job);
}

static void code_and_arguments_of_tools_grow(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, ADDED("0", "{\"id\":\"ci_1\",\"type\":\"code_interpreter_call\",\"status\":"
			      "\"in_progress\",\"code\":null}"));
	assert_member(&job, 0, "item",
	    "{\"id\":\"ci_1\",\"type\":\"code_interpreter_call\",\"status\":\"in_progress\","
	    "\"code\":\"\"}");
	tell(&job, OF_ITEM("code_interpreter_call_code.delta", "ci_1", "0", "\"delta\":\"1+1\""));
	tell(&job, ADDED("1", "{\"id\":\"mcp_1\",\"type\":\"mcp_call\",\"name\":\"n\",\"status\":"
			      "\"in_progress\",\"arguments\":\"\"}"));
	tell(&job, OF_ITEM("mcp_call_arguments.delta", "mcp_1", "1", "\"delta\":\"{}\""));
	end_fold(&job);
	assert_told(&job,
	    "output_item.added code_interpreter_call_code.delta output_item.added "
	    "mcp_call_arguments.delta code_interpreter_call_code.done output_item.done "
	    "mcp_call_arguments.done output_item.done");
	finish(&job);
}

static void items_of_other_types_are_told_as_they_are(void **state)
{
	static const char item[] = "{\"id\":\"sh_1\",\"type\":\"shell_call\",\"call_id\":\"c\","
				   "\"status\":\"in_progress\",\"action\":{\"commands\":[\"ls\"]}}";
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, ADDED("0", "{\"id\":\"sh_1\",\"type\":\"shell_call\",\"call_id\":\"c\","
			      "\"status\":\"in_progress\",\"action\":{\"commands\":[\"ls\"]}}"));
	assert_member(&job, 0, "item", item);
	tell(&job, OF_ITEM("shell_call_command.delta", "sh_1", "0",
		       "\"command_index\":0,\"delta\":\" -l\""));
	assert_told(&job, "output_item.added");
	end_fold(&job);
	assert_told(&job, "output_item.done");
	finish(&job);
}

static void progress_of_a_tool_is_passed_on(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, OF_ITEM("image_generation_call.generating", "ig_1", "1", "\"x\":1"));
	tell(&job, ADDED("1", "{\"id\":\"ig_1\",\"type\":\"image_generation_call\",\"status\":"
			      "\"in_progress\",\"result\":null}"));
	tell(&job, OF_ITEM("image_generation_call.partial_image", "ig_1", "1",
		       "\"sequence_number\":77,\"obfuscation\":\"xx\",\"error\":{\"a\":1},"
		       "\"partial_image_b64\":\"AAAA\",\n\"more\":[1, 2]"));
	assert_told(&job, "output_item.added image_generation_call.partial_image");
	assert_member(&job, 0, "output_index", "0");
	assert_member(&job, 0, "sequence_number", "3");
	assert_member(&job, 0, "partial_image_b64", "\"AAAA\"");
	assert_member(&job, 0, "more", "[1,2]");
	assert_int_equal(json_get(data_at(&job, 3), "error").len, 0);
	tell(&job, DONE("1", "{\"id\":\"ig_1\",\"type\":\"image_generation_call\",\"status\":"
			     "\"completed\",\"result\":\"AAAA\"}"));
	tell(&job, OF_ITEM("image_generation_call.completed", "ig_1", "1", "\"x\":1"));
	assert_told(&job, "output_item.done");
	finish(&job);
}

static void a_whole_answer_is_told_at_the_end(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	fold_response(&job.fold,
	    SPAN("{\"status\":\"completed\",\"output\":[{\"id\":\"m\",\"type\":\"message\","
		 "\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":"
		 "\"output_text\",\"text\":\"Hi\",\"annotations\":[]}]}]}"));
	end_fold(&job);
	assert_told(&job, "output_item.added content_part.added output_text.delta "
			  "output_text.done content_part.done output_item.done");
	finish(&job);
}

static void what_a_failure_cuts_off_ends_incomplete(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, TEXT("a"));
	fold_fail(&job.fold, "server_error", SPAN("gone"));
	end_fold(&job);
	assert_member(&job, 0, "item",
	    "{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"incomplete\",\"role\":"
	    "\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"a\","
	    "\"annotations\":[],\"logprobs\":[]}]}");
	finish(&job);
}

/* ---- more than one attempt ------------------------------------------------------------------- */

static void what_was_open_ends_incomplete_when_another_attempt_begins(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, TEXT("a"));
	job.seen = event_log_count(&job.stored);
	restart(&job);
	assert_told(&job, "output_text.done content_part.done output_item.done");
	assert_member(&job, 2, "text", "\"a\"");
	finish(&job);
}

static void the_next_attempt_comes_behind_under_other_ids(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, ADDED("0", CALL("fc_1", "call_1", "", "in_progress")));
	restart(&job);
	tell(&job, ADDED("0", CALL("fc_1", "call_1", "", "in_progress")));
	assert_member(&job, 0, "output_index", "1");
	assert_member(&job, 0, "item", CALL("fc_1_2", "call_1_2", "", "in_progress"));
	tell(&job, OF_ITEM("function_call_arguments.delta", "fc_1", "0", "\"delta\":\"{}\""));
	assert_member(&job, 0, "item_id", "\"fc_1_2\"");
	tell(&job, "{\"type\":\"response.completed\",\"response\":{\"output\":["
		   "{\"id\":\"fc_1\",\"type\":\"function_call\",\"call_id\":\"call_1\",\"name\":"
		   "\"f\",\"arguments\":\"{}\",\"status\":\"completed\"}]}}");
	finish(&job);
}

static void a_third_attempt_begins_as_the_second_did(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	for (int i = 0; i < 5; i++) {
		tell(&job, TEXT("a"));
		restart(&job);
		restart(&job);
	}
	tell(&job, TEXT("b"));
	assert_member(&job, 0, "item_id", "\"msg_1_6\"");
	assert_member(&job, 0, "output_index", "5");
	finish(&job);
}

static void an_id_that_was_made_is_not_made_again(void **state)
{
	static const char event[] = "{\"type\":\"response.output_text.delta\",\"output_index\":0,"
				    "\"content_index\":0,\"delta\":\"a\"}";
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, event);
	restart(&job);
	tell(&job, event);
	tell(&job, event);
	finish(&job);
}

static void the_same_worker_may_begin_again(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, TEXT("a"));
	end_fold(&job);
	fold_close(&job.fold);
	begin(&job);
	tell(&job, TEXT("b"));
	assert_member(&job, 0, "item_id", "\"msg_1_2\"");
	finish(&job);
}

static void a_job_that_had_only_been_created_begins(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	restart(&job);
	assert_told(&job, "");
	finish(&job);
}

static void damaged_events_are_passed_over(void **state)
{
	struct span fields[RESPONSE_FIELD_COUNT] = {{0}};
	const struct span events[] = {
	    {0},
	    SPAN("data"),
	    SPAN("event: x\ndata: {\n\n"),
	    SPAN("data: []\n\n"),
	    SPAN("data: {\"type\":7}\n\n"),
	    SPAN("data: " TEXT("a") "\n\n"),
	    SPAN("data: " ADDED("4", MESSAGE) "\n\n"),
	    SPAN("data: " ADDED("-4", "[]") "\n\n"),
	    SPAN("data: " COMPLETED "\n\n"),
	    SPAN("\xff\n\n\ndata: "),
	};
	struct event_log log = {0};
	struct narrator *narrator;
	struct buf object = {0};
	struct fold fold;

	(void)state;
	response_initial(
	    &object, "litellm_poll_01234567-89ab-4cde-8f01-23456789abcd", 1700000000, fields);
	for (int is_object = 0; is_object < 2; is_object++) {
		event_log_open(&log, 10, 0);
		narrator = narrator_new(&log);
		narrator_recall(narrator, is_object ? buf_span(&object) : SPAN("{"), events,
		    sizeof(events) / sizeof(events[0]));
		assert_true(fold_open(&fold, buf_span(&object)));
		narrator_follow(narrator, &fold);
		event_log_drop(&log, event_log_count(&log));
		fold_event(&fold, SPAN(TEXT("b")));
		assert_true(event_log_count(&log) == 3);
		assert_non_null(memmem(event_log_at(&log, 0).p, event_log_at(&log, 0).len,
		    "\"output_index\":5,\"item\":{\"id\":\"msg_1_2\"", 39));
		fold_close(&fold);
		narrator_free(narrator);
	}
	event_log_close(&log);
	buf_free(&object);
}

/* ---- at random ------------------------------------------------------------------------------- */

/* Writes an event that may be wrong in any way. */
static void write_any_event(struct buf *out)
{
	static const char *const types[] = {"output_item.added", "output_item.done",
	    "content_part.added", "content_part.done", "output_text.delta", "output_text.delta",
	    "output_text.done", "refusal.delta", "output_text.annotation.added",
	    "reasoning_summary_text.delta", "reasoning_summary_part.added", "reasoning_text.delta",
	    "function_call_arguments.delta", "function_call_arguments.done",
	    "custom_tool_call_input.delta", "mcp_call.in_progress", "web_search_call.searching",
	    "completed", "created"};
	static const char *const items[] = {"message", "reasoning", "function_call",
	    "custom_tool_call", "mcp_call", "web_search_call"};
	static const char *const parts[] = {
	    "output_text", "refusal", "reasoning_text", "summary_text", "other"};
	static const char *const texts[] = {
	    "", "a", "b", "ab", "\\ud83d", "\\ude00", "\\\\", "\\n"};
	const char *text = texts[rand() % 8], *part = parts[rand() % 5];
	int id = rand() % 4, index = rand() % 5 - 1;

	buf_printf(out, "{\"type\":\"response.%s\"", types[rand() % 19]);
	if (rand() % 5 != 0)
		buf_printf(out, ",\"item_id\":\"id%d\"", id);
	if (rand() % 5 != 0)
		buf_printf(out, ",\"output_index\":%d", index);
	if (rand() % 3 != 0)
		buf_printf(
		    out, ",\"content_index\":%d,\"summary_index\":%d", rand() % 3, rand() % 3);
	buf_printf(out,
	    ",\"delta\":\"%s\",\"text\":\"%s\",\"arguments\":\"%s\",\"annotation\":{\"a\":%d}"
	    ",\"part\":{\"type\":\"%s\",\"text\":\"%s\"}",
	    text, text, text, rand() % 3, part, text);
	if (rand() % 4 == 0)
		buf_printf(out, ",\"logprobs\":[{\"token\":\"%s\"}]", text);
	buf_puts(out, ",\"item\":{");
	if (rand() % 5 != 0)
		buf_printf(out, "\"id\":\"id%d\",", id);
	if (rand() % 2 == 0)
		buf_printf(out, "\"call_id\":\"call%d\",", rand() % 3);
	if (rand() % 2 == 0)
		buf_puts(out, "\"name\":\"f\",");
	if (rand() % 2 == 0)
		buf_printf(out, "\"content\":[{\"type\":\"%s\",\"text\":\"%s\"}],", part, text);
	buf_printf(out, "\"type\":\"%s\",\"arguments\":\"%s\",\"status\":\"in_progress\"}",
	    items[rand() % 6], text);
	buf_puts(out, ",\"response\":{\"output\":[{\"type\":\"message\"}]}}");
}

static void whatever_comes_the_rules_hold(void **state)
{
	struct buf event = {0};
	struct job job;

	(void)state;
	for (unsigned seed = 0; seed < 400; seed++) {
		srand(seed);
		begin_job(&job);
		for (int i = 0; i < 60; i++) {
			buf_clear(&event);
			write_any_event(&event);
			tell(&job, buf_cstr(&event));
			if (rand() % 25 == 0)
				restart(&job);
		}
		end_fold(&job);
		end_job(&job);
	}
	buf_free(&event);
}

/* ---- what readers and the object must agree on ----------------------------------------------- */

static void a_call_keeps_the_call_id_that_was_told(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, ADDED("0", CALL("fc_1", "call_1", "", "in_progress")));
	tell(&job, DONE("0", CALL("fc_1", "call_9", "{}", "completed")));
	finish(&job);
}

static void the_object_has_the_id_that_an_item_was_told_under(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, "{\"type\":\"response.completed\",\"response\":{\"output\":[{\"type\":"
		   "\"message\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[]},"
		   "{\"type\":\"function_call\",\"name\":\"f\",\"arguments\":\"{}\","
		   "\"status\":\"completed\"}]}}");
	finish(&job);
}

static void an_item_keeps_the_type_that_was_told(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, ADDED("0", MESSAGE));
	tell(&job, DONE("0", "{\"id\":\"msg_1\",\"type\":\"reasoning\",\"summary\":[]}"));
	end_fold(&job);
	assert_null(told_rules_end(&job.rules));
	assert_true(json_string_is(json_get(told_rules_item(&job.rules, 0), "type"), "message"));
	assert_true(json_type(json_get(told_rules_item(&job.rules, 0), "content")) == JSON_ARRAY);
	end_job(&job);
}

static void progress_of_another_type_of_tool_is_not_passed_on(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, ADDED("0", CALL("fc_1", "call_1", "", "in_progress")));
	tell(&job, OF_ITEM("web_search_call.searching", "fc_1", "0", "\"x\":1"));
	assert_told(&job, "output_item.added");
	tell(&job, ADDED("1", "{\"id\":\"mcp_1\",\"type\":\"mcp_call\",\"name\":\"f\","
			      "\"server_label\":\"s\",\"arguments\":\"\"}"));
	tell(&job, OF_ITEM("mcp_call.in_progress", "mcp_1", "1", "\"x\":1"));
	assert_told(&job, "output_item.added mcp_call.in_progress");
	end_fold(&job);
	end_job(&job);
}

static void a_message_ends_with_a_list_of_parts(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, ADDED("0", MESSAGE));
	tell(&job, TEXT("a"));
	tell(&job, DONE("0", "{\"id\":\"msg_1\",\"type\":\"message\",\"content\":null}"));
	end_fold(&job);
	assert_true(json_type(json_get(told_rules_item(&job.rules, 0), "content")) == JSON_ARRAY);
	end_job(&job);
}

static void looking_at_the_same_again_and_again_is_costly(void **state)
{
	static const char again[] =
	    OF_ITEM("output_text.done", "msg_1", "0", "\"content_index\":0,\"text\":\"a\"");
	enum fold_result result = FOLD_CHANGED;
	struct buf event = {0};
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, ADDED("0", MESSAGE));
	tell(&job, TEXT("a"));
	buf_puts(&event,
	    "{\"type\":\"response.output_text.annotation.added\",\"item_id\":\"msg_1\","
	    "\"output_index\":0,\"content_index\":0,\"annotation\":{\"a\":\"");
	for (int i = 0; i < 1 << 20; i++)
		buf_putc(&event, 'x');
	buf_puts(&event, "\"}}");
	tell(&job, buf_cstr(&event));
	for (int i = 0; i < 1000 && result != FOLD_COSTLY; i++)
		result = fold_event(&job.fold, SPAN(again));
	assert_int_equal(result, FOLD_COSTLY);
	buf_free(&event);
	end_fold(&job);
	end_job(&job);
}

static void a_type_spelled_otherwise_is_the_same(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	tell(&job, ADDED("0", "{\"id\":\"msg_1\",\"type\":\"mess\\u0061ge\",\"status\":"
			      "\"in_progress\",\"role\":\"assistant\",\"content\":[]}"));
	tell(&job, TEXT("a"));
	tell(&job, DONE("0", "{\"id\":\"msg_1\",\"type\":\"m\\u0065ssage\",\"status\":"
			     "\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":"
			     "\"output_text\",\"text\":\"ab\"}]}"));
	assert_told(&job, "output_item.added content_part.added output_text.delta "
			  "output_text.delta output_text.done content_part.done output_item.done");
	finish(&job);
}

static bool was_told(const struct job *job, struct span item)
{
	for (size_t i = 0; i < job->rules.count; i++) {
		struct span told = told_rules_item(&job->rules, i);
		struct span call_id = json_get(told, "call_id");

		if (naive_same_json(json_get(told, "id"), json_get(item, "id")) &&
		    (call_id.len == 0 || span_eq(call_id, json_get(item, "call_id"))))
			return true;
	}
	return false;
}

static void whatever_comes_the_object_has_the_ids_that_were_told(void **state)
{
	struct buf event = {0};
	struct job job;

	(void)state;
	for (unsigned seed = 0; seed < 400; seed++) {
		struct json_scan scan;
		struct span item;

		srand(seed);
		begin_job(&job);
		for (int i = 0; i < 40; i++) {
			buf_clear(&event);
			write_any_event(&event);
			tell(&job, buf_cstr(&event));
			if (rand() % 40 == 0)
				restart(&job);
		}
		end_fold(&job);
		scan = json_open(json_get(buf_span(&job.fold.doc.text), "output"), 0);
		while (json_element(&scan, &item))
			if (!was_told(&job, item))
				fail_msg("seed %u: never told: %.*s", seed, (int)item.len, item.p);
		end_job(&job);
	}
	buf_free(&event);
}

static void an_item_that_is_announced_twice_grows_as_if_it_were_once(void **state)
{
	struct job job;

	(void)state;
	begin_job(&job);
	for (int i = 0; i < 2; i++) {
		tell(&job, ADDED("0", MESSAGE));
		tell(&job, OF_ITEM("content_part.added", "msg_1", "0",
			       "\"content_index\":0,\"part\":{\"type\":\"output_text\","
			       "\"text\":\"\"}"));
	}
	tell(&job, TEXT("a"));
	assert_told(&job, "output_item.added content_part.added output_text.delta");
	finish(&job);
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
	    cmocka_unit_test(what_was_open_ends_incomplete_when_another_attempt_begins),
	    cmocka_unit_test(the_next_attempt_comes_behind_under_other_ids),
	    cmocka_unit_test(a_third_attempt_begins_as_the_second_did),
	    cmocka_unit_test(an_id_that_was_made_is_not_made_again),
	    cmocka_unit_test(the_same_worker_may_begin_again),
	    cmocka_unit_test(a_job_that_had_only_been_created_begins),
	    cmocka_unit_test(damaged_events_are_passed_over),
	    cmocka_unit_test(whatever_comes_the_rules_hold),
	    cmocka_unit_test(a_call_keeps_the_call_id_that_was_told),
	    cmocka_unit_test(the_object_has_the_id_that_an_item_was_told_under),
	    cmocka_unit_test(an_item_keeps_the_type_that_was_told),
	    cmocka_unit_test(progress_of_another_type_of_tool_is_not_passed_on),
	    cmocka_unit_test(a_message_ends_with_a_list_of_parts),
	    cmocka_unit_test(looking_at_the_same_again_and_again_is_costly),
	    cmocka_unit_test(a_type_spelled_otherwise_is_the_same),
	    cmocka_unit_test(whatever_comes_the_object_has_the_ids_that_were_told),
	    cmocka_unit_test(an_item_that_is_announced_twice_grows_as_if_it_were_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
