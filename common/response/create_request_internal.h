/*
 * What the parts of reading a request share: create_request.c takes the body apart and puts it
 * together again, create_request_members.c says what its members have to be, and
 * create_request_metadata.c what is in one of them.
 */
#ifndef RESPOOL_CREATE_REQUEST_INTERNAL_H
#define RESPOOL_CREATE_REQUEST_INTERNAL_H

#include <stdbool.h>

#include "api_error.h"
#include "common/base/buf.h"
#include "create_request.h"

/*
 * Notes a member that respool acts on or that the Response object repeats. name is canonically
 * spelled, value is the raw one. False, with *error saying why, if the value is not to be taken.
 * Whether what is repeated makes sense is for the provider to say.
 */
bool create_request_read_value(
    struct create_request *request, struct span name, struct span value, struct api_error *error);
/* Whether the provider gets another value in the place of that member, or a place of its own. */
bool create_request_replaces(struct span name);

/* Whether a value that is not null can be a request's metadata: an object of few short strings. */
bool create_request_check_metadata(struct span value, struct api_error *error);

/* A value's type, as OpenAI's messages call it. */
const char *create_request_type_name(struct span value);
/* Errors about the member of that name; false. */
bool create_request_invalid_type(
    struct api_error *error, const char *name, const char *expected, struct span value);
bool create_request_invalid_value(struct api_error *error, const char *name, const char *message);

#endif
