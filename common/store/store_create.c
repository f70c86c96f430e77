#include "keys.h"
#include "store_internal.h"

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

static void add_enqueue(
    struct redis_args *enqueue, const struct store *store, const struct new_job *job)
{
	redis_args_script(enqueue, SCRIPT_ENQUEUE, 3);
	redis_args_add(enqueue, store->space.queue);
	redis_args_add(enqueue, store->space.held);
	redis_args_add(enqueue, store->space.held_until);
	redis_args_add(enqueue, job->id);
	redis_args_add_number(enqueue, job->max_queue);
	redis_args_add_number(enqueue, (long long)job_size(job));
	redis_args_add_number(enqueue, (long long)job->context.len);
	redis_args_add_number(enqueue, job->ttl);
	redis_args_add_number(enqueue, (long long)job->max_queue_bytes);
}

enum store_result store_create(struct store *store, const struct new_job *job)
{
	struct redis_args commands[2] = {{0}, {0}};
	struct response_keys keys;
	enum store_result result;

	response_keys(&keys, &store->space, job->id);
	add_create(&commands[0], job, &keys);
	add_enqueue(&commands[1], store, job);
	if (!store_call(store, commands, 2)) {
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
