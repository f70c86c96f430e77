#include "common/base/decimal.h"
#include "common/base/utf8.h"
#include "counts.h"
#include "keys.h"
#include "shares_args.h"
#include "store_internal.h"

enum {
	LIST_KEYS = 18,        /* of enqueue.lua */
	MODEL_SHOWN_MAX = 256, /* bytes of a model's name in the index */
};

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

/* What enqueue.lua says of an Idempotency-Key. */
enum { KEY_STANDS_FOR = 8, KEY_IS_TAKEN = 9 };

static enum store_result judged(struct store *store, const redisReply *reply)
{
	long long what = reply->element[0]->integer;

	if (what != KEY_STANDS_FOR && what != KEY_IS_TAKEN) {
		store->admission = admission_read(reply);
		return store->admission.limit != LIMIT_NONE ? STORE_LIMITED : STORE_OK;
	}
	snprintf(
	    store->created_before, sizeof(store->created_before), "%s", reply->element[1]->str);
	return what == KEY_IS_TAKEN ? STORE_KEY_TAKEN : STORE_CREATED_BEFORE;
}

static enum store_result enqueue_result(
    struct store *store, const struct new_job *job, const redisReply *reply)
{
	store->admission = admission_unlimited;
	if (reply->type == REDIS_REPLY_ARRAY)
		return judged(store, reply);
	if (reply->type == REDIS_REPLY_STRING && job->limits != NULL) {
		store->admission = admission_granted(job->limits, reply->str);
		return STORE_OK;
	}
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

static int key_count(const struct new_job *job)
{
	return job->stream ? 3 : 2;
}

static void add_keys(
    struct redis_args *args, const struct new_job *job, const struct response_keys *keys)
{
	redis_args_add(args, keys->response);
	redis_args_add(args, keys->job);
	if (job->stream)
		redis_args_add(args, keys->events);
}

static void add_create(
    struct redis_args *create, const struct new_job *job, const struct response_keys *keys)
{
	redis_args_script(create, SCRIPT_CREATE, key_count(job));
	add_keys(create, job, keys);
	redis_args_add_number(create, job->ttl);
	redis_args_add_span(create, job->object);
	add_fields(create, job);
	if (job->stream)
		redis_args_add_span(create, job->first_event);
}

/* How long it is kept when it has ended. */
static long kept_seconds(const struct new_job *job)
{
	return job->unstored_ttl != 0 && job->unstored_ttl < job->ttl ? job->unstored_ttl
								      : job->ttl;
}

/* Tokens. */
static long long reserved(const struct new_job *job)
{
	return job->limits != NULL ? limits_reserve(job->limits, job->expected_tokens) : 0;
}

/* What the index says of it, as drop.lua and the operators' functions take it apart. */
static void write_about(struct buf *out, const struct new_job *job)
{
	/* A client may name a model at any length. */
	const struct span model = {job->model, utf8_fitting(job->model, MODEL_SHOWN_MAX)};

	counts_write_label(out, span_of(job->tenant));
	buf_putc(out, COUNTS_SEPARATOR);
	counts_write_label(out, span_of(job->label));
	buf_putc(out, COUNTS_SEPARATOR);
	counts_write_label(out, model);
	if (job->webhook == NULL && job->tier == TIER_DEFAULT && reserved(job) == 0)
		return;
	buf_printf(out, "%c%s%c%d%c%lld", COUNTS_SEPARATOR,
	    job->webhook != NULL ? job->webhook : "", COUNTS_SEPARATOR, (int)job->tier,
	    COUNTS_SEPARATOR, reserved(job));
}

/* Which line it waits in, if it has to. */
static void write_line(struct buf *out, const struct new_job *job)
{
	decimal_append(out, job->tier);
	counts_write_label(out, span_of(job->tenant));
}

static void write_idempotency(struct buf *out, const struct idempotency *idempotency)
{
	if (idempotency->key == NULL)
		return;
	buf_printf(out, "%s %ld%s%s", idempotency->digest, idempotency->ttl,
	    idempotency->gone != NULL ? " " : "",
	    idempotency->gone != NULL ? idempotency->gone : "");
}

/* What enqueue.lua is told of the job. */
struct queued {
	struct buf about, counter;
	struct buf line, line_key, limits, limited, idempotency;
	struct idempotent_key idempotent_key;
};

static void write_queued(
    struct queued *queued, const struct key_space *space, const struct new_job *job)
{
	write_about(&queued->about, job);
	counts_write_name(&queued->counter, METRIC_CREATED, job->label, job->tenant);
	write_line(&queued->line, job);
	line_key(&queued->line_key, space, buf_span(&queued->line));
	if (job->limits != NULL)
		limits_write(&queued->limits, job->limits, reserved(job));
	counts_write_name(&queued->limited, METRIC_LIMITED, job->tenant, NULL);
	write_idempotency(&queued->idempotency, &job->idempotency);
	if (job->idempotency.key != NULL)
		idempotent_key(&queued->idempotent_key, space, job->idempotency.key);
}

static void free_queued(struct queued *queued)
{
	buf_free(&queued->about);
	buf_free(&queued->counter);
	buf_free(&queued->line);
	buf_free(&queued->line_key);
	buf_free(&queued->limits);
	buf_free(&queued->limited);
	buf_free(&queued->idempotency);
}

static int list_key_count(const struct new_job *job)
{
	return LIST_KEYS + (job->idempotency.key != NULL);
}

static void add_list_keys(struct redis_args *enqueue, const struct key_space *space,
    const struct new_job *job, const struct queued *queued)
{
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
	shares_args(enqueue, space);
	redis_args_add_span(enqueue, buf_span(&queued->line_key));
	redis_args_add(enqueue, space->rates);
	redis_args_add(enqueue, space->budgets);
	if (job->idempotency.key != NULL)
		redis_args_add(enqueue, queued->idempotent_key.name);
}

static void add_queued(
    struct redis_args *enqueue, const struct new_job *job, const struct queued *queued)
{
	redis_args_add(enqueue, job->id);
	redis_args_add_number(enqueue, job->max_queue);
	redis_args_add_number(enqueue, (long long)job_size(job));
	redis_args_add_number(enqueue, (long long)job->context.len);
	redis_args_add_number(enqueue, job->ttl);
	redis_args_add_number(enqueue, (long long)job->max_queue_bytes);
	redis_args_add_number(enqueue, kept_seconds(job));
	redis_args_add_span(enqueue, buf_span(&queued->about));
	redis_args_add_span(enqueue, buf_span(&queued->counter));
	redis_args_add_span(enqueue, buf_span(&queued->line));
	redis_args_add_span(enqueue, buf_span(&queued->limits));
	redis_args_add_span(enqueue, buf_span(&queued->limited));
	redis_args_add_span(enqueue, buf_span(&queued->idempotency));
}

/* With one server, in one step. */
static const redisReply *create_in_queue(struct store *store, const struct new_job *job,
    const struct response_keys *keys, const struct queued *queued)
{
	struct redis_args enqueue = {0};

	redis_args_script(&enqueue, SCRIPT_ENQUEUE, list_key_count(job) + key_count(job));
	add_list_keys(&enqueue, &store->space, job, queued);
	add_keys(&enqueue, job, keys);
	add_queued(&enqueue, job, queued);
	redis_args_add_span(&enqueue, job->object);
	add_fields(&enqueue, job);
	if (job->stream)
		redis_args_add_span(&enqueue, job->first_event);
	return store_call(store, &enqueue, 1) ? store->replies[0] : NULL;
}

/*
 * In a Cluster, where the two are in different slots. The node with the queue may be away for long,
 * and clients come again.
 */
static const redisReply *create_and_enqueue(struct store *store, const struct new_job *job,
    const struct response_keys *keys, const struct queued *queued)
{
	struct redis_args commands[2] = {{0}, {0}};

	add_create(&commands[0], job, keys);
	redis_args_script(&commands[1], SCRIPT_ENQUEUE, list_key_count(job));
	add_list_keys(&commands[1], &store->space, job, queued);
	add_queued(&commands[1], job, queued);
	if (store_call(store, commands, 2))
		return store->replies[1];
	if (store->replies[0] != NULL)
		drop_refused(store, job, keys);
	return NULL;
}

enum store_result store_create(struct store *store, const struct new_job *job)
{
	bool in_cluster = store->kind == REDIS_CLUSTER;
	struct queued queued = {0};
	struct response_keys keys;
	enum store_result result = STORE_UNAVAILABLE;
	const redisReply *reply;

	response_keys(&keys, &store->space, job->id);
	write_queued(&queued, &store->space, job);
	reply = in_cluster ? create_and_enqueue(store, job, &keys, &queued)
			   : create_in_queue(store, job, &keys, &queued);
	if (reply != NULL)
		result = enqueue_result(store, job, reply);
	if (in_cluster && reply != NULL && result != STORE_OK)
		drop_refused(store, job, &keys);
	free_queued(&queued);
	return result;
}

const struct admission *store_admission(const struct store *store)
{
	return &store->admission;
}

const char *store_created_before(const struct store *store)
{
	return store->created_before;
}
