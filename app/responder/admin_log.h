/* What administrators did goes to the log, with the name of the key that they did it with. */
#ifndef RESPOOL_ADMIN_LOG_H
#define RESPOOL_ADMIN_LOG_H

#include "handlers.h"

/* event is what was done, a word; name and value say to what. Likewise what came of it, or NULL. */
void admin_log(const struct handlers *handlers, const char *event, const char *name,
    const char *value, const char *new_id);

#endif
