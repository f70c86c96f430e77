/* The models that clients can ask for, as OpenAI's API lists them. */
#ifndef RESPOOL_MODELS_H
#define RESPOOL_MODELS_H

#include "handlers.h"

void models_list_handle(struct handlers *handlers);
void models_one_handle(struct handlers *handlers);

#endif
