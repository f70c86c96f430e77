/* What the stand-in provider says in the APIs beside the Responses API. */
#ifndef RESPOOL_PROVIDER_DIALECTS_H
#define RESPOOL_PROVIDER_DIALECTS_H

#include <time.h>

#include "common/base/buf.h"

enum provider_api { API_RESPONSES, API_CHAT, API_MESSAGES };

/* What an answer has in common, however it is told. */
struct told {
	const char *id;
	struct span model; /* a JSON string */
	time_t created_at;
	size_t input_tokens;
	long output_tokens;
};

/* Of API_CHAT and API_MESSAGES: what comes before and behind the deltas, ... */
void tell_first_events(struct buf *out, enum provider_api api, const struct told *told);
void tell_last_events(struct buf *out, enum provider_api api, const struct told *told);
/* ... and what stands before and behind the text of one. */
void tell_delta_head(struct buf *out, enum provider_api api, const struct told *told);
void tell_delta_tail(struct buf *out, enum provider_api api);
/* The whole answer, to one that wants no stream. text needs no escapes. */
void tell_whole(struct buf *out, enum provider_api api, const struct told *told, struct span text);

#endif
