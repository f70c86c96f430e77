/* Why an event, or a part of it, was left out: fold->warning. */
#ifndef RESPOOL_FOLD_WARNING_H
#define RESPOOL_FOLD_WARNING_H

#include "common/base/buf.h"
#include "fold.h"

/* Says why an event is skipped; returns FOLD_SKIPPED. */
enum fold_result fold_skip(struct fold *fold, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Says what of an event was left out, unless something was said already. */
void fold_warn(struct fold *fold, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How much of a value of the provider's is quoted: as precision for "%.*s". */
int fold_quoted(struct span value);

#endif
