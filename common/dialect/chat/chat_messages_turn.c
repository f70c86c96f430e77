#include "chat_messages_internal.h"

#include "common/base/json.h"

static bool has_calls(const struct chat_turn *turn)
{
	return turn->calls.len > 0;
}

/*
 * Text that stands between calls and their outputs comes before the calls: the outputs must follow
 * them at once. Any other text is a message of its own. One without text, as the answer to nothing
 * is, would be refused.
 */
void chat_turn_add_message(
    struct chat_messages *messages, const struct chat_content *content, struct span refusal)
{
	struct chat_turn *turn = &messages->turn;

	if (chat_content_is_empty(content) && refusal.len == 0)
		return;
	if (turn->open && (turn->answered || !has_calls(turn)))
		chat_turn_close(messages);
	turn->open = true;
	chat_reasoning_attach(messages);
	chat_content_append(&turn->content, content);
	chat_text_append(&turn->refusal, refusal);
}

void chat_turn_open_for_call(struct chat_messages *messages)
{
	if (messages->turn.answered)
		chat_turn_close(messages);
	messages->turn.open = true;
	chat_reasoning_attach(messages);
}

static void write_content(struct chat_messages *messages)
{
	const struct chat_turn *turn = &messages->turn;

	buf_puts(messages->out, ",\"content\":");
	if (chat_content_is_empty(&turn->content) && (has_calls(turn) || turn->refusal.len > 0) &&
	    !messages->empty_content)
		buf_puts(messages->out, "null");
	else
		chat_content_write(messages->out, &turn->content, true);
	if (turn->refusal.len > 0) {
		buf_puts(messages->out, ",\"refusal\":\"");
		buf_append_span(messages->out, buf_span(&turn->refusal));
		buf_putc(messages->out, '"');
	}
}

static void write_message(struct chat_messages *messages)
{
	const struct chat_turn *turn = &messages->turn;

	chat_message_begin(messages);
	buf_puts(messages->out, "{\"role\":\"assistant\"");
	write_content(messages);
	chat_reasoning_write(messages);
	if (has_calls(turn)) {
		buf_puts(messages->out, ",\"tool_calls\":[");
		buf_append_span(messages->out, buf_span(&turn->calls));
		buf_putc(messages->out, ']');
	}
	buf_putc(messages->out, '}');
	buf_append_span(messages->out, buf_span(&turn->results));
}

static void write_media(struct chat_messages *messages)
{
	const struct chat_content *media = &messages->turn.media;

	if (chat_content_is_empty(media))
		return;
	chat_message_begin(messages);
	buf_puts(messages->out, "{\"role\":\"user\",\"content\":");
	chat_content_write(messages->out, media, false);
	buf_putc(messages->out, '}');
}

static void clear(struct chat_turn *turn)
{
	turn->open = turn->answered = false;
	chat_content_clear(&turn->content);
	buf_clear(&turn->refusal);
	buf_clear(&turn->calls);
	buf_clear(&turn->results);
	chat_content_clear(&turn->media);
	buf_clear(&turn->reasoning);
	buf_clear(&turn->details);
}

void chat_turn_close(struct chat_messages *messages)
{
	if (messages->turn.open) {
		write_message(messages);
		write_media(messages);
	}
	clear(&messages->turn);
}

void chat_turn_free(struct chat_turn *turn)
{
	chat_content_free(&turn->content);
	buf_free(&turn->refusal);
	buf_free(&turn->calls);
	buf_free(&turn->results);
	chat_content_free(&turn->media);
	buf_free(&turn->reasoning);
	buf_free(&turn->details);
}
