#include "translation.h"

#include <stdlib.h>
#include <string.h>

#include "common/dialect/chat/chat_reader.h"
#include "common/base/alloc.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/config/dialect.h"
#include "common/dialect/messages/messages_reader.h"
#include "common/response/event.h"
#include "request.h"

struct translation {
	struct request_writer writer;
	struct builder builder;
	struct reader_setting setting;
	/* The one of the dialect; NULL before translation_open(). */
	struct chat_reader *chat;
	struct messages_reader *messages;
	bool ended;
	enum reader_end end; /* once it has ended */
};

struct translation *translation_new(const struct deployment *deployment, const char *model)
{
	enum dialect dialect = deployment_dialect(deployment, model);
	struct translation *translation;

	if (dialect == DIALECT_RESPONSES)
		return NULL;
	translation = xcalloc(1, sizeof(*translation));
	translation->writer.deployment = deployment;
	translation->writer.model = model;
	translation->writer.dialect = dialect;
	return translation;
}

static void close_readers(struct translation *translation)
{
	chat_reader_free(translation->chat);
	translation->chat = NULL;
	messages_reader_free(translation->messages);
	translation->messages = NULL;
	builder_close(&translation->builder);
}

void translation_free(struct translation *translation)
{
	if (translation == NULL)
		return;
	close_readers(translation);
	request_writer_free(&translation->writer);
	free(translation);
}

void translation_leave_out_thinking(struct translation *translation)
{
	translation->writer.without_thinking = true;
}

static bool has_words(struct span text, const char *words)
{
	return text.len > 0 && memmem(text.p, text.len, words, strlen(words)) != NULL;
}

bool translation_is_about_thinking(
    const struct translation *translation, long status, struct span body)
{
	return translation->writer.dialect == DIALECT_MESSAGES && status == 400 &&
	       has_words(body, "signature") && has_words(body, "thinking");
}

bool translation_write_request(struct translation *translation, struct buf *out, struct span body)
{
	struct request_writer *writer = &translation->writer;

	if (writer->dialect == DIALECT_CHAT)
		return chat_request_write(out, writer, body);
	return messages_request_write(out, writer, body);
}

const struct api_error *translation_refusal(const struct translation *translation)
{
	return &translation->writer.error;
}

struct span translation_left_out(const struct translation *translation)
{
	return buf_span(&translation->writer.left_out);
}

void translation_log_left_out(const struct translation *translation, const char *name)
{
	const struct span left_out = translation_left_out(translation);

	if (left_out.len > 0)
		log_info("%s: left out of the request, as the %s has no place for it: %.*s", name,
		    dialect_name(translation->writer.dialect), (int)left_out.len, left_out.p);
}

void translation_open(struct translation *translation, struct fold *fold,
    void (*on_event)(void *ctx, const struct response_event *event), void (*on_begin)(void *ctx),
    void *ctx)
{
	struct request_writer *writer = &translation->writer;

	close_readers(translation);
	builder_open(&translation->builder, fold);
	translation->builder.on_event = on_event;
	translation->builder.on_begin = on_begin;
	translation->builder.ctx = ctx;
	translation->ended = false;
	translation->setting = (struct reader_setting){
	    .builder = &translation->builder,
	    .tools = &writer->tools,
	    .origin = writer->deployment->id,
	    .think_tags = request_has_quirk(writer, QUIRK_THINK_TAGS),
	};
	if (writer->dialect == DIALECT_CHAT)
		translation->chat = chat_reader_new(&translation->setting);
	else
		translation->messages = messages_reader_new(&translation->setting);
}

static void read_event(struct translation *translation, struct span data)
{
	if (translation->chat != NULL)
		chat_reader_event(translation->chat, data);
	else
		messages_reader_event(translation->messages, data);
}

static bool is_said(const struct translation *translation)
{
	if (translation->chat != NULL)
		return chat_reader_has_failed(translation->chat);
	return messages_reader_is_over(translation->messages);
}

/* Answers of the Messages API have an end of their own: "[DONE]" is none there. */
void translation_event(struct translation *translation, struct span data)
{
	bool is_marker = event_is_done_marker(data);

	if (translation->ended)
		return;
	if (!is_marker)
		read_event(translation, data);
	if (is_marker || is_said(translation))
		translation_end(translation, is_marker);
}

bool translation_object(struct translation *translation, struct span body)
{
	while (body.len > 0 && json_type(body) == JSON_NONE)
		body = (struct span){body.p + 1, body.len - 1};
	if (json_type(body) != JSON_OBJECT || !json_check(body, JSON_ACCEPT_BAD_UTF8, NULL, NULL))
		return false;
	if (translation->ended)
		return true;
	if (translation->chat != NULL)
		chat_reader_object(translation->chat, body);
	else
		messages_reader_object(translation->messages, body);
	return true;
}

size_t translation_waiting(const struct translation *translation)
{
	return translation->builder.waiting;
}

struct usage translation_usage(const struct translation *translation, const struct fold *fold)
{
	struct usage usage = usage_read(document_value(&fold->doc, &fold->nodes.usage));

	if (!usage_is_told(&usage) && translation != NULL)
		usage = builder_told_usage(&translation->builder);
	return usage;
}

bool translation_is_over(const struct translation *translation)
{
	return translation->ended;
}

void translation_fail(struct translation *translation, struct span error)
{
	if (translation->ended)
		return;
	builder_fail(&translation->builder, error);
	translation->ended = true;
	translation->end = READER_FAILED;
}

enum reader_end translation_end(struct translation *translation, bool whole)
{
	if (translation->ended)
		return translation->end;
	translation->end = translation->chat != NULL ? chat_reader_end(translation->chat, whole)
						     : messages_reader_end(translation->messages);
	translation->ended = translation->end != READER_TRUNCATED;
	return translation->end;
}
