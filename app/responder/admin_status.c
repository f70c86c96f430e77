#include "admin_status.h"

#include "answers.h"
#include "common/operator/operator_json.h"

void admin_status_handle(struct handlers *handlers)
{
	struct store_snapshot snapshot;

	if (!answer_has_store(handlers) ||
	    !answer_stored(handlers, store_snapshot(handlers->store, false, &snapshot)))
		return;
	buf_clear(&handlers->object);
	operator_status_json(&handlers->object, handlers->config, &snapshot);
	store_snapshot_free(&snapshot);
	answer_json(handlers, buf_span(&handlers->object));
}
