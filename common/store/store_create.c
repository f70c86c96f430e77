#include "keys.h"
#include "store_internal.h"

static void drop_refused(struct store *store, const struct response_keys *keys)
{
	struct redis_args del = {0};

	redis_args_add(&del, "DEL");
	redis_args_add(&del, keys->response);
	redis_args_add(&del, keys->job);
	store_call(store, &del, 1);
}

/* What Redis holds for it while it waits, in bytes. */
static size_t job_size(const struct new_job *job)
{
	return job->object.len + job->request.len + job->input.len + job->context.len;
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

enum store_result store_create(struct store *store, const struct new_job *job)
{
	struct redis_args commands[2] = {{0}, {0}}, *create = &commands[0], *enqueue = &commands[1];
	struct response_keys keys;
	enum store_result result;

	response_keys(&keys, job->id);
	redis_args_script(create, SCRIPT_CREATE, 2);
	redis_args_add(create, keys.response);
	redis_args_add(create, keys.job);
	redis_args_add_span(create, job->object);
	redis_args_add_number(create, job->ttl);
	redis_args_add(create, "tenant");
	redis_args_add(create, job->tenant);
	redis_args_add(create, "model");
	redis_args_add(create, job->model);
	redis_args_add(create, "request");
	redis_args_add_span(create, job->request);
	if (job->keeps_input) {
		redis_args_add(create, "input");
		redis_args_add_span(create, job->input);
	}
	if (job->request_has_input) {
		redis_args_add(create, "request_has_input");
		redis_args_add(create, "1");
	}
	if (job->context.len != 0) {
		redis_args_add(create, "context");
		redis_args_add_span(create, job->context);
	}
	if (job->deployment != NULL) {
		redis_args_add(create, "deployment");
		redis_args_add(create, job->deployment);
	}
	if (job->follows != NULL) {
		redis_args_add(create, "follows");
		redis_args_add(create, job->follows);
	}

	redis_args_script(enqueue, SCRIPT_ENQUEUE, 3);
	redis_args_add(enqueue, KEY_QUEUE);
	redis_args_add(enqueue, KEY_HELD);
	redis_args_add(enqueue, KEY_HELD_UNTIL);
	redis_args_add(enqueue, job->id);
	redis_args_add_number(enqueue, job->max_queue);
	redis_args_add_number(enqueue, (long long)job_size(job));
	redis_args_add_number(enqueue, (long long)job->context.len);
	redis_args_add_number(enqueue, job->ttl);
	redis_args_add_number(enqueue, (long long)job->max_queue_bytes);

	if (!store_call(store, commands, 2))
		return STORE_UNAVAILABLE;
	result = enqueue_result(store->replies[1]);
	if (result != STORE_OK)
		drop_refused(store, &keys);
	return result;
}
