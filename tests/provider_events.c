#include "provider.h"

static void open_event(struct buf *out, struct stream *stream, const char *type)
{
	buf_printf(out, "event: %s\ndata: {\"type\":\"%s\",\"sequence_number\":%ld", type, type,
	    stream->sequence++);
}

static void close_event(struct buf *out)
{
	buf_puts(out, "}\n\n");
}

static void response_event(struct buf *out, struct stream *stream, const char *type, bool finished)
{
	open_event(out, stream, type);
	buf_puts(out, ",\"response\":");
	answer_append_object(out, &stream->answer, finished);
	close_event(out);
}

static void item_event(struct buf *out, struct stream *stream, const char *type, bool finished)
{
	open_event(out, stream, type);
	buf_puts(out, ",\"output_index\":0,\"item\":");
	answer_append_item(out, &stream->answer, finished);
	close_event(out);
}

static void append_place(struct buf *out, const struct stream *stream)
{
	buf_printf(out, ",\"item_id\":\"%s\",\"output_index\":0,\"content_index\":0",
	    stream->answer.item_id);
}

static void part_event(struct buf *out, struct stream *stream, const char *type, struct span text)
{
	open_event(out, stream, type);
	append_place(out, stream);
	buf_puts(out, ",\"part\":");
	answer_append_part(out, text);
	close_event(out);
}

static void text_done_event(struct buf *out, struct stream *stream)
{
	open_event(out, stream, "response.output_text.done");
	append_place(out, stream);
	buf_puts(out, ",\"logprobs\":[],\"text\":\"");
	buf_append_span(out, stream->answer.text);
	buf_putc(out, '"');
	close_event(out);
}

void events_prepare(struct stream *stream)
{
	struct told told = answer_told(&stream->answer);

	if (stream->answer.api != API_RESPONSES) {
		tell_delta_head(&stream->delta_head, stream->answer.api, &told);
		return;
	}
	buf_puts(&stream->delta_head, "event: response.output_text.delta\n"
				      "data: {\"type\":\"response.output_text.delta\"");
	append_place(&stream->delta_head, stream);
	buf_puts(&stream->delta_head, ",\"logprobs\":[],\"delta\":\"");
}

/* Makes a stamp and adds it to what the answer says. */
static struct span stamp(struct stream *stream)
{
	struct answer *answer = &stream->answer;

	text_append_stamp(&answer->own_text, answer->serial, stream->deltas, stream_now_us());
	answer->text = buf_span(&answer->own_text);
	return (struct span){answer->text.p + stream->said, STAMP_BYTES};
}

void events_delta(struct buf *out, struct stream *stream)
{
	const struct options *options = &stream->provider->options;
	struct span delta = options->stamped
				? stamp(stream)
				: text_next_delta(options, stream->answer.text, stream->said);

	buf_append_span(out, buf_span(&stream->delta_head));
	buf_append_span(out, delta);
	if (stream->answer.api != API_RESPONSES)
		tell_delta_tail(out, stream->answer.api);
	else
		buf_printf(out, "\",\"sequence_number\":%ld}\n\n", stream->sequence++);
	stream->said += delta.len;
	stream->deltas++;
	stream->provider->stats.deltas++;
}

void events_first(struct buf *out, struct stream *stream)
{
	struct told told = answer_told(&stream->answer);

	if (stream->answer.api != API_RESPONSES) {
		tell_first_events(out, stream->answer.api, &told);
		return;
	}
	response_event(out, stream, "response.created", false);
	response_event(out, stream, "response.in_progress", false);
	item_event(out, stream, "response.output_item.added", false);
	part_event(out, stream, "response.content_part.added", SPAN(""));
}

void events_last(struct buf *out, struct stream *stream)
{
	struct told told = answer_told(&stream->answer);

	if (stream->answer.api != API_RESPONSES) {
		tell_last_events(out, stream->answer.api, &told);
		return;
	}
	text_done_event(out, stream);
	part_event(out, stream, "response.content_part.done", stream->answer.text);
	item_event(out, stream, "response.output_item.done", true);
	response_event(out, stream, "response.completed", true);
}
