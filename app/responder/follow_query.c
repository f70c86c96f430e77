#include "follow_query.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "query.h"

enum parameter { STREAM, STARTING_AFTER, INCLUDE_OBFUSCATION, PARAMETERS };

static const char *const names[PARAMETERS] = {
    [STREAM] = "stream",
    [STARTING_AFTER] = "starting_after",
    [INCLUDE_OBFUSCATION] = "include_obfuscation",
};

static enum parameter find_name(struct span name)
{
	struct buf decoded = {0};
	int i = 0;

	query_decode(&decoded, name);
	while (i < PARAMETERS && !span_is(buf_span(&decoded), names[i]))
		i++;
	buf_free(&decoded);
	return (enum parameter)i;
}

static bool invalid(struct api_error *error, enum parameter parameter, const char *expected)
{
	return api_error_set(error, 400, "invalid_request_error", names[parameter], "invalid_value",
	    "Invalid value for '%s': expected %s.", names[parameter], expected);
}

/* A value of NULL is one that is not there. */
static bool read_flag(
    bool *flag, enum parameter parameter, struct span value, struct api_error *error)
{
	*flag = value.p != NULL && span_is(value, "true");
	if (*flag || value.p == NULL || span_is(value, "false"))
		return true;
	return invalid(error, parameter, "true or false");
}

static bool is_number(struct span value)
{
	size_t digits = 0;

	while (digits < value.len && value.p[digits] >= '0' && value.p[digits] <= '9')
		digits++;
	return value.len > 0 && digits == value.len;
}

/* Behind the value stands a NUL. */
static bool read_number(char out[FOLLOW_AFTER_SIZE], enum parameter parameter, struct span value,
    struct api_error *error)
{
	long long number;

	out[0] = '\0';
	if (value.p == NULL)
		return true;
	if (!is_number(value))
		return invalid(error, parameter, "the sequence number of an event");
	errno = 0;
	number = strtoll(value.p, NULL, 10);
	/* There has to be a number after it. */
	if (errno != 0 || number == LLONG_MAX)
		return invalid(
		    error, parameter, "the sequence number of an event, not one so large");
	snprintf(out, FOLLOW_AFTER_SIZE, "%lld", number);
	return true;
}

static bool read_values(
    struct follow_query *out, const struct span values[PARAMETERS], struct api_error *error)
{
	bool obfuscates;

	if (!read_flag(&out->stream, STREAM, values[STREAM], error))
		return false;
	return !out->stream ||
	       (read_number(out->after, STARTING_AFTER, values[STARTING_AFTER], error) &&
		   read_flag(&obfuscates, INCLUDE_OBFUSCATION, values[INCLUDE_OBFUSCATION], error));
}

bool follow_query_read(struct follow_query *out, const char *query, struct api_error *error)
{
	struct buf decoded[PARAMETERS] = {{0}};
	struct span values[PARAMETERS] = {{0}};
	struct span name, value;
	bool valid;

	*out = (struct follow_query){0};
	while (query_next(&query, &name, &value)) {
		enum parameter parameter = find_name(name);

		if (parameter == PARAMETERS)
			continue;
		buf_clear(&decoded[parameter]);
		query_decode(&decoded[parameter], value);
		buf_cstr(&decoded[parameter]);
		values[parameter] = buf_span(&decoded[parameter]);
	}
	valid = read_values(out, values, error);
	for (int i = 0; i < PARAMETERS; i++)
		buf_free(&decoded[i]);
	return valid;
}
