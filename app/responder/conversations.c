#include "conversations.h"

#include "answers.h"
#include "body.h"
#include "conversation_path.h"
#include "passthrough.h"

static void answer_invalid_path(struct handlers *handlers)
{
	struct api_error error;

	api_error_set(&error, 404, "invalid_request_error", NULL, "unknown_url",
	    "No conversation can be at that URL, expected ids of letters, digits and -._~ in "
	    "conversations/{id}, conversations/{id}/items or conversations/{id}/items/{id}.");
	answer_error(handlers, &error);
}

void conversations_handle(struct handlers *handlers)
{
	struct buf path = {0};

	if (!conversation_path(&path, handlers->request.route.id)) {
		answer_invalid_path(handlers);
	} else if (passthrough_is_on(handlers)) {
		buf_clear(&handlers->body);
		if (handlers->request.method != METHOD_POST || body_take(handlers))
			passthrough_conversation(
			    handlers, buf_cstr(&path), buf_span(&handlers->body));
	}
	buf_free(&path);
}
