#include "input_items.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "common/base/json.h"
#include "query.h"

enum {
	DEFAULT_LIMIT = 20,
	MAX_LIMIT = 100,
	MADE_ID_SIZE = 4 + 1 + 16 + 1,
	WINDOW_SIZE = MAX_LIMIT + 1, /* a page, and an item that tells whether there is another */
};

#define NO_PLACE SIZE_MAX

/* Consecutive items of the input, raw. Those from begin up to end are held. */
struct window {
	struct span values[WINDOW_SIZE]; /* each at its place modulo the size */
	size_t begin, end;               /* places in the input */
};

/* The item that stands before the page. */
struct target {
	struct span id; /* empty: the page begins with the first item */
	enum {
		BY_PLACE,    /* its id was made here, and tells the place */
		BY_SPELLING, /* its id is spelled in the input as it was asked for */
		BY_MEANING,  /* its id is spelled with escapes */
		SEARCH_COUNT,
	} search;
	size_t place; /* that a made id tells, or NO_PLACE */
};

static bool set_order(struct items_query *query, const char *value, struct api_error *error)
{
	query->ascending = strcmp(value, "asc") == 0;
	if (!query->ascending && strcmp(value, "desc") != 0)
		return query_bad_value(error, "order", value, "'asc' or 'desc'");
	return true;
}

static bool set_limit(struct items_query *query, const char *value, struct api_error *error)
{
	size_t digits = strspn(value, "0123456789");

	query->limit = digits > 0 && digits <= 3 && value[digits] == '\0' ? atoi(value) : 0;
	if (query->limit < 1 || query->limit > MAX_LIMIT)
		return query_bad_value(error, "limit", value, "a number from 1 to 100");
	return true;
}

/* query_set_fn */
static bool set_parameter(void *ctx, struct span name, struct buf *value, struct api_error *error)
{
	struct items_query *query = ctx;

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
	*query = (struct items_query){.limit = DEFAULT_LIMIT};
	if (query_read(text, set_parameter, query, error))
		return true;
	items_query_free(query);
	return false;
}

void items_query_free(struct items_query *query)
{
	buf_free(&query->after);
}

static bool is_message(struct span item)
{
	struct span type = json_get(item, "type");

	return type.len == 0 || json_string_is(type, "message");
}

static unsigned id_check(const char *response_id, size_t place)
{
	return (unsigned)XXH3_64bits_withSeed(response_id, strlen(response_id), place);
}

/*
 * An id for an item that came without one: its place, so that nobody has to look for it, and a
 * check that it belongs to the response.
 */
static void make_id(char out[MADE_ID_SIZE], const char *response_id, struct span item, size_t place)
{
	snprintf(out, MADE_ID_SIZE, "%s_%08x%08x", is_message(item) ? "msg" : "item",
	    (unsigned)place, id_check(response_id, place));
}

/* The place that an id tells which was made for this response, or NO_PLACE. */
static size_t place_in_id(const char *response_id, struct span id)
{
	char digits[16 + 1] = "";
	unsigned long long number;
	size_t place;

	if (id.len < 16)
		return NO_PLACE;
	memcpy(digits, id.p + id.len - 16, 16);
	if (strspn(digits, "0123456789abcdef") != 16)
		return NO_PLACE;
	number = strtoull(digits, NULL, 16);
	place = (size_t)(number >> 32);
	return id_check(response_id, place) == (unsigned)number ? place : NO_PLACE;
}

/* The item's own id with its quotes, or nothing. */
static struct span own_id(struct span item)
{
	struct span id = json_type(item) == JSON_OBJECT ? json_get(item, "id") : (struct span){0};

	return json_type(id) == JSON_STRING ? id : (struct span){0};
}

/* Appends the id of an item as a JSON string. */
static void put_id(struct buf *out, const char *response_id, struct span item, size_t place)
{
	struct span id = own_id(item);
	char made[MADE_ID_SIZE];

	if (id.len > 0) {
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

	if (json_type(item) != JSON_OBJECT || own_id(item).len > 0) {
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

static bool has_made_id(const char *response_id, struct span item, size_t place, struct span wanted)
{
	char made[MADE_ID_SIZE];

	if (own_id(item).len > 0)
		return false;
	make_id(made, response_id, item, place);
	return span_is(wanted, made);
}

/* The search for bytes is many times faster than a look into each item. */
static bool has_spelled_id(struct span item, struct span wanted)
{
	struct span id;

	if (memmem(item.p, item.len, wanted.p, wanted.len) == NULL)
		return false;
	id = own_id(item);
	return id.len > 0 && memchr(id.p, '\\', id.len) == NULL && span_eq(json_inside(id), wanted);
}

static bool has_escaped_id(struct span item, struct span wanted)
{
	struct buf text = {0};
	struct span id;
	bool same;

	if (memchr(item.p, '\\', item.len) == NULL)
		return false;
	id = own_id(item);
	if (id.len == 0 || memchr(id.p, '\\', id.len) == NULL)
		return false;
	same = json_decode(id, &text) && span_eq(buf_span(&text), wanted);
	buf_free(&text);
	return same;
}

static bool is_target(
    const struct target *target, const char *response_id, struct span item, size_t place)
{
	switch (target->search) {
	case BY_PLACE:
		return place == target->place && has_made_id(response_id, item, place, target->id);
	case BY_SPELLING:
		return has_spelled_id(item, target->id);
	case BY_MEANING:
		return has_escaped_id(item, target->id);
	case SEARCH_COUNT:
		break;
	}
	return false;
}

/* Of what is held: a page, and one item more if there is one. */
static size_t held(const struct window *window, const struct items_query *query)
{
	size_t count = window->end - window->begin;
	size_t most = (size_t)query->limit + 1;

	return count < most ? count : most;
}

static bool is_full(const struct window *window, const struct items_query *query)
{
	return query->ascending && held(window, query) > (size_t)query->limit;
}

/*
 * Goes through the input once, in its order, up to the end of the page if that is ascending, up to
 * its beginning if it is descending. Returns false if the target is not there.
 */
static bool collect(struct window *window, const struct target *target, const char *response_id,
    struct span input, const struct items_query *query)
{
	struct json_scan scan = json_open(input, JSON_ACCEPT_BAD_UTF8);
	bool found = target->id.len == 0;
	struct span item;
	size_t place = 0;

	window->begin = window->end = 0;
	while (!(found && is_full(window, query)) && json_element(&scan, &item)) {
		if (found || !is_target(target, response_id, item, place)) {
			window->values[place % WINDOW_SIZE] = item;
			window->end = ++place;
			continue;
		}
		found = true;
		if (!query->ascending)
			break;
		window->begin = window->end = ++place;
	}
	return found;
}

/* What is rarely so is tried last. */
static bool find_page(struct window *window, const char *response_id, struct span input,
    const struct items_query *query)
{
	struct target target = {.id = buf_span(&query->after)};
	bool found = false;

	target.place = place_in_id(response_id, target.id);
	target.search = target.place != NO_PLACE ? BY_PLACE : BY_SPELLING;
	for (; !found && target.search < SEARCH_COUNT; target.search++)
		found = collect(window, &target, response_id, input, query);
	return found;
}

static void put_id_member(struct buf *out, const char *name, const char *response_id,
    const struct window *window, size_t place, bool present)
{
	buf_printf(out, ",\"%s\":", name);
	if (present)
		put_id(out, response_id, window->values[place % WINDOW_SIZE], place);
	else
		buf_puts(out, "null");
}

/* The place in the input of the page's n-th item. */
static size_t place_of(const struct window *window, const struct items_query *query, size_t n)
{
	return query->ascending ? window->begin + n : window->end - 1 - n;
}

static void put_list(struct buf *out, const char *response_id, const struct window *window,
    const struct items_query *query)
{
	size_t count = held(window, query);
	bool more = count > (size_t)query->limit;
	size_t shown = more ? (size_t)query->limit : count;

	buf_puts(out, "{\"object\":\"list\",\"data\":[");
	for (size_t n = 0; n < shown; n++) {
		size_t place = place_of(window, query, n);

		if (n > 0)
			buf_putc(out, ',');
		put_item(out, response_id, window->values[place % WINDOW_SIZE], place);
	}
	buf_putc(out, ']');
	put_id_member(out, "first_id", response_id, window, place_of(window, query, 0), shown > 0);
	put_id_member(
	    out, "last_id", response_id, window, place_of(window, query, shown - 1), shown > 0);
	buf_printf(out, ",\"has_more\":%s}", more ? "true" : "false");
}

bool input_items_list(struct buf *out, const char *response_id, struct span input,
    const struct items_query *query, struct api_error *error)
{
	struct buf message = {0};
	struct window window;
	bool found;

	if (json_type(input) == JSON_STRING) {
		message_of_text(&message, input);
		input = buf_span(&message);
	}
	found = find_page(&window, response_id, input, query);
	if (found)
		put_list(out, response_id, &window, query);
	else
		api_error_set(error, 400, "invalid_request_error", "after", "invalid_value",
		    "Invalid value for 'after': this response has no input item with that id.");
	buf_free(&message);
	return found;
}
