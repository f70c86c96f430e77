/*
 * The id that a request names, where the response may be stored here. If a LiteLLM proxy has made
 * it, the request's route has the provider's own id from then on, and handlers->mark the rest.
 */
#ifndef RESPOOL_STORED_ID_H
#define RESPOOL_STORED_ID_H

#include <stdbool.h>

#include "common/response/response_id.h"
#include "handlers.h"

/*
 * Copies the id to out if there may be a response of that id here. Otherwise answers, or has a
 * provider answer, and returns false.
 */
bool stored_id_take(struct handlers *handlers, char out[RESPONSE_ID_MAX + 1]);

/* The same without providers: what is not stored here is answered with a 404. */
bool stored_id_take_own(struct handlers *handlers, char out[RESPONSE_ID_MAX + 1]);

#endif
