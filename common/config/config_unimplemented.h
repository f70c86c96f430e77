/* What follows from keys of LiteLLM's that respool does not implement. */
#ifndef RESPOOL_CONFIG_UNIMPLEMENTED_H
#define RESPOOL_CONFIG_UNIMPLEMENTED_H

#include <stdbool.h>

/*
 * path is that of a key, "[]" for any element of a list: "model_list[].litellm_params.tags".
 * Returns what follows from its being ignored, as a clause; "" if nothing does that a client or
 * provider could notice; NULL if the key is unknown.
 */
const char *config_unimplemented(const char *path);

/* Whether a key with this value asks for nothing: of most that is false, of some true. */
bool config_unimplemented_is_off(const char *path, bool value);

#endif
