#include "delete.h"

#include "answers.h"
#include "queued_end.h"
#include "stored_id.h"

void delete_handle(struct handlers *handlers)
{
	char id[RESPONSE_ID_MAX + 1];

	if (!stored_id_take(handlers, id) ||
	    !answer_stored(handlers, store_delete(handlers->store, id, handlers->tenant)))
		return;
	queued_end_log(handlers, id, handlers->tenant, "deleted");
	buf_clear(&handlers->object);
	buf_printf(
	    &handlers->object, "{\"id\":\"%s\",\"object\":\"response\",\"deleted\":true}", id);
	answer_json(handlers, buf_span(&handlers->object));
}
