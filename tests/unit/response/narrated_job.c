#include "narrated_job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/response/event.h"
#include "naive_fold.h"

void job_store(struct job *job)
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

void job_begin(struct job *job)
{
	assert_true(fold_open(&job->fold, buf_span(&job->object)));
	narrator_follow(job->narrator, &job->fold);
	job_store(job);
}

void job_open(struct job *job)
{
	struct span fields[RESPONSE_FIELD_COUNT] = {{0}};

	*job = (struct job){0};
	response_initial(
	    &job->object, "litellm_poll_01234567-89ab-4cde-8f01-23456789abcd", 1700000000, fields);
	event_write_response(
	    event_log_room(&job->log), "response.created", buf_span(&job->object), 0);
	event_log_added(&job->log);
	job->narrator = narrator_new(&job->log);
	job_begin(job);
	job->seen = 2;
}

void job_tell(struct job *job, const char *event)
{
	fold_event(&job->fold, span_of(event));
	job_store(job);
}

void job_recall(struct job *job, size_t count)
{
	struct span *events = calloc(count + 1, sizeof(*events));

	assert_non_null(events);
	for (size_t i = 0; i < count; i++)
		events[i] = event_log_at(&job->stored, i);
	fold_close(&job->fold);
	narrator_free(job->narrator);
	job->narrator = narrator_new(&job->log);
	narrator_recall(job->narrator, buf_span(&job->object), events, count);
	job_store(job);
	free(events);
}

void job_restart(struct job *job)
{
	job_recall(job, event_log_count(&job->stored));
	job_begin(job);
}

struct span job_data(const struct job *job, size_t i)
{
	struct span event = event_log_at(&job->stored, i);
	const char *data = memmem(event.p, event.len, "\ndata: ", 7);

	return (struct span){data + 7, event.len - 2 - (size_t)(data + 7 - event.p)};
}

void job_assert_told(struct job *job, const char *types)
{
	struct buf told = {0};

	for (; job->seen < event_log_count(&job->stored); job->seen++) {
		struct span type = json_inside(json_get(job_data(job, job->seen), "type"));

		buf_puts(&told, told.len > 0 ? " " : "");
		buf_append(&told, type.p + strlen("response."), type.len - strlen("response."));
	}
	assert_string_equal(buf_cstr(&told), types);
	buf_free(&told);
}

void job_assert_member(const struct job *job, size_t back, const char *name, const char *value)
{
	struct span found = json_get(job_data(job, event_log_count(&job->stored) - 1 - back), name);

	if (!naive_same_json(found, span_of(value)))
		fail_msg("%s is %.*s, not %s", name, (int)found.len, found.p, value);
}

void job_end_fold(struct job *job)
{
	fold_end(&job->fold);
	narrator_end(job->narrator);
	job_store(job);
}

void job_assert_adds_up(struct job *job)
{
	struct span output = json_get(buf_span(&job->fold.doc.text), "output"), item;
	struct json_scan scan = json_open(output, 0);
	size_t first = job->rules.count - job->fold.output.count;

	while (json_element(&scan, &item))
		if (!naive_same_json(item, told_rules_item(&job->rules, first++)))
			fail_msg("%.*s is another item", (int)item.len, item.p);
}

void job_close(struct job *job)
{
	assert_null(told_rules_end(&job->rules));
	fold_close(&job->fold);
	narrator_free(job->narrator);
	event_log_close(&job->log);
	event_log_close(&job->stored);
	told_rules_close(&job->rules);
	buf_free(&job->object);
}

void job_finish(struct job *job)
{
	job_end_fold(job);
	job_assert_adds_up(job);
	assert_int_equal(job->rules.replaced, 0);
	job_close(job);
}
