#include "response_error.h"

#include <string.h>

#include "common/base/json.h"

/* A code that is a number counts as its digits. */
static void write_code(struct buf *out, struct span code)
{
	long long number;

	buf_puts(out, "\"code\":");
	if (json_type(code) == JSON_STRING && json_inside(code).len != 0)
		json_canonical(out, code);
	else if (json_integer(code, &number))
		buf_printf(out, "\"%lld\"", number);
	else
		buf_puts(out, "\"server_error\"");
}

static void write_message(struct buf *out, struct span message)
{
	buf_puts(out, ",\"message\":");
	if (json_type(message) == JSON_STRING)
		json_canonical(out, message);
	else
		buf_puts(out, "\"The provider reported an error without saying what it was.\"");
}

/* What is behind the code. */
static void write_others(struct buf *out, struct span error)
{
	struct json_scan scan;
	struct span name, value;
	bool is_object = json_type(error) == JSON_OBJECT;

	write_message(out, is_object ? json_get(error, "message") : error);
	if (is_object) {
		scan = json_open(error, JSON_ACCEPT_BAD_UTF8);
		while (json_member(&scan, &name, &value)) {
			if (json_raw_is(name, "code") || json_raw_is(name, "message"))
				continue;
			json_write_name(out, name);
			json_canonical(out, value);
		}
	}
	buf_putc(out, '}');
}

void response_error_write_as(struct buf *out, struct span error, struct span code)
{
	buf_putc(out, '{');
	write_code(out, code);
	write_others(out, error);
}

void response_error_write(struct buf *out, struct span error)
{
	bool is_object = json_type(error) == JSON_OBJECT;

	response_error_write_as(out, error, is_object ? json_get(error, "code") : (struct span){0});
}

void response_error_make(struct buf *out, const char *code, struct span message)
{
	buf_puts(out, "{\"code\":");
	json_quote(out, span_of(code));
	buf_puts(out, ",\"message\":");
	json_quote(out, message);
	buf_putc(out, '}');
}

/* What codes and types of errors stand for, those that end in '*' by their beginning. */
static const struct {
	const char *name;
	long status;
} statuses[] = {
    {"rate_limit_exceeded", 429},
    {"rate_limit_error", 429},
    {"insufficient_quota", 429},
    {"too_many_requests", 429},
    {"overloaded_error", 529},
    {"server_error", 500},
    {"api_error", 500},
    {"timeout_error", 504},
    {"request_too_large", 413},
    {"billing_error", 402},
    {"authentication_error", 401},
    {"invalid_api_key", 401},
    {"permission_error", 403},
    {"not_found_error", 404},
    {"model_not_found", 404},
    {"context_length_exceeded", 400},
    {"content_filter", 400},
    {"content_policy_violation", 400},
    {"image_content_policy_violation", 400},
    {"bio_policy", 400},
    {"cyber_policy", 400},
    {"invalid_*", 400},
};

static bool fits(struct span name, const char *pattern)
{
	size_t len = strlen(pattern);

	if (pattern[len - 1] != '*')
		return span_is(name, pattern);
	return name.len >= len - 1 && memcmp(name.p, pattern, len - 1) == 0;
}

long response_error_number(struct span value)
{
	long long number;

	if (json_type(value) == JSON_STRING)
		value = json_inside(value);
	return json_integer(value, &number) && number >= 400 && number <= 599 ? (long)number : 0;
}

/* 0 if the value is neither a word that is known nor such a number. */
static long status_of(struct span value)
{
	struct buf name = {0};
	long status = 0;
	size_t i;

	json_decode(value, &name);
	for (i = 0; status == 0 && i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (fits(buf_span(&name), statuses[i].name))
			status = statuses[i].status;
	buf_free(&name);
	return status != 0 ? status : response_error_number(value);
}

long response_error_status(struct span error)
{
	struct span told = json_get(error, "status");
	long status = json_type(told) == JSON_NUMBER ? status_of(told) : 0;

	if (status == 0)
		status = status_of(json_get(error, "code"));
	if (status == 0)
		status = status_of(json_get(error, "type"));
	return status != 0 ? status : 500;
}

const char *response_error_code(long status)
{
	switch (status) {
	case 429:
		return "rate_limit_exceeded";
	case 400:
	case 413:
	case 422:
		return "invalid_prompt";
	default:
		return "server_error";
	}
}
