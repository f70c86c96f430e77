#include "common/response/encrypted_content.h"
#include "passage_internal.h"

static void abandon(struct remembering **remembering)
{
	if (*remembering != NULL)
		remembering_abandon(*remembering);
	*remembering = NULL;
}

void passage_stop_remembering(struct passage *passage)
{
	abandon(&passage->remembering);
	abandon(&passage->noting);
}

bool passage_waits_for_store(const struct passage *passage)
{
	return passage->remembering != NULL || passage->noting != NULL;
}

static void go_on(struct passage *passage)
{
	if (passage_waits_for_store(passage) || !answer_go_on(&passage->answer))
		return;
	if (passage->errand.call != NULL && !client_is_full(&passage->client))
		upstream_resume(passage->errand.call);
	passage_conclude(passage);
}

static void on_remembered(void *ctx)
{
	struct passage *passage = ctx;

	passage->remembering = NULL;
	go_on(passage);
}

static void on_noted(void *ctx)
{
	struct passage *passage = ctx;

	passage->noting = NULL;
	go_on(passage);
}

bool passage_on_id(void *ctx, struct span id)
{
	struct passage *passage = ctx;

	passage->remembering = relay_store_remember(passage->host->store, id,
	    passage->request.tenant, passage->errand.choice.deployment->id,
	    passage->errand.choice.model, on_remembered, passage);
	return passage->remembering != NULL;
}

/* One connection replies in the order of what it was asked: the last one is waited for. */
bool passage_on_sealed(void *ctx, struct span content)
{
	struct passage *passage = ctx;
	const struct attempts *choice = &passage->errand.choice;
	char hash[ENCRYPTED_HASH_SIZE];
	struct remembering *noting;

	encrypted_content_hash(hash, passage->request.tenant, content);
	if (!encrypted_hash_is_new(buf_span(&passage->noted), hash))
		return false;
	noting = relay_store_note_maker(
	    passage->host->store, hash, choice->deployment->id, choice->model, on_noted, passage);
	if (noting == NULL)
		return false;
	buf_append(&passage->noted, hash, sizeof(hash));
	abandon(&passage->noting);
	passage->noting = noting;
	return true;
}

void passage_leave_store(struct passage *passage)
{
	if (!passage_waits_for_store(passage))
		return;
	passage_stop_remembering(passage);
	go_on(passage);
}
