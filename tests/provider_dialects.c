#include "provider_dialects.h"

static void open_chunk(struct buf *out, const struct told *told)
{
	buf_printf(out,
	    "data: {\"id\":\"chatcmpl-%s\",\"object\":\"chat.completion.chunk\",\"created\":%lld,"
	    "\"model\":",
	    told->id, (long long)told->created_at);
	buf_append_span(out, told->model);
	buf_puts(out, ",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_44709d6fcb\","
		      "\"choices\":[");
}

static void tell_chat_usage(struct buf *out, const struct told *told)
{
	buf_printf(out,
	    "{\"prompt_tokens\":%zu,\"completion_tokens\":%ld,\"total_tokens\":%zu,"
	    "\"prompt_tokens_details\":{\"cached_tokens\":0},"
	    "\"completion_tokens_details\":{\"reasoning_tokens\":0}}",
	    told->input_tokens, told->output_tokens,
	    told->input_tokens + (size_t)told->output_tokens);
}

static void tell_messages_usage(struct buf *out, const struct told *told, long output)
{
	buf_printf(out,
	    "{\"input_tokens\":%zu,\"cache_creation_input_tokens\":0,"
	    "\"cache_read_input_tokens\":0,\"output_tokens\":%ld}",
	    told->input_tokens, output);
}

/* The message, but for its content: open behind it. */
static void open_message(struct buf *out, const struct told *told, const char *stop_reason)
{
	buf_printf(out,
	    "{\"id\":\"msg_%s\",\"type\":\"message\",\"role\":\"assistant\",\"stop_reason\":%s,"
	    "\"stop_sequence\":null,\"model\":",
	    told->id, stop_reason);
	buf_append_span(out, told->model);
	buf_puts(out, ",\"content\":[");
}

static void tell_first_chunk(struct buf *out, const struct told *told)
{
	open_chunk(out, told);
	buf_puts(out, "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\","
		      "\"refusal\":null},\"logprobs\":null,\"finish_reason\":null}]}\n\n");
}

static void tell_message_start(struct buf *out, const struct told *told)
{
	buf_puts(out, "event: message_start\ndata: {\"type\":\"message_start\",\"message\":");
	open_message(out, told, "null");
	buf_puts(out, "],\"usage\":");
	tell_messages_usage(out, told, 1);
	buf_puts(out, "}}\n\nevent: content_block_start\n"
		      "data: {\"type\":\"content_block_start\",\"index\":0,"
		      "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
		      "event: ping\ndata: {\"type\": \"ping\"}\n\n");
}

void tell_first_events(struct buf *out, enum provider_api api, const struct told *told)
{
	if (api == API_CHAT)
		tell_first_chunk(out, told);
	else
		tell_message_start(out, told);
}

static void tell_last_chunks(struct buf *out, const struct told *told)
{
	open_chunk(out, told);
	buf_puts(out, "{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}]}"
		      "\n\n");
	open_chunk(out, told);
	buf_puts(out, "],\"usage\":");
	tell_chat_usage(out, told);
	buf_puts(out, "}\n\ndata: [DONE]\n\n");
}

static void tell_message_stop(struct buf *out, const struct told *told)
{
	buf_puts(out, "event: content_block_stop\n"
		      "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
		      "event: message_delta\ndata: {\"type\":\"message_delta\","
		      "\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":");
	tell_messages_usage(out, told, told->output_tokens);
	buf_puts(out, "}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
}

void tell_last_events(struct buf *out, enum provider_api api, const struct told *told)
{
	if (api == API_CHAT)
		tell_last_chunks(out, told);
	else
		tell_message_stop(out, told);
}

void tell_delta_head(struct buf *out, enum provider_api api, const struct told *told)
{
	if (api == API_CHAT) {
		open_chunk(out, told);
		buf_puts(out, "{\"index\":0,\"delta\":{\"content\":\"");
	} else {
		buf_puts(out, "event: content_block_delta\n"
			      "data: {\"type\":\"content_block_delta\",\"index\":0,"
			      "\"delta\":{\"type\":\"text_delta\",\"text\":\"");
	}
}

void tell_delta_tail(struct buf *out, enum provider_api api)
{
	if (api == API_CHAT)
		buf_puts(out, "\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n");
	else
		buf_puts(out, "\"}}\n\n");
}

static void tell_completion(struct buf *out, const struct told *told, struct span text)
{
	buf_printf(out,
	    "{\"id\":\"chatcmpl-%s\",\"object\":\"chat.completion\",\"created\":%lld,\"model\":",
	    told->id, (long long)told->created_at);
	buf_append_span(out, told->model);
	buf_puts(out, ",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
		      "\"content\":\"");
	buf_append_span(out, text);
	buf_puts(out, "\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
		      "\"usage\":");
	tell_chat_usage(out, told);
	buf_putc(out, '}');
}

static void tell_message(struct buf *out, const struct told *told, struct span text)
{
	open_message(out, told, "\"end_turn\"");
	buf_puts(out, "{\"type\":\"text\",\"text\":\"");
	buf_append_span(out, text);
	buf_puts(out, "\"}],\"usage\":");
	tell_messages_usage(out, told, told->output_tokens);
	buf_putc(out, '}');
}

void tell_whole(struct buf *out, enum provider_api api, const struct told *told, struct span text)
{
	if (api == API_CHAT)
		tell_completion(out, told, text);
	else
		tell_message(out, told, text);
}
