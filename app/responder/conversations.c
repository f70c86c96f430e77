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

static void pass(struct handlers *handlers, const char *path)
{
	struct span body = {0};

	if (handlers->request.method == METHOD_POST) {
		if (!body_take(handlers))
			return;
		body = buf_span(&handlers->body);
	}
	passthrough_conversation(handlers, path, body);
}

void conversations_handle(struct handlers *handlers)
{
	struct buf path = {0};

	if (!conversation_path(&path, handlers->request.route.id))
		answer_invalid_path(handlers);
	else if (passthrough_is_on(handlers))
		pass(handlers, buf_cstr(&path));
	buf_free(&path);
}
