/* GET /v1/responses/{id}/input_items: what a stored response was asked, by pages. */
#ifndef RESPOOL_LIST_ITEMS_H
#define RESPOOL_LIST_ITEMS_H

#include "handlers.h"

void list_items_handle(struct handlers *handlers);

#endif
