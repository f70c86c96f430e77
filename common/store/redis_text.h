/* Commands in the form in which Redis gets them: "*1\r\n$4\r\nPING\r\n". */
#ifndef RESPOOL_REDIS_TEXT_H
#define RESPOOL_REDIS_TEXT_H

#include "common/base/buf.h"
#include "redis_args.h"

/* Begins a command of so many arguments, its name included, which are to follow. */
void redis_text_begin(struct buf *out, int count);
void redis_text_argument(struct buf *out, struct span argument);
void redis_text_number(struct buf *out, long long number);

/*
 * Appends the whole command. A NUL stands behind it, which is not counted: hiredis looks there for
 * another argument of a command of one word, and of SUBSCRIBE.
 */
void redis_text_command(struct buf *out, const struct redis_args *args);

#endif
