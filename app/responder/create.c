#include "create.h"

#include <time.h>

#include "common/response/create_request.h"
#include "common/response/credentials.h"
#include "common/base/json.h"
#include "common/config/model.h"
#include "common/response/event.h"
#include "common/response/response.h"
#include "common/response/token_estimate.h"
#include "answers.h"
#include "body.h"
#include "context.h"
#include "dialects.h"
#include "follow.h"
#include "hand_over.h"
#include "idempotent.h"
#include "limited.h"
#include "named_webhook.h"
#include "passthrough.h"
#include "queued_end.h"

static bool not_implemented(struct api_error *error, const char *param, const char *why)
{
	return api_error_set(
	    error, 501, "invalid_request_error", param, "not_implemented", "%s", why);
}

/* Why a request that a deployment could serve is not answered by polling. */
static bool explain_no_polling(
    const struct config *config, const struct create_request *request, struct api_error *error)
{
	if (!request->background)
		return not_implemented(error, "background",
		    "Only background responses are served here: set 'background' to true.");
	if (!config->redis.enabled)
		return not_implemented(error, "background",
		    "Background responses need Redis, and none is configured.");
	return not_implemented(
	    error, "model", "Background responses by polling are not enabled for this model.");
}

/* Whether some deployment has an address. One that is not set here may be set for the worker. */
static bool can_reach(const struct config *config, const char *model)
{
	const struct deployment *deployment = NULL;

	model = model_resolve(config, model);
	while ((deployment = model_next_deployment(config, model, deployment)) != NULL) {
		if (deployment->missing != NULL || deployment_base(deployment, model) != NULL)
			return true;
	}
	return false;
}

static bool can_reach_any(const struct config *config, const char *model)
{
	const struct fallback *fallback = model_fallback(config, FALLBACK_ON_ERROR, model);
	bool reachable = can_reach(config, model);

	for (size_t i = 0; !reachable && fallback != NULL && i < fallback->count; i++)
		reachable = can_reach(config, fallback->models[i]);
	return reachable;
}

/* Whether nothing says where to send requests for the model, not even its name. */
static bool is_nobodys(const struct config *config, const char *model)
{
	return model_is_nobodys(config, model_resolve(config, model)) &&
	       !can_reach_any(config, model);
}

static bool check_polled(
    const struct config *config, const struct create_request *request, struct api_error *error)
{
	if (request->stream && !create_request_check_stream_options(request, error))
		return false;
	if (!can_reach_any(config, request->model))
		return api_error_set(error, 400, "invalid_request_error", "model",
		    "model_not_configured",
		    "The model '%.256s' has no deployment with an api_base.", request->model);
	return true;
}

static bool is_unstored(const struct create_request *request)
{
	return json_type(request->fields[RESPONSE_STORE]) == JSON_FALSE;
}

/* Whether the input stays when the response has ended; else it goes when the request goes. */
static bool keeps_input(const struct config *config, const struct create_request *request)
{
	return config->store_input && !is_unstored(request);
}

static void move_input_to_request(struct create_request *request, struct span context)
{
	if (request->input.len == 0 && context.len == 0)
		return;
	buf_puts(&request->rest, request->rest.len != 0 ? ",\"input\":" : "\"input\":");
	create_request_write_input(&request->rest, context, request->input);
}

/* Decides where the input goes. shown is where it goes without credentials if it has any. */
static void place_input(
    struct new_job *job, struct create_request *request, struct span context, struct buf *shown)
{
	job->request_has_input = job->keeps_input && credentials_write_input(shown, request->input);
	if (job->keeps_input) {
		job->input = job->request_has_input ? buf_span(shown) : request->input;
		job->context = context;
	}
	if (job->request_has_input || !job->keeps_input)
		move_input_to_request(request, context);
}

/* What the worker is to obey stands in front, where it finds it without reading the rest. */
static struct span request_for_worker(const struct create_request *request, struct buf *whole)
{
	gateway_members_write(whole, &request->gateway);
	if (whole->len == 0)
		return buf_span(&request->rest);
	if (request->rest.len != 0)
		buf_putc(whole, ',');
	buf_append_span(whole, buf_span(&request->rest));
	return buf_span(whole);
}

/* The connection goes to a relay; where none takes it, nobody learns that there was a response. */
static void answer_stream(struct handlers *handlers, const struct new_job *job)
{
	struct buf headers = {0};
	bool followed;

	limited_write_headers(handlers, &headers);
	followed = follow_created(handlers, job->id, job->first_event, buf_cstr(&headers));
	buf_free(&headers);
	if (followed)
		return;
	if (store_delete(handlers->store, job->id, handlers->tenant) == STORE_UNAVAILABLE)
		answer_log_unavailable(handlers);
	else
		queued_end_log(handlers, job->id, handlers->tenant, "deleted");
	hand_over_answer_refused(handlers);
}

static void answer_created(struct handlers *handlers, const struct new_job *job)
{
	if (job->stream) {
		answer_stream(handlers, job);
		return;
	}
	limited_add_headers(handlers);
	answer_poll_after(handlers);
	answer_json(handlers, job->object);
}

/* Without the right to go first the word counts as if it were not there. */
static enum service_tier tier_of(const struct access_key *key, const struct create_request *request)
{
	struct span tier = request->fields[RESPONSE_SERVICE_TIER];

	if (json_string_is(tier, "flex"))
		return TIER_FLEX;
	return key->priority && json_string_is(tier, "priority") ? TIER_PRIORITY : TIER_DEFAULT;
}

static long long expected_tokens(const struct create_request *request, struct span context)
{
	struct span instructions = request->fields[RESPONSE_INSTRUCTIONS];
	size_t prompt = request->input.len + context.len;

	if (json_is_given(instructions))
		prompt += instructions.len;
	return token_estimate(prompt, request->fields[RESPONSE_MAX_OUTPUT_TOKENS]);
}

static void create_response(struct handlers *handlers, struct create_request *request,
    const struct context *context, struct idempotent *idempotent, const char *webhook)
{
	const struct config *config = handlers->config;
	char id[RESPONSE_ID_SIZE];
	struct new_job job = {
	    .id = id,
	    .tenant = handlers->tenant,
	    .model = request->model,
	    .request_id = handlers->reply.head.request_id,
	    .label = model_label(config, request->model),
	    .stream = request->stream,
	    .keeps_input = keeps_input(config, request),
	    .deployment = context->deployment,
	    .follows = create_request_followed(request),
	    .stays = request->stays,
	    .webhook = webhook,
	    .ttl = config->polling.ttl,
	    .unstored_ttl = is_unstored(request) ? config->unstored_ttl : 0,
	    .tier = tier_of(handlers->key, request),
	    .limits = &handlers->key->limits,
	    .expected_tokens = expected_tokens(request, buf_span(&context->items)),
	    .max_queue = config->max_queue,
	    .max_queue_bytes = config->max_queue_bytes,
	};
	struct buf shown = {0}, whole = {0}, first_event = {0}, headers = {0};

	place_input(&job, request, buf_span(&context->items), &shown);
	job.request = request_for_worker(request, &whole);
	request_passed_headers(&handlers->request, &headers);
	job.headers = buf_span(&headers);
	response_id_generate(id);
	buf_clear(&handlers->object);
	response_initial(&handlers->object, id, time(NULL), request->fields);
	job.object = buf_span(&handlers->object);
	if (job.stream)
		event_write_response(&first_event, "response.created", job.object, 0);
	job.first_event = buf_span(&first_event);
	if (idempotent_create(handlers, idempotent, &job))
		answer_created(handlers, &job);
	buf_free(&headers);
	buf_free(&first_event);
	buf_free(&whole);
	buf_free(&shown);
}

static void create_polled(struct handlers *handlers, struct create_request *request)
{
	struct api_error error;
	struct context context;
	struct idempotent idempotent;
	const char *webhook;

	if (is_nobodys(handlers->config, request->model)) {
		answer_model_is_nobodys(handlers, request->model);
	} else if (!check_polled(handlers->config, request, &error) ||
		   !named_webhook_take(handlers, &webhook, &error) ||
		   !idempotent_take(handlers, &idempotent, &error)) {
		answer_error(handlers, &error);
	} else if (context_find(handlers, request, &context)) {
		if (dialects_can_say(handlers, request, buf_span(&context.items)))
			create_response(handlers, request, &context, &idempotent, webhook);
		context_free(&context);
	}
}

/* The answer where nothing is passed through. */
static void refuse_unpolled(struct handlers *handlers, const struct create_request *request)
{
	struct api_error error;

	if (is_nobodys(handlers->config, request->model)) {
		answer_model_is_nobodys(handlers, request->model);
		return;
	}
	explain_no_polling(handlers->config, request, &error);
	answer_error(handlers, &error);
}

static void pass_through(struct handlers *handlers, struct create_request *request)
{
	struct context context;

	if (!context_find(handlers, request, &context))
		return;
	passthrough_create(handlers, request, buf_span(&context.items), context.deployment);
	context_free(&context);
}

static void create(struct handlers *handlers, struct create_request *request)
{
	const struct config *config = handlers->config;
	struct api_error error;

	if (model_should_poll(config, request->model, request->background))
		create_polled(handlers, request);
	else if (!named_webhook_none(handlers, &error))
		answer_error(handlers, &error);
	else if (config->max_passthrough != 0 && handlers->passthrough != NULL)
		pass_through(handlers, request);
	else
		refuse_unpolled(handlers, request);
}

void create_handle(struct handlers *handlers)
{
	struct create_request request;

	if (!body_take_create(handlers, &request))
		return;
	create(handlers, &request);
	create_request_free(&request);
}
