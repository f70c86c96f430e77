/*
 * Members of a request that are for the gateway, not for the provider: LiteLLM's clients put them
 * into the body. What respool does as well is obeyed; none of them is ever sent on. Their names are
 * a table in gateway_names.c.
 */
#ifndef RESPOOL_GATEWAY_MEMBERS_H
#define RESPOOL_GATEWAY_MEMBERS_H

#include <stdbool.h>

#include "api_error.h"
#include "common/base/buf.h"

/* The kinds of fallbacks in the order of enum fallback_kind (config.h). */
enum { GATEWAY_FALLBACKS = 3 };

/* What a request asks of the gateway. */
struct gateway_members {
	bool obeyed;    /* it has a member that is to be obeyed */
	bool unmet;     /* it has one that asks for what is not done here: gateway_members_note() */
	double timeout; /* s, as a deployment's; 0 if not given, and so is stream_timeout */
	double stream_timeout; /* s */
	int num_retries;       /* -1 if not given */
	bool disable_fallbacks;
	/*
	 * Of each kind, in the place of the configuration's: raw JSON, a list of models' names, of
	 * objects with "model", or of objects that have a model's name for a member and a list of
	 * these as its value. Empty if not given. Point into what was read.
	 */
	struct span fallbacks[GATEWAY_FALLBACKS];
};

#define GATEWAY_MEMBERS_INIT                                                                       \
	{                                                                                          \
		.num_retries = -1                                                                  \
	}

/* Whether a member of that name (decoded) is the gateway's own: no provider gets it. */
bool gateway_member_is_ours(struct span name);
/*
 * Whether what it says has to be kept for who calls the provider. The others, of which some are
 * credentials, go no further than the process that has read the request.
 */
bool gateway_member_is_obeyed(struct span name);

/*
 * Takes one member, its name decoded and its value raw, of whatever name. False if it is of a type
 * or a value that it cannot have; *error (status 400) names it then.
 */
bool gateway_members_take(
    struct gateway_members *members, struct span name, struct span value, struct api_error *error);
/* The same for all members of a checked JSON object, from the beginning. */
bool gateway_members_read(
    struct gateway_members *members, struct span body, struct api_error *error);

/*
 * Appends the members that say what is to be obeyed to the object that out ends in, or to its
 * members joined by commas: no more of the client's values than is read of them, which is short.
 */
void gateway_members_write(struct buf *out, const struct gateway_members *members);

/*
 * Of an object's members, joined by commas, how many bytes those to be obeyed take with which they
 * begin, up to the one that follows; 0 if there are none.
 */
size_t gateway_members_in_front(struct span joined);

/* Which members the log has named already; a zeroed one says that of none. */
struct gateway_notes {
	unsigned long long said[4];
};

/* Names in the log, once each, the members of a request that ask for what is not done here. */
void gateway_members_note(struct gateway_notes *notes, struct span body);

#endif
