/*
 * Whatever events come, and however often the job begins again, what is told keeps to the rules of
 * streams, and an item that ends does so as the object has it.
 *
 * Build:  tests/fuzz/run.sh
 *
 * Input: a byte, and the provider's events as lines. A line "!" lets another worker begin again,
 * "?" the same one. If the byte's first bit is set, events that were told are lost before that:
 * then nothing has to hold but that the narrator goes on.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/response/event.h"
#include "common/response/narrator.h"
#include "tests/unit/response/told_rules.h"

static const char id[] = "litellm_poll_00000000-0000-4000-8000-000000000000";

enum { EVENTS_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct buf object;
	struct event_log stored, log;
	struct narrator *narrator;
	struct fold fold;
	struct told_rules rules;
	uint8_t flags;
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool is_damaged(const struct run *run)
{
	return (run->flags & 0x80) != 0;
}

/* fault is the rule that is broken, or NULL. */
static void keeps_to(const struct run *run, const char *fault, struct span where)
{
	if (fault == NULL || is_damaged(run))
		return;
	fprintf(stderr, "%s: %.*s\n", fault, (int)where.len, where.p);
	abort();
}

/* What was told goes to the store. */
static void store(struct run *run)
{
	size_t count = event_log_count(&run->log);

	for (size_t i = 0; i < count; i++) {
		struct span event = event_log_at(&run->log, i);

		keeps_to(run, told_rules_take(&run->rules, event), event);
		buf_append_span(event_log_room(&run->stored), event);
		event_log_added(&run->stored);
	}
	event_log_drop(&run->log, count);
	require(event_log_next(&run->log) == event_log_next(&run->stored));
}

static void begin(struct run *run)
{
	require(fold_open(&run->fold, buf_span(&run->object)));
	narrator_follow(run->narrator, &run->fold);
}

static void recall(struct run *run)
{
	struct span *events = calloc(event_log_count(&run->stored), sizeof(*events));
	size_t count = 0;

	require(events != NULL);
	for (size_t i = 0; i < event_log_count(&run->stored); i++)
		if (!is_damaged(run) || (run->flags >> i % 7 & 1) == 0)
			events[count++] = event_log_at(&run->stored, i);
	narrator_free(run->narrator);
	run->narrator = narrator_new(&run->log);
	narrator_recall(run->narrator, buf_span(&run->object), events, count);
	store(run);
	free(events);
}

static void one_line(struct run *run, struct span line)
{
	char *copy;

	if (span_is(line, "!")) {
		fold_close(&run->fold);
		recall(run);
		keeps_to(run, told_rules_end(&run->rules), line);
		begin(run);
	} else if (span_is(line, "?")) {
		fold_fail(&run->fold, "server_error", SPAN("once more"));
		narrator_end(run->narrator);
		fold_close(&run->fold);
		begin(run);
	} else {
		copy = malloc(line.len != 0 ? line.len : 1);
		require(copy != NULL);
		memcpy(copy, line.p, line.len);
		fold_event(&run->fold, (struct span){copy, line.len});
		free(copy);
	}
	store(run);
}

static void finish(struct run *run)
{
	fold_end(&run->fold);
	narrator_end(run->narrator);
	store(run);
	keeps_to(run, told_rules_end(&run->rules), SPAN("the end"));
	require(json_check(buf_span(&run->fold.doc.text), 0, NULL, NULL));
	fold_close(&run->fold);
	narrator_free(run->narrator);
	event_log_close(&run->log);
	event_log_close(&run->stored);
	told_rules_close(&run->rules);
	buf_free(&run->object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span fields[RESPONSE_FIELD_COUNT] = {{0}}, rest;
	struct run run = {0};

	if (size == 0)
		return 0;
	run.flags = data[0];
	rest = (struct span){(const char *)data + 1, size - 1};
	response_initial(&run.object, id, 1700000000, fields);
	run.narrator = narrator_new(&run.log);
	begin(&run);
	store(&run);
	while (rest.len > 0 && event_log_count(&run.stored) < EVENTS_MAX) {
		const char *newline = memchr(rest.p, '\n', rest.len);
		size_t len = newline != NULL ? (size_t)(newline - rest.p) : rest.len;

		one_line(&run, (struct span){rest.p, len});
		len += newline != NULL;
		rest = (struct span){rest.p + len, rest.len - len};
	}
	finish(&run);
	return 0;
}
