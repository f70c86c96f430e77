#include "context.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/json.h"
#include "common/response/response_id.h"
#include "common/store/store.h"
#include "answers.h"
#include "makers.h"

/* Answers that the previous response cannot be continued, and why. */
static bool refuse(struct handlers *handlers, const char *id, const char *code, const char *why)
{
	struct api_error error;

	api_error_set(&error, 400, "invalid_request_error", "previous_response_id", code,
	    "Previous response with id '%.128s' %s", id, why);
	answer_error(handlers, &error);
	return false;
}

static bool refuse_unknown(struct handlers *handlers, const char *id)
{
	return refuse(handlers, id, "previous_response_not_found", "not found.");
}

/* Whether the response has ended in a way that another can follow. */
static bool check_ended(struct handlers *handlers, const char *id, enum response_status status)
{
	switch (status) {
	case STATUS_COMPLETED:
	case STATUS_INCOMPLETE:
		return true;
	case STATUS_FAILED:
		return refuse(handlers, id, "previous_response_failed",
		    "cannot be continued: it has failed.");
	case STATUS_CANCELLED:
		return refuse(handlers, id, "previous_response_cancelled",
		    "cannot be continued: it was cancelled.");
	case STATUS_QUEUED:
	case STATUS_IN_PROGRESS:
	case STATUS_COUNT:
		break;
	}
	return refuse(handlers, id, "previous_response_in_progress",
	    "has not ended yet: poll it until its status is 'completed', then continue it.");
}

static bool check_previous(
    struct handlers *handlers, const char *id, const struct stored_context *previous)
{
	if (!previous->has_input)
		return refuse(handlers, id, "previous_response_not_stored",
		    "cannot be continued: its input was not kept, as it was created with "
		    "'store' set to false or by a server that keeps no inputs.");
	return check_ended(handlers, id, previous->status);
}

/* Appends the output without the blanks that the stored object has between tokens. */
static void add_output(struct buf *items, struct span object)
{
	struct buf output = {0};

	json_canonical(&output, json_get(object, "output"));
	create_request_add_items(items, buf_span(&output));
	buf_free(&output);
}

static void note_deployment(struct context *context, struct span id)
{
	if (id.len > 0)
		context->deployment = xmemdup(id.p, id.len);
}

/*
 * A request that says little may stand for much: no more than one that says it all itself. Each
 * step of a chain is stored with all that came before it.
 */
static bool check_length(struct handlers *handlers, size_t context_len, size_t input_len)
{
	size_t max = handlers->config->max_request_bytes;
	struct api_error error;

	if (context_len <= max && input_len <= max - context_len)
		return true;
	api_error_set(&error, 400, "invalid_request_error", "previous_response_id",
	    "context_length_exceeded",
	    "The previous responses with their inputs are %zu bytes long, and the new input is "
	    "%zu: together they may have %zu.",
	    context_len, input_len, max);
	answer_error(handlers, &error);
	return false;
}

static bool join(struct handlers *handlers, const struct stored_context *previous,
    struct span input, struct context *context)
{
	buf_append_span(&context->items, previous->context);
	create_request_add_items(&context->items, previous->input);
	add_output(&context->items, previous->object);
	if (!check_length(handlers, context->items.len, input.len)) {
		context_free(context);
		return false;
	}
	note_deployment(context, previous->deployment);
	return true;
}

static bool find_ours(
    struct handlers *handlers, struct create_request *request, struct context *context)
{
	const char *id = request->previous_id;
	struct stored_context previous;
	enum store_result result = STORE_NOT_FOUND;

	if (handlers->store != NULL && response_id_valid(id))
		result = store_context(handlers->store, id, handlers->tenant, &previous);
	if (result == STORE_NOT_FOUND)
		return refuse_unknown(handlers, id);
	if (!answer_stored(handlers, result) || !check_previous(handlers, id, &previous) ||
	    !join(handlers, &previous, request->input, context))
		return false;
	if (previous.follows.len > 0)
		create_request_follow(request, previous.follows);
	return true;
}

/* A provider's own response. One that we did not see being made is the provider's to judge. */
static bool find_native(struct handlers *handlers, const char *id, struct context *context)
{
	struct native_response native;
	enum store_result result = STORE_NOT_FOUND;

	if (handlers->store != NULL)
		result = store_native(handlers->store, id, handlers->tenant, &native);
	if (result == STORE_OTHERS)
		return refuse_unknown(handlers, id);
	if (result == STORE_OK)
		note_deployment(context, native.deployment);
	return result == STORE_NOT_FOUND || answer_stored(handlers, result);
}

static bool find_previous(
    struct handlers *handlers, struct create_request *request, struct context *context)
{
	if (request->previous_id == NULL)
		return true;
	if (response_id_is_unkept(request->previous_id))
		return refuse(handlers, request->previous_id, "previous_response_not_found",
		    "not found: its provider keeps no responses. Send its output in 'input', or "
		    "continue background responses.");
	if (request->continues)
		return find_ours(handlers, request, context);
	return find_native(handlers, request->previous_id, context);
}

bool context_find(
    struct handlers *handlers, struct create_request *request, struct context *context)
{
	*context = (struct context){0};
	if (!find_previous(handlers, request, context))
		return false;
	makers_choose(handlers, request, context);
	return true;
}

void context_free(struct context *context)
{
	buf_free(&context->items);
	free(context->deployment);
	*context = (struct context){0};
}
