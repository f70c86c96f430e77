#include "conversations.h"

#include "answers.h"
#include "body.h"
#include "common/base/json.h"
#include "common/response/gateway_members.h"
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

/* As it is, but without what is for the gateway; what is no object is the provider's to refuse. */
static void pass_body(struct handlers *handlers, const char *path)
{
	struct span body;
	struct buf rest = {0};

	if (!body_take(handlers))
		return;
	body = buf_span(&handlers->body);
	if (json_check(body, 0, NULL, NULL) && gateway_members_leave_out(&rest, body)) {
		gateway_members_note(&handlers->gateway_notes, body);
		body = buf_span(&rest);
	}
	passthrough_conversation(handlers, path, body);
	buf_free(&rest);
}

static void pass(struct handlers *handlers, const char *path)
{
	if (handlers->request.method == METHOD_POST)
		pass_body(handlers, path);
	else
		passthrough_conversation(handlers, path, (struct span){0});
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
