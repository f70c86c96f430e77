#include "chat_request_internal.h"

#include "common/base/json.h"
#include "common/config/model.h"

static const char *const names[CHAT_MEMBER_COUNT] = {
#define CHAT_MEMBER_NAME(name, key) [CHAT_##name] = key,
    CHAT_MEMBERS(CHAT_MEMBER_NAME)
#undef CHAT_MEMBER_NAME
};

static enum chat_member find_member(struct span name)
{
	int i = 0;

	while (i < CHAT_MEMBER_COUNT && !span_is(name, names[i]))
		i++;
	return (enum chat_member)i;
}

void chat_write_name(struct chat_request *chat, const char *name)
{
	buf_puts(chat->out, chat->written_count > 0 ? ",\"" : "\"");
	buf_puts(chat->out, name);
	buf_puts(chat->out, "\":");
	if (chat->written_count < CHAT_WRITTEN_MAX)
		chat->written[chat->written_count++] = name;
}

void chat_write_member(struct chat_request *chat, const char *name, struct span value)
{
	chat_write_name(chat, name);
	buf_append_span(chat->out, value);
}

void chat_append_given(struct buf *out, const char *name, struct span value)
{
	if (!json_is_given(value))
		return;
	buf_puts(out, name);
	buf_append_span(out, value);
}

const char *chat_find_written(const struct chat_request *chat, struct span name)
{
	for (size_t i = 0; i < chat->written_count; i++) {
		if (span_is(name, chat->written[i]))
			return chat->written[i];
	}
	return NULL;
}

static void read_members(struct chat_request *chat, struct span body)
{
	struct request_writer *writer = chat->writer;
	struct json_scan scan = json_open(body, 0);
	struct span key, name, value;
	struct buf scratch = {0};
	enum chat_member member;

	while (json_member(&scan, &key, &value)) {
		name = json_name(&scratch, key);
		member = find_member(name);
		if (member != CHAT_MEMBER_COUNT && json_is_given(value) &&
		    !deployment_drops(writer->deployment, writer->model, name))
			chat->given[member] = value;
	}
	buf_free(&scratch);
}

/*
 * What the Responses API does not know itself is meant for the provider; unless it has been said by
 * the Responses API's own name for it.
 */
static void write_others(struct chat_request *chat, struct span body)
{
	struct request_writer *writer = chat->writer;
	struct json_scan scan = json_open(body, 0);
	struct span key, name, value;
	struct buf scratch = {0};
	const char *written;

	while (json_member(&scan, &key, &value)) {
		name = json_name(&scratch, key);
		if (find_member(name) != CHAT_MEMBER_COUNT ||
		    deployment_drops(writer->deployment, writer->model, name))
			continue;
		written = chat_find_written(chat, name);
		if (written != NULL) {
			request_leave_out(writer, written);
			continue;
		}
		buf_puts(chat->out, ",\"");
		buf_append_span(chat->out, key);
		buf_puts(chat->out, "\":");
		buf_append_span(chat->out, value);
	}
	buf_free(&scratch);
}

/* Without these the answer would be one to another request. */
static bool refuse_what_is_kept_elsewhere(const struct chat_request *chat)
{
	static const struct {
		enum chat_member member;
		const char *why;
	} refused[] = {
	    {CHAT_PREVIOUS_RESPONSE_ID, "a provider's own id names nothing there"},
	    {CHAT_CONVERSATION, "it keeps no conversations"},
	    {CHAT_PROMPT, "it keeps no prompts"},
	};
	struct request_writer *writer = chat->writer;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (chat->given[refused[i].member].len > 0)
			return request_refuse_always(
			    writer, names[refused[i].member], "%s", refused[i].why);
	}
	return json_type(chat->given[CHAT_BACKGROUND]) != JSON_TRUE ||
	       request_refuse_always(writer, "background", "it has no responses to poll");
}

static bool leave_out_what_it_lacks(const struct chat_request *chat)
{
	struct request_writer *writer = chat->writer;
	struct span management = chat->given[CHAT_CONTEXT_MANAGEMENT];

	if (json_string_is(chat->given[CHAT_TRUNCATION], "auto"))
		request_leave_out(writer, "truncation");
	if (chat->given[CHAT_MAX_TOOL_CALLS].len > 0)
		request_leave_out(writer, "max_tool_calls");
	if (chat->given[CHAT_MODERATION].len > 0)
		request_leave_out(writer, "moderation");
	if (chat->given[CHAT_MESSAGES].len > 0 && !json_is_empty(chat->given[CHAT_MESSAGES]) &&
	    !request_refuse(writer, "messages", "they are made of 'input'"))
		return false;
	return management.len == 0 || json_is_empty(management) ||
	       request_refuse(writer, "context_management", "it does not manage a context");
}

/* store is false by default there, but metadata is taken only with what is stored. */
static void write_store(struct chat_request *chat)
{
	if (chat->given[CHAT_STORE].len == 0 && chat->given[CHAT_METADATA].len == 0)
		chat_write_member(chat, "store", SPAN("false"));
}

static void write_openai_members(struct chat_request *chat)
{
	static const enum chat_member same[] = {CHAT_STORE, CHAT_METADATA, CHAT_SERVICE_TIER,
	    CHAT_SAFETY_IDENTIFIER, CHAT_PROMPT_CACHE_KEY, CHAT_PROMPT_CACHE_RETENTION,
	    CHAT_PROMPT_CACHE_OPTIONS};
	bool taken = request_has_quirk(chat->writer, QUIRK_OPENAI_MEMBERS);

	if (taken)
		write_store(chat);
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		if (chat->given[same[i]].len == 0)
			continue;
		if (taken)
			chat_write_member(chat, names[same[i]], chat->given[same[i]]);
		else
			request_leave_out(chat->writer, names[same[i]]);
	}
	if (chat->given[CHAT_USER].len > 0)
		chat_write_member(chat, "user", chat->given[CHAT_USER]);
}

static void write_model(struct chat_request *chat)
{
	chat_write_name(chat, "model");
	request_write_model(chat->out, chat->writer);
}

static void write_stream(struct chat_request *chat)
{
	chat_write_member(chat, "stream", SPAN("true"));
	if (!request_has_quirk(chat->writer, QUIRK_NO_STREAM_OPTIONS))
		chat_write_member(chat, "stream_options", SPAN("{\"include_usage\":true}"));
}

bool chat_request_write(struct buf *out, struct request_writer *writer, struct span body)
{
	struct chat_request chat = {.writer = writer, .out = out};

	buf_reserve(out, body.len + 64);
	read_members(&chat, body);
	if (!refuse_what_is_kept_elsewhere(&chat) || !leave_out_what_it_lacks(&chat))
		return false;
	buf_putc(out, '{');
	write_model(&chat);
	write_stream(&chat);
	/* Tools before messages: what is called in them goes by the names that tools have. */
	if (!chat_options_write(&chat) || !chat_tools_write(&chat) || !chat_messages_write(&chat))
		return false;
	write_openai_members(&chat);
	write_others(&chat, body);
	buf_putc(out, '}');
	return true;
}
