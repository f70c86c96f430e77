/*
 * What a LiteLLM proxy writes into the ids and the encrypted contents that it hands to clients, so
 * that it knows them again when they come back:
 *
 *	resp_BASE64	"litellm:custom_llm_provider:PROVIDER;model_id:MODEL;response_id:ID"
 *	cntr_BASE64	the same with container_id, of a container
 *	encitem_BASE64	"litellm:model_id:MODEL;item_id:ID", of an item that has encrypted content
 *	litellm_enc:BASE64;CONTENT	"model_id:MODEL", before encrypted content
 *
 * MODEL is the id of a deployment there (deployment->litellm_id). Providers know ID and CONTENT.
 */
#ifndef RESPOOL_LITELLM_MARK_H
#define RESPOOL_LITELLM_MARK_H

#include <stdbool.h>

#include "common/base/buf.h"

/* What a mark says. All are owned, and NULL where it does not say it. */
struct litellm_mark {
	char *provider;
	char *model_id;
	char *id; /* the provider's */
};

/* Reads the mark of an id. False, with nothing to free, if it has none. */
bool litellm_mark_read(struct litellm_mark *mark, struct span id);
void litellm_mark_free(struct litellm_mark *mark);

/*
 * Appends body, a checked JSON object, with what providers know in the place of marks: in
 * previous_response_id, and in the ids, the containers and the encrypted contents of input and
 * tools. All else stays as it is spelled. *maker says whose they are, and is to be freed: it is
 * previous_response_id's, unless that is a response of ours, else that of the last one; its id is
 * NULL. False, with nothing appended and nothing to free, if there are none.
 */
bool litellm_marks_undo(struct buf *out, struct span body, struct litellm_mark *maker);

#endif
