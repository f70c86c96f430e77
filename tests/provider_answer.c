#include "provider.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/json.h"

struct member {
	const char *name;
	const char *value; /* unless the request has another */
};

static const struct member members[] = {
    {"background", "false"},
    {"error", "null"},
    {"frequency_penalty", "0.0"},
    {"incomplete_details", "null"},
    {"instructions", "null"},
    {"max_output_tokens", "null"},
    {"max_tool_calls", "null"},
    {"metadata", "{}"},
    {"model", "null"},
    {"parallel_tool_calls", "true"},
    {"presence_penalty", "0.0"},
    {"previous_response_id", "null"},
    {"prompt_cache_key", "null"},
    {"reasoning", "{\"effort\":null,\"summary\":null}"},
    {"safety_identifier", "null"},
    {"service_tier", "\"default\""},
    {"store", "true"},
    {"temperature", "1.0"},
    {"text", "{\"format\":{\"type\":\"text\"},\"verbosity\":\"medium\"}"},
    {"tool_choice", "\"auto\""},
    {"tools", "[]"},
    {"top_logprobs", "0"},
    {"top_p", "1.0"},
    {"truncation", "\"disabled\""},
    {"user", "null"},
};

static void append_members(struct buf *out, struct span request)
{
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		struct span value = json_get(request, members[i].name);

		if (value.len == 0)
			value = span_of(members[i].value);
		buf_printf(out, ",\"%s\":", members[i].name);
		json_canonical(out, value);
	}
}

void answer_append_part(struct buf *out, struct span text)
{
	buf_puts(out, "{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"");
	buf_append_span(out, text);
	buf_puts(out, "\"}");
}

/* The one output item; without a text it has no part yet. */
void answer_append_item(struct buf *out, const struct answer *answer, bool finished)
{
	buf_printf(out, "{\"id\":\"%s\",\"type\":\"message\",\"status\":\"%s\",\"content\":[",
	    answer->item_id, finished ? "completed" : "in_progress");
	if (finished)
		answer_append_part(out, answer->text);
	buf_puts(out, "],\"role\":\"assistant\"}");
}

static void append_usage(struct buf *out, const struct answer *answer)
{
	size_t input_tokens = answer->input_bytes / 4 + 1;

	buf_printf(out,
	    "{\"input_tokens\":%zu,\"input_tokens_details\":{\"cached_tokens\":0},"
	    "\"output_tokens\":%ld,\"output_tokens_details\":{\"reasoning_tokens\":0},"
	    "\"total_tokens\":%zu}",
	    input_tokens, answer->delta_count, input_tokens + (size_t)answer->delta_count);
}

void answer_append_object(struct buf *out, const struct answer *answer, bool finished)
{
	buf_printf(out, "{\"id\":\"%s\",\"object\":\"response\",\"created_at\":%lld,",
	    answer->response_id, (long long)answer->created_at);
	if (finished)
		buf_printf(
		    out, "\"status\":\"completed\",\"completed_at\":%lld", (long long)time(NULL));
	else
		buf_puts(out, "\"status\":\"in_progress\",\"completed_at\":null");
	buf_append_span(out, buf_span(&answer->members));
	buf_puts(out, ",\"output\":[");
	if (finished)
		answer_append_item(out, answer, true);
	buf_puts(out, "],\"usage\":");
	if (finished)
		append_usage(out, answer);
	else
		buf_puts(out, "null");
	buf_putc(out, '}');
}

void answer_init(
    struct answer *answer, struct provider *provider, struct span request, enum provider_api api)
{
	const struct options *options = &provider->options;
	struct span input = json_get(request, api == API_RESPONSES ? "input" : "messages");

	*answer = (struct answer){.api = api, .created_at = time(NULL), .input_bytes = input.len};
	json_canonical(&answer->model, json_get(request, "model"));
	answer->serial = ++provider->serial;
	snprintf(answer->response_id, ID_SIZE, "resp_%08lx%08lx%08lx", (long)answer->created_at,
	    (long)getpid(), provider->serial);
	snprintf(answer->item_id, ID_SIZE, "msg_%s", answer->response_id + strlen("resp_"));
	if (api == API_RESPONSES)
		append_members(&answer->members, request);
	if (options->stamped) {
		answer->delta_count = options->deltas;
		return;
	}
	if (options->delta_bytes != 0) {
		answer->text = buf_span(&provider->pattern);
		answer->delta_count = options->deltas;
		return;
	}
	text_write_words(&answer->own_text, options->deltas, json_get(request, "model"), input);
	answer->text = buf_span(&answer->own_text);
	answer->delta_count = text_count_words(answer->text);
}

struct told answer_told(const struct answer *answer)
{
	return (struct told){
	    .id = answer->response_id,
	    .model = buf_span(&answer->model),
	    .created_at = answer->created_at,
	    .input_tokens = answer->input_bytes / 4 + 1,
	    .output_tokens = answer->delta_count,
	};
}

void answer_free(struct answer *answer)
{
	buf_free(&answer->model);
	buf_free(&answer->members);
	buf_free(&answer->own_text);
}
