#include "admin_pause.h"

#include <string.h>

#include "admin_body.h"
#include "admin_log.h"
#include "admin_snapshot.h"
#include "answers.h"
#include "common/base/json.h"
#include "common/config/model.h"
#include "common/operator/operator_json.h"
#include "common/store/operate.h"

static const char all[] = "*";

/* The model that the body names, or all; in *name. False if the client has its answer. */
static bool read_model(struct handlers *handlers, struct buf *name)
{
	struct api_error error;
	struct span value;

	if (!admin_body_take(handlers, "model", &value))
		return false;
	if (value.len == 0) {
		buf_puts(name, all);
		return true;
	}
	if (json_is_text(value) && json_decode(value, name))
		return true;
	api_error_set(&error, 400, "invalid_request_error", "model", "invalid_type",
	    "Invalid value for 'model': expected a model's name; without it all are meant.");
	answer_error(handlers, &error);
	return false;
}

static void answer_paused(struct handlers *handlers)
{
	struct store_snapshot snapshot;

	if (!admin_snapshot_take(handlers, &snapshot))
		return;
	operator_paused_json(&handlers->object, &snapshot);
	admin_snapshot_answer(handlers, &snapshot);
}

typedef enum store_result order_fn(struct store *store, const char *model, bool *changed);

static void obey(struct handlers *handlers, order_fn *order, const char *event, const char *model)
{
	bool changed;

	if (!answer_has_store(handlers) ||
	    !answer_stored(
		handlers, order(handlers->store, strcmp(model, all) == 0 ? NULL : model, &changed)))
		return;
	if (changed)
		admin_log(handlers, event, "model", model, NULL);
	answer_paused(handlers);
}

void admin_pause_handle(struct handlers *handlers)
{
	struct buf model = {0};

	if (read_model(handlers, &model)) {
		if (strcmp(buf_cstr(&model), all) == 0 ||
		    model_is_served(handlers->config, buf_cstr(&model)))
			obey(handlers, store_pause, "paused", buf_cstr(&model));
		else
			answer_model_not_found(handlers, buf_cstr(&model));
	}
	buf_free(&model);
}

/* Of a model that is not configured any more as well. */
void admin_resume_handle(struct handlers *handlers)
{
	struct buf model = {0};

	if (read_model(handlers, &model))
		obey(handlers, store_resume, "resumed", buf_cstr(&model));
	buf_free(&model);
}
