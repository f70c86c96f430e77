/*
 * Whatever events come, the builder is told of JSON values only, of calls from their beginning to
 * their end, and of nothing after the answer's end.
 *
 * Build:  tests/fuzz/run.sh
 *
 * Input: a byte that is 'O' for a message that is no stream, and it, or the events as lines.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/dialect/messages/messages_reader.h"
#include "tests/unit/dialect/recorded_steps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static struct tool_names *request_tools(void)
{
	static struct tool_names tools;

	if (tools.count == 0) {
		tool_names_add(&tools, TOOL_CUSTOM, (struct span){0}, SPAN("patch"));
		tool_names_add(&tools, TOOL_FUNCTION, SPAN("files"), SPAN("read"));
		tool_names_add(&tools, TOOL_FORMAT, (struct span){0}, SPAN("answer"));
	}
	return &tools;
}

/* Takes the text up to a delimiter, and that, off the front. */
static struct span cut(struct span *rest, char delimiter)
{
	const char *found = memchr(rest->p, delimiter, rest->len);
	size_t len = found != NULL ? (size_t)(found - rest->p) : rest->len;
	struct span taken = {rest->p, len};

	len += found != NULL;
	*rest = (struct span){rest->p + len, rest->len - len};
	return taken;
}

static bool begins_with(struct span text, const char *what)
{
	return text.len >= strlen(what) && memcmp(text.p, what, strlen(what)) == 0;
}

/* Calls that are open, by their keys. */
struct calls {
	struct span keys[4096];
	size_t count;
};

static size_t find_call(const struct calls *calls, struct span key)
{
	size_t i = 0;

	while (i < calls->count && !span_eq(calls->keys[i], key))
		i++;
	return i;
}

static void check_call(struct calls *calls, struct span line)
{
	bool ends = begins_with(line, "end call ");
	bool begins = begins_with(line, "call ");
	struct span key;
	size_t at;

	if (!ends && !begins && !begins_with(line, "arguments "))
		return;
	cut(&line, ' ');
	if (ends)
		cut(&line, ' ');
	key = cut(&line, ' ');
	at = find_call(calls, key);
	require((at == calls->count) == begins);
	require(at < sizeof(calls->keys) / sizeof(calls->keys[0]));
	if (begins)
		calls->keys[calls->count++] = key;
	if (ends)
		calls->keys[at] = calls->keys[--calls->count];
}

static void check_value(struct span line)
{
	static const char *const with_values[] = {"model ", "tier ", "text ", "refusal ",
	    "annotation ", "reasoning ", "encrypted ", "fail ", "item ws_ "};

	for (size_t i = 0; i < sizeof(with_values) / sizeof(with_values[0]); i++) {
		size_t len = strlen(with_values[i]);

		if (begins_with(line, with_values[i]))
			require(json_check((struct span){line.p + len, line.len - len},
			    JSON_ACCEPT_BAD_UTF8, NULL, NULL));
	}
}

static void check_steps(enum reader_end end)
{
	struct span rest = span_of(recorded_steps()), line = {"", 0};
	struct calls calls = {.count = 0};

	while (rest.len > 0) {
		require(!begins_with(line, "fail ") && !begins_with(line, "end completed") &&
			!begins_with(line, "end incomplete"));
		line = cut(&rest, '\n');
		check_value(line);
		check_call(&calls, line);
	}
	require((end == READER_FAILED) == begins_with(line, "fail "));
	require((end == READER_WHOLE) ==
		(begins_with(line, "end completed") || begins_with(line, "end incomplete")));
	if (begins_with(line, "end completed"))
		require(calls.count == 0);
}

typedef void give_fn(struct messages_reader *reader, struct span text);

/* Gives the text in memory of exactly its size. */
static void give_copy(give_fn *give, struct messages_reader *reader, struct span text)
{
	char *copy = malloc(text.len != 0 ? text.len : 1);

	require(copy != NULL);
	memcpy(copy, text.p, text.len);
	give(reader, (struct span){copy, text.len});
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct builder builder = {0};
	struct reader_setting setting = {
	    .builder = &builder, .tools = request_tools(), .origin = "0123456789abcdef"};
	struct messages_reader *reader;
	struct span rest;

	if (size == 0)
		return 0;
	forget_recorded_steps();
	reader = messages_reader_new(&setting);
	rest = (struct span){(const char *)data + 1, size - 1};
	if (data[0] == 'O')
		give_copy(messages_reader_object, reader, rest);
	while (data[0] != 'O' && rest.len > 0)
		give_copy(messages_reader_event, reader, cut(&rest, '\n'));
	check_steps(messages_reader_end(reader));
	messages_reader_free(reader);
	forget_recorded_steps();
	return 0;
}
