/* Citations of the Messages API as annotations of the Responses API. */
#ifndef RESPOOL_MESSAGES_CITATIONS_H
#define RESPOOL_MESSAGES_CITATIONS_H

#include <stdbool.h>

#include "common/base/buf.h"

/*
 * Appends an annotation of the text from character start to before end. False, and nothing is
 * appended, for a citation that has no counterpart: one of anything but a web page.
 */
bool messages_annotation_write(
    struct buf *out, struct span citation, long long start, long long end);

#endif
