/* Answers that several routes give. */
#ifndef RESPOOL_ANSWERS_H
#define RESPOOL_ANSWERS_H

#include <stdbool.h>

#include "common/response/api_error.h"
#include "common/base/buf.h"
#include "common/store/store.h"
#include "handlers.h"

void answer_error(struct handlers *handlers, const struct api_error *error);

/* Answers 200 with a JSON document. */
void answer_json(struct handlers *handlers, struct span body);

/* That there is no response of the request's id. */
void answer_not_found(struct handlers *handlers);

/* That no deployment serves the model; or none that the client may use, which is the same to it. */
void answer_model_not_found(struct handlers *handlers, const char *model);
/* The same of a model that the request is to fall back to. */
void answer_fallback_not_found(struct handlers *handlers, const char *model);

/* That a model without a provider before it has a name by which no provider is known. */
void answer_model_is_nobodys(struct handlers *handlers, const char *model);

/* That Redis cannot be used. The reason goes to the log alone. */
void answer_unavailable(struct handlers *handlers);
/* Answers where no Redis is configured. Returns whether one is, and nothing is answered yet. */
bool answer_has_store(struct handlers *handlers);
/* Only logs why Redis cannot be used, not more than once a second. */
void answer_log_unavailable(struct handlers *handlers);

/* Answers for a call that failed. Returns whether it was well, and nothing is answered yet. */
bool answer_stored(struct handlers *handlers, enum store_result result);

/* Tells the client when to ask for the response again. */
void answer_poll_after(struct handlers *handlers);

#endif
