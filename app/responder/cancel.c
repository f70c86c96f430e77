#include "cancel.h"

#include "common/response/foreign.h"
#include "common/response/response.h"
#include "answers.h"
#include "stored_id.h"

enum { REPLACE_TRIES = 5 };

/*
 * Leaves the cancelled object in handlers->object. STORE_NOT_FOUND if what is stored is no object,
 * or has changed meanwhile.
 */
static enum store_result cancel_foreign(
    struct handlers *handlers, const char *id, struct span stored)
{
	struct buf replacement = {0};
	enum response_status status;
	enum store_result result = STORE_NOT_FOUND;

	if (!foreign_read(&handlers->object, &status, stored))
		return STORE_NOT_FOUND;
	if (response_status_is_terminal(status))
		return STORE_OK;
	if (foreign_cancel(&handlers->object, &replacement, stored))
		result = store_replace(handlers->store, id, stored, buf_span(&replacement),
		    handlers->config->polling.ttl);
	buf_free(&replacement);
	return result;
}

/* The worker of the program that made a foreign response may write to it at any time. */
static enum store_result cancel_response(
    struct handlers *handlers, const char *id, struct span *object)
{
	struct stored_response stored;
	enum store_result result = STORE_NOT_FOUND;

	for (int i = 0; result == STORE_NOT_FOUND && i < REPLACE_TRIES; i++) {
		result = store_cancel(handlers->store, id, handlers->tenant, &stored);
		if (result != STORE_OK)
			return result;
		*object = stored.object;
		if (stored.foreign) {
			result = cancel_foreign(handlers, id, stored.object);
			*object = buf_span(&handlers->object);
		}
	}
	return result;
}

bool cancel_answer(struct handlers *handlers, const char *id)
{
	struct span object;

	if (!answer_stored(handlers, cancel_response(handlers, id, &object)))
		return false;
	answer_json(handlers, object);
	return true;
}

void cancel_handle(struct handlers *handlers)
{
	char id[RESPONSE_ID_MAX + 1];

	if (stored_id_take(handlers, id))
		cancel_answer(handlers, id);
}
