#include "chat_calls.h"

#include <stdlib.h>
#include <string.h>

#include "call_arguments.h"
#include "common/base/alloc.h"
#include "common/base/json.h"
#include "common/dialect/members.h"

/* The index of function_call, which has none. */
enum { LEGACY_INDEX = -1 };

struct chat_call {
	long long key; /* the builder's: the how manieth it is */
	bool has_index;
	long long index;
	struct buf id, name; /* JSON strings, or empty */
	struct call_arguments arguments;
	struct buf held; /* arguments that came before the name: inside of a JSON string */
	struct buf extra;
	bool told;
	bool is_format;  /* its arguments are the text of the answer */
	long long turn;  /* when it was seen last, ... */
	bool named_then; /* ... and whether that had a name */
};

/* What an element of tool_calls says. */
struct piece {
	bool has_index;
	long long index;
	struct span id, name;  /* JSON strings that are not empty, or empty */
	struct span arguments; /* a JSON string, or empty */
	struct span extra;
	enum chat_calls_place place;
};

void chat_calls_open(
    struct chat_calls *calls, struct builder *builder, const struct tool_names *tools)
{
	*calls = (struct chat_calls){.builder = builder, .tools = tools};
}

static void free_call(struct chat_calls *calls, struct chat_call *call)
{
	if (call == NULL)
		return;
	calls->builder->waiting -= call->held.len;
	buf_free(&call->id);
	buf_free(&call->name);
	buf_free(&call->held);
	buf_free(&call->extra);
	free(call);
}

void chat_calls_close(struct chat_calls *calls)
{
	for (size_t i = 0; i < CHAT_CALLS_KEPT; i++)
		free_call(calls, calls->kept[i]);
	buf_free(&calls->extra);
	buf_free(&calls->scratch);
}

static struct chat_call *call_at(const struct chat_calls *calls, long long number)
{
	return calls->kept[number % CHAT_CALLS_KEPT];
}

static long long oldest_kept(const struct chat_calls *calls)
{
	return calls->count > CHAT_CALLS_KEPT ? calls->count - CHAT_CALLS_KEPT : 0;
}

static struct chat_call *newest(const struct chat_calls *calls)
{
	return calls->count > 0 ? call_at(calls, calls->count - 1) : NULL;
}

static struct chat_call *find_index(const struct chat_calls *calls, long long index)
{
	for (long long n = calls->count; n-- > oldest_kept(calls);) {
		struct chat_call *call = call_at(calls, n);

		if (call->has_index && call->index == index)
			return call;
	}
	return NULL;
}

static struct chat_call *find_id(const struct chat_calls *calls, struct span id)
{
	for (long long n = calls->count; n-- > oldest_kept(calls);) {
		struct chat_call *call = call_at(calls, n);

		if (span_eq(buf_span(&call->id), id))
			return call;
	}
	return NULL;
}

static bool other_id(const struct chat_call *call, const struct piece *piece)
{
	return piece->id.len > 0 && call->id.len > 0 && !span_eq(piece->id, buf_span(&call->id));
}

/* The call that the piece may belong to. */
static struct chat_call *find_call(const struct chat_calls *calls, const struct piece *piece)
{
	bool by_id = piece->id.len > 0 && (!piece->has_index || piece->place == CALLS_IN_MESSAGE);
	struct chat_call *call = NULL, *other;

	if (piece->has_index)
		call = find_index(calls, piece->index);
	else if (piece->id.len == 0)
		call = newest(calls);
	if (by_id && (call == NULL || other_id(call, piece))) {
		other = find_id(calls, piece->id);
		call = other != NULL ? other : call;
	}
	return call;
}

/* Whether one is the beginning of the other: a name may come as far as it is known. */
static bool names_agree(struct span a, struct span b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;

	return shorter == 0 || memcmp(a.p, b.p, shorter - 1) == 0;
}

/* Whether it is the call once more, whole. */
static bool is_repetition(
    const struct chat_call *call, const struct piece *piece, const struct call_arguments *arguments)
{
	if (piece->place != CALLS_IN_MESSAGE && other_id(call, piece))
		return false;
	if (piece->place == CALLS_IN_DELTA && !call->arguments.whole)
		return false;
	return names_agree(buf_span(&call->name), piece->name) &&
	       call_arguments_equal(&call->arguments, arguments);
}

/* Whether a piece with a name begins another call than the one that its index or id names. */
static bool is_another(
    const struct chat_call *call, const struct piece *piece, const struct call_arguments *arguments)
{
	return other_id(call, piece) || !names_agree(buf_span(&call->name), piece->name) ||
	       (call->arguments.whole && arguments->length > 0);
}

static struct chat_call *add_call(struct chat_calls *calls, const struct piece *piece)
{
	struct chat_call **place = &calls->kept[calls->count % CHAT_CALLS_KEPT];

	if (*place != NULL)
		builder_end_call(calls->builder, (*place)->key);
	free_call(calls, *place);
	*place = xcalloc(1, sizeof(**place));
	(*place)->key = calls->count++;
	(*place)->has_index = piece->has_index;
	(*place)->index = piece->index;
	return *place;
}

static void keep_string(struct buf *kept, struct span string)
{
	buf_clear(kept);
	buf_append_span(kept, string);
}

static void grow_name(struct chat_call *call, struct span name)
{
	if (!call->told && name.len > call->name.len)
		keep_string(&call->name, name);
}

static void tell_arguments(struct chat_calls *calls, struct chat_call *call, struct span piece)
{
	if (call->is_format)
		builder_text(calls->builder, piece, (struct span){0});
	else
		builder_arguments(calls->builder, call->key, piece);
}

static void hold(struct chat_calls *calls, struct chat_call *call, struct span raw)
{
	buf_append_span(&call->held, raw);
	calls->builder->waiting += raw.len;
}

static void tell_held(struct chat_calls *calls, struct chat_call *call)
{
	struct buf *string = &calls->scratch;

	if (call->held.len == 0)
		return;
	buf_clear(string);
	buf_putc(string, '"');
	buf_append_span(string, buf_span(&call->held));
	buf_putc(string, '"');
	tell_arguments(calls, call, buf_span(string));
	calls->builder->waiting -= call->held.len;
	buf_free(&call->held);
}

static const struct tool_name *find_tool(struct chat_calls *calls, const struct chat_call *call)
{
	buf_clear(&calls->scratch);
	json_decode(buf_span(&call->name), &calls->scratch);
	return tool_names_find(calls->tools, buf_span(&calls->scratch));
}

static void tell_begin(
    struct chat_calls *calls, const struct chat_call *call, const struct tool_name *tool)
{
	struct buf name = {0}, space = {0};
	struct builder_call begin = {
	    .id = buf_span(&call->id),
	    .name = buf_span(&call->name),
	    .extra = buf_span(&call->extra),
	    .custom = tool != NULL && tool->kind == TOOL_CUSTOM,
	};

	if (tool != NULL) {
		json_quote(&name, span_of(tool->name));
		begin.name = buf_span(&name);
	}
	if (tool != NULL && tool->space != NULL) {
		json_quote(&space, span_of(tool->space));
		begin.space = buf_span(&space);
	}
	builder_call(calls->builder, call->key, &begin);
	buf_free(&name);
	buf_free(&space);
}

static void tell_call(struct chat_calls *calls, struct chat_call *call)
{
	const struct tool_name *tool = find_tool(calls, call);

	if (call->extra.len == 0 && calls->extra.len > 0) {
		buf_append_span(&call->extra, buf_span(&calls->extra));
		buf_clear(&calls->extra);
	}
	call->told = true;
	call->is_format = tool != NULL && tool->kind == TOOL_FORMAT;
	if (!call->is_format)
		tell_begin(calls, call, tool);
	tell_held(calls, call);
}

/* Tells of those before end that have a name, in their order. */
static void settle_before(struct chat_calls *calls, long long end)
{
	long long n = calls->waiting;

	if (n < oldest_kept(calls))
		n = oldest_kept(calls);
	for (; n < end; n++) {
		struct chat_call *call = call_at(calls, n);

		if (!call->told && call->name.len > 0)
			tell_call(calls, call);
	}
	while (calls->waiting < calls->count &&
	       (calls->waiting < oldest_kept(calls) || call_at(calls, calls->waiting)->told))
		calls->waiting++;
}

static void write_extra(struct buf *out, struct span extra_content)
{
	buf_clear(out);
	buf_puts(out, "{\"extra_content\":");
	buf_append_span(out, extra_content);
	buf_putc(out, '}');
}

static void take_extra(struct chat_calls *calls, struct chat_call *call, struct span extra_content)
{
	struct buf *extra = &calls->scratch;

	if (json_type(extra_content) != JSON_OBJECT)
		return;
	write_extra(extra, extra_content);
	if (span_eq(buf_span(extra), buf_span(&call->extra)))
		return;
	keep_string(&call->extra, buf_span(extra));
	if (call->told && !call->is_format)
		builder_call_extra(calls->builder, call->key, buf_span(&call->extra));
}

/* alone: what is known of the piece's own arguments if they are the first. */
static void take_arguments(struct chat_calls *calls, struct chat_call *call,
    const struct piece *piece, const struct call_arguments *alone)
{
	struct span raw;

	if (piece->arguments.len == 0)
		return;
	raw = json_inside(piece->arguments);
	if (!call->told && call->name.len > 0) {
		settle_before(calls, call->key);
		tell_call(calls, call);
	}
	if (call->arguments.whole)
		return;
	if (call->arguments.length > 0)
		call_arguments_add(&call->arguments, raw);
	else if (call_arguments_are_empty(alone) && !call->is_format)
		return; /* The builder's word for none; with some servers others follow. */
	else
		call->arguments = *alone;
	if (call->told)
		tell_arguments(calls, call, piece->arguments);
	else
		hold(calls, call, raw);
}

/* The call that the piece belongs to, or NULL if it repeats one. */
static struct chat_call *call_of(
    struct chat_calls *calls, const struct piece *piece, struct call_arguments *alone)
{
	struct chat_call *call = find_call(calls, piece);
	bool named = piece->name.len > 0;
	bool seen_in_list = call != NULL && call->turn == calls->turn && call->named_then;

	if (piece->arguments.len > 0 && (named || call == NULL || call->arguments.length == 0))
		call_arguments_add(alone, json_inside(piece->arguments));
	if (call != NULL && named) {
		if (!seen_in_list && is_repetition(call, piece, alone)) {
			take_extra(calls, call, piece->extra);
			return NULL;
		}
		if (seen_in_list || is_another(call, piece, alone))
			call = NULL;
	}
	if (call == NULL) {
		settle_before(calls, calls->count);
		call = add_call(calls, piece);
	}
	call->turn = calls->turn;
	call->named_then = named;
	return call;
}

static void read_piece(struct chat_calls *calls, const struct piece *piece)
{
	struct call_arguments alone = {0};
	struct chat_call *call = call_of(calls, piece, &alone);

	if (call == NULL)
		return;
	if (call->id.len == 0)
		keep_string(&call->id, piece->id);
	grow_name(call, piece->name);
	take_extra(calls, call, piece->extra);
	take_arguments(calls, call, piece, &alone);
}

static struct span text_of(struct span value)
{
	return json_is_text(value) ? value : (struct span){0};
}

/* Reads the piece whose function has this name and these arguments, of any type. */
static void read_function(
    struct chat_calls *calls, struct piece *piece, struct span name, struct span arguments)
{
	struct buf compact = {0}, text = {0};

	piece->name = text_of(name);
	piece->arguments = text_of(arguments);
	if (json_type(arguments) == JSON_OBJECT) {
		json_canonical(&compact, arguments);
		json_quote(&text, buf_span(&compact));
		piece->arguments = buf_span(&text);
	}
	read_piece(calls, piece);
	buf_free(&compact);
	buf_free(&text);
}

enum { NAME, ARGUMENTS, FUNCTION_MEMBERS };

static const struct span function_names[FUNCTION_MEMBERS] = {
    [NAME] = MEMBER_NAME("name"),
    [ARGUMENTS] = MEMBER_NAME("arguments"),
};

enum { INDEX = FUNCTION_MEMBERS, ID, FUNCTION, EXTRA_CONTENT, ELEMENT_MEMBERS };

/* A few servers have the function's members here. */
static const struct span element_names[ELEMENT_MEMBERS] = {
    [NAME] = MEMBER_NAME("name"),
    [ARGUMENTS] = MEMBER_NAME("arguments"),
    [INDEX] = MEMBER_NAME("index"),
    [ID] = MEMBER_NAME("id"),
    [FUNCTION] = MEMBER_NAME("function"),
    [EXTRA_CONTENT] = MEMBER_NAME("extra_content"),
};

static void read_element(
    struct chat_calls *calls, struct span element, long long position, enum chat_calls_place place)
{
	struct span members[ELEMENT_MEMBERS], function[FUNCTION_MEMBERS];
	struct piece piece = {.place = place};

	if (!members_read(element, element_names, ELEMENT_MEMBERS, members))
		return;
	if (!members_read(members[FUNCTION], function_names, FUNCTION_MEMBERS, function))
		memcpy(function, members, sizeof(function));
	piece.has_index = json_integer(members[INDEX], &piece.index) && piece.index >= 0;
	if (!piece.has_index && place == CALLS_IN_MESSAGE) {
		piece.has_index = true;
		piece.index = position;
	}
	piece.id = text_of(members[ID]);
	piece.extra = members[EXTRA_CONTENT];
	read_function(calls, &piece, function[NAME], function[ARGUMENTS]);
}

void chat_calls_read(struct chat_calls *calls, struct span tool_calls, enum chat_calls_place place)
{
	struct json_scan scan = json_open(tool_calls, JSON_ACCEPT_BAD_UTF8);
	struct span element;
	long long position = 0;

	calls->turn++;
	if (json_type(tool_calls) == JSON_OBJECT) {
		read_element(calls, tool_calls, position, place);
		return;
	}
	while (json_element(&scan, &element))
		read_element(calls, element, position++, place);
}

void chat_calls_read_legacy(
    struct chat_calls *calls, struct span function_call, enum chat_calls_place place)
{
	struct piece piece = {.has_index = true, .index = LEGACY_INDEX, .place = place};
	struct span members[FUNCTION_MEMBERS];
	bool repeats_tool_calls = calls->count > 0 && find_index(calls, LEGACY_INDEX) == NULL;

	if (repeats_tool_calls ||
	    !members_read(function_call, function_names, FUNCTION_MEMBERS, members))
		return;
	calls->turn++;
	read_function(calls, &piece, members[NAME], members[ARGUMENTS]);
}

/* The first of those that were read last that has none of its own. */
static struct chat_call *find_without_extra(const struct chat_calls *calls)
{
	for (long long n = oldest_kept(calls); n < calls->count; n++) {
		struct chat_call *call = call_at(calls, n);

		if (call->turn == calls->turn && call->extra.len == 0)
			return call;
	}
	return NULL;
}

void chat_calls_extra(struct chat_calls *calls, struct span extra_content)
{
	static const char signature[] = "\"thought_signature\"";
	struct chat_call *call = find_without_extra(calls);

	/* What else is said of an answer there is not a call's. */
	if (json_type(extra_content) != JSON_OBJECT ||
	    memmem(extra_content.p, extra_content.len, signature, sizeof(signature) - 1) == NULL)
		return;
	if (call != NULL)
		take_extra(calls, call, extra_content);
	else if (calls->count == 0)
		write_extra(&calls->extra, extra_content);
}

void chat_calls_settle(struct chat_calls *calls)
{
	if (calls->waiting < calls->count)
		settle_before(calls, calls->count);
}
