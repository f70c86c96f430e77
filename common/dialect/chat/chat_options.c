#include "chat_request_internal.h"

#include <stdlib.h>

#include "common/base/json.h"

static void write_max_tokens(struct chat_request *chat)
{
	struct request_writer *writer = chat->writer;
	const char *name = request_has_quirk(writer, QUIRK_USES_MAX_COMPLETION_TOKENS)
			       ? "max_completion_tokens"
			       : "max_tokens";
	long otherwise = deployment_max_tokens(writer->deployment, writer->model);

	if (chat->given[CHAT_MAX_OUTPUT_TOKENS].len > 0) {
		chat_write_member(chat, name, chat->given[CHAT_MAX_OUTPUT_TOKENS]);
	} else if (otherwise != 0) {
		chat_write_name(chat, name);
		buf_printf(chat->out, "%ld", otherwise);
	}
}

/* A 1 in whatever spelling is what the API takes by default: leaving it out changes nothing. */
static bool is_one(struct span number)
{
	char text[16];

	if (number.len >= sizeof(text))
		return false;
	for (size_t i = 0; i < number.len; i++)
		text[i] = number.p[i];
	text[number.len] = '\0';
	return strtod(text, NULL) == 1;
}

static bool write_sampling(struct chat_request *chat, enum chat_member member, const char *name)
{
	struct span value = chat->given[member];

	if (value.len == 0)
		return true;
	if (request_has_quirk(chat->writer, QUIRK_NO_SAMPLING))
		return is_one(value) ||
		       request_refuse(chat->writer, name, "the model takes only its own");
	chat_write_member(chat, name, value);
	return true;
}

/* Those beside the first would be paid for and not be shown. */
static bool check_answers(const struct chat_request *chat)
{
	struct span count = chat->given[CHAT_N];

	return count.len == 0 || is_one(count) ||
	       request_refuse(chat->writer, "n", "a response has one answer");
}

static bool thinks(struct span effort)
{
	return !json_string_is(effort, "none") && !json_string_is(effort, "minimal");
}

/* Appends the members of an object that the client gave, without one that takes its place. */
static void write_kwargs(struct chat_request *chat, struct span kwargs, bool thinking)
{
	struct json_scan scan = json_open(kwargs, 0);
	struct span key, value;

	chat_write_name(chat, "chat_template_kwargs");
	buf_puts(chat->out, thinking ? "{\"enable_thinking\":true" : "{\"enable_thinking\":false");
	while (json_member(&scan, &key, &value)) {
		if (json_raw_is(key, "enable_thinking"))
			continue;
		json_write_name(chat->out, key);
		buf_append_span(chat->out, value);
	}
	buf_putc(chat->out, '}');
}

static bool write_effort(struct chat_request *chat, struct span effort)
{
	struct request_writer *writer = chat->writer;

	if (request_has_quirk(writer, QUIRK_THINKING_SWITCH)) {
		chat_write_member(chat, "thinking",
		    thinks(effort) ? SPAN("{\"type\":\"enabled\"}")
				   : SPAN("{\"type\":\"disabled\"}"));
	} else if (request_has_quirk(writer, QUIRK_THINKING_TEMPLATE)) {
		write_kwargs(chat, chat->given[CHAT_CHAT_TEMPLATE_KWARGS], thinks(effort));
	} else if (request_has_quirk(writer, QUIRK_REASONING_DETAILS)) {
		chat_write_name(chat, "reasoning");
		buf_puts(chat->out, "{\"effort\":");
		buf_append_span(chat->out, effort);
		buf_putc(chat->out, '}');
	} else if (request_has_quirk(writer, QUIRK_NO_REASONING_EFFORT)) {
		return request_refuse(writer, "reasoning", "it does not take an effort");
	} else {
		chat_write_member(chat, "reasoning_effort", effort);
	}
	return true;
}

static bool write_reasoning(struct chat_request *chat)
{
	struct span effort = json_get(chat->given[CHAT_REASONING], "effort");
	struct span kwargs = chat->given[CHAT_CHAT_TEMPLATE_KWARGS];

	if (json_is_given(effort) && !write_effort(chat, effort))
		return false;
	if (kwargs.len > 0 && chat_find_written(chat, SPAN("chat_template_kwargs")) == NULL)
		chat_write_member(chat, "chat_template_kwargs", kwargs);
	return true;
}

static bool write_json_schema(struct chat_request *chat, struct span format)
{
	struct span name = json_get(format, "name"), schema = json_get(format, "schema");

	if (request_has_quirk(chat->writer, QUIRK_NO_JSON_SCHEMA))
		return request_refuse(chat->writer, "text", "it has no format of type json_schema");
	if (json_type(name) != JSON_STRING || json_type(schema) != JSON_OBJECT)
		return request_invalid(chat->writer, "text",
		    "Invalid 'text.format': a json_schema needs a name and a schema.");
	chat_write_name(chat, "response_format");
	buf_puts(chat->out, "{\"type\":\"json_schema\",\"json_schema\":{\"name\":");
	buf_append_span(chat->out, name);
	chat_append_given(chat->out, ",\"description\":", json_get(format, "description"));
	chat_append_given(chat->out, ",\"schema\":", schema);
	chat_append_given(chat->out, ",\"strict\":", json_get(format, "strict"));
	buf_puts(chat->out, "}}");
	return true;
}

static bool write_format(struct chat_request *chat, struct span format)
{
	struct span type = json_get(format, "type");

	if (!json_is_given(format) || json_string_is(type, "text"))
		return true;
	if (json_string_is(type, "json_schema"))
		return write_json_schema(chat, format);
	if (json_string_is(type, "json_object")) {
		chat_write_member(chat, "response_format", SPAN("{\"type\":\"json_object\"}"));
		return true;
	}
	return request_refuse(chat->writer, "text", "it has no format of that type");
}

static bool write_text(struct chat_request *chat)
{
	struct span text = chat->given[CHAT_TEXT], verbosity = json_get(text, "verbosity");

	if (!write_format(chat, json_get(text, "format")))
		return false;
	if (!json_is_given(verbosity))
		return true;
	if (request_has_quirk(chat->writer, QUIRK_OPENAI_MEMBERS))
		chat_write_member(chat, "verbosity", verbosity);
	else
		request_leave_out(chat->writer, "text.verbosity");
	return true;
}

static bool includes(struct span include, const char *what)
{
	struct json_scan scan = json_open(include, 0);
	struct span element;

	while (json_element(&scan, &element)) {
		if (json_string_is(element, what))
			return true;
	}
	return false;
}

static void write_logprobs(struct chat_request *chat)
{
	struct span top = chat->given[CHAT_TOP_LOGPROBS];
	bool any = top.len > 0 && !span_is(top, "0");

	if (!any && !includes(chat->given[CHAT_INCLUDE], "message.output_text.logprobs"))
		return;
	chat_write_member(chat, "logprobs", SPAN("true"));
	if (any)
		chat_write_member(chat, "top_logprobs", top);
}

bool chat_options_write(struct chat_request *chat)
{
	write_max_tokens(chat);
	write_logprobs(chat);
	return check_answers(chat) && write_sampling(chat, CHAT_TEMPERATURE, "temperature") &&
	       write_sampling(chat, CHAT_TOP_P, "top_p") && write_reasoning(chat) &&
	       write_text(chat);
}
