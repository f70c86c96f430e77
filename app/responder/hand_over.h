/*
 * The way of a request from a responder to a relay: the connection goes with it, and the answer is
 * the relay's.
 */
#ifndef RESPOOL_HAND_OVER_H
#define RESPOOL_HAND_OVER_H

#include <stdbool.h>

#include "common/fastcgi/handover.h"
#include "handlers.h"

/*
 * Hands the open request over. What its connection and its head have for a relay, the tenant too,
 * is filled in here; the rest is the caller's. Returns whether there is nothing left to answer: it
 * has been handed over, or the web server has taken it back. False if no relay takes it.
 */
bool hand_over(struct handlers *handlers, struct handover *handover);

/* Answers that no relay takes the request. */
void hand_over_answer_refused(struct handlers *handlers);

#endif
