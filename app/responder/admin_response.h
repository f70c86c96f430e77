/*
 * Anybody's response under /respool/v1: GET responses/{id} and POST responses/{id}/cancel as its
 * owner has them without "respool", and GET responses/{id}/details.
 */
#ifndef RESPOOL_ADMIN_RESPONSE_H
#define RESPOOL_ADMIN_RESPONSE_H

#include "handlers.h"

void admin_poll_handle(struct handlers *handlers);
void admin_cancel_handle(struct handlers *handlers);
void admin_details_handle(struct handlers *handlers);

#endif
