#include "admin_retry.h"

#include "admin_log.h"
#include "answers.h"
#include "common/store/operate.h"
#include "stored_id.h"

static void refuse(struct handlers *handlers, const char *code, const char *why)
{
	struct api_error error;

	api_error_set(&error, 409, "invalid_request_error", "id", code, "%s", why);
	answer_error(handlers, &error);
}

static void refuse_unkept(struct handlers *handlers)
{
	refuse(handlers, "request_not_kept",
	    handlers->config->failed_request_ttl > 0
		? "What this response was asked is not kept any more: respool.failed_request_ttl "
		  "says for how long it is."
		: "What this response was asked is not kept: set respool.failed_request_ttl to the "
		  "seconds that requests of failed responses shall be.");
}

static void answer_new(struct handlers *handlers, const char *id, const char *new_id)
{
	admin_log(handlers, "retry_ordered", "id", id, new_id);
	answer_poll_after(handlers);
	answer_json(handlers, buf_span(&handlers->object));
}

static void answer_retried(
    struct handlers *handlers, enum store_retried retried, const char *id, const char *new_id)
{
	switch (retried) {
	case RETRY_DONE:
		answer_new(handlers, id, new_id);
		break;
	case RETRY_NOT_FAILED:
		refuse(handlers, "response_not_failed",
		    "This response has not failed: only a failed one can be tried again.");
		break;
	case RETRY_NOT_KEPT:
		refuse_unkept(handlers);
		break;
	case RETRY_FOREIGN:
		refuse(handlers, "request_not_kept",
		    "This response is another program's: what it was asked is not known.");
		break;
	}
}

void admin_retry_handle(struct handlers *handlers)
{
	char id[RESPONSE_ID_MAX + 1], new_id[RESPONSE_ID_SIZE];
	enum store_retried retried;

	if (!answer_has_store(handlers) || !stored_id_take_own(handlers, id))
		return;
	buf_clear(&handlers->object);
	if (answer_stored(handlers, store_retry(handlers->store, handlers->config, id, new_id,
					&handlers->object, &retried)))
		answer_retried(handlers, retried, id, new_id);
}
