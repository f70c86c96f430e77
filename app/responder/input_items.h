/* The list of a request's input items: GET …/responses/{id}/input_items. */
#ifndef RESPOOL_INPUT_ITEMS_H
#define RESPOOL_INPUT_ITEMS_H

#include <stdbool.h>

#include "common/response/api_error.h"
#include "common/base/buf.h"

/* Which part of the list is asked for. */
struct items_query {
	bool ascending;   /* order=asc; the default is desc: the last item first */
	int limit;        /* 1 … 100, 20 by default */
	struct buf after; /* id of the item before the first one wanted; empty for none */
};

/*
 * Reads order, limit and after from a query string. Other parameters are not looked at, include
 * among them: what it asks for is in the items anyway if the client sent it. On failure returns
 * false and fills in *error (400), and leaves nothing to free.
 */
bool items_query_parse(struct items_query *query, const char *text, struct api_error *error);
void items_query_free(struct items_query *query);

/*
 * Appends {"object":"list","data":[…],"first_id","last_id","has_more"}. input is the request's
 * input as raw JSON: a string stands for one message of the user; items of an array are given as
 * they are, and those without an id get one that is the same every time and tells its place. The
 * input is gone through once, no further than the page. Returns false and fills in *error (400) if
 * no item has the id query->after.
 */
bool input_items_list(struct buf *out, const char *response_id, struct span input,
    const struct items_query *query, struct api_error *error);

#endif
