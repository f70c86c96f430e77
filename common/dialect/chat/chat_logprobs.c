#include "chat_logprobs.h"

#include "common/base/json.h"
#include "common/dialect/members.h"

enum { TOKEN, BYTES, LOGPROB, TOP_LOGPROBS, TOKEN_MEMBERS };

static const struct span names[TOKEN_MEMBERS] = {
    [TOKEN] = MEMBER_NAME("token"),
    [BYTES] = MEMBER_NAME("bytes"),
    [LOGPROB] = MEMBER_NAME("logprob"),
    [TOP_LOGPROBS] = MEMBER_NAME("top_logprobs"),
};

static void write_bytes(struct buf *out, struct span bytes)
{
	struct json_scan scan = json_open(bytes, JSON_ACCEPT_BAD_UTF8);
	struct span byte;
	long long number;

	buf_putc(out, '[');
	while (json_element(&scan, &byte)) {
		if (!json_integer(byte, &number))
			continue;
		json_begin_element(out);
		buf_append_span(out, byte);
	}
	buf_putc(out, ']');
}

/* Of a token's object, all but the end. False if it is none. */
static bool begin_token(struct buf *out, struct span object, struct span *members)
{
	if (!members_read(object, names, TOKEN_MEMBERS, members) ||
	    json_type(members[TOKEN]) != JSON_STRING || json_type(members[LOGPROB]) != JSON_NUMBER)
		return false;
	json_begin_element(out);
	buf_puts(out, "{\"token\":");
	json_canonical(out, members[TOKEN]);
	buf_puts(out, ",\"bytes\":");
	write_bytes(out, members[BYTES]);
	buf_puts(out, ",\"logprob\":");
	buf_append_span(out, members[LOGPROB]);
	return true;
}

static void write_top(struct buf *out, struct span top)
{
	struct json_scan scan = json_open(top, JSON_ACCEPT_BAD_UTF8);
	struct span element, members[TOKEN_MEMBERS];

	buf_putc(out, '[');
	while (json_element(&scan, &element)) {
		if (begin_token(out, element, members))
			buf_putc(out, '}');
	}
	buf_putc(out, ']');
}

void chat_logprobs_write(struct buf *out, struct span logprobs)
{
	struct json_scan scan;
	struct span content, element, members[TOKEN_MEMBERS];

	if (json_type(logprobs) != JSON_OBJECT)
		return;
	content = json_get(logprobs, "content");
	if (json_type(content) != JSON_ARRAY)
		return;
	scan = json_open(content, JSON_ACCEPT_BAD_UTF8);
	buf_putc(out, '[');
	while (json_element(&scan, &element)) {
		if (!begin_token(out, element, members))
			continue;
		buf_puts(out, ",\"top_logprobs\":");
		write_top(out, members[TOP_LOGPROBS]);
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
}
