/* Fallbacks of models, as LiteLLM's files have them in two sections. */
#ifndef RESPOOL_CONFIG_FALLBACKS_H
#define RESPOOL_CONFIG_FALLBACKS_H

#include <stddef.h>

#include "config.h"
#include "config_section.h"

/* Fallbacks, and the lines of the file where they stand. Zeroed it has none. */
struct fallback_list {
	struct fallback *items;
	size_t *lines;
	size_t count;
};

/* Appends what a key says: of fallbacks of a kind, or default_fallbacks. Both report errors. */
void fallback_list_read(const struct config_value *value, struct fallback_list *list);
void fallback_list_read_default(const struct config_value *value, struct fallback_list *list);

/*
 * Moves the list, of which nothing is left to free, behind what config has. Fallbacks that lead to
 * models without deployments are named in the log, with section and key, where the list stands.
 */
void fallback_list_move(const struct config_value *section, enum fallback_kind kind,
    const char *key, struct fallback_list *list, struct config *config);

/* Frees what the configuration has of fallbacks. */
void fallbacks_clear(struct config *config);

#endif
