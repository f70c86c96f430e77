#include "followed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "common/base/alloc.h"
#include "common/response/event.h"
#include "reader.h"

enum { KEPT_ROOM = 262144 }; /* bytes that the room for pages may keep */

/* Events that have come, one behind the other, and where in them was last looked for one. */
struct run {
	long long first, end; /* the number of the first, and of the one behind the last */
	struct span text;
	long long number;
	size_t offset;
};

/* Those from that number on. Mostly that is the first, or the one that was looked for last. */
static struct span run_from(struct run *run, long long number)
{
	if (number < run->number) {
		run->number = run->first;
		run->offset = 0;
	}
	while (run->number < number) {
		const char *at = run->text.p + run->offset;
		const char *blank = memmem(at, run->text.len - run->offset, "\n\n", 2);

		if (blank == NULL)
			break;
		run->offset += (size_t)(blank - at) + 2;
		run->number++;
	}
	return (struct span){run->text.p + run->offset, run->text.len - run->offset};
}

static bool lacks(const struct followed *followed, const struct reader *reader)
{
	return reader_has_room(reader) &&
	       (followed->due || followed->final || reader->next < followed->stored);
}

static void on_page(void *ctx, const struct event_page *page);

void followed_serve(struct followed *followed)
{
	const struct reader *reader = LIST_FIRST(&followed->readers);
	long long from = -1;

	if (!followed->open || followed->reading)
		return;
	for (; reader != NULL; reader = LIST_NEXT(reader, link)) {
		if (lacks(followed, reader) && (from < 0 || reader->next < from))
			from = reader->next;
	}
	if (from < 0)
		return;
	followed->due = false;
	followed->reading = true;
	followed->from = from;
	/* What Redis has lost is not to be asked for again and again. */
	followed->stored = 0;
	event_feed_read(followed->subscription, from, on_page);
}

/* event_feed_user.came */
static void on_came(void *ctx, long long first, long long count, struct span events)
{
	struct followed *followed = ctx;
	struct run run = {first, first + count, events, first, 0};
	struct reader *reader = LIST_FIRST(&followed->readers), *next;

	if (run.end > followed->stored)
		followed->stored = run.end;
	for (; reader != NULL; reader = next) {
		next = LIST_NEXT(reader, link);
		if (reader_has_room(reader) && reader->next >= first && reader->next < run.end)
			reader_send(reader, run_from(&run, reader->next), run.end);
	}
	followed_serve(followed);
}

/* event_feed_user.look */
static void on_look(void *ctx)
{
	struct followed *followed = ctx;

	followed->open = true;
	followed->due = true;
	followed_serve(followed);
}

static void fail_all(struct followed *followed, const struct api_error *error)
{
	struct reader *reader = LIST_FIRST(&followed->readers), *next;

	for (; reader != NULL; reader = next) {
		next = LIST_NEXT(reader, link);
		reader_fail(reader, error);
	}
}

static void tell_gone(struct followed *followed)
{
	struct api_error error;

	api_error_set(&error, 404, "invalid_request_error", "id", "response_not_found",
	    "Response with id '%s' not found.", followed->id);
	fail_all(followed, &error);
}

static void gather(struct buf *out, const struct event_page *page)
{
	buf_clear(out);
	for (size_t i = 0; i < page->count; i++)
		buf_append_span(out, page->events[i]);
}

/* One that has been asked for events past the last of all has none to come. */
static void end_reader(struct reader *reader, struct run *run)
{
	struct span nothing = {0};

	reader_send_last(reader, reader->next < run->end ? run_from(run, reader->next) : nothing);
}

static void send_page(struct followed *followed, struct run *run, bool is_last)
{
	struct reader *reader = LIST_FIRST(&followed->readers), *next;

	for (; reader != NULL; reader = next) {
		next = LIST_NEXT(reader, link);
		if (!reader_has_room(reader) || reader->next < run->first)
			continue;
		if (is_last)
			end_reader(reader, run);
		else if (reader->next < run->end)
			reader_send(reader, run_from(run, reader->next), run->end);
		else
			reader_send(reader, (struct span){0}, reader->next);
	}
}

/* The event that ends the stream is stored nowhere: it is the object, told as an event. */
static void take_page(struct followed *followed, const struct event_page *page)
{
	struct buf *text = &followed->host->page;
	long long end = followed->from + (long long)page->count;
	bool is_last = followed->final && end >= page->stored;

	gather(text, page);
	if (is_last && end == page->stored && page->object.len > 0) {
		event_write_response(text, event_terminal_type(page->status), page->object, end);
		end++;
	}
	send_page(followed, &(struct run){followed->from, end, buf_span(text), followed->from, 0},
	    is_last);
	buf_recycle(text, KEPT_ROOM);
}

static void on_page(void *ctx, const struct event_page *page)
{
	struct followed *followed = ctx;

	followed->reading = false;
	switch (page->result) {
	case PAGE_FAILED:
		followed->open = false;
		followed->due = true;
		break;
	case PAGE_GONE:
		tell_gone(followed);
		break;
	case PAGE_READ:
		if (page->stored > followed->stored)
			followed->stored = page->stored;
		followed->final = response_status_is_terminal(page->status);
		take_page(followed, page);
		followed_serve(followed);
		break;
	}
}

static struct followed_list *bucket_of(struct reader_host *host, const char *id)
{
	return &host->followed[XXH3_64bits(id, strlen(id)) % FOLLOWED_BUCKETS];
}

static struct followed *subscribe(
    struct reader_host *host, struct followed_list *bucket, const char *id)
{
	static const struct event_feed_user user = {on_came, on_look};
	struct followed *followed = xcalloc(1, sizeof(*followed));

	followed->host = host;
	snprintf(followed->id, sizeof(followed->id), "%s", id);
	LIST_INIT(&followed->readers);
	LIST_INSERT_HEAD(bucket, followed, link);
	followed->subscription = event_feed_subscribe(host->feed, id, &user, followed);
	return followed;
}

struct followed *followed_find(struct reader_host *host, const char *id)
{
	struct followed_list *bucket = bucket_of(host, id);
	struct followed *followed = LIST_FIRST(bucket);

	while (followed != NULL && strcmp(followed->id, id) != 0)
		followed = LIST_NEXT(followed, link);
	return followed != NULL ? followed : subscribe(host, bucket, id);
}

void followed_free(struct followed *followed)
{
	event_feed_unsubscribe(followed->subscription);
	LIST_REMOVE(followed, link);
	free(followed);
}
