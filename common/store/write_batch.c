#include "write_batch.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "redis_text.h"
#include "scripts.h"

enum {
	MOST_WRITES = 64,
	MOST_BYTES = 65536,
	KEPT_BYTES = 2 * MOST_BYTES, /* that a buffer may keep for the next batch */
	WORDS_BEFORE_KEYS = 3,       /* EVALSHA, the script and how many keys */
};

/* Writes that went out together and have yet to be answered. */
struct sent_writes {
	struct redis_client *commands;
	int count;
	struct response_write *writes[MOST_WRITES];
};

struct write_batch {
	struct redis_client *commands;
	struct event *due;
	bool is_due;
	struct sent_writes *next; /* to be sent; NULL if there are none */
	struct response_keys first;
	struct buf keys, arguments;
	int key_count, argument_count;
};

static enum write_result result_of(struct redis_client *commands, const redisReply *reply)
{
	if (redis_client_failed(commands, reply, "flush") || reply->type != REDIS_REPLY_INTEGER)
		return WRITE_UNKNOWN;
	switch (reply->integer) {
	case 1:
		return WRITE_DONE;
	case 2:
		return WRITE_MISMATCH;
	case 3:
		return WRITE_TAKEN;
	case 4:
		return WRITE_LOST;
	case 5:
		return WRITE_GONE;
	default:
		return WRITE_ENDED;
	}
}

static void report(struct sent_writes *sent, const redisReply *replies)
{
	for (int i = 0; i < sent->count; i++) {
		struct response_write *write = sent->writes[i];
		const redisReply *reply = replies != NULL ? replies->element[i] : NULL;

		write->done(write->ctx, result_of(sent->commands, reply));
	}
	free(sent);
}

static void on_written(redisAsyncContext *redis, void *data, void *privdata)
{
	struct sent_writes *sent = privdata;
	const redisReply *reply = data;
	bool failed = redis_client_failed(sent->commands, reply, "flush") ||
		      reply->type != REDIS_REPLY_ARRAY || reply->elements != (size_t)sent->count;

	(void)redis;
	report(sent, failed ? NULL : reply);
}

static void write_command(const struct write_batch *batch, struct buf *out)
{
	redis_text_begin(out, WORDS_BEFORE_KEYS + batch->key_count + 1 + batch->argument_count);
	redis_text_argument(out, SPAN("EVALSHA"));
	redis_text_argument(out, span_of(script_sha(SCRIPT_FLUSH)));
	redis_text_number(out, batch->key_count);
	buf_append_span(out, buf_span(&batch->keys));
	redis_text_number(out, batch->next->count);
	buf_append_span(out, buf_span(&batch->arguments));
}

/* Empties the batch. Returns whether its writes are on their way. */
static bool send_out(struct write_batch *batch, struct sent_writes **sent)
{
	struct buf command = {0};
	bool ok;

	*sent = batch->next;
	write_command(batch, &command);
	ok = redis_client_send(
	    batch->commands, batch->first.job, buf_span(&command), on_written, *sent);
	buf_free(&command);
	buf_recycle(&batch->keys, KEPT_BYTES);
	buf_recycle(&batch->arguments, KEPT_BYTES);
	batch->key_count = batch->argument_count = 0;
	batch->next = NULL;
	return ok;
}

void write_batch_send(struct write_batch *batch)
{
	struct sent_writes *sent;

	if (batch->next != NULL && !send_out(batch, &sent))
		report(sent, NULL);
}

static void on_due(evutil_socket_t fd, short what, void *ctx)
{
	struct write_batch *batch = ctx;

	(void)fd;
	(void)what;
	batch->is_due = false;
	write_batch_send(batch);
}

struct write_batch *write_batch_new(struct event_base *base, struct redis_client *commands)
{
	struct write_batch *batch = xcalloc(1, sizeof(*batch));

	batch->commands = commands;
	batch->due = event_new(base, -1, 0, on_due, batch);
	if (batch->due == NULL)
		fatalx("out of memory");
	return batch;
}

void write_batch_free(struct write_batch *batch)
{
	if (batch == NULL)
		return;
	if (batch->next != NULL)
		report(batch->next, NULL);
	event_free(batch->due);
	buf_free(&batch->keys);
	buf_free(&batch->arguments);
	free(batch);
}

static void add_keys(struct write_batch *batch, const struct write_text *text)
{
	redis_text_argument(&batch->keys, span_of(text->keys->job));
	batch->key_count++;
	if (!redis_client_is_cluster(batch->commands))
		return;
	redis_text_argument(&batch->keys, span_of(text->keys->response));
	batch->key_count++;
	if (text->streamed) {
		redis_text_argument(&batch->keys, span_of(text->keys->events));
		batch->key_count++;
	}
	if (text->keeps_request) {
		redis_text_argument(&batch->keys, span_of(text->keys->request));
		batch->key_count++;
	}
}

static void add(
    struct write_batch *batch, struct response_write *write, const struct write_text *text)
{
	if (batch->next == NULL) {
		batch->next = xcalloc(1, sizeof(*batch->next));
		batch->next->commands = batch->commands;
		batch->first = *text->keys;
	}
	batch->next->writes[batch->next->count++] = write;
	add_keys(batch, text);
	redis_text_argument(&batch->arguments, text->head);
	buf_append_span(&batch->arguments, text->arguments);
	batch->argument_count += 1 + text->argument_count;
}

/* False if that fails: who has added the last write learns it by that, the others are told. */
static bool send_with_last(struct write_batch *batch)
{
	struct sent_writes *sent;

	if (send_out(batch, &sent))
		return true;
	sent->count--;
	report(sent, NULL);
	return false;
}

bool write_batch_add(
    struct write_batch *batch, struct response_write *write, const struct write_text *text)
{
	bool alone = redis_client_is_cluster(batch->commands);

	if (!alone && !redis_client_is_up(batch->commands))
		return false;
	if (batch->arguments.len + text->arguments.len > MOST_BYTES)
		write_batch_send(batch);
	add(batch, write, text);
	if (alone || batch->next->count == MOST_WRITES || batch->arguments.len > MOST_BYTES)
		return send_with_last(batch);
	if (!batch->is_due)
		event_active(batch->due, EV_TIMEOUT, 0);
	batch->is_due = true;
	return true;
}
