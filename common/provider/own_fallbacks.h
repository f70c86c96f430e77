/* The fallbacks that a request brings itself, in the place of the configuration's. */
#ifndef RESPOOL_OWN_FALLBACKS_H
#define RESPOOL_OWN_FALLBACKS_H

#include "common/config/config.h"
#include "common/response/gateway_members.h"

struct own_fallbacks;

/*
 * Those of a request for model, the client's name for it; to be freed. NULL if it says nothing of
 * fallbacks. Names that do not say a model with deployments are left out.
 */
struct own_fallbacks *own_fallbacks_read(
    const struct gateway_members *members, const struct config *config, const char *model);
/*
 * Tells of each model that the request names for itself in them, of every kind and as it is
 * written, whether there is such a one or not. The name is valid for the call.
 */
typedef void own_fallback_fn(void *ctx, const char *name);
void own_fallbacks_each(
    const struct gateway_members *members, const char *model, own_fallback_fn *tell, void *ctx);
/* NULL is allowed. */
void own_fallbacks_free(struct own_fallbacks *own);

/* Those of that kind, or NULL: the request leaves it to the configuration. */
const struct fallback *own_fallbacks_of(const struct own_fallbacks *own, enum fallback_kind kind);

#endif
