#include "cancel.h"

#include "common/store/cancel_any.h"
#include "answers.h"
#include "queued_end.h"
#include "stored_id.h"

bool cancel_answer(struct handlers *handlers, const char *id)
{
	struct span object;

	if (!answer_stored(
		handlers, store_cancel_any(handlers->store, id, handlers->tenant,
			      handlers->config->polling.ttl, &handlers->object, &object)))
		return false;
	queued_end_log(handlers, id, handlers->tenant, response_status_name(STATUS_CANCELLED));
	answer_json(handlers, object);
	return true;
}

void cancel_handle(struct handlers *handlers)
{
	char id[RESPONSE_ID_MAX + 1];

	if (stored_id_take(handlers, id))
		cancel_answer(handlers, id);
}
