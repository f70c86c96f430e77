/* What the parts of operate.h share; each of operate_*.c is a thing that operators see or do. */
#ifndef RESPOOL_OPERATE_INTERNAL_H
#define RESPOOL_OPERATE_INTERNAL_H

#include <stdbool.h>

#include <hiredis/hiredis.h>

#include "common/base/buf.h"
#include "keys.h"
#include "operate.h"
#include "redis_args.h"
#include "redis_reply.h"
#include "store_internal.h"

/* The number in a reply: an integer, or one in a string; otherwise if it is neither. */
long long reply_number(const redisReply *reply, long long otherwise);
/* A copy of a string reply, which the caller frees; NULL if it is none. */
char *reply_text(const redisReply *reply);

enum { ROW_FIELDS = 6 };

/* Adds the command that asks for what a row shows of a job; more fields may be added behind. */
void row_ask(struct redis_args *args, const struct response_keys *keys);
/* Reads the reply, all but when it was created. False, and the row is empty, if there is no job. */
bool row_read(struct store_row *row, const char *id, const redisReply *reply);
void row_free(struct store_row *row);

#endif
