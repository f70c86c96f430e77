#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/response/foreign.h"
#include "operate_internal.h"

/* The fields that are asked for behind a row's. */
enum {
	DETAIL_STREAMED = ROW_FIELDS,
	DETAIL_OWNER,
	DETAIL_REQUEST_ID,
	DETAIL_WAITED,
	DETAIL_HISTORY,
	DETAIL_CREATED,
	DETAIL_FIELDS,
};

static void ask(struct redis_args *commands, const struct response_keys *keys)
{
	row_ask(&commands[0], keys);
	redis_args_add(&commands[0], "streamed");
	redis_args_add(&commands[0], "owner");
	redis_args_add(&commands[0], "request_id");
	redis_args_add(&commands[0], "waited");
	redis_args_add(&commands[0], "history");
	redis_args_add(&commands[0], "created");
	redis_args_add(&commands[1], "GET");
	redis_args_add(&commands[1], keys->response);
	redis_args_add(&commands[2], "EXISTS");
	redis_args_add(&commands[2], keys->request);
}

/* As the object says, in whole seconds, for the job of a version that did not note it. */
static long long created_by_object(const struct buf *object)
{
	long long seconds = 0;

	json_integer(json_get(buf_span(object), "created_at"), &seconds);
	return seconds * 1000;
}

static void take_job(struct store_detail *out, redisReply *const *fields, bool request_is_kept)
{
	struct span request_id = reply_span(fields[DETAIL_REQUEST_ID]);

	out->streamed = fields[DETAIL_STREAMED]->type == REDIS_REPLY_STRING;
	out->owner = reply_text(fields[DETAIL_OWNER]);
	out->request_id = request_id.len != 0 ? reply_text(fields[DETAIL_REQUEST_ID]) : NULL;
	out->waited_ms = reply_number(fields[DETAIL_WAITED], -1);
	out->history = reply_text(fields[DETAIL_HISTORY]);
	out->row.created_at = reply_number(fields[DETAIL_CREATED], 0);
	if (out->row.created_at == 0)
		out->row.created_at = created_by_object(&out->object);
	out->can_retry = out->row.status == STATUS_FAILED && request_is_kept;
}

/* False if it is no object, or one of ours that has lost its job: nobody can say whose it is. */
static bool take_foreign(struct store_detail *out, const char *id, struct span stored)
{
	struct stored_response response = {.object = stored, .foreign = true};

	snprintf(out->row.id, sizeof(out->row.id), "%s", id);
	out->foreign = true;
	return !store_is_orphan(&response) && foreign_read(&out->object, &out->row.status, stored);
}

enum store_result store_show(struct store *store, const char *id, struct store_detail *out)
{
	struct redis_args commands[3] = {0};
	struct response_keys keys;
	struct span stored;
	bool found = true;

	*out = (struct store_detail){.now = realtime_ms(), .waited_ms = -1};
	response_keys(&keys, &store->space, id);
	ask(commands, &keys);
	if (!store_call(store, commands, 3))
		return STORE_UNAVAILABLE;
	if (store->replies[1]->type != REDIS_REPLY_STRING)
		return STORE_NOT_FOUND;
	stored = reply_span(store->replies[1]);
	if (row_read(&out->row, id, store->replies[0])) {
		buf_append_span(&out->object, stored);
		take_job(out, store->replies[0]->element, store->replies[2]->integer != 0);
	} else {
		found = take_foreign(out, id, stored);
	}
	if (!found)
		store_detail_free(out);
	return found ? STORE_OK : STORE_NOT_FOUND;
}

void store_detail_free(struct store_detail *detail)
{
	row_free(&detail->row);
	free(detail->owner);
	free(detail->request_id);
	free(detail->history);
	buf_free(&detail->object);
	*detail = (struct store_detail){0};
}

enum store_result store_tenant(struct store *store, const char *id, char **tenant)
{
	struct redis_args commands[2] = {0};
	struct response_keys keys;

	*tenant = NULL;
	response_keys(&keys, &store->space, id);
	redis_args_add(&commands[0], "HGET");
	redis_args_add(&commands[0], keys.job);
	redis_args_add(&commands[0], "tenant");
	redis_args_add(&commands[1], "EXISTS");
	redis_args_add(&commands[1], keys.response);
	if (!store_call(store, commands, 2))
		return STORE_UNAVAILABLE;
	if (store->replies[1]->integer == 0)
		return STORE_NOT_FOUND;
	*tenant = reply_text(store->replies[0]);
	if (*tenant == NULL)
		*tenant = xstrdup("");
	return STORE_OK;
}
