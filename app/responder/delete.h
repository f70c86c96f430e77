/* DELETE /v1/responses/{id}: a stored response goes, with its request and its job. */
#ifndef RESPOOL_DELETE_H
#define RESPOOL_DELETE_H

#include "handlers.h"

void delete_handle(struct handlers *handlers);

#endif
