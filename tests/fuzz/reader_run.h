/*
 * For harnesses of readers: a builder and a fold behind the reader, and a second fold that gets the
 * events as text, as a client would. What they make has to be the same.
 */
#ifndef RESPOOL_FUZZ_READER_RUN_H
#define RESPOOL_FUZZ_READER_RUN_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/dialect/reader.h"
#include "common/response/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reader_run {
	struct fold fold;
	struct fold replay; /* of the events as text */
	struct builder builder;
	struct tool_names tools;
	struct reader_setting setting;
	bool begun;
	long long number;
};

/* Gets a text in memory of exactly its size. */
typedef void reader_fn(void *reader, struct span text);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void on_begin(void *ctx)
{
	struct reader_run *run = ctx;

	require(!run->begun);
	run->begun = true;
}

static void on_event(void *ctx, const struct response_event *event)
{
	struct reader_run *run = ctx;
	struct buf text = {0};
	struct span data;

	require(run->begun);
	event_write(&text, event, run->number++);
	data = span_of(strstr(buf_cstr(&text), "data: ") + strlen("data: "));
	require(json_check(data, 0, NULL, NULL));
	require(fold_event(&run->replay, data) != FOLD_SKIPPED);
	buf_free(&text);
}

static void reader_run_open(struct reader_run *run, bool think_tags)
{
	struct span fields[RESPONSE_FIELD_COUNT] = {{0}}, none = {0};
	struct buf initial = {0};

	*run = (struct reader_run){
	    .setting = {&run->builder, &run->tools, "0123456789abcdef", think_tags}};
	response_initial(
	    &initial, "litellm_poll_00000000-0000-4000-8000-000000000000", 1700000000, fields);
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
}

static void reader_run_close(struct reader_run *run)
{
	builder_close(&run->builder);
	tool_names_free(&run->tools);
	fold_close(&run->fold);
	fold_close(&run->replay);
}

static void give_copy(reader_fn *give, void *reader, struct span text)
{
	char *copy = malloc(text.len != 0 ? text.len : 1);

	require(copy != NULL);
	memcpy(copy, text.p, text.len);
	give(reader, (struct span){copy, text.len});
	free(copy);
}

static void give_lines(reader_fn *give, void *reader, struct span rest)
{
	while (rest.len > 0) {
		const char *newline = memchr(rest.p, '\n', rest.len);
		size_t len = newline != NULL ? (size_t)(newline - rest.p) : rest.len;

		give_copy(give, reader, (struct span){rest.p, len});
		len += newline != NULL;
		rest = (struct span){rest.p + len, rest.len - len};
	}
}

static void reader_run_check(struct reader_run *run, enum reader_end end)
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

#endif
