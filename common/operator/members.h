/* Members of the JSON objects that operators see. Each is appended to the object that out ends in.
 */
#ifndef RESPOOL_OPERATOR_MEMBERS_H
#define RESPOOL_OPERATOR_MEMBERS_H

#include <stdbool.h>

#include "common/base/buf.h"

void member_name(struct buf *out, const char *name);
/* null for NULL. */
void member_text(struct buf *out, const char *name, const char *value);
void member_number(struct buf *out, const char *name, long long value);
void member_bool(struct buf *out, const char *name, bool value);
/* Milliseconds as seconds, with a fraction unless they are whole. */
void member_seconds(struct buf *out, const char *name, long long ms);
void member_null(struct buf *out, const char *name);

#endif
