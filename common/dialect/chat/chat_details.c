#include "chat_details.h"

#include "common/base/json.h"
#include "common/dialect/members.h"

enum { TYPE, INDEX, TEXT, SUMMARY, SIGNATURE, DATA, DETAIL_MEMBERS };

static const struct span names[DETAIL_MEMBERS] = {
    [TYPE] = MEMBER_NAME("type"),
    [INDEX] = MEMBER_NAME("index"),
    [TEXT] = MEMBER_NAME("text"),
    [SUMMARY] = MEMBER_NAME("summary"),
    [SIGNATURE] = MEMBER_NAME("signature"),
    [DATA] = MEMBER_NAME("data"),
};

void chat_details_free(struct chat_details *details)
{
	buf_free(&details->array);
	buf_free(&details->type);
	buf_free(&details->index);
	buf_free(&details->others);
	buf_free(&details->text);
	buf_free(&details->signature);
}

static void keep(struct buf *kept, struct span value)
{
	buf_clear(kept);
	buf_append_span(kept, value);
}

static void begin_element(struct buf *array)
{
	if (array->len > 0)
		buf_putc(array, ',');
}

static bool is_summary(const struct chat_details *details)
{
	return json_string_is(buf_span(&details->type), "reasoning.summary");
}

static void close_element(struct chat_details *details)
{
	struct buf *array = &details->array;

	if (!details->is_open)
		return;
	begin_element(array);
	buf_puts(array, "{\"type\":");
	buf_append_span(array, buf_span(&details->type));
	buf_puts(array, is_summary(details) ? ",\"summary\":\"" : ",\"text\":\"");
	buf_append_span(array, buf_span(&details->text));
	buf_putc(array, '"');
	if (details->signature.len > 0) {
		buf_puts(array, ",\"signature\":");
		buf_append_span(array, buf_span(&details->signature));
	}
	buf_append_span(array, buf_span(&details->others));
	buf_putc(array, '}');
	details->is_open = false;
}

static void keep_others(struct buf *others, struct span element)
{
	struct json_scan scan = json_open(element, JSON_ACCEPT_BAD_UTF8);
	struct span name, value;

	buf_clear(others);
	while (json_member(&scan, &name, &value)) {
		if (json_raw_is(name, "type") || json_raw_is(name, "text") ||
		    json_raw_is(name, "summary") || json_raw_is(name, "signature"))
			continue;
		buf_puts(others, ",\"");
		buf_append_span(others, name);
		buf_puts(others, "\":");
		buf_append_span(others, value);
	}
}

static bool continues(const struct chat_details *details, const struct span *members)
{
	return details->is_open && span_eq(members[TYPE], buf_span(&details->type)) &&
	       span_eq(members[INDEX], buf_span(&details->index));
}

static void add_text(
    struct chat_details *details, struct span element, const struct span *members, struct span text)
{
	if (!continues(details, members)) {
		close_element(details);
		details->is_open = true;
		keep(&details->type, members[TYPE]);
		keep(&details->index, members[INDEX]);
		keep_others(&details->others, element);
		buf_clear(&details->text);
		buf_clear(&details->signature);
	}
	if (json_type(text) == JSON_STRING)
		buf_append_span(&details->text, json_inside(text));
	if (json_is_given(members[SIGNATURE]))
		keep(&details->signature, members[SIGNATURE]);
}

struct span chat_details_add(struct chat_details *details, struct span element)
{
	struct span members[DETAIL_MEMBERS], text;

	if (!members_read(element, names, DETAIL_MEMBERS, members))
		return (struct span){0};
	if (json_is_text(members[DATA]) || json_is_text(members[SIGNATURE]))
		details->has_seal = true;
	text = json_type(members[TEXT]) == JSON_STRING ? members[TEXT] : members[SUMMARY];
	if (json_string_is(members[TYPE], "reasoning.text") ||
	    json_string_is(members[TYPE], "reasoning.summary")) {
		add_text(details, element, members, text);
	} else {
		close_element(details);
		begin_element(&details->array);
		buf_append_span(&details->array, element);
	}
	return json_is_text(text) ? text : (struct span){0};
}

bool chat_details_any(const struct chat_details *details)
{
	return details->is_open || details->array.len > 0;
}

void chat_details_take(struct chat_details *details, struct buf *out)
{
	close_element(details);
	if (details->has_seal) {
		buf_putc(out, '[');
		buf_append_span(out, buf_span(&details->array));
		buf_putc(out, ']');
	}
	buf_clear(&details->array);
	details->has_seal = false;
}
