#include <stdio.h>

#include "common/base/buf.h"
#include "common/response/document.h"
#include "common/response/fold.h"
#include "common/response/response.h"
#include "jobs_internal.h"
#include "redis_args.h"

static enum write_result flush_result(const redisReply *reply)
{
	switch (reply->integer) {
	case 1:
		return WRITE_DONE;
	case 2:
		return WRITE_MISMATCH;
	case 3:
		return WRITE_TAKEN;
	case 4:
		return WRITE_LOST;
	default:
		return WRITE_ENDED;
	}
}

static void on_flushed(redisAsyncContext *redis, void *data, void *privdata)
{
	struct response_write *write = privdata;
	enum write_result result = WRITE_UNKNOWN;

	(void)redis;
	if (!redis_link_failed(write->jobs->commands, data, "flush"))
		result = flush_result(data);
	write->done(write->ctx, result);
}

static void add_whole(
    struct redis_args *args, const struct response_write *write, const struct document *doc)
{
	redis_args_add(args, "");
	redis_args_add_number(args, write->count + 1);
	redis_args_add_span(args, buf_span(&doc->text));
}

enum { KNOWN_SIZE = 48, ENDED_SIZE = 64 };

/* What is known of the stored text goes to known, which must live as long as args. */
static void add_patches(struct redis_args *args, const struct response_write *write,
    const struct document *doc, char known[KNOWN_SIZE])
{
	int i;

	snprintf(known, KNOWN_SIZE, "%zu %lld", doc->stored_len, write->count);
	redis_args_add(args, known);
	for (i = 0; i < doc->patch_count; i++) {
		const struct patch *patch = &doc->patches[i];

		redis_args_add_number(args, (long long)patch->offset);
		redis_args_add_span(
		    args, (struct span){doc->text.data + patch->offset, patch->len});
	}
}

static void add_end(struct redis_args *args, enum response_status terminal, const char *deployment,
    char ended[ENDED_SIZE])
{
	snprintf(ended, ENDED_SIZE, "%s%s%s", response_status_name(terminal),
	    deployment != NULL ? " " : "", deployment != NULL ? deployment : "");
	redis_args_add(args, ended);
}

/* Those of a log stand one behind the other. */
static struct span next_events(const struct event_log *log)
{
	size_t count = event_log_batch(log);
	struct span first, last;

	if (count == 0)
		return (struct span){0};
	first = event_log_at(log, 0);
	last = event_log_at(log, count - 1);
	return (struct span){first.p, (size_t)(last.p - first.p) + last.len};
}

static void add_events(struct redis_args *args, const struct event_log *log)
{
	redis_args_add_number(args, log->first);
	redis_args_add_span(args, next_events(log));
}

/* The fence, and the open slots if the stored job does not know them. */
static void write_fence(struct buf *out, const struct response_write *write, long long fence,
    const struct fold *fold, struct span slots)
{
	buf_printf(out, "%lld", fence);
	if (!fold->doc.whole && span_eq(slots, buf_span(&write->slots)))
		return;
	buf_putc(out, ' ');
	buf_append_span(out, slots);
}

/* What has been sent is stored, unless the reply says otherwise. */
static void note_sent(struct response_write *write, struct document *doc, struct buf *slots)
{
	buf_free(&write->slots);
	write->slots = *slots;
	*slots = (struct buf){0};
	if (doc->whole || doc->patch_count > 0)
		write->count++;
	document_mark_stored(doc);
}

bool response_flush(struct response_write *write, const char *id, long long fence,
    struct fold *fold, const struct event_log *log, enum response_status terminal,
    const char *deployment)
{
	struct document *doc = &fold->doc;
	struct redis_args args = {0};
	struct response_keys keys;
	struct buf slots = {0}, shown = {0};
	char known[KNOWN_SIZE], ended[ENDED_SIZE];
	bool sent;

	fold_open_slots(fold, &slots);
	write_fence(&shown, write, fence, fold, buf_span(&slots));
	response_keys(&keys, &write->jobs->space, id);
	redis_args_script(&args, SCRIPT_FLUSH, log != NULL ? 2 : 1);
	redis_args_add(&args, keys.job);
	if (log != NULL)
		redis_args_add(&args, keys.events);
	redis_args_add_span(&args, buf_span(&shown));
	if (doc->whole)
		add_whole(&args, write, doc);
	else
		add_patches(&args, write, doc, known);
	if (terminal != STATUS_COUNT)
		add_end(&args, terminal, deployment, ended);
	if (log != NULL)
		add_events(&args, log);
	sent = redis_link_call(write->jobs->commands, &args, on_flushed, write);
	if (sent)
		note_sent(write, doc, &slots);
	buf_free(&slots);
	buf_free(&shown);
	return sent;
}

void response_write_free(struct response_write *write)
{
	buf_free(&write->slots);
}
