#include "naive_fold.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef struct json_object *json;

/* Parses strictly. Returns false if json-c does not take it; *value is NULL for null. */
static bool try_parse(struct span text, json *value)
{
	struct json_tokener *tokener = json_tokener_new_ex(1000);
	char *copy = malloc(text.len + 1);
	bool ok;

	if (tokener == NULL || copy == NULL)
		abort();
	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	*value = json_tokener_parse_ex(tokener, copy, (int)text.len + 1);
	ok = json_tokener_get_error(tokener) == json_tokener_success;
	json_tokener_free(tokener);
	free(copy);
	return ok;
}

static json naive_parse(struct span text)
{
	json value;

	return try_parse(text, &value) ? value : NULL;
}

size_t naive_members(const struct naive_fold *naive)
{
	return (size_t)json_object_object_length(naive->object);
}

bool naive_equals(const struct naive_fold *naive, struct span text)
{
	json value = naive_parse(text);
	bool same = json_object_equal(value, naive->object) != 0;

	json_object_put(value);
	return same;
}

bool naive_same_json(struct span a, struct span b)
{
	json x = NULL, y = NULL;
	bool same = try_parse(a, &x) && try_parse(b, &y) && json_object_equal(x, y) != 0;

	json_object_put(x);
	json_object_put(y);
	return same;
}

static json get(json object, const char *name)
{
	json value = NULL;

	if (json_object_is_type(object, json_type_object))
		json_object_object_get_ex(object, name, &value);
	return value;
}

static bool has(json object, const char *name)
{
	return json_object_is_type(object, json_type_object) &&
	       json_object_object_get_ex(object, name, NULL);
}

static void set(json object, const char *name, json value)
{
	json_object_object_add(object, name, json_object_get(value));
}

static bool is(json value, enum json_type type)
{
	return json_object_is_type(value, type);
}

static bool same_text(json a, json b)
{
	return is(a, json_type_string) && is(b, json_type_string) && json_object_equal(a, b);
}

static bool text_is(json value, const char *text)
{
	return is(value, json_type_string) &&
	       (size_t)json_object_get_string_len(value) == strlen(text) &&
	       strcmp(json_object_get_string(value), text) == 0;
}

static bool is_one_of(const char *name, const char *const *names)
{
	while (*names != NULL && strcmp(name, *names) != 0)
		names++;
	return *names != NULL;
}

void naive_open(struct naive_fold *naive, struct span object)
{
	*naive = (struct naive_fold){.object = naive_parse(object),
	    .indexes = json_object_new_array(),
	    .status = STATUS_IN_PROGRESS};
	set(naive->object, "error", NULL);
	set(naive->object, "incomplete_details", NULL);
	set(naive->object, "usage", NULL);
	set(naive->object, "completed_at", NULL);
	json_object_object_add(naive->object, "output", json_object_new_array());
	json_object_object_add(naive->object, "status", json_object_new_string("in_progress"));
}

void naive_close(struct naive_fold *naive)
{
	json_object_put(naive->object);
	json_object_put(naive->indexes);
}

static json output_of(struct naive_fold *naive)
{
	return get(naive->object, "output");
}

static json find_item(struct naive_fold *naive, json id)
{
	json output = output_of(naive);
	size_t i;

	for (i = 0; i < json_object_array_length(output); i++) {
		json item = json_object_array_get_idx(output, i);

		if (same_text(get(item, "id"), id))
			return item;
	}
	return NULL;
}

static long long next_index(struct naive_fold *naive)
{
	size_t n = json_object_array_length(naive->indexes);

	return n == 0 ? 0
		      : json_object_get_int64(json_object_array_get_idx(naive->indexes, n - 1)) + 1;
}

static void array_insert(json array, size_t at, json value)
{
	size_t i = json_object_array_length(array);

	json_object_array_add(array, NULL);
	for (; i > at; i--)
		json_object_array_put_idx(
		    array, i, json_object_get(json_object_array_get_idx(array, i - 1)));
	json_object_array_put_idx(array, at, value);
}

static void put_item(struct naive_fold *naive, json item, long long index)
{
	json output = output_of(naive);
	size_t i, n = json_object_array_length(output);

	for (i = 0; i < n; i++) {
		if (same_text(get(json_object_array_get_idx(output, i), "id"), get(item, "id"))) {
			json_object_array_put_idx(output, i, json_object_get(item));
			return;
		}
	}
	for (i = 0; i < n; i++)
		if (json_object_get_int64(json_object_array_get_idx(naive->indexes, i)) > index)
			break;
	array_insert(output, i, json_object_get(item));
	array_insert(naive->indexes, i, json_object_new_int64(index));
}

/* Reads an index; false if it is none or not below limit. */
static bool read_index(json event, const char *name, long long limit, long long *index)
{
	json value = get(event, name);

	if (value == NULL)
		return true;
	if (!is(value, json_type_int))
		return false;
	*index = json_object_get_int64(value);
	return *index >= 0 && *index < limit;
}

/* The value that grows under a name: made if absent or null, NULL if of another type. */
static json ensure(json object, const char *name, enum json_type type)
{
	if (!is(object, json_type_object))
		return NULL;
	if (get(object, name) == NULL)
		json_object_object_add(object, name,
		    type == json_type_string ? json_object_new_string("")
					     : json_object_new_array());
	return is(get(object, name), type) ? get(object, name) : NULL;
}

static void append_text(json string, json more)
{
	size_t old = (size_t)json_object_get_string_len(string);
	size_t extra = (size_t)json_object_get_string_len(more);
	char *both = malloc(old + extra + 1);

	if (both == NULL)
		abort();
	memcpy(both, json_object_get_string(string), old);
	memcpy(both + old, json_object_get_string(more), extra);
	json_object_set_string_len(string, both, (int)(old + extra));
	free(both);
}

struct growing {
	const char *event; /* without .delta or .done */
	const char *list;  /* where the part is that grows; NULL for the item's own member */
	const char *member;
	const char *done; /* the member of the .done event */
};

static const struct growing growing[] = {
    {"response.output_text", "content", "text", "text"},
    {"response.reasoning_text", "content", "text", "text"},
    {"response.reasoning", "content", "text", "text"},
    {"response.refusal", "content", "refusal", "refusal"},
    {"response.reasoning_summary_text", "summary", "text", "text"},
    {"response.function_call_arguments", NULL, "arguments", "arguments"},
    {"response.mcp_call_arguments", NULL, "arguments", "arguments"},
    {"response.custom_tool_call_input", NULL, "input", "input"},
    {"response.code_interpreter_call_code", NULL, "code", "code"},
};

/* The object whose member an event changes: the item, or one of its parts. */
static json find_target(struct naive_fold *naive, json event, const char *list)
{
	json item = find_item(naive, get(event, "item_id")), parts;
	long long index = 0;

	if (!read_index(event, "output_index", INT_MAX, &index))
		return NULL;
	index = 0;
	if (item == NULL || list == NULL)
		return item;
	parts = get(item, list);
	if (!is(parts, json_type_array) ||
	    !read_index(event, strcmp(list, "summary") == 0 ? "summary_index" : "content_index",
		(long long)json_object_array_length(parts), &index) ||
	    (size_t)index >= json_object_array_length(parts))
		return NULL;
	return json_object_array_get_idx(parts, (size_t)index);
}

static enum fold_result grow(
    struct naive_fold *naive, json event, const struct growing *kind, bool done)
{
	json value = get(event, done ? kind->done : "delta"), string;

	if (!is(value, json_type_string))
		return FOLD_SKIPPED;
	string = ensure(find_target(naive, event, kind->list), kind->member, json_type_string);
	if (string == NULL)
		return FOLD_SKIPPED;
	if (done)
		json_object_set_string_len(
		    string, json_object_get_string(value), json_object_get_string_len(value));
	else
		append_text(string, value);
	return FOLD_CHANGED;
}

static enum fold_result annotate(struct naive_fold *naive, json event)
{
	json annotation = get(event, "annotation"), array;

	if (!is(annotation, json_type_object))
		return FOLD_SKIPPED;
	array = ensure(find_target(naive, event, "content"), "annotations", json_type_array);
	if (array == NULL)
		return FOLD_SKIPPED;
	json_object_array_add(array, json_object_get(annotation));
	return FOLD_CHANGED;
}

static enum fold_result part_event(
    struct naive_fold *naive, json event, const char *list, const char *index_name, bool done)
{
	json part = get(event, "part"), item = find_item(naive, get(event, "item_id")), parts;
	long long count = 0, index;

	if (!is(part, json_type_object) || item == NULL ||
	    !read_index(event, "output_index", INT_MAX, &index))
		return FOLD_SKIPPED;
	parts = get(item, list);
	if (is(parts, json_type_array))
		count = (long long)json_object_array_length(parts);
	index = done ? 0 : count;
	if (!read_index(event, index_name, done ? count : count + 1, &index) ||
	    index >= count + !done)
		return FOLD_SKIPPED;
	parts = ensure(item, list, json_type_array);
	if (parts == NULL)
		return FOLD_SKIPPED;
	json_object_array_put_idx(parts, (size_t)index, json_object_get(part));
	return FOLD_CHANGED;
}

static enum fold_result item_event(struct naive_fold *naive, json event)
{
	json item = get(event, "item");
	long long index = next_index(naive);

	if (!is(item, json_type_object) || !is(get(item, "id"), json_type_string) ||
	    !read_index(event, "output_index", INT_MAX, &index))
		return FOLD_SKIPPED;
	put_item(naive, item, index);
	return FOLD_CHANGED;
}

static void merge(struct naive_fold *naive, json response)
{
	static const char *const own[] = {
	    "id", "object", "created_at", "status", "completed_at", "background", "output", NULL};

	if (!is(response, json_type_object))
		return;
	json_object_object_foreach(response, name, value)
	{
		if (value != NULL && !is_one_of(name, own))
			set(naive->object, name, value);
	}
}

static enum response_status status_of(const char *name)
{
	static const struct {
		const char *name;
		enum response_status status;
	} terminal[] = {
	    {"completed", STATUS_COMPLETED},
	    {"failed", STATUS_FAILED},
	    {"incomplete", STATUS_INCOMPLETE},
	    {"cancelled", STATUS_CANCELLED},
	};
	size_t i;

	for (i = 0; i < sizeof(terminal) / sizeof(terminal[0]); i++)
		if (strcmp(terminal[i].name, name) == 0)
			return terminal[i].status;
	return STATUS_COUNT;
}

static enum fold_result finish(struct naive_fold *naive, json response, enum response_status status)
{
	json items = get(response, "output"), told = get(response, "status");
	size_t i;

	if (response != NULL && !is(response, json_type_object))
		return FOLD_SKIPPED;
	merge(naive, response);
	if (is(items, json_type_array))
		for (i = 0; i < json_object_array_length(items); i++)
			if (is(json_object_array_get_idx(items, i), json_type_object))
				put_item(
				    naive, json_object_array_get_idx(items, i), next_index(naive));
	naive->status = status;
	if (text_is(told, "completed") || text_is(told, "failed") || text_is(told, "incomplete") ||
	    text_is(told, "cancelled"))
		naive->status = status_of(json_object_get_string(told));
	return FOLD_TERMINAL;
}

static enum fold_result error_event(struct naive_fold *naive, json event)
{
	static const char *const names[] = {"code", "message", "param"};
	json error = get(event, "error");
	size_t i;

	naive->error_seen = true;
	if (is(error, json_type_object)) {
		set(naive->object, "error", error);
		return FOLD_CHANGED;
	}
	error = json_object_new_object();
	for (i = 0; i < 3; i++)
		if (has(event, names[i]))
			set(error, names[i], get(event, names[i]));
	json_object_object_add(naive->object, "error", error);
	return FOLD_CHANGED;
}

static enum fold_result told(struct naive_fold *naive, json event)
{
	if (!has(event, "response"))
		return FOLD_IGNORED;
	if (!is(get(event, "response"), json_type_object))
		return FOLD_SKIPPED;
	merge(naive, get(event, "response"));
	if (get(get(event, "response"), "error") != NULL)
		naive->error_seen = true;
	return FOLD_CHANGED;
}

static bool is_progress(const char *type)
{
	static const char *const others[] = {"response.queued", "keepalive",
	    "response.web_search_call.in_progress", "response.web_search_call.searching",
	    "response.web_search_call.completed", "response.file_search_call.in_progress",
	    "response.file_search_call.searching", "response.file_search_call.completed",
	    "response.code_interpreter_call.in_progress",
	    "response.code_interpreter_call.interpreting",
	    "response.code_interpreter_call.completed",
	    "response.image_generation_call.in_progress",
	    "response.image_generation_call.generating",
	    "response.image_generation_call.partial_image",
	    "response.image_generation_call.completed", "response.mcp_call.in_progress",
	    "response.mcp_call.completed", "response.mcp_call.failed",
	    "response.mcp_list_tools.in_progress", "response.mcp_list_tools.completed",
	    "response.mcp_list_tools.failed", NULL};

	return is_one_of(type, others);
}

static enum fold_result apply(struct naive_fold *naive, json event, const char *type)
{
	size_t i;

	for (i = 0; i < sizeof(growing) / sizeof(growing[0]); i++) {
		size_t len = strlen(growing[i].event);

		if (strncmp(type, growing[i].event, len) != 0)
			continue;
		if (strcmp(type + len, ".delta") == 0)
			return grow(naive, event, &growing[i], false);
		if (strcmp(type + len, ".done") == 0)
			return grow(naive, event, &growing[i], true);
	}
	if (strcmp(type, "response.output_item.added") == 0 ||
	    strcmp(type, "response.output_item.done") == 0)
		return item_event(naive, event);
	if (strcmp(type, "response.content_part.added") == 0)
		return part_event(naive, event, "content", "content_index", false);
	if (strcmp(type, "response.content_part.done") == 0)
		return part_event(naive, event, "content", "content_index", true);
	if (strcmp(type, "response.reasoning_summary_part.added") == 0)
		return part_event(naive, event, "summary", "summary_index", false);
	if (strcmp(type, "response.reasoning_summary_part.done") == 0)
		return part_event(naive, event, "summary", "summary_index", true);
	if (strcmp(type, "response.output_text.annotation.added") == 0)
		return annotate(naive, event);
	if (strcmp(type, "response.created") == 0 || strcmp(type, "response.in_progress") == 0)
		return told(naive, event);
	if (strcmp(type, "error") == 0)
		return error_event(naive, event);
	if (is_progress(type))
		return FOLD_IGNORED;
	if (strncmp(type, "response.", 9) == 0 && status_of(type + 9) != STATUS_COUNT)
		return finish(naive, get(event, "response"), status_of(type + 9));
	return FOLD_SKIPPED;
}

static bool has_type(json event)
{
	return is(event, json_type_object) && json_object_object_get_ex(event, "type", NULL);
}

enum fold_result naive_event(struct naive_fold *naive, struct span text)
{
	enum fold_result result = FOLD_SKIPPED;
	json event;

	if (naive->status != STATUS_IN_PROGRESS)
		return FOLD_IGNORED;
	event = naive_parse(text);
	if (is(get(event, "type"), json_type_string) &&
	    strlen(json_object_get_string(get(event, "type"))) ==
		(size_t)json_object_get_string_len(get(event, "type")))
		result = apply(naive, event, json_object_get_string(get(event, "type")));
	else if (!has_type(event) && is(get(event, "error"), json_type_object))
		result = apply(naive, event, "error");
	json_object_put(event);
	return result;
}

void naive_end(struct naive_fold *naive)
{
	if (naive->status == STATUS_IN_PROGRESS)
		naive->status = naive->error_seen ? STATUS_FAILED : STATUS_COMPLETED;
}

void naive_seal(struct naive_fold *naive, time_t now)
{
	static const char *const names[] = {
	    "queued", "in_progress", "completed", "incomplete", "failed", "cancelled"};

	json_object_object_add(
	    naive->object, "status", json_object_new_string(names[naive->status]));
	if (naive->status == STATUS_COMPLETED)
		json_object_object_add(
		    naive->object, "completed_at", json_object_new_int64((int64_t)now));
}
