#include "admin_webhooks.h"

#include "admin_list.h"
#include "admin_log.h"
#include "answers.h"
#include "common/operator/operator_json.h"
#include "common/store/delivery_line.h"
#include "stored_id.h"

static void answer_list(struct handlers *handlers, size_t limit)
{
	struct store_webhooks webhooks;

	if (!answer_stored(handlers,
		store_webhooks(handlers->store, &handlers->config->webhooks, limit, &webhooks)))
		return;
	buf_clear(&handlers->object);
	operator_webhooks_json(&handlers->object, handlers->config, &webhooks);
	store_webhooks_free(&webhooks);
	answer_json(handlers, buf_span(&handlers->object));
}

void admin_webhooks_handle(struct handlers *handlers)
{
	struct admin_query query;

	if (!admin_list_take_query(handlers, &query))
		return;
	answer_list(handlers, query.list.limit);
	admin_query_free(&query);
}

static void refuse(struct handlers *handlers, int status, const char *code, const char *why)
{
	struct api_error error;

	api_error_set(&error, status, "invalid_request_error", "id", code, "%s", why);
	answer_error(handlers, &error);
}

static void answer_redelivered(
    struct handlers *handlers, const char *id, const struct store_redelivered *done)
{
	if (done->found == 0) {
		refuse(handlers, 404, "webhook_not_found",
		    "Nothing of this id waits to be delivered, or is dead: it has arrived, is "
		    "forgotten, or never was.");
	} else if (done->begun == 0) {
		refuse(handlers, 409, "webhook_endpoint_off",
		    "The endpoint is off, as it has answered 410: it stays so until its "
		    "configuration changes.");
	} else {
		admin_log(handlers, "webhook_retry_ordered", "id", id, NULL);
		buf_clear(&handlers->object);
		buf_printf(
		    &handlers->object, "{\"found\":%lld,\"begun\":%lld}", done->found, done->begun);
		answer_json(handlers, buf_span(&handlers->object));
	}
}

static void redeliver(struct handlers *handlers, const char *id)
{
	const struct store_redelivery which = {.id = id};
	struct store_redelivered done;

	if (answer_stored(handlers,
		store_redeliver(handlers->store, &handlers->config->webhooks, &which, &done)))
		answer_redelivered(handlers, id, &done);
}

void admin_webhooks_retry_handle(struct handlers *handlers)
{
	char delivery[DELIVERY_ID_SIZE], response[RESPONSE_ID_MAX + 1];

	if (!answer_has_store(handlers))
		return;
	if (delivery_id_copy(delivery, handlers->request.route.id))
		redeliver(handlers, delivery);
	else if (stored_id_take_own(handlers, response))
		redeliver(handlers, response);
}
