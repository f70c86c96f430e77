/*
 * Whatever chunks of Chat Completions come, the builder's events are ones that the fold takes, they
 * and the object are valid JSON, and the events fold into the same output.
 *
 * Build:  tests/fuzz/run.sh
 *
 * Input: a byte, whose lowest bits say whether think tags are read, whether the lines are one
 * object and whether "[DONE]" comes; and the events as lines.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/dialect/chat/chat_reader.h"
#include "common/response/event.h"

enum { THINK_TAGS = 1, IS_OBJECT = 2, DONE = 4 };

static const char id[] = "litellm_poll_00000000-0000-4000-8000-000000000000";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct fold fold;
	struct fold replay; /* of the events as text */
	struct builder builder;
	struct tool_names tools;
	struct chat_reader *reader;
	bool begun;
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void on_begin(void *ctx)
{
	struct run *run = ctx;

	require(!run->begun);
	run->begun = true;
}

static void write_event(struct buf *out, const struct event *event)
{
	buf_printf(out, "{\"type\":\"%s\"", event_name(event));
	for (int m = 0; m < EVENT_MEMBERS; m++) {
		if (m == EVENT_TYPE || event->members[m].len == 0)
			continue;
		buf_printf(out, ",\"%s\":", event_member_name((enum event_member)m));
		buf_append_span(out, event->members[m]);
	}
	buf_putc(out, '}');
}

static void on_event(void *ctx, const struct event *event)
{
	struct run *run = ctx;
	struct buf text = {0};

	require(run->begun);
	write_event(&text, event);
	require(json_check(buf_span(&text), 0, NULL, NULL));
	require(fold_event(&run->replay, buf_span(&text)) != FOLD_SKIPPED);
	buf_free(&text);
}

static void open_run(struct run *run, uint8_t flags)
{
	struct span fields[RESPONSE_FIELD_COUNT] = {{0}}, none = {0};
	struct buf initial = {0};
	struct reader_setting setting = {
	    &run->builder, &run->tools, "origin", (flags & THINK_TAGS) != 0};

	response_initial(&initial, id, 1700000000, fields);
	require(fold_open(&run->fold, buf_span(&initial)));
	require(fold_open(&run->replay, buf_span(&initial)));
	buf_free(&initial);
	builder_open(&run->builder, &run->fold);
	run->builder.on_begin = on_begin;
	run->builder.on_event = on_event;
	run->builder.ctx = run;
	tool_names_add(&run->tools, TOOL_FUNCTION, SPAN("s"), SPAN("f"));
	tool_names_add(&run->tools, TOOL_CUSTOM, none, SPAN("c"));
	tool_names_add(&run->tools, TOOL_FORMAT, none, SPAN("t"));
	run->reader = chat_reader_new(&setting);
}

static void close_run(struct run *run)
{
	chat_reader_free(run->reader);
	builder_close(&run->builder);
	tool_names_free(&run->tools);
	fold_close(&run->fold);
	fold_close(&run->replay);
}

/* Gives the event in memory of exactly its size. */
static void one_event(struct run *run, struct span event, bool is_object)
{
	char *copy = malloc(event.len != 0 ? event.len : 1);

	require(copy != NULL);
	memcpy(copy, event.p, event.len);
	if (is_object)
		chat_reader_object(run->reader, (struct span){copy, event.len});
	else
		chat_reader_event(run->reader, (struct span){copy, event.len});
	free(copy);
}

static void read_lines(struct run *run, struct span rest, bool is_object)
{
	while (rest.len > 0) {
		const char *newline = memchr(rest.p, '\n', rest.len);
		size_t len = newline != NULL ? (size_t)(newline - rest.p) : rest.len;

		one_event(run, (struct span){rest.p, len}, is_object);
		len += newline != NULL;
		rest = (struct span){rest.p + len, rest.len - len};
	}
}

static void check(struct run *run, enum reader_end end)
{
	struct span text = buf_span(&run->fold.doc.text);
	struct span again = buf_span(&run->replay.doc.text);
	struct buf output = {0}, replayed = {0};

	require(json_check(text, 0, NULL, NULL));
	require(json_check(again, 0, NULL, NULL));
	json_canonical(&output, json_get(text, "output"));
	json_canonical(&replayed, json_get(again, "output"));
	require(span_eq(buf_span(&output), buf_span(&replayed)));
	fold_end(&run->fold);
	require((run->fold.status == STATUS_FAILED) == (end == READER_FAILED));
	require(json_check(buf_span(&run->fold.doc.text), 0, NULL, NULL));
	buf_free(&output);
	buf_free(&replayed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run run = {0};
	bool is_object;
	enum reader_end end;

	if (size == 0)
		return 0;
	is_object = (data[0] & IS_OBJECT) != 0;
	open_run(&run, data[0]);
	read_lines(&run, (struct span){(const char *)data + 1, size - 1}, is_object);
	end = chat_reader_end(run.reader, is_object || (data[0] & DONE) != 0);
	check(&run, end);
	close_run(&run);
	return 0;
}
