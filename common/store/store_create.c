#include <string.h>

#include "counts.h"
#include "keys.h"
#include "store_internal.h"

enum { MODEL_SHOWN_MAX = 256 }; /* bytes of a model's name in the index */

static void drop_refused(
    struct store *store, const struct new_job *job, const struct response_keys *keys)
{
	struct redis_args del = {0};

	redis_args_add(&del, "DEL");
	redis_args_add(&del, keys->response);
	redis_args_add(&del, keys->job);
	if (job->stream)
		redis_args_add(&del, keys->events);
	store_call_aside(store, &del);
}

/* What Redis holds for it while it waits, in bytes. */
static size_t job_size(const struct new_job *job)
{
	return job->object.len + job->request.len + job->input.len + job->context.len +
	       job->headers.len + job->first_event.len;
}

static enum store_result enqueue_result(const redisReply *reply)
{
	switch (reply->integer) {
	case 1:
		return STORE_OK;
	case 2:
		return STORE_BYTES_FULL;
	case 3:
		return STORE_CONTEXTS_FULL;
	default:
		return STORE_QUEUE_FULL;
	}
}

static void add_field(struct redis_args *create, const char *name, struct span value)
{
	redis_args_add(create, name);
	redis_args_add_span(create, value);
}

static void add_fields(struct redis_args *create, const struct new_job *job)
{
	add_field(create, "tenant", span_of(job->tenant));
	add_field(create, "model", span_of(job->model));
	if (job->request_id != NULL && job->request_id[0] != '\0')
		add_field(create, "request_id", span_of(job->request_id));
	add_field(create, "request", job->request);
	if (job->keeps_input)
		add_field(create, "input", job->input);
	if (job->request_has_input)
		add_field(create, "request_has_input", SPAN("1"));
	if (job->context.len != 0)
		add_field(create, "context", job->context);
	if (job->deployment != NULL)
		add_field(create, "deployment", span_of(job->deployment));
	if (job->follows != NULL)
		add_field(create, "follows", span_of(job->follows));
	if (job->stays)
		add_field(create, "stays", SPAN("1"));
	if (job->headers.len != 0)
		add_field(create, "headers", job->headers);
	if (job->stream)
		add_field(create, "streamed", SPAN("1"));
	if (job->unstored_ttl != 0) {
		redis_args_add(create, "unstored_ttl");
		redis_args_add_number(create, job->unstored_ttl);
	}
}

static void add_create(
    struct redis_args *create, const struct new_job *job, const struct response_keys *keys)
{
	redis_args_script(create, SCRIPT_CREATE, job->stream ? 3 : 2);
	redis_args_add(create, keys->response);
	redis_args_add(create, keys->job);
	if (job->stream)
		redis_args_add(create, keys->events);
	redis_args_add_span(create, job->object);
	redis_args_add_number(create, job->ttl);
	add_fields(create, job);
	if (job->stream)
		redis_args_add_span(create, job->first_event);
}

static bool is_inside_character(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* What operators are shown of a model's name, as a client may name one at any length. */
static void write_model(struct buf *out, const char *model)
{
	char shown[MODEL_SHOWN_MAX + 1];
	size_t len = strnlen(model, MODEL_SHOWN_MAX);

	while (len > 0 && is_inside_character(model[len]))
		len--;
	memcpy(shown, model, len);
	shown[len] = '\0';
	counts_write_label(out, shown);
}

/* How long it is kept when it has ended. */
static long kept_seconds(const struct new_job *job)
{
	return job->unstored_ttl != 0 && job->unstored_ttl < job->ttl ? job->unstored_ttl
								      : job->ttl;
}

/* What the index says of it, as drop.lua and the operators' functions take it apart. */
static void write_about(struct buf *out, const struct new_job *job)
{
	counts_write_label(out, job->tenant);
	buf_putc(out, COUNTS_SEPARATOR);
	counts_write_label(out, job->label);
	buf_putc(out, COUNTS_SEPARATOR);
	write_model(out, job->model);
}

static void add_enqueue_keys(struct redis_args *enqueue, const struct key_space *space)
{
	redis_args_script(enqueue, SCRIPT_ENQUEUE, 10);
	redis_args_add(enqueue, space->queue);
	redis_args_add(enqueue, space->held);
	redis_args_add(enqueue, space->held_until);
	redis_args_add(enqueue, space->parked);
	redis_args_add(enqueue, space->paused);
	redis_args_add(enqueue, space->index);
	redis_args_add(enqueue, space->index_about);
	redis_args_add(enqueue, space->index_ended);
	redis_args_add(enqueue, space->counters);
	redis_args_add(enqueue, space->minutes);
}

static void add_enqueue(struct redis_args *enqueue, const struct store *store,
    const struct new_job *job, struct span about, struct span counter)
{
	add_enqueue_keys(enqueue, &store->space);
	redis_args_add(enqueue, job->id);
	redis_args_add_number(enqueue, job->max_queue);
	redis_args_add_number(enqueue, (long long)job_size(job));
	redis_args_add_number(enqueue, (long long)job->context.len);
	redis_args_add_number(enqueue, job->ttl);
	redis_args_add_number(enqueue, (long long)job->max_queue_bytes);
	redis_args_add_number(enqueue, kept_seconds(job));
	redis_args_add_span(enqueue, about);
	redis_args_add_span(enqueue, counter);
}

/* In one round trip, if that can be. */
static bool create_and_enqueue(
    struct store *store, const struct new_job *job, const struct response_keys *keys)
{
	struct redis_args commands[2] = {{0}, {0}};
	struct buf about = {0}, counter = {0};
	bool ok;

	write_about(&about, job);
	counts_write_name(&counter, METRIC_CREATED, job->label, job->tenant);
	add_create(&commands[0], job, keys);
	add_enqueue(&commands[1], store, job, buf_span(&about), buf_span(&counter));
	ok = store_call(store, commands, 2);
	buf_free(&about);
	buf_free(&counter);
	return ok;
}

enum store_result store_create(struct store *store, const struct new_job *job)
{
	struct response_keys keys;
	enum store_result result;

	response_keys(&keys, &store->space, job->id);
	if (!create_and_enqueue(store, job, &keys)) {
		/* The node with the queue may be away for long, and clients come again. */
		if (store->kind == REDIS_CLUSTER && store->replies[0] != NULL)
			drop_refused(store, job, &keys);
		return STORE_UNAVAILABLE;
	}
	result = enqueue_result(store->replies[1]);
	if (result != STORE_OK)
		drop_refused(store, job, &keys);
	return result;
}
