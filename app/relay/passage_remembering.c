#include "passage_internal.h"

void passage_stop_remembering(struct passage *passage)
{
	if (passage->remembering != NULL)
		remembering_abandon(passage->remembering);
	passage->remembering = NULL;
}

static void on_remembered(void *ctx)
{
	struct passage *passage = ctx;

	passage->remembering = NULL;
	if (!answer_go_on(&passage->answer))
		return;
	if (passage->errand.call != NULL && !client_is_full(&passage->client))
		upstream_resume(passage->errand.call);
	passage_conclude(passage);
}

bool passage_on_id(void *ctx, struct span id)
{
	struct passage *passage = ctx;

	passage->remembering = relay_store_remember(passage->host->store, id,
	    passage->request.tenant, passage->errand.choice.deployment->id,
	    passage->errand.choice.model, on_remembered, passage);
	return passage->remembering != NULL;
}

void passage_leave_store(struct passage *passage)
{
	if (passage->remembering == NULL)
		return;
	passage_stop_remembering(passage);
	on_remembered(passage);
}
