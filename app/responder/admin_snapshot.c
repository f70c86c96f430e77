#include "admin_snapshot.h"

#include "answers.h"

bool admin_snapshot_take(struct handlers *handlers, struct store_snapshot *snapshot)
{
	if (!answer_has_store(handlers) ||
	    !answer_stored(handlers, store_snapshot(handlers->store, false, snapshot)))
		return false;
	buf_clear(&handlers->object);
	return true;
}

void admin_snapshot_answer(struct handlers *handlers, struct store_snapshot *snapshot)
{
	store_snapshot_free(snapshot);
	answer_json(handlers, buf_span(&handlers->object));
}
