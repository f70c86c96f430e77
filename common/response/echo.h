/*
 * What the Response object repeats of a request, made to fit ResponseResource of the Open Responses
 * specification and without credentials (see credentials.h).
 *
 * Members that the schema requires are added, with null where it allows that. A member of a type
 * that it does not allow is as if it were missing: whether a request is a good one is for the
 * provider to say. What the specification does not know passes as it is: tools that the provider
 * hosts, other kinds of choices and formats, further members and words.
 */
#ifndef RESPOOL_ECHO_H
#define RESPOOL_ECHO_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "response.h"

/*
 * Appends what the object shows for a field of the request, a checked JSON value, canonically
 * spelled. False, and nothing is appended, if it cannot show the value: the field's default is to
 * stand there.
 */
bool echo_write(struct buf *out, enum response_field field, struct span value);

#endif
