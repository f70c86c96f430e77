#include "follow.h"

#include "answers.h"
#include "hand_over.h"

static void not_streamed(struct handlers *handlers)
{
	struct api_error error;

	api_error_set(&error, 400, "invalid_request_error", "stream", "unsupported_parameter",
	    "This response cannot be streamed because it was not created with background=true and "
	    "stream=true.");
	answer_error(handlers, &error);
}

void follow_handle(struct handlers *handlers, const char *id, const struct follow_query *query)
{
	struct handover handover = {
	    .flags = HANDOVER_FOLLOWS, .followed_id = id, .after = query->after};
	bool streamed;

	if (!answer_stored(
		handlers, store_follow(handlers->store, id, handlers->tenant, &streamed)))
		return;
	if (!streamed)
		not_streamed(handlers);
	else if (!hand_over(handlers, &handover))
		hand_over_answer_refused(handlers);
}

bool follow_created(
    struct handlers *handlers, const char *id, struct span first_event, const char *headers)
{
	struct handover handover = {.flags = HANDOVER_FOLLOWS,
	    .followed_id = id,
	    .body = first_event,
	    .answer_headers = headers};

	return hand_over(handlers, &handover);
}

bool follow_from_start(struct handlers *handlers, const char *id, const char *headers)
{
	return follow_created(handlers, id, (struct span){0}, headers);
}
