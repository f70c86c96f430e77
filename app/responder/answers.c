#include "answers.h"

#include <time.h>

#include "common/base/log.h"
#include "common/response/response_id.h"
#include "reply.h"

void answer_error(struct handlers *handlers, const struct api_error *error)
{
	reply_error(&handlers->reply, error);
}

void answer_not_found(struct handlers *handlers)
{
	struct span id = handlers->request.route.id;
	struct api_error error;

	api_error_set(&error, 404, "invalid_request_error", "id", "response_not_found",
	    "Response with id '%.*s' not found.",
	    (int)(id.len < RESPONSE_ID_MAX ? id.len : RESPONSE_ID_MAX), id.p);
	answer_error(handlers, &error);
}

void answer_model_not_found(struct handlers *handlers, const char *model)
{
	struct api_error error;

	api_error_set(&error, 404, "invalid_request_error", "model", "model_not_found",
	    "The requested model '%.256s' does not exist.", model);
	answer_error(handlers, &error);
}

void answer_fallback_not_found(struct handlers *handlers, const char *model)
{
	struct api_error error;

	api_error_set(&error, 404, "invalid_request_error", "fallbacks", "model_not_found",
	    "The requested fallback model '%.256s' does not exist.", model);
	answer_error(handlers, &error);
}

void answer_model_is_nobodys(struct handlers *handlers, const char *model)
{
	struct api_error error;

	api_error_set(&error, 400, "invalid_request_error", "model", "model_not_configured",
	    "The model '%.256s' cannot be resolved to a provider by its name: ask for it as "
	    "'provider/model'.",
	    model);
	answer_error(handlers, &error);
}

void answer_log_unavailable(struct handlers *handlers)
{
	time_t now = time(NULL);

	if (now != handlers->warned_at)
		log_warnx("redis: %s", store_error(handlers->store));
	handlers->warned_at = now;
}

void answer_unavailable(struct handlers *handlers)
{
	struct api_error error;

	answer_log_unavailable(handlers);
	api_error_set(&error, 503, "server_error", NULL, "store_unavailable",
	    "The response store is not reachable. Please try again.");
	answer_error(handlers, &error);
}

bool answer_has_store(struct handlers *handlers)
{
	struct api_error error;

	if (handlers->store != NULL)
		return true;
	api_error_set(
	    &error, 503, "server_error", NULL, "store_unavailable", "No Redis is configured.");
	answer_error(handlers, &error);
	return false;
}

static void queue_full(struct handlers *handlers, enum store_result result)
{
	const struct config *config = handlers->config;
	struct api_error error;

	if (result == STORE_QUEUE_FULL)
		api_error_set(&error, 429, "rate_limit_error", NULL, "queue_full",
		    "Too many background responses are waiting (%ld). Please try again later.",
		    config->max_queue);
	else
		api_error_set(&error, 429, "rate_limit_error",
		    result == STORE_CONTEXTS_FULL ? "previous_response_id" : NULL, "queue_full",
		    "The background responses that are waiting or running%s have too many bytes "
		    "together: %zu are accepted. Please try again later.",
		    result == STORE_CONTEXTS_FULL
			? ", or are kept with the previous ones that they continue,"
			: "",
		    config->max_queue_bytes);
	answer_error(handlers, &error);
}

bool answer_stored(struct handlers *handlers, enum store_result result)
{
	switch (result) {
	case STORE_OK:
		return true;
	case STORE_NOT_FOUND:
	case STORE_OTHERS:
		answer_not_found(handlers);
		return false;
	case STORE_QUEUE_FULL:
	case STORE_BYTES_FULL:
	case STORE_CONTEXTS_FULL:
		queue_full(handlers, result);
		return false;
	case STORE_LIMITED:
	case STORE_CREATED_BEFORE:
	case STORE_KEY_TAKEN:
	case STORE_UNAVAILABLE:
		break;
	}
	answer_unavailable(handlers);
	return false;
}

void answer_json(struct handlers *handlers, struct span body)
{
	reply_json(&handlers->reply, 200, body);
}

void answer_poll_after(struct handlers *handlers)
{
	reply_header(&handlers->reply, "openai-poll-after-ms", "500");
}
