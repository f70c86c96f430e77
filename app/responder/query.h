/* The query of a URL, as a list of parameters: "name=value&name=value". */
#ifndef RESPOOL_QUERY_H
#define RESPOOL_QUERY_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/response/api_error.h"

/* Takes the next parameter off the front, its value empty if it has none. False at the end. */
bool query_next(const char **query, struct span *name, struct span *value);

/* Appends a name or a value with its escapes resolved. */
void query_decode(struct buf *out, struct span text);

/* Takes a parameter's value, decoded. False, and *error says why, if it is not to be taken. */
typedef bool query_set_fn(void *ctx, struct span name, struct buf *value, struct api_error *error);
/* Gives each parameter of a query in its turn. False, and *error says why, if one is not taken. */
bool query_read(const char *query, query_set_fn *set, void *ctx, struct api_error *error);

/* Appends the query without the parameters of that name, in any case of its letters. */
void query_without(struct buf *out, const char *query, const char *name);

/* Says that a parameter has a value that is not to be taken (400). name is static. Returns false.
 */
bool query_bad_value(
    struct api_error *error, const char *name, const char *value, const char *expected);

#endif
