#include "naive_fold.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/response/credentials.h"
#include "tests/strict_json_c.h"

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
	json_tokener_set_flags(tokener, JSON_C_STRICT | JSON_TOKENER_VALIDATE_UTF8);
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

const char *naive_text(const struct naive_fold *naive)
{
	return json_object_to_json_string_ext(naive->object, JSON_C_TO_STRING_PLAIN);
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
	    .notes = json_object_new_array(),
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
	json_object_put(naive->notes);
}

static size_t length(json array)
{
	return is(array, json_type_array) ? json_object_array_length(array) : 0;
}

static json element(json array, size_t i)
{
	return json_object_array_get_idx(array, i);
}

static json output_of(struct naive_fold *naive)
{
	return get(naive->object, "output");
}

/*
 * What is known of each item beside its JSON: index, announced, done, told; and for each list of
 * its parts which of them were only made for what grows in them.
 */
static json note_of(struct naive_fold *naive, size_t at)
{
	return element(naive->notes, at);
}

static long long number(json object, const char *name)
{
	return json_object_get_int64(get(object, name));
}

static void set_number(json object, const char *name, long long value)
{
	json_object_object_add(object, name, json_object_new_int64(value));
}

static bool is_empty(json value)
{
	if (is(value, json_type_string))
		return json_object_get_string_len(value) == 0;
	if (is(value, json_type_array))
		return json_object_array_length(value) == 0;
	return is(value, json_type_object) && json_object_object_length(value) == 0;
}

static bool no_id(json item)
{
	json id = get(item, "id");

	return !is(id, json_type_string) || is_empty(id);
}

enum { NOWHERE = -1 };

static int find_by_id(struct naive_fold *naive, json id)
{
	json output = output_of(naive);
	size_t i;

	for (i = 0; i < length(output); i++)
		if (same_text(get(element(output, i), "id"), id) && !is_empty(id))
			return (int)i;
	return NOWHERE;
}

/* The last one of that index. */
static int find_by_index(struct naive_fold *naive, long long index)
{
	int found = NOWHERE;
	size_t i;

	for (i = 0; i < length(naive->notes); i++)
		if (number(note_of(naive, i), "index") == index)
			found = (int)i;
	return found;
}

static long long next_index(struct naive_fold *naive)
{
	size_t n = length(naive->notes);

	return n == 0 ? 0 : number(note_of(naive, n - 1), "index") + 1;
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

/* Takes the item over. Returns where it is. */
static int insert_item(struct naive_fold *naive, json item, size_t at, long long index)
{
	json note = json_object_new_object();

	if (at > 0 && number(note_of(naive, at - 1), "index") > index)
		index = number(note_of(naive, at - 1), "index");
	else if (at < length(naive->notes) && number(note_of(naive, at), "index") < index)
		index = number(note_of(naive, at), "index");
	set_number(note, "index", index);
	set_number(note, "announced", 1);
	array_insert(output_of(naive), at, item);
	array_insert(naive->notes, at, note);
	return (int)at;
}

static size_t place_of(struct naive_fold *naive, long long index)
{
	size_t i = 0;

	while (i < length(naive->notes) && number(note_of(naive, i), "index") <= index)
		i++;
	return i;
}

static int add_item(struct naive_fold *naive, json item, long long index)
{
	return insert_item(naive, item, place_of(naive, index), index);
}

/* Takes the item over. */
static void replace_item(struct naive_fold *naive, int at, json item)
{
	json note = note_of(naive, (size_t)at), fresh = json_object_new_object();

	set_number(fresh, "index", number(note, "index"));
	set_number(fresh, "done", number(note, "done"));
	set_number(fresh, "told", number(note, "told"));
	set_number(fresh, "announced", 1);
	json_object_array_put_idx(naive->notes, (size_t)at, fresh);
	json_object_array_put_idx(output_of(naive), (size_t)at, item);
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

static json made(const char *text)
{
	return json_tokener_parse(text);
}

/* The value that grows under a name: made if absent or null, NULL if of another type. */
static json ensure(json object, const char *name, enum json_type type)
{
	if (!is(object, json_type_object))
		return NULL;
	if (get(object, name) == NULL)
		json_object_object_add(object, name,
		    made(type == json_type_string  ? "\"\""
			 : type == json_type_array ? "[]"
						   : "{}"));
	return is(get(object, name), type) ? get(object, name) : NULL;
}

static bool could_grow(json object, const char *name, enum json_type type)
{
	return is(object, json_type_object) &&
	       (get(object, name) == NULL || is(get(object, name), type));
}

/* Where nothing is added, nothing is set: json-c leaks a text that is set to be empty. */
static void append_text(json string, json more)
{
	size_t old = (size_t)json_object_get_string_len(string);
	size_t extra = (size_t)json_object_get_string_len(more);
	char *both = malloc(old + extra + 1);

	if (both == NULL)
		abort();
	if (extra == 0) {
		free(both);
		return;
	}
	memcpy(both, json_object_get_string(string), old);
	memcpy(both + old, json_object_get_string(more), extra);
	json_object_set_string_len(string, both, (int)(old + extra));
	free(both);
}

/* What is kept. */

static bool same_kind(json a, json b)
{
	json x = get(a, "type"), y = get(b, "type");

	return !is(x, json_type_string) || !is(y, json_type_string) || same_text(x, y);
}

static void keep_plain(
    json old, json item, const char *name, enum json_type type, bool over_empty_text)
{
	json before = get(old, name), now = get(item, name);

	if (!is(before, type) || is_empty(before))
		return;
	if (now == NULL || (type == json_type_array && is(now, type) && is_empty(now)) ||
	    (over_empty_text && type == json_type_string && is(now, type) && is_empty(now)))
		set(item, name, before);
}

static void keep_part(json old, json part, bool over_empty)
{
	static const char *const texts[] = {"text", "refusal", "stdout", "stderr"};
	size_t i;

	if (!is(old, json_type_object) || !is(part, json_type_object) || !same_kind(old, part))
		return;
	keep_plain(old, part, "annotations", json_type_array, over_empty);
	keep_plain(old, part, "logprobs", json_type_array, over_empty);
	for (i = 0; i < 4; i++)
		keep_plain(old, part, texts[i], json_type_string, over_empty);
}

static void keep_parts(json old, json item, const char *name, bool over_empty)
{
	json before = get(old, name), now = get(item, name);
	size_t i;

	if (length(before) == 0)
		return;
	if (now == NULL) {
		set(item, name, before);
		return;
	}
	if (!is(now, json_type_array))
		return;
	for (i = 0; i < length(before); i++) {
		if (i < length(now))
			keep_part(element(before, i), element(now, i), over_empty);
		else
			json_object_array_add(now, json_object_get(element(before, i)));
	}
}

/* Gives a new item what it lacks of an old one. */
static void keep(json old, json item, bool over_empty)
{
	static const char *const texts[] = {"arguments", "code", "input"};
	size_t i;

	if (!same_kind(old, item))
		return;
	for (i = 0; i < 3; i++)
		keep_plain(old, item, texts[i], json_type_string, over_empty);
	keep_parts(old, item, "summary", over_empty);
	keep_parts(old, item, "content", over_empty);
	keep_parts(old, item, "output", over_empty);
	keep_plain(old, item, "action", json_type_object, false);
	keep_plain(old, item, "operation", json_type_object, false);
	if (is(get(old, "action"), json_type_object) && is(get(item, "action"), json_type_object))
		keep_parts(get(old, "action"), get(item, "action"), "commands", over_empty);
	if (is(get(old, "operation"), json_type_object) &&
	    is(get(item, "operation"), json_type_object))
		keep_plain(get(old, "operation"), get(item, "operation"), "diff", json_type_string,
		    over_empty);
}

/* A part of a message is whole while it grows. */
static void complete(json part)
{
	if (!text_is(get(part, "type"), "output_text"))
		return;
	if (get(part, "annotations") == NULL)
		json_object_object_add(part, "annotations", json_object_new_array());
	if (get(part, "logprobs") == NULL)
		json_object_object_add(part, "logprobs", json_object_new_array());
}

static void complete_all(json item)
{
	json content = get(item, "content");
	size_t i;

	for (i = 0; i < length(content); i++)
		complete(element(content, i));
}

static json copy(json value)
{
	json other = NULL;

	if (value != NULL && json_object_deep_copy(value, &other, NULL) != 0)
		abort();
	return other;
}

/* What an event means. */

struct kind {
	const char *event;  /* without .delta or .done */
	const char *within; /* the member of the item that holds the next; NULL if the item does */
	const char *list;   /* where the part is that grows; NULL for the item's own member */
	const char *member; /* NULL: the part itself */
	const char *done;   /* the member of the .done event */
	const char *type;   /* of the item that is opened */
	const char *prefix;
	const char *rest; /* of that item */
	const char *part; /* the part that is opened */
};

#define RUNNING "\"status\":\"in_progress\""
#define MESSAGE RUNNING ",\"role\":\"assistant\",\"content\":[]"

static const struct kind kinds[] = {
    {"response.output_text", NULL, "content", "text", "text", "message", "msg", MESSAGE,
	"{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[],\"logprobs\":[]}"},
    {"response.reasoning_text", NULL, "content", "text", "text", "reasoning", "rs",
	"\"summary\":[]", "{\"type\":\"reasoning_text\",\"text\":\"\"}"},
    {"response.reasoning", NULL, "content", "text", "text", "reasoning", "rs", "\"summary\":[]",
	"{\"type\":\"reasoning_text\",\"text\":\"\"}"},
    {"response.refusal", NULL, "content", "refusal", "refusal", "message", "msg", MESSAGE,
	"{\"type\":\"refusal\",\"refusal\":\"\"}"},
    {"response.reasoning_summary_text", NULL, "summary", "text", "text", "reasoning", "rs",
	"\"summary\":[]", "{\"type\":\"summary_text\",\"text\":\"\"}"},
    {"response.function_call_arguments", NULL, NULL, "arguments", "arguments", "function_call",
	"fc", RUNNING ",\"call_id\":0,\"name\":\"\",\"arguments\":\"\"", NULL},
    {"response.mcp_call_arguments", NULL, NULL, "arguments", "arguments", "mcp_call", "mcp",
	RUNNING ",\"name\":\"\",\"server_label\":\"\",\"arguments\":\"\"", NULL},
    {"response.custom_tool_call_input", NULL, NULL, "input", "input", "custom_tool_call", "ctc",
	RUNNING ",\"call_id\":0,\"name\":\"\",\"input\":\"\"", NULL},
    {"response.code_interpreter_call_code", NULL, NULL, "code", "code", "code_interpreter_call",
	"ci", RUNNING ",\"container_id\":\"\",\"outputs\":null,\"code\":\"\"", NULL},
    {"response.shell_call_command", "action", "commands", NULL, "command", "shell_call", "sh",
	RUNNING ",\"call_id\":0,\"action\":{\"commands\":[],\"max_output_length\":null,"
		"\"timeout_ms\":null}",
	"\"\""},
    {"response.shell_call_output_content", NULL, "output", "stdout", "output", "shell_call_output",
	"sho", RUNNING ",\"call_id\":0,\"output\":[]", "{\"stdout\":\"\",\"stderr\":\"\"}"},
    {"response.apply_patch_call_operation_diff", "operation", NULL, "diff", "diff",
	"apply_patch_call", "apc",
	RUNNING ",\"call_id\":0,\"operation\":{\"type\":\"update_file\",\"path\":\"\","
		"\"diff\":\"\"}",
	NULL},
};

static const struct kind *kind_of(const char *event)
{
	size_t i = 0;

	while (strcmp(kinds[i].event, event) != 0)
		i++;
	return &kinds[i];
}

static int nature_of(json type)
{
	if (!is(type, json_type_string))
		return 0;
	return text_is(type, "message") ? 1 : text_is(type, "reasoning") ? 2 : 3;
}

static bool suits(json item, const struct kind *kind, bool content_part)
{
	int nature = nature_of(get(item, "type"));

	if (nature == 0)
		return true;
	if (content_part)
		return nature != 3;
	return nature == (strcmp(kind->type, "message") == 0        ? 1
			     : strcmp(kind->type, "reasoning") == 0 ? 2
								    : 3);
}

/* The members of the response's id and the index, as an id for an item without one. */
static json make_id(struct naive_fold *naive, const char *prefix, long long index)
{
	char text[200];

	snprintf(text, sizeof(text), "%s_%s_%lld", prefix,
	    json_object_get_string(get(naive->object, "id")), index);
	return json_object_new_string(text);
}

/* Opens an item that was never announced. Returns where it is. */
static int open_item(struct naive_fold *naive, json event, const struct kind *kind, long long index)
{
	json id = json_object_get(get(event, "item_id")), name = get(event, "name"), item;
	char text[400];
	int at;

	if (id == NULL)
		id = make_id(naive, kind->prefix, index);
	snprintf(text, sizeof(text), "{\"type\":\"%s\",%s}", kind->type, kind->rest);
	item = made(text);
	json_object_object_add(item, "id", id);
	if (has(item, "call_id"))
		set(item, "call_id", id);
	if (has(item, "name") && is(name, json_type_string))
		set(item, "name", name);
	at = add_item(naive, item, index);
	set_number(note_of(naive, (size_t)at), "announced", 0);
	return at;
}

/* Where the item is that the event means; UNOPENED if it has to be opened; NOWHERE if neither. */
enum { UNOPENED = -2 };

static int find_item(struct naive_fold *naive, json event, const struct kind *kind,
    bool content_part, long long *index)
{
	json id = get(event, "item_id");
	long long told = -1;
	int at;

	if (!read_index(event, "output_index", INT_MAX, &told))
		return NOWHERE;
	if (id != NULL && !is(id, json_type_string))
		return NOWHERE;
	at = find_by_id(naive, id);
	if (at != NOWHERE || told < 0)
		return at;
	*index = naive->base + told;
	at = find_by_index(naive, *index);
	if (at == NOWHERE)
		return *index == next_index(naive) ? UNOPENED : NOWHERE;
	return suits(element(output_of(naive), (size_t)at), kind, content_part) ? at : UNOPENED;
}

static const char *index_name(const char *list)
{
	if (strcmp(list, "summary") == 0)
		return "summary_index";
	return strcmp(list, "content") == 0 ? "content_index" : "command_index";
}

/* The object in the item that holds what grows, or NULL if it cannot. */
static json holder(json item, const struct kind *kind)
{
	return kind->within != NULL ? ensure(item, kind->within, json_type_object) : item;
}

static json parts_of(struct naive_fold *naive, int at, const struct kind *kind)
{
	json item = at >= 0 ? element(output_of(naive), (size_t)at) : NULL;

	return get(kind->within != NULL ? get(item, kind->within) : item, kind->list);
}

/* Which parts of a list were only made: an array of 0 and 1, by index. */
static json made_parts(struct naive_fold *naive, int at, const struct kind *kind)
{
	return ensure(note_of(naive, (size_t)at), kind->list, json_type_array);
}

static void put_part(
    struct naive_fold *naive, int at, const struct kind *kind, size_t index, json part, bool only)
{
	json_object_array_put_idx(parts_of(naive, at, kind), index, part);
	json_object_array_put_idx(made_parts(naive, at, kind), index, json_object_new_int(only));
}

static bool was_made(struct naive_fold *naive, int at, const struct kind *kind, size_t index)
{
	return json_object_get_int(element(made_parts(naive, at, kind), index)) == 1;
}

/* An event about an item, and if the kind has a list about a part, which are opened. */
struct aim {
	json item;
	int at;
	size_t part;
	json list;
};

static bool take_aim(struct naive_fold *naive, json event, const struct kind *kind, bool whole_part,
    long long otherwise, struct aim *aim)
{
	bool content_part = whole_part && strcmp(kind->list, "content") == 0;
	long long output_index = 0, count, part;
	int at = find_item(naive, event, kind, content_part, &output_index);

	if (at == NOWHERE)
		return false;
	if (kind->list != NULL) {
		count = (long long)length(parts_of(naive, at, kind));
		part = otherwise < 0 || otherwise > count ? count : otherwise;
		if (!read_index(event, index_name(kind->list), count + 1, &part))
			return false;
		aim->part = (size_t)part;
	}
	if (at == UNOPENED)
		at = open_item(naive, event, kind, output_index);
	aim->at = at;
	aim->item = element(output_of(naive), (size_t)at);
	if (kind->list == NULL)
		return true;
	aim->list = ensure(holder(aim->item, kind), kind->list, json_type_array);
	if (aim->list == NULL)
		return false;
	if (!whole_part && aim->part == length(aim->list))
		put_part(naive, at, kind, aim->part, made(kind->part), true);
	return true;
}

static void changed(struct naive_fold *naive)
{
	if (!naive->life_ended)
		naive->settled = false;
}

/* The string that the aimed at event changes, or NULL. */
static json string_of(const struct aim *aim, const struct kind *kind)
{
	json part;

	if (kind->list == NULL)
		return ensure(holder(aim->item, kind), kind->member, json_type_string);
	part = element(aim->list, aim->part);
	if (kind->member == NULL)
		return is(part, json_type_string) ? part : NULL;
	return ensure(part, kind->member, json_type_string);
}

/* Puts another in its place: json-c leaks one that becomes empty. */
static void set_string(const struct aim *aim, const struct kind *kind, json value)
{
	if (kind->list == NULL)
		set(holder(aim->item, kind), kind->member, value);
	else if (kind->member != NULL)
		set(element(aim->list, aim->part), kind->member, value);
	else
		json_object_array_put_idx(aim->list, aim->part, json_object_get(value));
}

static void take_logprobs(const struct aim *aim, const struct kind *kind, json event, bool done)
{
	json part, list, logprobs = get(event, "logprobs");
	size_t i;

	if (kind->list == NULL || strcmp(kind->list, "content") != 0 ||
	    strcmp(kind->member, "text") != 0 || length(logprobs) == 0)
		return;
	part = element(aim->list, aim->part);
	list = ensure(part, "logprobs", json_type_array);
	if (list == NULL)
		return;
	if (done)
		set(part, "logprobs", logprobs);
	else
		for (i = 0; i < length(logprobs); i++)
			json_object_array_add(list, json_object_get(element(logprobs, i)));
}

static enum fold_result grow(
    struct naive_fold *naive, json event, const struct kind *kind, bool done)
{
	json value = get(event, done ? kind->done : "delta"), string;
	struct aim aim = {0};

	if (!is(value, json_type_string) || !take_aim(naive, event, kind, false, 0, &aim))
		return FOLD_SKIPPED;
	string = string_of(&aim, kind);
	if (string == NULL)
		return FOLD_SKIPPED;
	if (done)
		set_string(&aim, kind, value);
	else
		append_text(string, value);
	take_logprobs(&aim, kind, event, done);
	changed(naive);
	return FOLD_CHANGED;
}

static enum fold_result command_added(struct naive_fold *naive, json event)
{
	const struct kind *kind = kind_of("response.shell_call_command");
	json value = get(event, "command"), string;
	struct aim aim = {0};

	if (!is(value, json_type_string) || !take_aim(naive, event, kind, false, 0, &aim))
		return FOLD_SKIPPED;
	string = string_of(&aim, kind);
	if (string == NULL)
		return FOLD_SKIPPED;
	if (!is_empty(value))
		set_string(&aim, kind, value);
	changed(naive);
	return FOLD_CHANGED;
}

static enum fold_result streams(struct naive_fold *naive, json event)
{
	static const char *const names[] = {"stdout", "stderr"};
	const struct kind *kind = kind_of("response.shell_call_output_content");
	json delta = get(event, "delta"), part;
	struct aim aim = {0};
	size_t i;

	if (!is(delta, json_type_object) || !take_aim(naive, event, kind, false, 0, &aim))
		return FOLD_SKIPPED;
	part = element(aim.list, aim.part);
	for (i = 0; i < 2; i++)
		if (is(get(delta, names[i]), json_type_string) &&
		    !could_grow(part, names[i], json_type_string))
			return FOLD_SKIPPED;
	for (i = 0; i < 2; i++)
		if (is(get(delta, names[i]), json_type_string))
			append_text(ensure(part, names[i], json_type_string), get(delta, names[i]));
	changed(naive);
	return FOLD_CHANGED;
}

/* Puts a whole part, taken over, in its place. */
static void whole_part(struct naive_fold *naive, const struct kind *kind, const struct aim *aim,
    size_t index, json part, bool keeps, bool over_empty)
{
	if (keeps && index < length(aim->list))
		keep_part(element(aim->list, index), part, over_empty);
	if (strcmp(kind->list, "content") == 0)
		complete(part);
	put_part(naive, aim->at, kind, index, part, false);
}

static enum fold_result outputs_done(struct naive_fold *naive, json event)
{
	const struct kind *kind = kind_of("response.shell_call_output_content");
	json outputs = get(event, "output");
	struct aim aim = {0};
	size_t i;

	if (!is(outputs, json_type_array))
		return FOLD_SKIPPED;
	for (i = 0; i < length(outputs); i++)
		if (!is(element(outputs, i), json_type_object))
			return FOLD_SKIPPED;
	if (!take_aim(naive, event, kind, true, 0, &aim))
		return FOLD_SKIPPED;
	for (i = 0; i < length(outputs); i++)
		whole_part(naive, kind, &aim, aim.part + i, copy(element(outputs, i)), true, false);
	changed(naive);
	return FOLD_CHANGED;
}

static enum fold_result annotate(struct naive_fold *naive, json event)
{
	json annotation = get(event, "annotation"), array;
	struct aim aim = {0};

	if (!is(annotation, json_type_object) ||
	    !take_aim(naive, event, kind_of("response.output_text"), false, 0, &aim))
		return FOLD_SKIPPED;
	array = ensure(element(aim.list, aim.part), "annotations", json_type_array);
	if (array == NULL)
		return FOLD_SKIPPED;
	json_object_array_add(array, json_object_get(annotation));
	changed(naive);
	return FOLD_CHANGED;
}

static enum fold_result part_event(
    struct naive_fold *naive, json event, const char *list, bool done)
{
	json part = get(event, "part");
	bool summary = strcmp(list, "summary") == 0, only;
	const struct kind *kind =
	    kind_of(summary ? "response.reasoning_summary_text"
		    : text_is(get(part, "type"), "reasoning_text") ? "response.reasoning_text"
								   : "response.output_text");
	struct aim aim = {0};

	if (!is(part, json_type_object) ||
	    !take_aim(naive, event, kind, true, done ? 0 : NOWHERE, &aim))
		return FOLD_SKIPPED;
	only = aim.part < length(aim.list) && was_made(naive, aim.at, kind, aim.part);
	whole_part(naive, kind, &aim, aim.part, copy(part), done || only, !done);
	changed(naive);
	return FOLD_CHANGED;
}

static void begin_life(struct naive_fold *naive)
{
	if (!naive->life_ended)
		set(naive->object, "error", NULL);
	naive->error_seen = false;
	naive->base = next_index(naive);
	naive->life_ended = naive->settled = false;
}

static const char *prefix_of(json type)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (text_is(type, kinds[i].type))
			return kinds[i].prefix;
	return "item";
}

static bool may_be_same(json old, json item)
{
	json a = get(old, "call_id"), b = get(item, "call_id");

	return same_kind(old, item) &&
	       (!is(a, json_type_string) || !is(b, json_type_string) || same_text(a, b));
}

static const char *const lists[4] = {"summary", "content", "output", "commands"};

static json list_of(json item, size_t which)
{
	return get(which == 3 ? get(item, "action") : item, lists[which]);
}

static void count_parts(json item, size_t counts[4])
{
	size_t i;

	for (i = 0; i < 4; i++)
		counts[i] = length(list_of(item, i));
}

/* Parts that an announcement does not name have still only been made. */
static void mark_made(struct naive_fold *naive, int at, const size_t named[4])
{
	json item = element(output_of(naive), (size_t)at), made_ones;
	size_t i, part;

	for (i = 0; i < 4; i++) {
		made_ones = ensure(note_of(naive, (size_t)at), lists[i], json_type_array);
		for (part = named[i]; part < length(list_of(item, i)); part++)
			json_object_array_put_idx(made_ones, part, json_object_new_int(1));
	}
}

static enum fold_result item_event(struct naive_fold *naive, json event, bool done)
{
	json item = get(event, "item"), id = get(item, "id"), old;
	bool only_made = false;
	long long told = -1;
	int at;

	if (!is(item, json_type_object) || (id != NULL && !is(id, json_type_string)) ||
	    !read_index(event, "output_index", INT_MAX, &told))
		return FOLD_SKIPPED;
	item = copy(item);
	at = find_by_id(naive, id);
	if (at == NOWHERE && done && told >= 0) {
		at = find_by_index(naive, naive->base + told);
		if (at != NOWHERE && (number(note_of(naive, (size_t)at), "done") ||
					 !may_be_same(element(output_of(naive), (size_t)at), item)))
			at = NOWHERE;
	}
	if (!done)
		complete_all(item);
	if (at == NOWHERE) {
		if (naive->life_ended)
			begin_life(naive);
		told = told < 0 ? next_index(naive) : naive->base + told;
		if (no_id(item))
			json_object_object_add(
			    item, "id", make_id(naive, prefix_of(get(item, "type")), told));
		at = add_item(naive, item, told);
	} else {
		size_t named[4] = {0};

		old = element(output_of(naive), (size_t)at);
		only_made = !done && !number(note_of(naive, (size_t)at), "announced");
		count_parts(item, named);
		if (done && no_id(item) && !no_id(old))
			set(item, "id", get(old, "id"));
		if (done)
			keep(old, item, false);
		else if (only_made)
			keep(old, item, true);
		replace_item(naive, at, item);
		if (only_made)
			mark_made(naive, at, named);
	}
	set_number(note_of(naive, (size_t)at), "done", done);
	if (!done)
		set_number(note_of(naive, (size_t)at), "told", 0);
	changed(naive);
	return FOLD_CHANGED;
}

static json normal_error(json error)
{
	json result = json_object_new_object(), code, message;

	if (is(error, json_type_object)) {
		json_object_object_foreach(error, name, value)
		{
			set(result, name, value);
		}
	}
	code = get(error, "code");
	message = is(error, json_type_string) ? error : get(error, "message");
	if (is(code, json_type_int))
		json_object_object_add(
		    result, "code", json_object_new_string(json_object_get_string(code)));
	else if (!is(code, json_type_string) || is_empty(code))
		json_object_object_add(result, "code", json_object_new_string("server_error"));
	if (is(message, json_type_string))
		set(result, "message", message);
	else
		json_object_object_add(result, "message",
		    json_object_new_string(
			"The provider reported an error without saying what it was."));
	return result;
}

static void set_error(struct naive_fold *naive, json error)
{
	json_object_object_add(naive->object, "error", normal_error(error));
	naive->error_seen = true;
}

/* Whether a member may be taken over: a known one has a certain type, an unknown one no secret. */
static bool acceptable(const char *name, struct span value)
{
	enum response_field field = response_field_find(span_of(name));

	if (strcmp(name, "usage") == 0)
		return value.p[0] == '{';
	if (field == RESPONSE_FIELD_COUNT)
		return !credentials_are_in(span_of(name), value);
	return response_field_accepts(field, value);
}

static void take(struct naive_fold *naive, const char *name, json value)
{
	struct buf text = {0}, clean = {0};

	buf_puts(&text, json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
	if (!acceptable(name, buf_span(&text)))
		value = NULL;
	else if (strcmp(name, "tools") == 0 || strcmp(name, "tool_choice") == 0) {
		credentials_write(&clean, buf_span(&text));
		json_object_object_add(naive->object, name, naive_parse(buf_span(&clean)));
		value = NULL;
	}
	if (value != NULL)
		set(naive->object, name, value);
	buf_free(&text);
	buf_free(&clean);
}

static bool says_something(json error)
{
	return is(error, json_type_string) || get(error, "code") != NULL ||
	       get(error, "message") != NULL || get(error, "type") != NULL;
}

static void merge(struct naive_fold *naive, json response)
{
	static const char *const own[] = {"id", "object", "created_at", "status", "completed_at",
	    "background", "output", "error", NULL};

	if (!is(response, json_type_object))
		return;
	json_object_object_foreach(response, name, value)
	{
		if (value != NULL && !is_one_of(name, own))
			take(naive, name, value);
	}
	if (says_something(get(response, "error")))
		set_error(naive, get(response, "error"));
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

static bool is_meant(struct naive_fold *naive, size_t at, json item)
{
	json note = note_of(naive, at);

	return number(note, "index") >= naive->base && number(note, "told") != naive->tellings &&
	       may_be_same(element(output_of(naive), at), item);
}

static bool is_same_call(struct naive_fold *naive, size_t at, json item)
{
	return same_text(get(element(output_of(naive), at), "call_id"), get(item, "call_id"));
}

static void tell_items(struct naive_fold *naive, json items)
{
	size_t i, j, first = place_of(naive, naive->base - 1), next = first;
	int at;

	naive->tellings++;
	for (i = 0; i < length(items); i++) {
		json item = copy(element(items, i));

		if (!is(item, json_type_object)) {
			json_object_put(item);
			continue;
		}
		at = find_by_id(naive, get(item, "id"));
		if (at == NOWHERE) {
			at = find_by_index(naive, naive->base + (long long)i);
			if (at != NOWHERE && !is_meant(naive, (size_t)at, item))
				at = NOWHERE;
		}
		for (j = first; at == NOWHERE && j < length(output_of(naive)); j++)
			if (is_meant(naive, j, item) && (j >= next || is_same_call(naive, j, item)))
				at = (int)j;
		if (at == NOWHERE) {
			at = insert_item(naive, item, next, naive->base + (long long)i);
		} else {
			keep(element(output_of(naive), (size_t)at), item, false);
			replace_item(naive, at, item);
			set_number(note_of(naive, (size_t)at), "done", 1);
		}
		set_number(note_of(naive, (size_t)at), "told", naive->tellings);
		next = (size_t)at + 1;
	}
}

static enum fold_result finish(struct naive_fold *naive, json response, enum response_status status)
{
	json told = get(response, "status");

	if (response != NULL && !is(response, json_type_object))
		return FOLD_SKIPPED;
	if (naive->status != STATUS_IN_PROGRESS) {
		if (!naive->error_seen)
			set(naive->object, "error", NULL);
		set(naive->object, "incomplete_details", NULL);
	}
	merge(naive, response);
	if (response != NULL)
		tell_items(naive, get(response, "output"));
	naive->status = status;
	if (text_is(told, "completed") || text_is(told, "failed") || text_is(told, "incomplete") ||
	    text_is(told, "cancelled"))
		naive->status = status_of(json_object_get_string(told));
	if (naive->status == STATUS_COMPLETED && !says_something(get(response, "error"))) {
		set(naive->object, "error", NULL);
		naive->error_seen = false;
	}
	naive->life_ended = naive->settled = true;
	return FOLD_TERMINAL;
}

static enum fold_result error_event(struct naive_fold *naive, json event)
{
	static const char *const names[] = {"code", "message", "param"};
	json error = get(event, "error"), own;
	size_t i;

	if (naive->life_ended &&
	    (naive->status != STATUS_FAILED || get(naive->object, "error") != NULL))
		return FOLD_SKIPPED;
	own = json_object_new_object();
	for (i = 0; i < 3; i++)
		if (has(event, names[i]))
			set(own, names[i], get(event, names[i]));
	set_error(naive, is(error, json_type_object) || is(error, json_type_string) ? error : own);
	json_object_put(own);
	naive->settled = true;
	return FOLD_CHANGED;
}

static enum fold_result told(struct naive_fold *naive, json event)
{
	if (!has(event, "response"))
		return FOLD_IGNORED;
	if (!is(get(event, "response"), json_type_object))
		return FOLD_SKIPPED;
	merge(naive, get(event, "response"));
	return FOLD_CHANGED;
}

static enum fold_result created(struct naive_fold *naive, json event)
{
	bool begins = naive->created || naive->settled;
	enum fold_result result;

	if (begins && (!has(event, "response") || is(get(event, "response"), json_type_object)))
		begin_life(naive);
	result = told(naive, event);
	if (result == FOLD_SKIPPED)
		return result;
	naive->created = true;
	return begins ? FOLD_CHANGED : result;
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

	if (strcmp(type, "response.shell_call_command.added") == 0)
		return command_added(naive, event);
	if (strcmp(type, "response.shell_call_output_content.delta") == 0)
		return streams(naive, event);
	if (strcmp(type, "response.shell_call_output_content.done") == 0)
		return outputs_done(naive, event);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].event);

		if (strncmp(type, kinds[i].event, len) != 0)
			continue;
		if (strcmp(type + len, ".delta") == 0)
			return grow(naive, event, &kinds[i], false);
		if (strcmp(type + len, ".done") == 0)
			return grow(naive, event, &kinds[i], true);
	}
	if (strcmp(type, "response.output_item.added") == 0)
		return item_event(naive, event, false);
	if (strcmp(type, "response.output_item.done") == 0)
		return item_event(naive, event, true);
	if (strcmp(type, "response.content_part.added") == 0)
		return part_event(naive, event, "content", false);
	if (strcmp(type, "response.content_part.done") == 0)
		return part_event(naive, event, "content", true);
	if (strcmp(type, "response.reasoning_summary_part.added") == 0)
		return part_event(naive, event, "summary", false);
	if (strcmp(type, "response.reasoning_summary_part.done") == 0)
		return part_event(naive, event, "summary", true);
	if (strcmp(type, "response.output_text.annotation.added") == 0)
		return annotate(naive, event);
	if (strcmp(type, "response.created") == 0)
		return created(naive, event);
	if (strcmp(type, "response.in_progress") == 0)
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

	if (naive->ended)
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

static void end_items(struct naive_fold *naive)
{
	size_t i;

	for (i = 0; i < length(output_of(naive)); i++) {
		json item = element(output_of(naive), i);

		if (number(note_of(naive, i), "told") == 0 &&
		    text_is(get(item, "status"), "in_progress"))
			json_object_object_add(
			    item, "status", json_object_new_string("incomplete"));
	}
}

void naive_end(struct naive_fold *naive)
{
	bool cut = naive->status != STATUS_IN_PROGRESS && !naive->life_ended;

	if (!naive->life_ended && naive->error_seen)
		naive->status = STATUS_FAILED;
	else if (naive->status == STATUS_IN_PROGRESS)
		naive->status = STATUS_COMPLETED;
	if (naive->status != STATUS_COMPLETED || cut)
		end_items(naive);
	if (naive->status == STATUS_FAILED && get(naive->object, "error") == NULL)
		json_object_object_add(naive->object, "error",
		    made("{\"code\":\"server_error\",\"message\":"
			 "\"The provider's response failed, and nothing says why.\"}"));
	naive->ended = true;
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
