#include "request_calls.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/json.h"

static const struct {
	const char *call, *output;
} kinds[] = {
    {"function_call", "function_call_output"},
    {"custom_tool_call", "custom_tool_call_output"},
    {"local_shell_call", "local_shell_call_output"},
    {"shell_call", "shell_call_output"},
    {"apply_patch_call", "apply_patch_call_output"},
};

static bool is_of_calls(struct span type, bool *is_output)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		*is_output = json_string_is(type, kinds[i].output);
		if (*is_output || json_string_is(type, kinds[i].call))
			return true;
	}
	return false;
}

/* The output of a local shell has the call's id as its id. */
static struct span id_of(struct span item, struct span type)
{
	struct span id = json_get(item, "call_id");

	if (json_type(id) != JSON_STRING && json_string_is(type, "local_shell_call_output"))
		id = json_get(item, "id");
	return id;
}

/* Until all ids are there, only the length of one is known. */
static void add(struct request_calls *calls, size_t *room, struct span item)
{
	struct span type = json_get(item, "type");
	size_t begin = calls->ids.len;
	bool is_output;

	if (!is_of_calls(type, &is_output) || !json_decode(id_of(item, type), &calls->ids))
		return;
	if (calls->count == *room) {
		*room = *room != 0 ? *room * 2 : 16;
		calls->list = xrealloc(calls->list, *room * sizeof(calls->list[0]));
	}
	calls->list[calls->count++] = (struct request_call){
	    .item = item, .id = {NULL, calls->ids.len - begin}, .is_output = is_output};
}

/* By the id; then calls, then outputs, each as they come in the input. */
static int compare(const void *a, const void *b)
{
	const struct request_call *one = *(const struct request_call *const *)a;
	const struct request_call *other = *(const struct request_call *const *)b;
	int order = span_compare(one->id, other->id);

	if (order == 0)
		order = one->is_output - other->is_output;
	return order != 0 ? order : (one > other) - (one < other);
}

/* The first call of the id, or the first output, or NULL. */
static const struct request_call *find(
    const struct request_calls *calls, struct span id, bool is_output)
{
	size_t low = 0, high = calls->count, middle;
	const struct request_call *call;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		call = calls->by_id[middle];
		order = span_compare(call->id, id);
		if (order < 0 || (order == 0 && call->is_output < is_output))
			low = middle + 1;
		else
			high = middle;
	}
	call = low < calls->count ? calls->by_id[low] : NULL;
	return call != NULL && call->is_output == is_output && span_eq(call->id, id) ? call : NULL;
}

static void pair(struct request_call *call, struct request_call *output)
{
	call->other = output->item;
	output->other = call->item;
}

/* All of one id, the calls before the outputs. */
static void pair_group(struct request_call **first, size_t count)
{
	size_t call_count = 0;

	while (call_count < count && !first[call_count]->is_output)
		call_count++;
	for (size_t i = 0; i < count; i++)
		first[i]->number = i < call_count ? i : i - call_count;
	for (size_t i = 0; i < call_count && call_count + i < count; i++)
		pair(first[i], first[call_count + i]);
}

static void pair_all(struct request_call **sorted, size_t count)
{
	size_t begin = 0, end;

	for (; begin < count; begin = end) {
		end = begin + 1;
		while (end < count && span_eq(sorted[begin]->id, sorted[end]->id))
			end++;
		pair_group(sorted + begin, end - begin);
	}
}

static void sort(struct request_calls *calls)
{
	struct request_call **sorted = xcalloc(calls->count, sizeof(sorted[0]));
	const char *id = buf_cstr(&calls->ids);

	calls->by_id = xcalloc(calls->count, sizeof(calls->by_id[0]));
	for (size_t i = 0; i < calls->count; i++) {
		calls->list[i].id.p = id;
		id += calls->list[i].id.len;
		sorted[i] = &calls->list[i];
	}
	qsort(sorted, calls->count, sizeof(sorted[0]), compare);
	pair_all(sorted, calls->count);
	for (size_t i = 0; i < calls->count; i++)
		calls->by_id[i] = sorted[i];
	free(sorted);
}

void request_calls_open(struct request_calls *calls, struct span input)
{
	struct json_scan scan = json_open(input, 0);
	struct span item;
	size_t room = 0;

	*calls = (struct request_calls){0};
	if (json_type(input) != JSON_ARRAY)
		return;
	while (json_element(&scan, &item)) {
		if (json_type(item) == JSON_OBJECT)
			add(calls, &room, item);
	}
	if (calls->count > 0)
		sort(calls);
}

void request_calls_close(struct request_calls *calls)
{
	free(calls->list);
	free(calls->by_id);
	buf_free(&calls->ids);
	*calls = (struct request_calls){0};
}

static bool have(const struct request_calls *calls, struct span call_id_json, bool is_output)
{
	struct buf id = {0};
	bool found = json_decode(call_id_json, &id) && find(calls, buf_span(&id), is_output);

	buf_free(&id);
	return found;
}

bool request_calls_have_call(const struct request_calls *calls, struct span call_id_json)
{
	return have(calls, call_id_json, false);
}

bool request_calls_have_output(const struct request_calls *calls, struct span call_id_json)
{
	return have(calls, call_id_json, true);
}

const struct request_call *request_calls_of_item(
    const struct request_calls *calls, struct span item)
{
	size_t low = 0, high = calls->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if ((uintptr_t)calls->list[middle].item.p < (uintptr_t)item.p)
			low = middle + 1;
		else
			high = middle;
	}
	return low < calls->count && calls->list[low].item.p == item.p ? &calls->list[low] : NULL;
}
