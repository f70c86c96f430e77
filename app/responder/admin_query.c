#include "admin_query.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/response/response.h"

/* Takes a number from min to max. */
static bool read_number(const char *text, long min, long max, long *out)
{
	size_t digits = strspn(text, "0123456789");

	errno = 0;
	*out = strtol(text, NULL, 10);
	return digits > 0 && text[digits] == '\0' && errno == 0 && *out >= min && *out <= max;
}

static bool set_limit(struct admin_query *query, const char *value, struct api_error *error)
{
	long limit;

	if (!read_number(value, 1, STORE_LIST_MOST, &limit))
		return query_bad_value(error, "limit", value, "a number from 1 to 1000");
	query->list.limit = (size_t)limit;
	return true;
}

static bool set_older_than(struct admin_query *query, const char *value, struct api_error *error)
{
	if (!read_number(value, 0, INT_MAX, &query->list.older_than))
		return query_bad_value(error, "older_than", value, "a number of seconds");
	return true;
}

static bool keep(struct buf *out, const char **member, const char *value)
{
	buf_clear(out);
	buf_puts(out, value);
	*member = buf_cstr(out);
	return true;
}

static bool set_status(struct admin_query *query, const char *value, struct api_error *error)
{
	if (response_status_find(span_of(value)) == STATUS_COUNT)
		return query_bad_value(error, "status", value,
		    "'queued', 'in_progress', 'completed', 'incomplete', 'failed' or 'cancelled'");
	return keep(&query->status, &query->list.status, value);
}

static bool set_tenant(struct admin_query *query, const char *value, struct api_error *error)
{
	(void)error;
	return keep(&query->tenant, &query->list.tenant, value);
}

static bool set_model(struct admin_query *query, const char *value, struct api_error *error)
{
	(void)error;
	return keep(&query->model, &query->list.model, value);
}

static bool set_after(struct admin_query *query, const char *value, struct api_error *error)
{
	if (!response_id_valid(value))
		return query_bad_value(error, "after", value, "the id of a response");
	return keep(&query->after, &query->list.after, value);
}

static const struct {
	const char *name;
	bool (*set)(struct admin_query *query, const char *value, struct api_error *error);
} parameters[] = {
    {"status", set_status},
    {"tenant", set_tenant},
    {"model", set_model},
    {"limit", set_limit},
    {"after", set_after},
    {"older_than", set_older_than},
};

/* query_set_fn. What is empty does not count. */
static bool set_parameter(void *ctx, struct span name, struct buf *value, struct api_error *error)
{
	struct admin_query *query = ctx;

	if (buf_cstr(value)[0] == '\0')
		return true;
	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		if (span_is(name, parameters[i].name))
			return parameters[i].set(query, buf_cstr(value), error);
	}
	return true;
}

bool admin_query_parse(struct admin_query *query, const char *text, struct api_error *error)
{
	*query = (struct admin_query){.list.limit = STORE_LIST_DEFAULT};
	if (query_read(text, set_parameter, query, error))
		return true;
	admin_query_free(query);
	return false;
}

void admin_query_free(struct admin_query *query)
{
	buf_free(&query->status);
	buf_free(&query->tenant);
	buf_free(&query->model);
	buf_free(&query->after);
}
