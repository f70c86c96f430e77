/*
 * Members of a request that are for the gateway, not for the provider: LiteLLM's clients put them
 * into the body. What respool does as well is obeyed; none of them is ever sent on.
 */
#ifndef RESPOOL_GATEWAY_MEMBERS_H
#define RESPOOL_GATEWAY_MEMBERS_H

#include <stdbool.h>

#include "api_error.h"
#include "common/base/buf.h"

/* What a request asks of the gateway. */
struct gateway_members {
	double timeout;        /* s, as a deployment's; 0 if not given, and so is stream_timeout */
	double stream_timeout; /* s */
	int num_retries;       /* -1 if not given */
	/*
	 * Of each kind, in the place of the configuration's: the names of models in a JSON list of
	 * strings, or of objects with "model"; empty if not given. Point into the body.
	 */
	struct span fallbacks, context_window_fallbacks, content_policy_fallbacks;
};

/* Whether a member of that name (decoded) is the gateway's own: no provider gets it. */
bool gateway_member_is_ours(struct span name);
/*
 * Whether what it says has to be kept for who calls the provider. The others, of which some are
 * credentials, go no further than the process that has read the request.
 */
bool gateway_member_is_obeyed(struct span name);

/*
 * Reads the members of body, a checked JSON object, or the members of one joined by commas. False
 * if one of them is of a type that it cannot have; *error (status 400) names it then.
 */
bool gateway_members_read(
    struct gateway_members *members, struct span body, struct api_error *error);

#endif
