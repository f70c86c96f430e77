/* The body of what administrators order: empty, or an object with one member. */
#ifndef RESPOOL_ADMIN_BODY_H
#define RESPOOL_ADMIN_BODY_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "handlers.h"

/*
 * Takes the member of that name; *value is empty if it is not given, or null. Anything else in the
 * body is an error: what is misspelled must not be an order for everything. False if the client has
 * its answer. *value is in handlers->body. name is static.
 */
bool admin_body_take(struct handlers *handlers, const char *name, struct span *value);

#endif
