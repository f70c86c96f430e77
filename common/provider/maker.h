/*
 * The deployment that made what nobody else can read: encrypted reasoning that comes back with a
 * later request.
 */
#ifndef RESPOOL_MAKER_H
#define RESPOOL_MAKER_H

#include <stdbool.h>

#include "common/config/config.h"
#include "common/response/litellm_mark.h"

/* Whether requests for the model of that name, a client's, can go to more than one deployment. */
bool maker_matters(const struct config *config, const char *name);

/*
 * Which deployment can read what maker, asked by maker_model, has made, of those that a request for
 * the model of that name can go to: itself, also as one of a fallback's, else one of the model's
 * that has the same address and key. NULL if there is none that can be called from here, or maker
 * is NULL.
 */
const struct deployment *maker_or_its_like(const struct config *config, const char *name,
    const struct deployment *maker, const char *maker_model);

/*
 * Whether two deployments, asked by these models, are the same account at the same address: what
 * one of them keeps or has encrypted, the other knows.
 */
bool maker_is_alike(const struct deployment *a, const char *a_model, const struct deployment *b,
    const char *b_model);

/*
 * The deployment that a LiteLLM proxy's mark names: that of its model_id (deployment->litellm_id),
 * else the one of its provider, if all that there are of it are alike. NULL if there is none.
 */
const struct deployment *maker_by_mark(
    const struct config *config, const struct litellm_mark *mark);
/* A model by which that deployment can be asked. The caller frees it. */
char *maker_model(const struct deployment *deployment, const struct litellm_mark *mark);

#endif
