#include "admin_workers.h"

#include <string.h>

#include "admin_body.h"
#include "admin_log.h"
#include "admin_snapshot.h"
#include "answers.h"
#include "common/base/json.h"
#include "common/operator/operator_json.h"

void admin_workers_handle(struct handlers *handlers)
{
	struct store_snapshot snapshot;

	if (!admin_snapshot_take(handlers, &snapshot))
		return;
	operator_workers_json(&handlers->object, &snapshot);
	admin_snapshot_answer(handlers, &snapshot);
}

static void no_such_worker(struct handlers *handlers)
{
	struct span name = handlers->request.route.id;
	struct api_error error;

	api_error_set(&error, 404, "invalid_request_error", "worker", "worker_not_found",
	    "No worker '%.*s' is alive.", (int)(name.len < 64 ? name.len : 64), name.p);
	answer_error(handlers, &error);
}

/* Whether the body says that the worker shall drain; false after an error. */
static bool read_drain(struct handlers *handlers, bool *drain)
{
	struct api_error error;
	struct span value;

	if (!admin_body_take(handlers, "drain", &value))
		return false;
	*drain = json_type(value) != JSON_FALSE;
	if (value.len == 0 || json_type(value) == JSON_TRUE || !*drain)
		return true;
	api_error_set(&error, 400, "invalid_request_error", "drain", "invalid_type",
	    "Invalid type for 'drain': %s, expected true or false.",
	    json_type_name(json_type(value)));
	answer_error(handlers, &error);
	return false;
}

static void answer_drain(struct handlers *handlers, const char *worker, bool drain)
{
	struct buf *object = &handlers->object;

	admin_log(handlers, drain ? "worker_drained" : "worker_undrained", "worker", worker, NULL);
	buf_clear(object);
	buf_puts(object, "{\"worker\":");
	json_quote(object, span_of(worker));
	buf_printf(object, ",\"draining\":%s}", drain ? "true" : "false");
	answer_json(handlers, buf_span(object));
}

void admin_drain_handle(struct handlers *handlers)
{
	struct span name = handlers->request.route.id;
	char worker[WORKER_NAME_SIZE];
	enum store_result result = STORE_NOT_FOUND;
	bool drain;

	if (!read_drain(handlers, &drain) || !answer_has_store(handlers))
		return;
	if (name.len < sizeof(worker)) {
		memcpy(worker, name.p, name.len);
		worker[name.len] = '\0';
		result = store_drain(handlers->store, worker, drain);
	}
	if (result == STORE_NOT_FOUND)
		no_such_worker(handlers);
	else if (answer_stored(handlers, result))
		answer_drain(handlers, worker, drain);
}
