#include "admin_usage.h"

#include <time.h>

#include "answers.h"
#include "common/operator/operator_json.h"
#include "query.h"

struct usage_request {
	struct usage_query query; /* its strings are in the rest */
	struct buf tenant, model;
};

static bool set_by(struct usage_request *request, const char *value, struct api_error *error)
{
	return usage_by_read(&request->query.by, value) ||
	       query_bad_value(error, "by", value, USAGE_BY_EXPECTED);
}

static bool set_since(struct usage_request *request, const char *value, struct api_error *error)
{
	return usage_since_read(&request->query.since, value, request->query.now) ||
	       query_bad_value(error, "since", value, USAGE_SINCE_EXPECTED);
}

static const char *keep(struct buf *out, const char *value)
{
	buf_clear(out);
	buf_puts(out, value);
	return buf_cstr(out);
}

/* query_set_fn. What is empty does not count, and others are not looked at. */
static bool set_parameter(void *ctx, struct span name, struct buf *value, struct api_error *error)
{
	struct usage_request *request = ctx;
	const char *text = buf_cstr(value);

	if (text[0] == '\0')
		return true;
	if (span_is(name, "by"))
		return set_by(request, text, error);
	if (span_is(name, "since"))
		return set_since(request, text, error);
	if (span_is(name, "tenant"))
		request->query.tenant = keep(&request->tenant, text);
	else if (span_is(name, "model"))
		request->query.model = keep(&request->model, text);
	return true;
}

static void answer_usage(struct handlers *handlers, const struct usage_query *query)
{
	struct usage_table usage;

	if (!answer_stored(
		handlers, usage_table_load(&usage, handlers->store, handlers->config, query)))
		return;
	buf_clear(&handlers->object);
	operator_usage_json(&handlers->object, &usage);
	usage_table_free(&usage);
	answer_json(handlers, buf_span(&handlers->object));
}

void admin_usage_handle(struct handlers *handlers)
{
	const time_t now = time(NULL);
	struct usage_request request = {
	    .query = {.now = now, .since = now - USAGE_DEFAULT_SECONDS}};
	struct api_error error;

	if (!answer_has_store(handlers))
		return;
	if (query_read(handlers->request.query, set_parameter, &request, &error))
		answer_usage(handlers, &request.query);
	else
		answer_error(handlers, &error);
	buf_free(&request.tenant);
	buf_free(&request.model);
}
