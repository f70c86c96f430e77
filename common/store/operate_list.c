#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "drop_args.h"
#include "operate_internal.h"

enum { NAMED_MOST = 256 }; /* by one call of the script */

/* How far the index has been walked. */
struct walk {
	const struct store_query *query;
	char last[RESPONSE_ID_MAX + 1]; /* looked at; "" in the beginning */
	char since[REDIS_NUMBER_SIZE];  /* when that was created (ms); "" if it must be there */
	char gone[RESPONSE_ID_MAX + 1]; /* an id to be taken out once the walk is past it, or "" */
	bool ended;
	size_t wanted; /* one row more than the page has: it tells whether there are more */
	struct store_page *page;
};

/* What was named and is looked up together. */
struct piece {
	const redisReply *named; /* id and time of creation in turn */
	size_t from, count;      /* of the pairs */
};

static void add_texts(struct redis_args *args, const struct store_query *query)
{
	enum response_status status;

	status =
	    query->status != NULL ? response_status_find(span_of(query->status)) : STATUS_COUNT;
	if (query->status == NULL)
		redis_args_add(args, "");
	else
		redis_args_add(args, response_status_is_terminal(status) ? query->status : "open");
	redis_args_add(args, query->tenant != NULL ? "1" : "0");
	redis_args_add(args, query->tenant != NULL ? query->tenant : "");
	redis_args_add(args, query->model != NULL ? query->model : "");
}

static void ask_index(struct redis_args *args, const struct store *store, const struct walk *walk)
{
	size_t most = walk->wanted - walk->page->count;

	redis_args_script(args, SCRIPT_LIST, 2);
	redis_args_add(args, store->space.index);
	redis_args_add(args, store->space.index_about);
	redis_args_add(args, walk->last);
	redis_args_add(args, walk->since);
	redis_args_add_number(args, walk->query->older_than * 1000LL);
	add_texts(args, walk->query);
	redis_args_add_number(args, (long long)(most < NAMED_MOST ? most : NAMED_MOST));
}

/* The next part of the index. *named is the caller's, to free; NULL unless STORE_OK. */
static enum store_result walk_on(struct store *store, struct walk *walk, redisReply **named)
{
	struct redis_args args = {0};
	const redisReply *reply;

	*named = NULL;
	ask_index(&args, store, walk);
	if (!store_call(store, &args, 1))
		return STORE_UNAVAILABLE;
	reply = store->replies[0];
	if (reply->elements != 5)
		return STORE_NOT_FOUND;
	walk->page->now = reply->element[0]->integer;
	walk->ended = reply->element[1]->integer != 0;
	snprintf(walk->last, sizeof(walk->last), "%s", reply->element[2]->str);
	snprintf(walk->since, sizeof(walk->since), "%s", reply->element[3]->str);
	*named = reply->element[4];
	reply->element[4] = NULL;
	return STORE_OK;
}

static const char *id_at(const struct piece *piece, size_t i)
{
	return piece->named->element[2 * (piece->from + i)]->str;
}

static bool ask_for_jobs(struct store *store, const struct piece *piece)
{
	struct redis_args commands[STORE_MAX_REPLIES] = {0};
	struct response_keys keys[STORE_MAX_REPLIES];

	for (size_t i = 0; i < piece->count; i++) {
		response_keys(&keys[i], &store->space, id_at(piece, i));
		row_ask(&commands[i], &keys[i]);
	}
	return store_call(store, commands, (int)piece->count);
}

static bool is_wanted(const struct store_query *query, const struct store_row *row)
{
	return query->status == NULL || response_status_find(span_of(query->status)) == row->status;
}

/* Behind it the walk goes on: others may have been created in the same millisecond. */
static bool is_mark(const struct walk *walk, const char *id)
{
	return !walk->ended && strcmp(walk->last, id) == 0;
}

/* Takes the rows that fit, and puts the ids of those that are gone into gone. */
static void take_rows(struct walk *walk, const struct piece *piece, redisReply *const *replies,
    const char **gone, size_t *gone_count)
{
	for (size_t i = 0; i < piece->count; i++) {
		struct store_row *row = &walk->page->rows[walk->page->count];

		if (!row_read(row, id_at(piece, i), replies[i])) {
			if (is_mark(walk, id_at(piece, i)))
				snprintf(walk->gone, sizeof(walk->gone), "%s", walk->last);
			else
				gone[(*gone_count)++] = id_at(piece, i);
		} else if (!is_wanted(walk->query, row)) {
			row_free(row);
		} else {
			row->created_at =
			    reply_number(piece->named->element[2 * (piece->from + i) + 1], 0);
			walk->page->count++;
		}
	}
}

/*
 * As deleted, and counted so if nobody has said yet how it has ended. It may have expired: whoever
 * has yet to be told of its end is told.
 */
static bool take_out(struct store *store, const char *const *gone, size_t count)
{
	struct redis_args commands[STORE_MAX_REPLIES] = {0};
	struct drop_end ends[STORE_MAX_REPLIES];

	for (size_t i = 0; i < count; i++) {
		ends[i] = (struct drop_end){.id = gone[i], .how = DROP_DELETED};
		drop_args(&commands[i], &store->space, &ends[i]);
	}
	return count == 0 || store_call(store, commands, (int)count);
}

static bool look_up(struct store *store, struct walk *walk, const redisReply *named)
{
	struct piece piece = {.named = named};
	size_t pairs = named->elements / 2;

	for (; piece.from < pairs; piece.from += piece.count) {
		const char *gone[STORE_MAX_REPLIES];
		size_t gone_count = 0;

		piece.count = pairs - piece.from;
		if (piece.count > STORE_MAX_REPLIES)
			piece.count = STORE_MAX_REPLIES;
		if (!ask_for_jobs(store, &piece))
			return false;
		take_rows(walk, &piece, store->replies, gone, &gone_count);
		if (!take_out(store, gone, gone_count))
			return false;
	}
	return true;
}

static bool take_out_mark(struct store *store, struct walk *walk)
{
	const char *gone = walk->gone;
	bool ok = take_out(store, &gone, walk->gone[0] != '\0');

	walk->gone[0] = '\0';
	return ok;
}

static enum store_result walk_index(struct store *store, struct walk *walk)
{
	enum store_result result = STORE_OK;
	redisReply *named;

	while (result == STORE_OK && !walk->ended && walk->page->count < walk->wanted) {
		result = walk_on(store, walk, &named);
		if (result == STORE_OK &&
		    (!take_out_mark(store, walk) || !look_up(store, walk, named)))
			result = STORE_UNAVAILABLE;
		if (named != NULL)
			freeReplyObject(named);
	}
	return result == STORE_OK && !take_out_mark(store, walk) ? STORE_UNAVAILABLE : result;
}

enum store_result store_list(
    struct store *store, const struct store_query *query, struct store_page *out)
{
	struct walk walk = {.query = query, .wanted = query->limit + 1, .page = out};
	enum store_result result;

	*out = (struct store_page){.rows = xcalloc(walk.wanted, sizeof(*out->rows))};
	if (query->after != NULL)
		snprintf(walk.last, sizeof(walk.last), "%s", query->after);
	result = walk_index(store, &walk);
	if (result != STORE_OK) {
		store_page_free(out);
		return result;
	}
	out->has_more = out->count == walk.wanted;
	if (out->has_more)
		row_free(&out->rows[--out->count]);
	return STORE_OK;
}

void store_page_free(struct store_page *page)
{
	for (size_t i = 0; i < page->count; i++)
		row_free(&page->rows[i]);
	free(page->rows);
	*page = (struct store_page){0};
}
