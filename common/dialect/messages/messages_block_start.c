#include "messages_block_internal.h"

#include "common/base/json.h"
#include "common/dialect/members.h"

enum {
	CONTENT_TYPE,
	CONTENT_TEXT,
	CONTENT_CITATIONS,
	CONTENT_THINKING,
	CONTENT_SIGNATURE,
	CONTENT_DATA,
	CONTENT_ID,
	CONTENT_NAME,
	CONTENT_INPUT,
	CONTENT_MEMBERS
};

static const struct span content_names[CONTENT_MEMBERS] = {
    [CONTENT_TYPE] = MEMBER_NAME("type"),
    [CONTENT_TEXT] = MEMBER_NAME("text"),
    [CONTENT_CITATIONS] = MEMBER_NAME("citations"),
    [CONTENT_THINKING] = MEMBER_NAME("thinking"),
    [CONTENT_SIGNATURE] = MEMBER_NAME("signature"),
    [CONTENT_DATA] = MEMBER_NAME("data"),
    [CONTENT_ID] = MEMBER_NAME("id"),
    [CONTENT_NAME] = MEMBER_NAME("name"),
    [CONTENT_INPUT] = MEMBER_NAME("input"),
};

/* The input that a call is started with: {} unless the server does not stream it. */
static void keep_input(struct messages_block *block, struct span input)
{
	if (json_type(input) == JSON_OBJECT)
		json_canonical(&block->kept, input);
	else
		json_decode(input, &block->kept);
	if (span_is(buf_span(&block->kept), "{}"))
		buf_clear(&block->kept);
	block->kept_at_start = true;
}

typedef void start_fn(
    struct messages_block *block, const struct reader_setting *setting, const struct span *content);

static void text_started(
    struct messages_block *block, const struct reader_setting *setting, const struct span *content)
{
	struct json_scan scan = json_open(content[CONTENT_CITATIONS], JSON_ACCEPT_BAD_UTF8);
	struct span citation;

	block->kind = BLOCK_TEXT;
	messages_block_text(block, setting, content[CONTENT_TEXT]);
	while (json_element(&scan, &citation))
		messages_block_keep_citation(block, citation);
}

static void thinking_started(
    struct messages_block *block, const struct reader_setting *setting, const struct span *content)
{
	block->kind = BLOCK_THINKING;
	messages_block_thinking(block, setting, content[CONTENT_THINKING]);
	if (!json_is_text(content[CONTENT_SIGNATURE]))
		return;
	messages_block_talk(block, setting);
	messages_block_keep(block, content[CONTENT_SIGNATURE]);
	block->kept_at_start = true;
}

static void redacted_started(
    struct messages_block *block, const struct reader_setting *setting, const struct span *content)
{
	struct buf data = {0};

	block->kind = BLOCK_IGNORED;
	json_decode(content[CONTENT_DATA], &data);
	if (data.len > 0) {
		messages_block_encrypted(setting, SEALED_REDACTED, buf_span(&data));
		builder_end_reasoning(setting->builder);
	}
	buf_free(&data);
}

static const struct tool_name *find_tool(const struct reader_setting *setting, struct span name)
{
	struct buf decoded = {0};
	const struct tool_name *tool;

	json_decode(name, &decoded);
	tool = tool_names_find(setting->tools, buf_span(&decoded));
	buf_free(&decoded);
	return tool;
}

static void tell_call(const struct messages_block *block, const struct reader_setting *setting,
    const struct span *content, const struct tool_name *tool)
{
	struct builder_call call = {.name = content[CONTENT_NAME]};
	struct buf name = {0}, space = {0};

	if (json_is_text(content[CONTENT_ID]))
		call.id = content[CONTENT_ID];
	if (tool != NULL) {
		json_quote(&name, span_of(tool->name));
		call.name = buf_span(&name);
		call.custom = tool->kind == TOOL_CUSTOM;
	}
	if (tool != NULL && tool->space != NULL) {
		json_quote(&space, span_of(tool->space));
		call.space = buf_span(&space);
	}
	builder_call(setting->builder, block->index, &call);
	buf_free(&name);
	buf_free(&space);
}

static void call_started(
    struct messages_block *block, const struct reader_setting *setting, const struct span *content)
{
	const struct tool_name *tool;

	block->kind = BLOCK_IGNORED;
	if (!json_is_text(content[CONTENT_NAME]))
		return;
	tool = find_tool(setting, content[CONTENT_NAME]);
	if (tool != NULL && tool->kind == TOOL_FORMAT) {
		block->kind = BLOCK_FORMAT;
		block->words->in_vain = true;
	} else {
		block->kind = BLOCK_CALL;
		messages_words_tell(block->words, setting);
		tell_call(block, setting, content, tool);
	}
	keep_input(block, content[CONTENT_INPUT]);
}

static void server_call_started(
    struct messages_block *block, const struct reader_setting *setting, const struct span *content)
{
	(void)setting;
	block->kind = BLOCK_IGNORED;
	if (!json_string_is(content[CONTENT_NAME], "web_search"))
		return;
	block->kind = BLOCK_SEARCH;
	keep_input(block, content[CONTENT_INPUT]);
}

static const struct {
	const char *name;
	start_fn *start;
} types[] = {
    {"text", text_started},
    {"thinking", thinking_started},
    {"redacted_thinking", redacted_started},
    {"tool_use", call_started},
    {"server_tool_use", server_call_started},
};

void messages_block_start(
    struct messages_block *block, const struct reader_setting *setting, struct span content)
{
	struct span members[CONTENT_MEMBERS] = {{0}};

	/* Without a type it is as if its start had been lost: deltas tell its kind. */
	if (!members_read(content, content_names, CONTENT_MEMBERS, members) ||
	    !json_is_text(members[CONTENT_TYPE]))
		return;
	block->kind = BLOCK_IGNORED;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (json_string_is(members[CONTENT_TYPE], types[i].name))
			types[i].start(block, setting, members);
}
