#include "create_request.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/json.h"
#include "create_request_internal.h"
#include "request_members.h"

/* Whether a member that begins here needs a ',' before it. */
static void separate(struct buf *out)
{
	if (out->len > 0 && strchr("{[", out->data[out->len - 1]) == NULL)
		buf_putc(out, ',');
}

static void put_name(struct buf *out, struct span key)
{
	separate(out);
	buf_putc(out, '"');
	buf_append_span(out, key);
	buf_puts(out, "\":");
}

/* Whether no provider is to see the member, as it names a response that only we know. */
static bool is_ours_alone(const struct create_request *request, struct span name)
{
	return request->continues && span_is(name, "previous_response_id");
}

static bool is_replaced(const struct create_request *request, struct span name)
{
	return create_request_replaces(name) || is_ours_alone(request, name);
}

static bool read_member(struct create_request *request, struct span key, struct span name,
    struct span value, struct api_error *error)
{
	if (gateway_member_is_ours(name)) {
		request->has_gateway_members = true;
		return gateway_members_take(&request->gateway, name, value, error);
	}
	if (!create_request_read_value(request, name, value, error))
		return false;
	if (!is_replaced(request, name)) {
		put_name(&request->rest, key);
		buf_append_span(&request->rest, value);
	}
	return true;
}

static bool read_members(struct create_request *request, struct api_error *error)
{
	struct request_members members;
	struct span key, name, value;
	bool valid = true;

	request_members_open(&members, request->body);
	while (valid && request_members_next(&members, &key, &name, &value, error))
		valid = read_member(request, key, name, value, error);
	return request_members_close(&members) && valid;
}

static struct span without_leading_blanks(struct span text)
{
	while (text.len > 0 && strchr(" \t\r\n", text.p[0]) != NULL && text.p[0] != '\0') {
		text.p++;
		text.len--;
	}
	return text;
}

bool create_request_parse(struct create_request *request, struct span body, struct api_error *error)
{
	*request = (struct create_request){.body = body, .gateway = GATEWAY_MEMBERS_INIT};
	if (!request_body_check(body, error))
		goto fail;
	if (litellm_marks_undo(&request->unmarked, body, &request->maker))
		request->body = buf_span(&request->unmarked);
	if (read_members(request, error))
		return true;
fail:
	create_request_free(request);
	return false;
}

void create_request_free(struct create_request *request)
{
	free(request->model);
	free(request->previous_id);
	free(request->follows);
	litellm_mark_free(&request->maker);
	buf_free(&request->unmarked);
	buf_free(&request->rest);
	buf_free(&request->named);
	*request = (struct create_request){0};
}

void create_request_use_model(struct create_request *request, const char *model)
{
	request_body_name_model(&request->named, request->body, model);
	request->body = buf_span(&request->named);
	request->model = xstrdup(model);
	request->fields[RESPONSE_MODEL] = json_get(request->body, "model");
}

static void put_followed(struct buf *out, const struct create_request *request)
{
	put_name(out, SPAN("previous_response_id"));
	json_quote(out, span_of(request->follows));
}

void create_request_follow(struct create_request *request, struct span id)
{
	request->follows = xmemdup(id.p, id.len);
	put_followed(&request->rest, request);
}

const char *create_request_followed(const struct create_request *request)
{
	return request->continues ? request->follows : request->previous_id;
}

static struct span without_blanks(struct span text)
{
	text = without_leading_blanks(text);
	while (text.len > 0 && strchr(" \t\r\n", text.p[text.len - 1]) != NULL)
		text.len--;
	return text;
}

void create_request_add_items(struct buf *out, struct span input)
{
	if (json_type(input) == JSON_STRING) {
		separate(out);
		buf_puts(out, "{\"type\":\"message\",\"role\":\"user\",\"content\":");
		buf_append_span(out, input);
		buf_putc(out, '}');
	} else if (json_type(input) == JSON_ARRAY) {
		input = without_blanks((struct span){input.p + 1, input.len - 2});
		if (input.len > 0)
			separate(out);
		buf_append_span(out, input);
	}
}

void create_request_write_input(struct buf *out, struct span context, struct span input)
{
	if (context.len == 0) {
		buf_append_span(out, input);
		return;
	}
	buf_putc(out, '[');
	buf_append_span(out, context);
	create_request_add_items(out, input);
	buf_putc(out, ']');
}

bool create_request_is_verbatim(const struct create_request *request, struct span context)
{
	return !request->continues && request->follows == NULL && context.len == 0 &&
	       !request->has_gateway_members;
}

void create_request_write(
    struct buf *out, const struct create_request *request, struct span context)
{
	struct json_scan scan = json_open(request->body, 0);
	struct span key, name, value;
	struct buf scratch = {0};

	buf_putc(out, '{');
	while (json_member(&scan, &key, &value)) {
		name = json_name(&scratch, key);
		if (is_ours_alone(request, name) || gateway_member_is_ours(name))
			continue;
		put_name(out, key);
		if (span_is(name, "input"))
			create_request_write_input(out, context, value);
		else
			buf_append_span(out, value);
	}
	if (request->follows != NULL)
		put_followed(out, request);
	if (request->input.len == 0 && context.len > 0) {
		put_name(out, SPAN("input"));
		create_request_write_input(out, context, request->input);
	}
	buf_putc(out, '}');
	buf_free(&scratch);
}
