#include "input_items.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "../common/alloc.h"
#include "../common/json.h"

enum {
	DEFAULT_LIMIT = 20,
	MAX_LIMIT = 100,
	MADE_ID_SIZE = 4 + 1 + 16 + 1,
};

struct items {
	struct span *values; /* raw JSON, in the order of the input */
	size_t count;
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* Appends a query parameter's name or value, decoded. */
static void decode_parameter(struct buf *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		bool escaped = text.p[i] == '%' && i + 2 < text.len &&
			       hex_digit(text.p[i + 1]) >= 0 && hex_digit(text.p[i + 2]) >= 0;

		if (escaped) {
			buf_putc(
			    out, (char)(hex_digit(text.p[i + 1]) << 4 | hex_digit(text.p[i + 2])));
			i += 2;
		} else {
			buf_putc(out, text.p[i] == '+' ? ' ' : text.p[i]);
		}
	}
}

static bool bad_value(
    struct api_error *error, const char *name, const char *value, const char *expected)
{
	return api_error_set(error, 400, "invalid_request_error", name, "invalid_value",
	    "Invalid value for '%s': '%.64s', expected %s.", name, value, expected);
}

static bool set_order(struct items_query *query, const char *value, struct api_error *error)
{
	query->ascending = strcmp(value, "asc") == 0;
	if (!query->ascending && strcmp(value, "desc") != 0)
		return bad_value(error, "order", value, "'asc' or 'desc'");
	return true;
}

static bool set_limit(struct items_query *query, const char *value, struct api_error *error)
{
	size_t digits = strspn(value, "0123456789");

	query->limit = digits > 0 && digits <= 3 && value[digits] == '\0' ? atoi(value) : 0;
	if (query->limit < 1 || query->limit > MAX_LIMIT)
		return bad_value(error, "limit", value, "a number from 1 to 100");
	return true;
}

static bool set_parameter(
    struct items_query *query, struct span name, struct buf *value, struct api_error *error)
{
	if (span_is(name, "order"))
		return set_order(query, buf_cstr(value), error);
	if (span_is(name, "limit"))
		return set_limit(query, buf_cstr(value), error);
	if (span_is(name, "after")) {
		buf_clear(&query->after);
		buf_append_span(&query->after, buf_span(value));
	}
	return true;
}

bool items_query_parse(struct items_query *query, const char *text, struct api_error *error)
{
	struct buf value = {0};
	bool valid = true;

	*query = (struct items_query){.limit = DEFAULT_LIMIT};
	while (valid && *text != '\0') {
		size_t len = strcspn(text, "&");
		size_t name_len = strcspn(text, "=&");
		size_t value_start = name_len < len ? name_len + 1 : len;

		buf_clear(&value);
		decode_parameter(&value, (struct span){text + value_start, len - value_start});
		valid = set_parameter(query, (struct span){text, name_len}, &value, error);
		text += len + (text[len] == '&');
	}
	buf_free(&value);
	if (!valid)
		items_query_free(query);
	return valid;
}

void items_query_free(struct items_query *query)
{
	buf_free(&query->after);
}

static struct items split_items(struct span input)
{
	struct items items = {0};
	size_t room = 0;
	struct json_scan scan;
	struct span value;

	if (json_type(input) != JSON_ARRAY)
		return items;
	scan = json_open(input, JSON_ACCEPT_BAD_UTF8);
	while (json_element(&scan, &value)) {
		if (items.count == room) {
			room = room != 0 ? 2 * room : 16;
			items.values = xrealloc(items.values, room * sizeof(items.values[0]));
		}
		items.values[items.count++] = value;
	}
	return items;
}

static bool is_message(struct span item)
{
	struct span type = json_get(item, "type");

	return type.len == 0 || json_string_is(type, "message");
}

/* An id for an item that came without one, made of the response's id and the item's place. */
static void make_id(char out[MADE_ID_SIZE], const char *response_id, struct span item, size_t place)
{
	XXH64_hash_t hash = XXH3_64bits_withSeed(response_id, strlen(response_id), place);

	snprintf(out, MADE_ID_SIZE, "%s_%016llx", is_message(item) ? "msg" : "item",
	    (unsigned long long)hash);
}

/* Appends the id of an item as a JSON string. */
static void put_id(struct buf *out, const char *response_id, struct span item, size_t place)
{
	struct span id = json_type(item) == JSON_OBJECT ? json_get(item, "id") : (struct span){0};
	char made[MADE_ID_SIZE];

	if (json_type(id) == JSON_STRING) {
		json_canonical(out, id);
		return;
	}
	make_id(made, response_id, item, place);
	json_quote(out, span_of(made));
}

static void put_item(struct buf *out, const char *response_id, struct span item, size_t place)
{
	struct json_scan scan;
	struct span key, value;

	if (json_type(item) != JSON_OBJECT || json_type(json_get(item, "id")) == JSON_STRING) {
		buf_append_span(out, item);
		return;
	}
	buf_puts(out, "{\"id\":");
	put_id(out, response_id, item, place);
	scan = json_open(item, JSON_ACCEPT_BAD_UTF8);
	while (json_member(&scan, &key, &value)) {
		if (json_raw_is(key, "id"))
			continue;
		buf_puts(out, ",\"");
		buf_append_span(out, key);
		buf_puts(out, "\":");
		buf_append_span(out, value);
	}
	buf_putc(out, '}');
}

/* Appends the array that a string as input stands for. */
static void message_of_text(struct buf *out, struct span text)
{
	buf_puts(out, "[{\"type\":\"message\",\"status\":\"completed\",\"role\":\"user\","
		      "\"content\":[{\"type\":\"input_text\",\"text\":");
	buf_append_span(out, text);
	buf_puts(out, "}]}]");
}

static bool has_id(
    const char *response_id, struct span item, size_t place, const struct buf *wanted)
{
	struct buf quoted = {0};
	struct buf id = {0};
	bool same;

	put_id(&quoted, response_id, item, place);
	json_decode(buf_span(&quoted), &id);
	same = span_eq(buf_span(&id), buf_span(wanted));
	buf_free(&quoted);
	buf_free(&id);
	return same;
}

/* The place in the input of the n-th item of the list. */
static size_t place_of(const struct items *items, const struct items_query *query, size_t n)
{
	return query->ascending ? n : items->count - 1 - n;
}

/* How many items of the list to leave out; false if no item has the id. */
static bool find_start(const struct items *items, const char *response_id,
    const struct items_query *query, size_t *start)
{
	*start = 0;
	if (query->after.len == 0)
		return true;
	while (*start < items->count) {
		size_t place = place_of(items, query, (*start)++);

		if (has_id(response_id, items->values[place], place, &query->after))
			return true;
	}
	return false;
}

static void put_id_member(struct buf *out, const char *name, const char *response_id,
    const struct items *items, size_t place, bool present)
{
	buf_printf(out, ",\"%s\":", name);
	if (present)
		put_id(out, response_id, items->values[place], place);
	else
		buf_puts(out, "null");
}

static void put_list(struct buf *out, const char *response_id, const struct items *items,
    const struct items_query *query, size_t start)
{
	size_t left = items->count - start;
	size_t shown = left < (size_t)query->limit ? left : (size_t)query->limit;
	size_t end = start + shown;

	buf_puts(out, "{\"object\":\"list\",\"data\":[");
	for (size_t n = start; n < end; n++) {
		size_t place = place_of(items, query, n);

		if (n > start)
			buf_putc(out, ',');
		put_item(out, response_id, items->values[place], place);
	}
	buf_putc(out, ']');
	put_id_member(
	    out, "first_id", response_id, items, place_of(items, query, start), shown > 0);
	put_id_member(
	    out, "last_id", response_id, items, place_of(items, query, end - 1), shown > 0);
	buf_printf(out, ",\"has_more\":%s}", end < items->count ? "true" : "false");
}

bool input_items_list(struct buf *out, const char *response_id, struct span input,
    const struct items_query *query, struct api_error *error)
{
	struct buf message = {0};
	struct items items;
	size_t start;
	bool found;

	if (json_type(input) == JSON_STRING) {
		message_of_text(&message, input);
		input = buf_span(&message);
	}
	items = split_items(input);
	found = find_start(&items, response_id, query, &start);
	if (found)
		put_list(out, response_id, &items, query, start);
	else
		api_error_set(error, 400, "invalid_request_error", "after", "invalid_value",
		    "Invalid value for 'after': this response has no input item with that id.");
	free(items.values);
	buf_free(&message);
	return found;
}
