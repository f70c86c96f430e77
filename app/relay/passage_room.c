#include "passage_internal.h"

#include "common/config/model.h"

enum {
	/*
	 * Bytes of all answers that wait until they are whole, or for their clients to take them;
	 * above it they go out as they come.
	 */
	MOST_HELD = 256 << 20,
	MOST_ASKED = 256 << 20,  /* bytes of all requests that may have to be sent again */
	ALWAYS_MADE = 256 << 10, /* of one that is translated, however much others hold */
};

bool passage_has_room(const struct passage_host *host, const struct handover *handover)
{
	return host->asked_bytes == 0 || host->asked_bytes + handover->body.len <= MOST_ASKED;
}

void passage_count_request(struct passage *passage)
{
	passage->host->asked_bytes += passage->request.body.len;
}

void passage_forget_request(struct passage *passage)
{
	passage->host->asked_bytes -= passage->request.body.len;
	handover_free_body(&passage->request);
}

bool passage_may_hold(void *ctx, size_t len)
{
	struct passage *passage = ctx;
	struct passage_host *host = passage->host;

	host->held_bytes += len - passage->held;
	passage->held = len;
	/* Nothing of what another try follows is to go out while it comes. */
	return passage->droppable || (len <= passage_config(passage)->max_response_bytes &&
					 host->held_bytes <= MOST_HELD);
}

bool passage_may_make(struct passage *passage, size_t len)
{
	return passage_may_hold(passage, len) || len <= ALWAYS_MADE;
}

void passage_release_held(struct passage *passage)
{
	passage->host->held_bytes -= passage->held;
	passage->held = 0;
}
