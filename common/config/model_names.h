/* Whose a model is by its name alone, where no provider stands before it. */
#ifndef RESPOOL_MODEL_NAMES_H
#define RESPOOL_MODEL_NAMES_H

#include "common/base/buf.h"

/*
 * The provider whose model has such a name, "anthropic" for "claude-sonnet-4-5", as LiteLLM calls
 * it; NULL if the name does not say. A '*' at the end of name stands for any text.
 */
const char *model_name_provider(struct span name);

#endif
