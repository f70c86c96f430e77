/* The error of a Response object (Open Responses specification, Error). */
#ifndef RESPOOL_RESPONSE_ERROR_H
#define RESPOOL_RESPONSE_ERROR_H

#include "common/base/buf.h"

/*
 * Appends a provider's error, a JSON value that has been checked, as an object whose code and
 * message are strings: the provider's, or "server_error" and a sentence. Its other members are
 * kept. A string is taken for the message.
 */
void response_error_write(struct buf *out, struct span error);

/* The same with another code, a JSON string. */
void response_error_write_as(struct buf *out, struct span error, struct span code);
/* Appends {"code","message"}. */
void response_error_make(struct buf *out, const char *code, struct span message);

/* The HTTP status of errors that a value is, a number or one in quotes; 0 for anything else. */
long response_error_number(struct span value);
/*
 * The HTTP status that the error of a stream stands for: what the number status says, or else its
 * code, or else its type; 500 if that says nothing.
 */
long response_error_status(struct span error);

/* The code, of those that the API has for errors of a response, for a provider's HTTP status. */
const char *response_error_code(long status);

#endif
