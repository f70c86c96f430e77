#include "admin_response.h"

#include <stdlib.h>

#include "admin_log.h"
#include "answers.h"
#include "cancel.h"
#include "common/operator/operator_json.h"
#include "common/store/operate.h"
#include "poll.h"
#include "stored_id.h"

/*
 * Takes the path's id, and asks in its owner's name from then on, until leave(). False if the
 * client has its answer.
 */
static bool stand_in(struct handlers *handlers, char id[RESPONSE_ID_MAX + 1], char **owner)
{
	if (!answer_has_store(handlers) || !stored_id_take_own(handlers, id) ||
	    !answer_stored(handlers, store_tenant(handlers->store, id, owner)))
		return false;
	handlers->tenant = *owner;
	return true;
}

static void leave(struct handlers *handlers, char *owner)
{
	handlers->tenant = "";
	free(owner);
}

void admin_poll_handle(struct handlers *handlers)
{
	char id[RESPONSE_ID_MAX + 1], *owner;

	if (!stand_in(handlers, id, &owner))
		return;
	poll_answer(handlers, id);
	leave(handlers, owner);
}

void admin_cancel_handle(struct handlers *handlers)
{
	char id[RESPONSE_ID_MAX + 1], *owner;

	if (!stand_in(handlers, id, &owner))
		return;
	if (cancel_answer(handlers, id))
		admin_log(handlers, "cancel_ordered", "id", id, NULL);
	leave(handlers, owner);
}

void admin_details_handle(struct handlers *handlers)
{
	char id[RESPONSE_ID_MAX + 1];
	struct store_detail detail;

	if (!answer_has_store(handlers) || !stored_id_take_own(handlers, id) ||
	    !answer_stored(handlers, store_show(handlers->store, id, &detail)))
		return;
	buf_clear(&handlers->object);
	operator_detail_json(&handlers->object, handlers->config, &detail);
	store_detail_free(&detail);
	answer_json(handlers, buf_span(&handlers->object));
}
