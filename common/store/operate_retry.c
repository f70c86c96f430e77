#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/config/model.h"
#include "common/response/event.h"
#include "common/response/retried.h"
#include "operate_internal.h"

/* The fields of a job of which the next one is made. */
enum job_field {
	JOB_STATE,
	JOB_TENANT,
	JOB_MODEL,
	JOB_INPUT,
	JOB_REQUEST_HAS_INPUT,
	JOB_CONTEXT,
	JOB_DEPLOYMENT,
	JOB_FOLLOWS,
	JOB_STAYS,
	JOB_STREAMED,
	JOB_TTL,
	JOB_UNSTORED_TTL,
	JOB_FIELDS,
};

enum kept_field { KEPT_REQUEST, KEPT_HEADERS, KEPT_FIELDS };

/* What has failed: the replies, and the texts that have to end in a NUL. */
struct failed {
	redisReply *job, *object, *kept; /* owned */
	char *tenant, *model, *deployment, *follows, *webhook;
	enum service_tier tier;
};

static void ask(struct redis_args *commands, const struct key_space *space,
    const struct response_keys *keys, const char *id)
{
	static const char *const fields[JOB_FIELDS] = {
	    [JOB_STATE] = "state",
	    [JOB_TENANT] = "tenant",
	    [JOB_MODEL] = "model",
	    [JOB_INPUT] = "input",
	    [JOB_REQUEST_HAS_INPUT] = "request_has_input",
	    [JOB_CONTEXT] = "context",
	    [JOB_DEPLOYMENT] = "deployment",
	    [JOB_FOLLOWS] = "follows",
	    [JOB_STAYS] = "stays",
	    [JOB_STREAMED] = "streamed",
	    [JOB_TTL] = "ttl",
	    [JOB_UNSTORED_TTL] = "unstored_ttl",
	};

	redis_args_add(&commands[0], "HMGET");
	redis_args_add(&commands[0], keys->job);
	for (int i = 0; i < JOB_FIELDS; i++)
		redis_args_add(&commands[0], fields[i]);
	redis_args_add(&commands[1], "GET");
	redis_args_add(&commands[1], keys->response);
	redis_args_add(&commands[2], "HMGET");
	redis_args_add(&commands[2], keys->request);
	redis_args_add(&commands[2], "request");
	redis_args_add(&commands[2], "headers");
	redis_args_add(&commands[3], "HGET");
	redis_args_add(&commands[3], space->index_about);
	redis_args_add(&commands[3], id);
}

static redisReply *take_reply(struct store *store, int i)
{
	redisReply *reply = store->replies[i];

	store->replies[i] = NULL;
	return reply;
}

static bool has_text(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_STRING;
}

static void failed_free(struct failed *failed)
{
	redisReply *replies[] = {failed->job, failed->object, failed->kept};

	replies_free(replies, 3);
	free(failed->tenant);
	free(failed->model);
	free(failed->deployment);
	free(failed->follows);
	free(failed->webhook);
}

/* What the index has of it behind tenant, label and model; one is empty if it has none. */
static void read_about(const redisReply *about, struct span *webhook, struct span *tier)
{
	struct span left = reply_span(about), before;
	bool more = true;

	for (int i = 0; i < 3 && more; i++)
		more = span_split(&left, COUNTS_SEPARATOR, &before);
	*webhook = *tier = (struct span){0};
	if (!more)
		return;
	span_split(&left, COUNTS_SEPARATOR, webhook);
	span_split(&left, COUNTS_SEPARATOR, tier);
}

/* As scripts have it: what the index says nothing of is of the default tier. */
static enum service_tier tier_of(struct span digit)
{
	const int tier = digit.len == 1 ? digit.p[0] - '0' : TIER_DEFAULT;

	return tier >= TIER_PRIORITY && tier <= TIER_FLEX ? (enum service_tier)tier : TIER_DEFAULT;
}

static bool failed_read(struct store *store, const char *id, struct failed *failed)
{
	struct redis_args commands[4] = {0};
	struct response_keys keys;
	redisReply *const *job;
	struct span webhook, tier;

	*failed = (struct failed){0};
	response_keys(&keys, &store->space, id);
	ask(commands, &store->space, &keys, id);
	if (!store_call(store, commands, 4))
		return false;
	failed->job = take_reply(store, 0);
	failed->object = take_reply(store, 1);
	failed->kept = take_reply(store, 2);
	job = failed->job->element;
	failed->tenant = reply_text(job[JOB_TENANT]);
	failed->model = reply_text(job[JOB_MODEL]);
	failed->deployment = reply_text(job[JOB_DEPLOYMENT]);
	failed->follows = reply_text(job[JOB_FOLLOWS]);
	read_about(store->replies[3], &webhook, &tier);
	failed->webhook = webhook.len > 0 ? xmemdup(webhook.p, webhook.len) : NULL;
	failed->tier = tier_of(tier);
	return true;
}

static bool is_ours(const struct failed *failed)
{
	return failed->tenant != NULL && failed->model != NULL;
}

static enum store_retried judge(const struct failed *failed)
{
	if (!is_ours(failed))
		return RETRY_FOREIGN;
	if (response_status_find(reply_span(failed->job->element[JOB_STATE])) != STATUS_FAILED)
		return RETRY_NOT_FAILED;
	return has_text(failed->kept->element[KEPT_REQUEST]) ? RETRY_DONE : RETRY_NOT_KEPT;
}

/* A new job of what the failed one was made of. It begins anywhere, unless it may not. */
static void fill_job(struct new_job *job, const struct failed *failed, const struct config *config)
{
	redisReply *const *field = failed->job->element;

	*job = (struct new_job){
	    .tenant = failed->tenant,
	    .model = failed->model,
	    .label = model_label(config, failed->model),
	    .request = reply_span(failed->kept->element[KEPT_REQUEST]),
	    .headers = reply_span(failed->kept->element[KEPT_HEADERS]),
	    .keeps_input = has_text(field[JOB_INPUT]),
	    .request_has_input = has_text(field[JOB_REQUEST_HAS_INPUT]),
	    .input = reply_span(field[JOB_INPUT]),
	    .context = reply_span(field[JOB_CONTEXT]),
	    .follows = failed->follows,
	    .stays = has_text(field[JOB_STAYS]),
	    .webhook = failed->webhook,
	    .stream = has_text(field[JOB_STREAMED]),
	    .ttl = (long)reply_number(field[JOB_TTL], config->polling.ttl),
	    .unstored_ttl = (long)reply_number(field[JOB_UNSTORED_TTL], 0),
	    .tier = failed->tier,
	    .max_queue = config->max_queue,
	    .max_queue_bytes = config->max_queue_bytes,
	};
	if (job->stays || job->follows != NULL)
		job->deployment = failed->deployment;
}

static enum store_result create(struct store *store, struct new_job *job, struct buf *object)
{
	struct buf first_event = {0};
	enum store_result result;

	job->object = buf_span(object);
	if (job->stream)
		event_write_response(&first_event, "response.created", job->object, 0);
	job->first_event = buf_span(&first_event);
	result = store_create(store, job);
	buf_free(&first_event);
	return result;
}

/* Makes the response again; object gets its object. */
static enum store_result try_again(struct store *store, const struct config *config,
    const struct failed *failed, const char *new_id, struct buf *object,
    enum store_retried *retried)
{
	struct new_job job;

	fill_job(&job, failed, config);
	job.id = new_id;
	if (!response_retried(
		object, new_id, time(NULL), job.model, job.request, reply_span(failed->object))) {
		*retried = RETRY_NOT_KEPT;
		return STORE_OK;
	}
	return create(store, &job, object);
}

enum store_result store_retry(struct store *store, const struct config *config, const char *id,
    char new_id[RESPONSE_ID_SIZE], struct buf *object, enum store_retried *retried)
{
	enum store_result result = STORE_OK;
	struct failed failed;
	struct buf made = {0};

	new_id[0] = '\0';
	*retried = RETRY_NOT_KEPT;
	if (!failed_read(store, id, &failed))
		return STORE_UNAVAILABLE;
	if (!has_text(failed.object)) {
		result = STORE_NOT_FOUND;
	} else {
		*retried = judge(&failed);
		if (*retried == RETRY_DONE) {
			response_id_generate(new_id);
			result = try_again(store, config, &failed, new_id, &made, retried);
		}
	}
	if (result == STORE_OK && *retried == RETRY_DONE)
		buf_append_span(object, buf_span(&made));
	buf_free(&made);
	failed_free(&failed);
	return result;
}
