#include "cancel_any.h"

#include "common/response/foreign.h"

/* The worker of the program that made a foreign response may write to it at any time. */
enum { REPLACE_TRIES = 5 };

/* STORE_NOT_FOUND if what is stored is no object, or has changed meanwhile. */
static enum store_result cancel_foreign(
    struct store *store, const char *id, long ttl, struct span stored, struct buf *object)
{
	struct buf replacement = {0};
	enum response_status status;
	enum store_result result = STORE_NOT_FOUND;

	if (!foreign_read(object, &status, stored))
		return STORE_NOT_FOUND;
	if (response_status_is_terminal(status))
		return STORE_OK;
	if (foreign_cancel(object, &replacement, stored))
		result = store_replace(store, id, stored, buf_span(&replacement), ttl);
	buf_free(&replacement);
	return result;
}

enum store_result store_cancel_any(struct store *store, const char *id, const char *tenant,
    long ttl, struct buf *scratch, struct span *object)
{
	struct stored_response stored;
	enum store_result result = STORE_NOT_FOUND;

	for (int i = 0; result == STORE_NOT_FOUND && i < REPLACE_TRIES; i++) {
		result = store_cancel(store, id, tenant, &stored);
		if (result != STORE_OK)
			return result;
		*object = stored.object;
		if (stored.foreign) {
			result = cancel_foreign(store, id, ttl, stored.object, scratch);
			*object = buf_span(scratch);
		}
	}
	return result;
}
