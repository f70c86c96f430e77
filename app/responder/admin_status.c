#include "admin_status.h"

#include "admin_snapshot.h"
#include "common/operator/operator_json.h"

void admin_status_handle(struct handlers *handlers)
{
	struct store_snapshot snapshot;

	if (!admin_snapshot_take(handlers, &snapshot))
		return;
	operator_status_json(&handlers->object, handlers->config, &snapshot);
	admin_snapshot_answer(handlers, &snapshot);
}
