#include "list_items.h"

#include "answers.h"
#include "input_items.h"
#include "stored_id.h"

static void send_items(struct handlers *handlers, const char *id, const struct items_query *query)
{
	struct api_error error;
	struct span input;

	if (!answer_stored(handlers, store_input(handlers->store, id, handlers->tenant, &input)))
		return;
	buf_clear(&handlers->object);
	if (input_items_list(&handlers->object, id, input, query, &error))
		answer_json(handlers, buf_span(&handlers->object));
	else
		answer_error(handlers, &error);
}

void list_items_handle(struct handlers *handlers)
{
	char id[RESPONSE_ID_MAX + 1];
	struct items_query query;
	struct api_error error;

	if (!stored_id_take(handlers, id))
		return;
	if (!items_query_parse(&query, handlers->request.query, &error)) {
		answer_error(handlers, &error);
		return;
	}
	send_items(handlers, id, &query);
	items_query_free(&query);
}
