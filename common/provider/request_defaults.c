#include "request_defaults.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/json.h"
#include "common/config/dialect.h"
#include "common/config/model.h"

static bool is_max_tokens(const struct request_default *given)
{
	return given->member != NULL && strcmp(given->member, "max_output_tokens") == 0;
}

static const char *chat_path(
    const struct request_defaults *defaults, const struct request_default *given)
{
	if (is_max_tokens(given) && deployment_has_quirk(defaults->deployment, defaults->model,
					QUIRK_USES_MAX_COMPLETION_TOKENS))
		return "max_completion_tokens";
	return given->name;
}

/* Where it goes in the body: a member, or one of a member as "reasoning.effort"; NULL: nowhere. */
static const char *path_of(
    const struct request_defaults *defaults, const struct request_default *given)
{
	if (defaults->words == WORDS_CHAT)
		return chat_path(defaults, given);
	if (defaults->words == WORDS_RESPONSES)
		return given->member;
	if (is_max_tokens(given))
		return NULL;
	return given->member != NULL ? given->member : given->name;
}

static struct span value_of(
    const struct request_defaults *defaults, const struct request_default *given)
{
	if (defaults->words == WORDS_CHAT && given->chat_value != NULL)
		return span_of(given->chat_value);
	return span_of(given->value);
}

static struct span top_of(const char *path)
{
	return (struct span){path, strcspn(path, ".")};
}

/* Of a path below the top what is there; else empty. */
static struct span below_top(const char *path)
{
	size_t len = strcspn(path, ".");

	return span_of(path[len] == '.' ? path + len + 1 : path + len);
}

static bool drops(const struct request_defaults *defaults, const char *path)
{
	return path != NULL &&
	       deployment_drops(defaults->deployment, defaults->model, top_of(path));
}

/* By whatever name; or there is nothing like it in the body's API. */
static bool is_dropped(const struct request_defaults *defaults, const struct request_default *given)
{
	const char *path = path_of(defaults, given);

	return path == NULL || drops(defaults, path) || drops(defaults, given->name) ||
	       drops(defaults, given->member);
}

void request_defaults_open(struct request_defaults *defaults, const struct deployment *deployment,
    const char *model, enum request_words words)
{
	*defaults =
	    (struct request_defaults){.deployment = deployment, .model = model, .words = words};
	if (deployment->default_count == 0)
		return;
	defaults->said = xcalloc(deployment->default_count, sizeof(*defaults->said));
	for (size_t i = 0; i < deployment->default_count; i++)
		defaults->said[i] = is_dropped(defaults, &deployment->defaults[i]);
}

void request_defaults_close(struct request_defaults *defaults)
{
	free(defaults->said);
}

/* Whether it is for a member of that name, and is still to be said. */
static bool is_due(const struct request_defaults *defaults, size_t i, struct span name)
{
	return !defaults->said[i] &&
	       span_eq(top_of(path_of(defaults, &defaults->deployment->defaults[i])), name);
}

static bool any_is_due(const struct request_defaults *defaults, struct span name)
{
	for (size_t i = 0; i < defaults->deployment->default_count; i++) {
		if (is_due(defaults, i, name))
			return true;
	}
	return false;
}

/* The default of the member below the top one that is due, or none there. */
static struct span take_part(struct request_defaults *defaults, struct span name, struct span part)
{
	const struct deployment *deployment = defaults->deployment;

	for (size_t i = 0; i < deployment->default_count; i++) {
		if (!is_due(defaults, i, name) ||
		    !span_eq(below_top(path_of(defaults, &deployment->defaults[i])), part))
			continue;
		defaults->said[i] = true;
		return value_of(defaults, &deployment->defaults[i]);
	}
	return (struct span){0};
}

static void write_part(struct buf *out, struct span key, struct span value)
{
	buf_puts(out, out->data[out->len - 1] == '{' ? "\"" : ",\"");
	buf_append_span(out, key);
	buf_puts(out, "\":");
	buf_append_span(out, value);
}

/* Appends an object with what the client has in it, if anything, and what that lacks. */
static void write_object(
    struct request_defaults *defaults, struct buf *out, struct span name, struct span given)
{
	const struct deployment *deployment = defaults->deployment;
	struct json_scan scan = json_open(given, 0);
	struct span key, value, otherwise;
	struct buf scratch = {0};

	buf_putc(out, '{');
	while (json_type(given) == JSON_OBJECT && json_member(&scan, &key, &value)) {
		otherwise = take_part(defaults, name, json_name(&scratch, key));
		write_part(
		    out, key, !json_is_given(value) && otherwise.len > 0 ? otherwise : value);
	}
	for (size_t i = 0; i < deployment->default_count; i++) {
		if (!is_due(defaults, i, name))
			continue;
		defaults->said[i] = true;
		write_part(out, below_top(path_of(defaults, &deployment->defaults[i])),
		    value_of(defaults, &deployment->defaults[i]));
	}
	buf_putc(out, '}');
	buf_free(&scratch);
}

/* Chat Completions has two names for this one. */
static void note_max_tokens(struct request_defaults *defaults, struct span name)
{
	const struct deployment *deployment = defaults->deployment;

	if (defaults->words != WORDS_CHAT ||
	    !(span_is(name, "max_tokens") || span_is(name, "max_completion_tokens")))
		return;
	for (size_t i = 0; i < deployment->default_count; i++)
		defaults->said[i] = defaults->said[i] || is_max_tokens(&deployment->defaults[i]);
}

static void note_said(struct request_defaults *defaults, struct span name)
{
	for (size_t i = 0; i < defaults->deployment->default_count; i++)
		defaults->said[i] = defaults->said[i] || is_due(defaults, i, name);
}

void request_defaults_write_value(
    struct request_defaults *defaults, struct buf *out, struct span name, struct span value)
{
	struct span otherwise;

	if (json_is_given(value))
		note_max_tokens(defaults, name);
	if (!any_is_due(defaults, name)) {
		buf_append_span(out, value);
		return;
	}
	otherwise = take_part(defaults, name, (struct span){0});
	if (otherwise.len > 0)
		buf_append_span(out, json_is_given(value) ? value : otherwise);
	else if (json_type(value) == JSON_OBJECT || !json_is_given(value))
		write_object(defaults, out, name, value);
	else
		buf_append_span(out, value);
	note_said(defaults, name);
}

void request_defaults_write_rest(
    struct request_defaults *defaults, struct buf *out, const char *separator)
{
	const struct deployment *deployment = defaults->deployment;

	for (size_t i = 0; i < deployment->default_count; i++) {
		struct span name;

		if (defaults->said[i])
			continue;
		name = top_of(path_of(defaults, &deployment->defaults[i]));
		buf_printf(out, "%s\"", separator);
		buf_append_span(out, name);
		buf_puts(out, "\":");
		request_defaults_write_value(defaults, out, name, (struct span){0});
		separator = ",";
	}
}
