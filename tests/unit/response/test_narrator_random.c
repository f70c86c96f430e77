#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "naive_fold.h"
#include "narrated_job.h"
#include "tests/unit/rounds.h"

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
	for (unsigned seed = 0; seed < rounds(400); seed++) {
		srand(seed);
		job_open(&job);
		for (int i = 0; i < 60; i++) {
			buf_clear(&event);
			write_any_event(&event);
			job_tell(&job, buf_cstr(&event));
			if (rand() % 25 == 0)
				job_restart(&job);
		}
		job_end_fold(&job);
		job_close(&job);
	}
	buf_free(&event);
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
	for (unsigned seed = 0; seed < rounds(400); seed++) {
		struct json_scan scan;
		struct span item;

		srand(seed);
		job_open(&job);
		for (int i = 0; i < 40; i++) {
			buf_clear(&event);
			write_any_event(&event);
			job_tell(&job, buf_cstr(&event));
			if (rand() % 40 == 0)
				job_restart(&job);
		}
		job_end_fold(&job);
		scan = json_open(json_get(buf_span(&job.fold.doc.text), "output"), 0);
		while (json_element(&scan, &item))
			if (!was_told(&job, item))
				fail_msg("seed %u: never told: %.*s", seed, (int)item.len, item.p);
		job_close(&job);
	}
	buf_free(&event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whatever_comes_the_rules_hold),
	    cmocka_unit_test(whatever_comes_the_object_has_the_ids_that_were_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
