/*
 * However a stream is cut, its events are those of the stream in one piece.
 *
 * Build:  tests/fuzz/run.sh
 *
 * Input: the event at which the callback stops (0 for none), the number of cuts, the length of
 * each piece, and the stream.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/sse.h"

enum { MAX_EVENT = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	struct buf events; /* each event's length and data */
	size_t count;
	size_t stop_after;
	enum sse_result result;
};

static bool record(void *ctx, struct span data)
{
	struct outcome *outcome = ctx;

	if (data.p == NULL || data.len > MAX_EVENT)
		abort();
	buf_append(&outcome->events, &data.len, sizeof(data.len));
	buf_append_span(&outcome->events, data);
	outcome->count++;
	return outcome->count != outcome->stop_after;
}

/* Feeds a piece from memory of exactly its size. */
static enum sse_result feed_piece(struct sse_parser *sse, const uint8_t *p, size_t len)
{
	char *copy = malloc(len != 0 ? len : 1);
	enum sse_result result;

	if (copy == NULL)
		abort();
	memcpy(copy, p, len);
	result = sse_feed(sse, (struct span){copy, len});
	free(copy);
	return result;
}

/* Feeds the pieces whose lengths are given, then what is left, and ends the stream. */
static struct outcome run(
    const uint8_t *p, size_t len, const uint8_t *pieces, size_t piece_count, size_t stop_after)
{
	struct outcome outcome = {.stop_after = stop_after};
	struct sse_parser sse;

	sse_init(&sse, MAX_EVENT, record, &outcome);
	for (size_t i = 0; i < piece_count && outcome.result == SSE_OK; i++) {
		size_t piece = pieces[i] < len ? pieces[i] : len;

		outcome.result = feed_piece(&sse, p, piece);
		p += piece;
		len -= piece;
	}
	if (outcome.result == SSE_OK)
		outcome.result = feed_piece(&sse, p, len);
	if (outcome.result == SSE_OK)
		outcome.result = sse_end(&sse);
	sse_free(&sse);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, split;
	size_t stop_after, cuts;

	if (size < 2)
		return 0;
	stop_after = data[0] % 8;
	cuts = data[1] < size - 2 ? data[1] : size - 2;
	data += 2;
	size -= 2;
	whole = run(data + cuts, size - cuts, NULL, 0, stop_after);
	split = run(data + cuts, size - cuts, data, cuts, stop_after);
	if (whole.result != split.result || whole.count != split.count ||
	    !span_eq(buf_span(&whole.events), buf_span(&split.events)))
		abort();
	buf_free(&whole.events);
	buf_free(&split.events);
	return 0;
}
