/*
 * Whatever events come, the object is valid JSON, its stored copy follows by patches alone, and it
 * equals what the naive fold makes of the same events.
 *
 * Build:  tests/fuzz/run.sh
 *
 * Input: a byte whose bits say after which events the copy is written, and the events as lines.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/response/fold.h"
#include "common/base/json.h"
#include "tests/unit/response/naive_fold.h"
#include "tests/unit/response/stored_copy.h"

static const char id[] = "litellm_poll_00000000-0000-4000-8000-000000000000";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct fold fold;
	struct naive_fold naive;
	struct stored_copy copy;
	bool comparable; /* the naive fold could take all events so far */
	uint8_t flushes;
	unsigned count;
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool contains(struct span text, const char *what)
{
	return memmem(text.p, text.len, what, strlen(what)) != NULL;
}

/* json-c ends names at NUL, and knows no half of a surrogate pair. */
static bool naive_can_take(struct span event)
{
	return json_check(event, 0, NULL, NULL) && !contains(event, "\\u0000") &&
	       !contains(event, "\\ud") && !contains(event, "\\uD");
}

static void check(struct run *run)
{
	struct document *doc = &run->fold.doc;
	struct span text = buf_span(&doc->text);

	require(json_check(text, 0, NULL, NULL));
	require(response_status_peek(text) != STATUS_COUNT);
	require(doc->text.len <= (doc->text.len - doc->blanks) * 5 / 2 + 5120);
	if (naive_members(&run->naive) > 70)
		run->comparable = false;
	if (run->comparable)
		require(naive_equals(&run->naive, text));
	if (run->flushes >> (run->count++ % 8) & 1) {
		stored_copy_flush(&run->copy, doc);
		require(stored_copy_is(&run->copy, doc));
	}
}

/* Gives the event in memory of exactly its size. */
static enum fold_result fold_copy(struct run *run, struct span event)
{
	char *copy = malloc(event.len != 0 ? event.len : 1);
	enum fold_result result;

	require(copy != NULL);
	memcpy(copy, event.p, event.len);
	result = fold_event(&run->fold, (struct span){copy, event.len});
	free(copy);
	return result;
}

static void one_event(struct run *run, struct span event)
{
	enum fold_result result;
	bool too_deep;

	if (json_check(event, JSON_ACCEPT_BAD_UTF8, NULL, NULL) && !naive_can_take(event))
		run->comparable = false;
	result = fold_copy(run, event);
	if (result == FOLD_SKIPPED)
		require(run->fold.warning[0] != '\0');
	too_deep = result == FOLD_SKIPPED && strstr(run->fold.warning, "too deeply") != NULL;
	if (run->comparable && naive_can_take(event) && !too_deep)
		require(naive_event(&run->naive, event) == result);
	check(run);
}

static void finish(struct run *run)
{
	struct fold again;

	fold_end(&run->fold);
	naive_end(&run->naive);
	require(response_status_is_terminal(run->fold.status));
	require(!run->comparable || run->fold.status == run->naive.status);
	fold_seal(&run->fold, 1700000001);
	naive_seal(&run->naive, 1700000001);
	run->flushes = 0xff;
	check(run);
	require(response_status_peek(buf_span(&run->fold.doc.text)) == run->fold.status);

	require(fold_open(&again, buf_span(&run->fold.doc.text)));
	require(json_string_is(json_get(buf_span(&again.doc.text), "id"), id));
	require(span_is(json_get(buf_span(&again.doc.text), "output"), "[]"));
	fold_close(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span fields[RESPONSE_FIELD_COUNT] = {{0}}, rest;
	struct run run = {.comparable = true};
	struct buf initial = {0};

	if (size == 0)
		return 0;
	run.flushes = data[0];
	rest = (struct span){(const char *)data + 1, size - 1};
	response_initial(&initial, id, 1700000000, fields);
	require(fold_open(&run.fold, buf_span(&initial)));
	naive_open(&run.naive, buf_span(&initial));
	while (rest.len > 0) {
		const char *newline = memchr(rest.p, '\n', rest.len);
		size_t len = newline != NULL ? (size_t)(newline - rest.p) : rest.len;

		one_event(&run, (struct span){rest.p, len});
		len += newline != NULL;
		rest = (struct span){rest.p + len, rest.len - len};
	}
	finish(&run);
	fold_close(&run.fold);
	naive_close(&run.naive);
	stored_copy_free(&run.copy);
	buf_free(&initial);
	return 0;
}
