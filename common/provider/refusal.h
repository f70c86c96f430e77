/* What a provider says against a request that it does not take, beside the status. */
#ifndef RESPOOL_REFUSAL_H
#define RESPOOL_REFUSAL_H

#include "attempts.h"
#include "common/base/buf.h"

/*
 * As call_failure_of(), and of one that puts the request at fault whether it is too long for the
 * model, or refused for its content: known by the words that providers have for that. error is the
 * body of the answer, or the error that an event brought, whatever its form; may be empty.
 */
enum call_failure refusal_failure(long status, struct span error);

/*
 * Whether an error says that what may be spent has been, which no pause mends, rather than that too
 * much is asked at a time. Both come as 429. As above.
 */
bool refusal_is_about_quota(struct span error);

/*
 * For how long (s) its provider wants to be left alone: what the head of the answer says, told,
 * unless that is negative; else what an error of Google's says in its google.rpc.RetryInfo.
 * Negative if neither does. As above.
 */
double refusal_retry_after(double told, struct span error);

/* Whether an answer of that status may be such a one, so that its body has to be looked at. */
bool refusal_is_possible(long status);

#endif
