#include "messages_block_internal.h"

#include "common/base/json.h"
#include "messages_citations.h"
#include "common/dialect/members.h"

void messages_block_free(struct messages_block *block)
{
	buf_free(&block->kept);
	buf_free(&block->citations);
	buf_free(&block->held);
}

void messages_block_talk(struct messages_block *block, const struct reader_setting *setting)
{
	if (!block->talking)
		block->text_start = builder_text_length(setting->builder);
	block->talking = true;
}

void messages_block_text(
    struct messages_block *block, const struct reader_setting *setting, struct span text)
{
	if (!json_is_text(text))
		return;
	if (block->words->wait && block->kind == BLOCK_TEXT) {
		setting->builder->waiting -= block->words->text.len;
		json_decode(text, &block->words->text);
		setting->builder->waiting += block->words->text.len;
		return;
	}
	messages_block_talk(block, setting);
	builder_text(setting->builder, text, (struct span){0});
}

void messages_words_tell(struct messages_words *words, const struct reader_setting *setting)
{
	struct buf text = {0};

	if (words->text.len > 0 && !words->in_vain) {
		json_quote(&text, buf_span(&words->text));
		builder_text(setting->builder, buf_span(&text), (struct span){0});
		builder_end_part(setting->builder);
	}
	setting->builder->waiting -= words->text.len;
	buf_clear(&words->text);
	buf_free(&text);
}

void messages_block_thinking(
    struct messages_block *block, const struct reader_setting *setting, struct span thinking)
{
	if (!json_is_text(thinking))
		return;
	messages_block_talk(block, setting);
	block->has_thinking = true;
	builder_reasoning(setting->builder, thinking);
}

void messages_block_keep_citation(struct messages_block *block, struct span citation)
{
	if (json_type(citation) != JSON_OBJECT)
		return;
	buf_putc(&block->citations, ',');
	buf_append_span(&block->citations, citation);
}

void messages_block_keep(struct messages_block *block, struct span piece)
{
	if (!json_is_text(piece))
		return;
	if (block->kept_at_start)
		buf_clear(&block->kept);
	block->kept_at_start = false;
	json_decode(piece, &block->kept);
}

/* The member that has the value of a delta of a kind; behind them, that which tells the kind. */
static const struct span delta_names[MESSAGES_DELTAS + 1] = {
    [DELTA_TEXT] = MEMBER_NAME("text"),
    [DELTA_INPUT] = MEMBER_NAME("partial_json"),
    [DELTA_THINKING] = MEMBER_NAME("thinking"),
    [DELTA_SIGNATURE] = MEMBER_NAME("signature"),
    [DELTA_CITATION] = MEMBER_NAME("citation"),
    [MESSAGES_DELTAS] = MEMBER_NAME("type"),
};

static const char *const delta_types[MESSAGES_DELTAS] = {
    [DELTA_TEXT] = "text_delta",
    [DELTA_INPUT] = "input_json_delta",
    [DELTA_THINKING] = "thinking_delta",
    [DELTA_SIGNATURE] = "signature_delta",
    [DELTA_CITATION] = "citations_delta",
};

bool messages_delta_read(struct messages_delta *out, struct span delta)
{
	struct span members[MESSAGES_DELTAS + 1] = {{0}};
	int kind = 0;

	if (!members_read(delta, delta_names, MESSAGES_DELTAS + 1, members))
		return false;
	while (
	    kind < MESSAGES_DELTAS && !json_string_is(members[MESSAGES_DELTAS], delta_types[kind]))
		kind++;
	if (kind == MESSAGES_DELTAS)
		return false;
	*out = (struct messages_delta){(enum messages_delta_kind)kind, members[kind]};
	return true;
}

static void text_came(
    struct messages_block *block, const struct reader_setting *setting, struct span text)
{
	if (block->kind == BLOCK_TEXT)
		messages_block_text(block, setting, text);
	/* A server that counts a text and a call as one block. */
	else if (block->kind == BLOCK_CALL && json_is_text(text))
		builder_text(setting->builder, text, (struct span){0});
}

static void input_came(
    struct messages_block *block, const struct reader_setting *setting, struct span piece)
{
	if (!json_is_text(piece))
		return;
	if (block->kind == BLOCK_SEARCH) {
		messages_block_keep(block, piece);
	} else if (block->kind == BLOCK_CALL) {
		buf_clear(&block->kept);
		builder_arguments(setting->builder, block->index, piece);
	} else if (block->kind == BLOCK_FORMAT) {
		buf_clear(&block->kept);
		messages_block_text(block, setting, piece);
	}
}

void messages_block_grow(struct messages_block *block, const struct reader_setting *setting,
    const struct messages_delta *delta)
{
	switch (delta->kind) {
	case DELTA_TEXT:
		text_came(block, setting, delta->value);
		break;
	case DELTA_INPUT:
		input_came(block, setting, delta->value);
		break;
	case DELTA_THINKING:
		if (block->kind == BLOCK_THINKING)
			messages_block_thinking(block, setting, delta->value);
		break;
	case DELTA_SIGNATURE:
		if (block->kind != BLOCK_THINKING || !json_is_text(delta->value))
			break;
		messages_block_talk(block, setting);
		messages_block_keep(block, delta->value);
		break;
	case DELTA_CITATION:
		if (block->kind == BLOCK_TEXT)
			messages_block_keep_citation(block, delta->value);
		break;
	case MESSAGES_DELTAS:
		break;
	}
}

void messages_block_encrypted(
    const struct reader_setting *setting, enum sealed_kind kind, struct span data)
{
	struct buf sealed = {0};

	sealed_write(&sealed, kind, setting->origin, data);
	builder_encrypted(setting->builder, buf_span(&sealed));
	buf_free(&sealed);
}

/* Citations come before the text that they belong to, or after it. */
static void tell_citations(struct messages_block *block, const struct reader_setting *setting)
{
	long long end = builder_text_length(setting->builder);
	struct buf annotation = {0};
	struct json_scan scan;
	struct span citation;

	if (!block->talking || block->citations.len == 0)
		return;
	block->citations.data[0] = '[';
	buf_putc(&block->citations, ']');
	scan = json_open(buf_span(&block->citations), JSON_ACCEPT_BAD_UTF8);
	while (json_element(&scan, &citation)) {
		buf_clear(&annotation);
		if (messages_annotation_write(&annotation, citation, block->text_start, end))
			builder_annotation(setting->builder, buf_span(&annotation));
	}
	buf_free(&annotation);
}

static void tell_search(const struct messages_block *block, const struct reader_setting *setting)
{
	struct span input = buf_span(&block->kept), query = json_get(input, "query");
	struct buf item = {0};

	buf_puts(&item, "{\"type\":\"web_search_call\",\"status\":\"completed\","
			"\"action\":{\"type\":\"search\",\"query\":");
	json_canonical(&item, json_type(query) == JSON_STRING ? query : SPAN("\"\""));
	buf_puts(&item, "}}");
	builder_item(setting->builder, buf_span(&item), "ws_");
	buf_free(&item);
}

/* The input that came with the start, if no pieces have come. */
static void tell_input(struct messages_block *block, const struct reader_setting *setting)
{
	struct buf input = {0};

	if (block->kept.len == 0)
		return;
	json_quote(&input, buf_span(&block->kept));
	if (block->kind == BLOCK_FORMAT)
		messages_block_text(block, setting, buf_span(&input));
	else
		builder_arguments(setting->builder, block->index, buf_span(&input));
	buf_free(&input);
}

void messages_block_flush(struct messages_block *block, const struct reader_setting *setting)
{
	switch (block->kind) {
	case BLOCK_TEXT:
		tell_citations(block, setting);
		break;
	case BLOCK_THINKING:
		if (block->kept.len > 0)
			messages_block_encrypted(setting,
			    block->has_thinking ? SEALED_SIGNATURE : SEALED_OMITTED,
			    buf_span(&block->kept));
		break;
	case BLOCK_CALL:
	case BLOCK_FORMAT:
		tell_input(block, setting);
		break;
	case BLOCK_SEARCH:
		tell_search(block, setting);
		break;
	case BLOCK_UNKNOWN:
	case BLOCK_IGNORED:
		break;
	}
}

void messages_block_end(const struct messages_block *block, const struct reader_setting *setting)
{
	if (block->kind == BLOCK_CALL)
		builder_end_call(setting->builder, block->index);
	else if (block->talking && block->kind == BLOCK_THINKING)
		builder_end_reasoning(setting->builder);
	else if (block->talking)
		builder_end_part(setting->builder);
}
