#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "operate_internal.h"

enum row_field { ROW_TENANT, ROW_MODEL, ROW_STATE, ROW_ATTEMPTS, ROW_DEPLOYMENT, ROW_ANSWERING };

long long reply_number(const redisReply *reply, long long otherwise)
{
	if (reply->type == REDIS_REPLY_INTEGER)
		return reply->integer;
	return reply->type == REDIS_REPLY_STRING ? strtoll(reply->str, NULL, 10) : otherwise;
}

char *reply_text(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_STRING ? xmemdup(reply->str, reply->len) : NULL;
}

void row_ask(struct redis_args *args, const struct response_keys *keys)
{
	redis_args_add(args, "HMGET");
	redis_args_add(args, keys->job);
	redis_args_add(args, "tenant");
	redis_args_add(args, "model");
	redis_args_add(args, "state");
	redis_args_add(args, "attempts");
	redis_args_add(args, "deployment");
	redis_args_add(args, "answering");
}

/* Of one that has not ended, "deployment" is where the one before it in its conversation was. */
static char *read_deployment(redisReply *const *fields)
{
	char *answering = reply_text(fields[ROW_ANSWERING]);

	return answering != NULL ? answering : reply_text(fields[ROW_DEPLOYMENT]);
}

bool row_read(struct store_row *row, const char *id, const redisReply *reply)
{
	redisReply *const *fields = reply->element;

	*row = (struct store_row){.status = STATUS_COUNT};
	if (reply->elements < ROW_FIELDS || fields[ROW_TENANT]->type != REDIS_REPLY_STRING)
		return false;
	snprintf(row->id, sizeof(row->id), "%s", id);
	row->tenant = reply_text(fields[ROW_TENANT]);
	row->model = reply_text(fields[ROW_MODEL]);
	row->status = response_status_find(reply_span(fields[ROW_STATE]));
	row->attempts = reply_number(fields[ROW_ATTEMPTS], 0);
	row->deployment = read_deployment(fields);
	return true;
}

void row_free(struct store_row *row)
{
	free(row->tenant);
	free(row->model);
	free(row->deployment);
}
