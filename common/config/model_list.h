/* The models that clients can ask for by name, as they are listed for them. */
#ifndef RESPOOL_MODEL_LIST_H
#define RESPOOL_MODEL_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "config.h"

struct listed_model {
	const char *name;                    /* as clients say it; a pattern as it stands */
	const char *model;                   /* what model_resolve() makes of that */
	const struct deployment *deployment; /* the first that serves it */
};

/*
 * The next of them: each model_name once, in the order of model_list, and then the aliases that are
 * not hidden. *place is 0 at first, and the function's own then. False at the end.
 */
bool model_list_next(const struct config *config, size_t *place, struct listed_model *listed);

/*
 * The model of that name if there is one, listed or not: an alias that is hidden and what a pattern
 * serves are found as well. The name is not copied.
 */
bool model_list_find(const struct config *config, const char *name, struct listed_model *listed);

/* Who answers for it: the provider of its first deployment. */
struct span listed_model_owner(const struct listed_model *listed);

#endif
