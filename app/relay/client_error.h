/* An error as the whole answer to a client of a relay. */
#ifndef RESPOOL_CLIENT_ERROR_H
#define RESPOOL_CLIENT_ERROR_H

#include <stdbool.h>

#include "client.h"
#include "common/response/api_error.h"
#include "common/store/admission.h"

/*
 * Sends the error's envelope, with the headers that its status asks for, and the end of the
 * response. without_body is for the answer to a HEAD request.
 */
void client_send_error(struct client *client, const char *request_id, bool without_body,
    const struct api_error *error);

/* The same for the error that a request is told which its key's limits refuse. */
void client_send_limited(struct client *client, const char *request_id, bool without_body,
    const struct api_error *error, const struct admission *admission);

#endif
