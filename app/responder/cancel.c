#include "cancel.h"

#include "common/store/cancel_any.h"
#include "answers.h"
#include "stored_id.h"

void cancel_handle(struct handlers *handlers)
{
	char id[RESPONSE_ID_MAX + 1];
	struct span object;

	if (stored_id_take(handlers, id) &&
	    answer_stored(handlers,
		store_cancel_any(handlers->store, id, handlers->tenant,
		    handlers->config->polling.ttl, &handlers->object, &object)))
		answer_json(handlers, object);
}
