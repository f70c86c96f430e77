#include "admin_list.h"

#include "answers.h"
#include "common/operator/operator_json.h"

static void unknown_after(struct handlers *handlers, const struct admin_query *query)
{
	struct api_error error;

	query_bad_value(&error, "after", query->list.after, "the id of a response that is kept");
	answer_error(handlers, &error);
}

static void answer_page(struct handlers *handlers, const struct admin_query *query)
{
	struct store_page page;
	enum store_result result = store_list(handlers->store, &query->list, &page);

	if (result == STORE_NOT_FOUND) {
		unknown_after(handlers, query);
	} else if (answer_stored(handlers, result)) {
		buf_clear(&handlers->object);
		operator_page_json(&handlers->object, handlers->config, &page);
		store_page_free(&page);
		answer_json(handlers, buf_span(&handlers->object));
	}
}

bool admin_list_take_query(struct handlers *handlers, struct admin_query *query)
{
	struct api_error error;

	if (!answer_has_store(handlers))
		return false;
	if (admin_query_parse(query, handlers->request.query, &error))
		return true;
	answer_error(handlers, &error);
	return false;
}

void admin_list_handle(struct handlers *handlers)
{
	struct admin_query query;

	if (!admin_list_take_query(handlers, &query))
		return;
	answer_page(handlers, &query);
	admin_query_free(&query);
}
