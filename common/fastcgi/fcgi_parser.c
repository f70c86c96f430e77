#include "fcgi_parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

enum { KEPT_BUFFER = 65536 }; /* bytes that a buffer may keep for the next request */

void fcgi_parser_free(struct fcgi_parser *parser)
{
	buf_free(&parser->answer);
	buf_free(&parser->content);
	buf_free(&parser->pairs);
	buf_free(&parser->text);
	free(parser->variables);
	*parser = (struct fcgi_parser){.max_requests = parser->max_requests};
}

void fcgi_parser_reset(struct fcgi_parser *parser)
{
	fcgi_parser_end_request(parser);
	buf_clear(&parser->answer);
	parser->error = NULL;
	parser->header_len = 0;
	parser->content_left = 0;
	parser->padding_left = 0;
}

void fcgi_parser_end_request(struct fcgi_parser *parser)
{
	parser->request_id = 0;
	parser->strays = 0;
	buf_recycle(&parser->pairs, KEPT_BUFFER);
	buf_recycle(&parser->text, KEPT_BUFFER);
}

bool fcgi_parser_is_between_records(const struct fcgi_parser *parser)
{
	return parser->header_len == 0 && parser->content_left == 0 && parser->padding_left == 0;
}

bool fcgi_parser_is_idle(const struct fcgi_parser *parser)
{
	return parser->request_id == 0 && fcgi_parser_is_between_records(parser);
}

bool fcgi_parser_sees_abort(const struct fcgi_parser *parser, struct span next)
{
	const FCGI_Header *header;

	if (parser->header_len != 0 || parser->content_left != 0 ||
	    next.len < parser->padding_left + sizeof(*header))
		return false;
	header = (const FCGI_Header *)(const void *)(next.p + parser->padding_left);
	return header->type == FCGI_ABORT_REQUEST &&
	       (header->requestIdB1 << 8 | header->requestIdB0) == parser->request_id;
}

static enum fcgi_event fail(struct fcgi_parser *parser, const char *error)
{
	parser->error = error;
	return FCGI_EVENT_ERROR;
}

static int record_id(const struct fcgi_parser *parser)
{
	return parser->header.fields.requestIdB1 << 8 | parser->header.fields.requestIdB0;
}

FCGI_Header fcgi_header(int type, int request_id, size_t len)
{
	return (FCGI_Header){
	    .version = FCGI_VERSION_1,
	    .type = (unsigned char)type,
	    .requestIdB1 = (unsigned char)(request_id >> 8),
	    .requestIdB0 = (unsigned char)request_id,
	    .contentLengthB1 = (unsigned char)(len >> 8),
	    .contentLengthB0 = (unsigned char)len,
	};
}

static void add_record(struct buf *out, int type, int id, const void *content, size_t len)
{
	FCGI_Header header = fcgi_header(type, id, len);

	buf_append(out, &header, sizeof(header));
	buf_append(out, content, len);
}

static void refuse_request(struct fcgi_parser *parser, int id, int why)
{
	FCGI_EndRequestBody body = {.protocolStatus = (unsigned char)why};

	add_record(&parser->answer, FCGI_END_REQUEST, id, &body, sizeof(body));
}

static void refuse_type(struct fcgi_parser *parser)
{
	FCGI_UnknownTypeBody body = {.type = parser->header.fields.type};

	add_record(&parser->answer, FCGI_UNKNOWN_TYPE, FCGI_NULL_REQUEST_ID, &body, sizeof(body));
}

/* One byte, or four of which the first has its highest bit set. */
static bool take_length(struct span *pairs, size_t *length)
{
	const unsigned char *p = (const unsigned char *)pairs->p;
	size_t size = pairs->len > 0 && p[0] >> 7 ? 4 : 1;

	if (pairs->len < size)
		return false;
	*length = size == 1
		      ? p[0]
		      : (size_t)(p[0] & 0x7f) << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	pairs->p += size;
	pairs->len -= size;
	return true;
}

static bool take_bytes(struct span *pairs, size_t len, struct span *bytes)
{
	if (len > pairs->len)
		return false;
	*bytes = (struct span){pairs->p, len};
	pairs->p += len;
	pairs->len -= len;
	return true;
}

static bool take_pair(struct span *pairs, struct span *name, struct span *value)
{
	size_t name_len, value_len;

	return take_length(pairs, &name_len) && take_length(pairs, &value_len) &&
	       take_bytes(pairs, name_len, name) && take_bytes(pairs, value_len, value);
}

/* No other name can be asked for in the environment. */
static bool is_name(struct span name)
{
	return name.len > 0 && memchr(name.p, '=', name.len) == NULL &&
	       memchr(name.p, '\0', name.len) == NULL;
}

/* A value ends at its first NUL, as nobody here would see more of it. */
static void add_variable(struct buf *text, struct span name, struct span value)
{
	size_t len = strnlen(value.p, value.len);
	char *p = buf_reserve(text, name.len + 1 + len + 1);

	memcpy(p, name.p, name.len);
	p[name.len] = '=';
	memcpy(p + name.len + 1, value.p, len);
	p[name.len + 1 + len] = '\0';
	text->len += name.len + 1 + len + 1;
}

/* The text is complete, so that it moves no more. */
static void point_to_variables(struct fcgi_parser *parser, size_t count)
{
	char *p = parser->text.data;

	if (parser->variables_room < count + 1) {
		parser->variables_room = count + 1;
		parser->variables = xrealloc(
		    parser->variables, parser->variables_room * sizeof(parser->variables[0]));
	}
	for (size_t i = 0; i < count; i++) {
		parser->variables[i] = p;
		p += strlen(p) + 1;
	}
	parser->variables[count] = NULL;
}

static enum fcgi_event end_pairs(struct fcgi_parser *parser)
{
	struct span pairs = buf_span(&parser->pairs);
	struct span name, value;
	size_t count = 0;

	buf_clear(&parser->text);
	while (pairs.len > 0) {
		if (!take_pair(&pairs, &name, &value))
			return fail(parser, "a variable is longer than all of them");
		if (!is_name(name))
			continue;
		if (++count > FCGI_VARIABLES_MAX)
			return fail(parser, "a request has more than 4096 variables");
		add_variable(&parser->text, name, value);
	}
	point_to_variables(parser, count);
	parser->phase = PHASE_BODY;
	return FCGI_EVENT_REQUEST;
}

static void add_value(struct buf *out, struct span name, int number)
{
	char value[12];
	int len = snprintf(value, sizeof(value), "%d", number);

	buf_putc(out, (char)name.len);
	buf_putc(out, (char)len);
	buf_append_span(out, name);
	buf_append(out, value, (size_t)len);
}

/* Each of the three once, however often it is asked for. */
static void answer_values(struct fcgi_parser *parser)
{
	struct {
		const char *name;
		int value;
		bool asked;
	} values[] = {
	    {FCGI_MAX_CONNS, parser->max_requests, false},
	    {FCGI_MAX_REQS, parser->max_requests, false},
	    {FCGI_MPXS_CONNS, 0, false},
	};
	struct span pairs = buf_span(&parser->content);
	struct span name, value;
	struct buf result = {0};

	while (take_pair(&pairs, &name, &value)) {
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			if (values[i].asked || !span_is(name, values[i].name))
				continue;
			values[i].asked = true;
			/* What is not known is left out of the answer. */
			if (values[i].value > 0 || i == 2)
				add_value(&result, name, values[i].value);
		}
	}
	add_record(
	    &parser->answer, FCGI_GET_VALUES_RESULT, FCGI_NULL_REQUEST_ID, result.data, result.len);
	buf_free(&result);
}

static enum fcgi_event begin_request(struct fcgi_parser *parser)
{
	const FCGI_BeginRequestBody *body = (const void *)parser->content.data;
	int id = record_id(parser);

	if (parser->request_id != 0) {
		refuse_request(parser, id, FCGI_CANT_MPX_CONN);
		return FCGI_EVENT_NONE;
	}
	if ((body->roleB1 << 8 | body->roleB0) != FCGI_RESPONDER) {
		refuse_request(parser, id, FCGI_UNKNOWN_ROLE);
		return FCGI_EVENT_REFUSED;
	}
	parser->request_id = id;
	parser->keeps_connection = body->flags & FCGI_KEEP_CONN;
	parser->phase = PHASE_PAIRS;
	buf_clear(&parser->pairs);
	return FCGI_EVENT_NONE;
}

static enum fcgi_event abort_request(struct fcgi_parser *parser)
{
	/* Nobody knows of the request yet, so nobody else will end it. */
	if (parser->phase == PHASE_PAIRS) {
		refuse_request(parser, parser->request_id, FCGI_REQUEST_COMPLETE);
		fcgi_parser_end_request(parser);
	}
	return FCGI_EVENT_ABORT;
}

static enum fcgi_event end_content(struct fcgi_parser *parser)
{
	if (record_id(parser) != FCGI_NULL_REQUEST_ID)
		return begin_request(parser);
	answer_values(parser);
	return FCGI_EVENT_NONE;
}

static enum fcgi_event end_stream(struct fcgi_parser *parser)
{
	if (parser->take == TAKE_PAIRS)
		return end_pairs(parser);
	parser->phase = PHASE_DONE;
	return FCGI_EVENT_BODY_END;
}

static enum fcgi_event count_stray(struct fcgi_parser *parser)
{
	if (++parser->strays > FCGI_STRAYS_MAX)
		return fail(parser, "too many records that belong to no request");
	return FCGI_EVENT_NONE;
}

static enum fcgi_event begin_management(struct fcgi_parser *parser)
{
	if (parser->header.fields.type != FCGI_GET_VALUES)
		refuse_type(parser);
	else if (parser->content_left > 0)
		parser->take = TAKE_CONTENT;
	else
		answer_values(parser);
	return count_stray(parser);
}

static enum fcgi_event begin_beginning(struct fcgi_parser *parser)
{
	if (parser->content_left != sizeof(FCGI_BeginRequestBody))
		return fail(parser, "a request begins with a record of a wrong length");
	if (record_id(parser) == parser->request_id)
		return fail(parser, "a request begins twice");
	parser->take = TAKE_CONTENT;
	return count_stray(parser);
}

static enum fcgi_event begin_stream(struct fcgi_parser *parser)
{
	bool is_pairs = parser->header.fields.type == FCGI_PARAMS;

	if (parser->phase != (is_pairs ? PHASE_PAIRS : PHASE_BODY))
		return fail(parser, is_pairs ? "variables come after they have ended"
					     : "a body comes before it begins or after its end");
	if (is_pairs && parser->pairs.len + parser->content_left > FCGI_PAIRS_MAX)
		return fail(parser, "a request's variables are longer than 262144 bytes");
	parser->take = is_pairs ? TAKE_PAIRS : TAKE_BODY;
	return parser->content_left > 0 ? FCGI_EVENT_NONE : end_stream(parser);
}

/* What belongs to no open request is passed over (section 3.3), but not without an end. */
static enum fcgi_event begin_record(struct fcgi_parser *parser)
{
	const FCGI_Header *header = &parser->header.fields;

	parser->content_left = (size_t)(header->contentLengthB1 << 8 | header->contentLengthB0);
	parser->padding_left = header->paddingLength;
	parser->take = TAKE_NOTHING;
	buf_clear(&parser->content);
	if (header->version != FCGI_VERSION_1)
		return fail(parser, "a record is of another version than FastCGI 1");
	if (record_id(parser) == FCGI_NULL_REQUEST_ID)
		return begin_management(parser);
	if (header->type == FCGI_BEGIN_REQUEST)
		return begin_beginning(parser);
	if (record_id(parser) != parser->request_id)
		return parser->request_id == 0 ? count_stray(parser) : FCGI_EVENT_NONE;
	if (header->type == FCGI_ABORT_REQUEST)
		return abort_request(parser);
	if (header->type == FCGI_PARAMS || header->type == FCGI_STDIN)
		return begin_stream(parser);
	return FCGI_EVENT_NONE;
}

static struct span take_front(struct span *bytes, size_t most)
{
	struct span front = {bytes->p, bytes->len < most ? bytes->len : most};

	bytes->p += front.len;
	bytes->len -= front.len;
	return front;
}

void fcgi_parser_skip_padding(struct fcgi_parser *parser, struct span *bytes)
{
	if (parser->content_left == 0)
		parser->padding_left -= take_front(bytes, parser->padding_left).len;
}

static enum fcgi_event take_header(struct fcgi_parser *parser, struct span *bytes)
{
	struct span part = take_front(bytes, FCGI_HEADER_LEN - parser->header_len);

	memcpy(parser->header.bytes + parser->header_len, part.p, part.len);
	parser->header_len += part.len;
	if (parser->header_len < FCGI_HEADER_LEN)
		return FCGI_EVENT_NONE;
	parser->header_len = 0;
	return begin_record(parser);
}

static enum fcgi_event take_content(struct fcgi_parser *parser, struct span *bytes)
{
	struct span part = take_front(bytes, parser->content_left);

	parser->content_left -= part.len;
	switch (parser->take) {
	case TAKE_NOTHING:
		break;
	case TAKE_CONTENT:
		buf_append_span(&parser->content, part);
		return parser->content_left > 0 ? FCGI_EVENT_NONE : end_content(parser);
	case TAKE_PAIRS:
		buf_append_span(&parser->pairs, part);
		break;
	case TAKE_BODY:
		parser->body = part;
		return FCGI_EVENT_BODY;
	}
	return FCGI_EVENT_NONE;
}

enum fcgi_event fcgi_parse(struct fcgi_parser *parser, struct span *bytes)
{
	enum fcgi_event event = parser->error != NULL ? FCGI_EVENT_ERROR : FCGI_EVENT_NONE;

	while (event == FCGI_EVENT_NONE && bytes->len > 0) {
		if (parser->content_left > 0)
			event = take_content(parser, bytes);
		else if (parser->padding_left > 0)
			parser->padding_left -= take_front(bytes, parser->padding_left).len;
		else
			event = take_header(parser, bytes);
	}
	return event;
}
