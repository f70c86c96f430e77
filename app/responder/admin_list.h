/* GET /respool/v1/responses: everybody's, the latest first. */
#ifndef RESPOOL_ADMIN_LIST_H
#define RESPOOL_ADMIN_LIST_H

#include <stdbool.h>

#include "admin_query.h"
#include "handlers.h"

/*
 * Reads the query of a request for a list, which the caller frees. False if the client has its
 * answer: there is no Redis, or it asks for what there is not.
 */
bool admin_list_take_query(struct handlers *handlers, struct admin_query *query);

void admin_list_handle(struct handlers *handlers);

#endif
