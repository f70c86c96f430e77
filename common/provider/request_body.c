#include "request_body.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/json.h"
#include "common/config/dialect.h"
#include "common/config/model.h"
#include "common/response/gateway_members.h"
#include "request_defaults.h"

void request_body_add_model(struct buf *out, const struct deployment *deployment, const char *model)
{
	char *name = model_upstream_name(deployment, model);

	json_quote(out, span_of(name));
	free(name);
}

/* Whether a member of that name does not go there. */
static bool is_left_out(const struct deployment *deployment, const char *model, struct span name)
{
	return gateway_member_is_ours(name) || deployment_drops(deployment, model, name);
}

/* defaults is NULL where there are none. */
static void add_members(struct buf *out, struct span body, const struct deployment *deployment,
    const char *model, struct request_defaults *defaults)
{
	struct json_scan scan = json_open(body, 0);
	struct span key, name, value;
	struct buf scratch = {0};
	bool first = true;

	while (json_member(&scan, &key, &value)) {
		name = json_name(&scratch, key);
		if (is_left_out(deployment, model, name))
			continue;
		if (!first)
			buf_putc(out, ',');
		buf_putc(out, '"');
		buf_append_span(out, key);
		buf_puts(out, "\":");
		if (span_is(name, "model"))
			request_body_add_model(out, deployment, model);
		else if (defaults != NULL)
			request_defaults_write_value(defaults, out, name, value);
		else
			buf_append_span(out, value);
		first = false;
	}
	if (defaults != NULL)
		request_defaults_write_rest(defaults, out, first ? "" : ",");
	buf_free(&scratch);
}

static void add_members_with_defaults(struct buf *out, struct span body,
    const struct deployment *deployment, const char *model, enum request_words words)
{
	struct request_defaults defaults;

	request_defaults_open(&defaults, deployment, model, words);
	add_members(out, body, deployment, model, &defaults);
	request_defaults_close(&defaults);
}

void request_body_add_members(
    struct buf *out, struct span body, const struct deployment *deployment, const char *model)
{
	if (deployment->default_count == 0)
		add_members(out, body, deployment, model, NULL);
	else if (deployment_dialect(deployment, model) == DIALECT_RESPONSES)
		add_members_with_defaults(out, body, deployment, model, WORDS_RESPONSES);
	else
		add_members_with_defaults(out, body, deployment, model, WORDS_TRANSLATED);
}

void request_body_for(
    struct buf *out, struct span body, const struct deployment *deployment, const char *model)
{
	buf_reserve(out, body.len + 64);
	buf_putc(out, '{');
	request_body_add_members(out, body, deployment, model);
	buf_putc(out, '}');
}

void request_body_for_chat(
    struct buf *out, struct span body, const struct deployment *deployment, const char *model)
{
	buf_reserve(out, body.len + 64);
	buf_putc(out, '{');
	if (deployment->default_count == 0)
		add_members(out, body, deployment, model, NULL);
	else
		add_members_with_defaults(out, body, deployment, model, WORDS_CHAT);
	buf_putc(out, '}');
}

void request_body_for_others(
    struct buf *out, struct span body, const struct deployment *deployment, const char *model)
{
	buf_reserve(out, body.len + 64);
	buf_putc(out, '{');
	add_members(out, body, deployment, model, NULL);
	buf_putc(out, '}');
}

/* Whether the body has a member of that name, which is in its canonical spelling. */
static bool has_member(struct span body, struct span wanted)
{
	struct json_scan scan = json_open(body, 0);
	struct span key, value;
	struct buf scratch = {0};
	bool found = false;

	while (!found && json_member(&scan, &key, &value))
		found = span_eq(json_name(&scratch, key), wanted);
	buf_free(&scratch);
	return found;
}

void request_body_add_extra(struct buf *out, const struct deployment *deployment)
{
	struct span extra = {0}, body = buf_span(out), key, value;
	struct buf added = {0};
	struct json_scan scan;

	if (deployment->extra_body == NULL || out->len == 0)
		return;
	extra = span_of(deployment->extra_body);
	scan = json_open(extra, 0);
	while (json_member(&scan, &key, &value)) {
		if (has_member(body, key))
			continue;
		buf_puts(&added, json_is_empty(body) && added.len == 0 ? "\"" : ",\"");
		buf_append_span(&added, key);
		buf_puts(&added, "\":");
		buf_append_span(&added, value);
	}
	out->len--; /* the brace */
	buf_append_span(out, buf_span(&added));
	buf_putc(out, '}');
	buf_free(&added);
}
