/* What a configuration without errors nevertheless cannot do. */
#ifndef RESPOOL_CONFIG_WARNINGS_H
#define RESPOOL_CONFIG_WARNINGS_H

#include <stdbool.h>

#include "config.h"

/*
 * Logs warnings of what will be refused, or is off, in the program of that role. path is the
 * file's, cache whether litellm_settings.cache is true.
 */
void config_warn_what_cannot_work(
    const struct config *config, const char *path, enum config_role role, bool cache);

#endif
