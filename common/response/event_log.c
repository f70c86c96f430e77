#include "event_log.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

enum { KEPT_ROOM = 16384 }; /* bytes that an empty log may keep for its next events */

void event_log_open(struct event_log *log, long long next, unsigned long long bytes)
{
	event_log_close(log);
	log->first = next;
	log->bytes = bytes;
}

void event_log_close(struct event_log *log)
{
	buf_free(&log->text);
	free(log->ends);
	*log = (struct event_log){0};
}

long long event_log_next(const struct event_log *log)
{
	return log->first + (long long)log->count;
}

size_t event_log_count(const struct event_log *log)
{
	return log->count;
}

struct buf *event_log_room(struct event_log *log)
{
	return &log->text;
}

static size_t start_of(const struct event_log *log, size_t i)
{
	return i == 0 ? 0 : log->ends[i - 1];
}

void event_log_added(struct event_log *log)
{
	if (log->count == log->cap) {
		log->cap = log->cap != 0 ? 2 * log->cap : 4;
		log->ends = xrealloc(log->ends, log->cap * sizeof(*log->ends));
	}
	log->bytes += log->text.len - start_of(log, log->count);
	log->ends[log->count++] = log->text.len;
}

struct span event_log_at(const struct event_log *log, size_t i)
{
	size_t start = start_of(log, i);

	return (struct span){log->text.data + start, log->ends[i] - start};
}

size_t event_log_batch(const struct event_log *log)
{
	size_t count = log->count;

	if (log->text.len <= EVENT_LOG_BATCH)
		return count;
	while (count > 1 && log->ends[count - 1] > EVENT_LOG_BATCH)
		count--;
	return count;
}

void event_log_drop(struct event_log *log, size_t count)
{
	size_t gone = start_of(log, count);

	log->first += (long long)count;
	log->count -= count;
	log->text.len -= gone;
	if (log->count > 0)
		memmove(log->text.data, log->text.data + gone, log->text.len);
	else if (log->text.cap > KEPT_ROOM)
		buf_free(&log->text);
	for (size_t i = 0; i < log->count; i++)
		log->ends[i] = log->ends[i + count] - gone;
}
