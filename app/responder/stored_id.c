#include "stored_id.h"

#include "answers.h"
#include "passthrough.h"

/* The response is known here, and to its provider, without the mark that a LiteLLM proxy makes. */
static struct span take_id(struct handlers *handlers)
{
	struct route *route = &handlers->request.route;

	if (litellm_mark_read(&handlers->mark, route->id))
		route->id = span_of(handlers->mark.id);
	return route->id;
}

static bool take(struct handlers *handlers, char out[RESPONSE_ID_MAX + 1])
{
	struct span id = take_id(handlers);

	return handlers->store != NULL && response_id_copy(out, id);
}

bool stored_id_take(struct handlers *handlers, char out[RESPONSE_ID_MAX + 1])
{
	if (take(handlers, out))
		return true;
	if (handlers->passthrough != NULL)
		passthrough_by_id(handlers);
	else
		answer_not_found(handlers);
	return false;
}

bool stored_id_take_own(struct handlers *handlers, char out[RESPONSE_ID_MAX + 1])
{
	if (take(handlers, out))
		return true;
	answer_not_found(handlers);
	return false;
}
