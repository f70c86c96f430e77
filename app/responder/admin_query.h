/* Which responses the query of GET /respool/v1/responses asks for. */
#ifndef RESPOOL_ADMIN_QUERY_H
#define RESPOOL_ADMIN_QUERY_H

#include <stdbool.h>

#include "common/store/operate.h"
#include "query.h"

struct admin_query {
	struct store_query list; /* its strings are in the rest */
	struct buf status, tenant, model, after;
};

/*
 * Reads status, tenant, model, limit, after and older_than. One that is empty is not given, what is
 * there twice counts as it is there last, and others are not looked at. On failure returns false
 * and fills in *error (400), and leaves nothing to free.
 */
bool admin_query_parse(struct admin_query *query, const char *text, struct api_error *error);
void admin_query_free(struct admin_query *query);

#endif
