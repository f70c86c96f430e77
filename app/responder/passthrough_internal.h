/*
 * What is passed through, by what it is about: passthrough.c has new responses and what all have in
 * common, passthrough_kept.c what a provider keeps, passthrough_untranslated.c other calls of a
 * model.
 */
#ifndef RESPOOL_PASSTHROUGH_INTERNAL_H
#define RESPOOL_PASSTHROUGH_INTERNAL_H

#include <stdbool.h>

#include "common/fastcgi/handover.h"
#include "common/provider/attempts.h"
#include "passthrough.h"

/*
 * The query for the provider: it goes on as it is, but without api-version, as a client that was
 * made for azure names one to whoever it speaks to. What no URL may have in it is refused: NULL
 * then, and the client has its answer. Valid for this request.
 */
const char *passthrough_take_query(struct handlers *handlers);

/* Whether there is a deployment to ask, or else the client has its answer. */
bool passthrough_can_call(
    struct handlers *handlers, const struct attempts *attempts, const char *model);

/* handover.obeyed; in out if there is something. */
const char *passthrough_obeyed(struct buf *out, const struct gateway_members *members);

/* Adds what goes with every request, and hands it over, or answers that nobody takes it. */
void passthrough_hand_over(struct handlers *handlers, struct handover handover);

#endif
