/* How a call to a provider has ended: the one table of the words by which calls are counted. */
#ifndef RESPOOL_CALL_OUTCOME_H
#define RESPOOL_CALL_OUTCOME_H

#include "upstream.h"

#define CALL_OUTCOME_TABLE(X)                                                                      \
	X(SUCCESS, "success")           /* it has said all */                                      \
	X(HTTP_429, "http_429")         /* an answer of that status */                             \
	X(HTTP_4XX, "http_4xx")         /* another of these */                                     \
	X(HTTP_5XX, "http_5xx")         /* one of these */                                         \
	X(TIMEOUT, "timeout")           /* one of its times has passed */                          \
	X(UNREACHABLE, "unreachable")   /* no answer came */                                       \
	X(DISCONNECTED, "disconnected") /* the answer broke off */                                 \
	X(INVALID, "invalid")           /* what came cannot be taken for an answer */              \
	X(REFUSED, "refused")           /* an error came as an event, before any output */         \
	X(STOPPED, "stopped")           /* cut off here: cancelled, given back, nobody waits */

#define CALL_OUTCOME_ENUM(id, word) CALL_##id,
enum call_outcome { CALL_OUTCOME_TABLE(CALL_OUTCOME_ENUM) CALL_OUTCOMES };
#undef CALL_OUTCOME_ENUM

const char *call_outcome_word(enum call_outcome outcome);

/* What an answer of that status is, whose body came to its end. */
enum call_outcome call_outcome_of_status(long status);
/*
 * What the end of a call says by itself; not for NOT_ASKED, where there was none. An error's status
 * says more than how its body ended.
 */
enum call_outcome call_outcome_of(const struct upstream_result *result);

#endif
