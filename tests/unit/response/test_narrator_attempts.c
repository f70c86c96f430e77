#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "narrated_job.h"

static void what_was_open_ends_incomplete_when_another_attempt_begins(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, TEXT("a"));
	job.seen = event_log_count(&job.stored);
	job_restart(&job);
	job_assert_told(&job, "output_text.done content_part.done output_item.done");
	job_assert_member(&job, 2, "text", "\"a\"");
	job_finish(&job);
}

static void the_next_attempt_comes_behind_under_other_ids(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, ADDED("0", CALL("fc_1", "call_1", "", "in_progress")));
	job_restart(&job);
	job_tell(&job, ADDED("0", CALL("fc_1", "call_1", "", "in_progress")));
	job_assert_member(&job, 0, "output_index", "1");
	job_assert_member(&job, 0, "item", CALL("fc_1_2", "call_1_2", "", "in_progress"));
	job_tell(&job, OF_ITEM("function_call_arguments.delta", "fc_1", "0", "\"delta\":\"{}\""));
	job_assert_member(&job, 0, "item_id", "\"fc_1_2\"");
	job_tell(&job,
	    "{\"type\":\"response.completed\",\"response\":{\"output\":["
	    "{\"id\":\"fc_1\",\"type\":\"function_call\",\"call_id\":\"call_1\",\"name\":"
	    "\"f\",\"arguments\":\"{}\",\"status\":\"completed\"}]}}");
	job_finish(&job);
}

static void a_third_attempt_begins_as_the_second_did(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	for (int i = 0; i < 5; i++) {
		job_tell(&job, TEXT("a"));
		job_restart(&job);
		job_restart(&job);
	}
	job_tell(&job, TEXT("b"));
	job_assert_member(&job, 0, "item_id", "\"msg_1_6\"");
	job_assert_member(&job, 0, "output_index", "5");
	job_finish(&job);
}

static void an_id_that_was_made_is_not_made_again(void **state)
{
	static const char event[] = "{\"type\":\"response.output_text.delta\",\"output_index\":0,"
				    "\"content_index\":0,\"delta\":\"a\"}";
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, event);
	job_restart(&job);
	job_tell(&job, event);
	job_tell(&job, event);
	job_finish(&job);
}

static void the_same_worker_may_begin_again(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_tell(&job, TEXT("a"));
	job_end_fold(&job);
	fold_close(&job.fold);
	job_begin(&job);
	job_tell(&job, TEXT("b"));
	job_assert_member(&job, 0, "item_id", "\"msg_1_2\"");
	job_finish(&job);
}

static void a_job_that_had_only_been_created_begins(void **state)
{
	struct job job;

	(void)state;
	job_open(&job);
	job_restart(&job);
	job_assert_told(&job, "");
	job_finish(&job);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_open_ends_incomplete_when_another_attempt_begins),
	    cmocka_unit_test(the_next_attempt_comes_behind_under_other_ids),
	    cmocka_unit_test(a_third_attempt_begins_as_the_second_did),
	    cmocka_unit_test(an_id_that_was_made_is_not_made_again),
	    cmocka_unit_test(the_same_worker_may_begin_again),
	    cmocka_unit_test(a_job_that_had_only_been_created_begins),
	    cmocka_unit_test(damaged_events_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
