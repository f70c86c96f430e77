/*
 * Whatever a peer of the FastCGI socket sends: it is read the same however it is cut into pieces,
 * its variables are strings with a name each, and it is not answered with much more than it sent.
 *
 * Build:  tests/fuzz/run.sh
 *
 * Input: a seed for the cutting as the first byte, what is sent after it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/fastcgi/fcgi_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* What a connection has led to, in a form that can be compared. */
struct course {
	struct buf events;
	struct buf answers;
	size_t body_len;
};

static void note_variables(struct course *course, char **variables)
{
	size_t count = 0;

	for (; variables[count] != NULL; count++) {
		const char *equals = strchr(variables[count], '=');

		require(equals != NULL && equals != variables[count]);
		buf_puts(&course->events, variables[count]);
		buf_putc(&course->events, '\n');
	}
	require(count <= FCGI_VARIABLES_MAX);
}

/* False when the connection would be closed. */
static bool note_event(struct course *course, struct fcgi_parser *parser, enum fcgi_event event)
{
	/* How a body is cut is no matter. */
	if (event != FCGI_EVENT_NONE && event != FCGI_EVENT_BODY)
		buf_printf(&course->events, "[%d]", (int)event);
	switch (event) {
	case FCGI_EVENT_NONE:
		return true;
	case FCGI_EVENT_REQUEST:
		require(parser->request_id > 0 && parser->request_id < 65536);
		note_variables(course, parser->variables);
		return true;
	case FCGI_EVENT_BODY:
		require(parser->body.len > 0);
		buf_append_span(&course->events, parser->body);
		course->body_len += parser->body.len;
		return true;
	case FCGI_EVENT_BODY_END:
		fcgi_parser_end_request(parser);
		return true;
	case FCGI_EVENT_ABORT:
		fcgi_parser_end_request(parser);
		return parser->keeps_connection;
	case FCGI_EVENT_REFUSED:
		return false;
	case FCGI_EVENT_ERROR:
		require(parser->error != NULL);
		break;
	}
	return false;
}

static bool feed(struct course *course, struct fcgi_parser *parser, const uint8_t *data, size_t len)
{
	/* A copy of exactly that size, so that reading past it is seen. */
	char *copy = malloc(len != 0 ? len : 1);
	struct span bytes = {copy, len};
	bool open = true;

	require(copy != NULL);
	memcpy(copy, data, len);
	while (open && bytes.len > 0) {
		size_t before = bytes.len;
		enum fcgi_event event = fcgi_parse(parser, &bytes);

		require(bytes.len < before);
		open = note_event(course, parser, event);
		fcgi_parser_sees_abort(parser, bytes);
	}
	buf_append_span(&course->answers, buf_span(&parser->answer));
	buf_clear(&parser->answer);
	free(copy);
	return open;
}

/* Pieces of 1 to most bytes, as the seed has it. */
static void run(struct course *course, const uint8_t *data, size_t size, unsigned seed, size_t most)
{
	struct fcgi_parser parser = {.max_requests = 16};
	bool open = true;

	*course = (struct course){0};
	while (open && size > 0) {
		size_t len = 1 + (seed = seed * 1103515245 + 12345) / 65536 % most;

		if (len > size)
			len = size;
		open = feed(course, &parser, data, len);
		data += len;
		size -= len;
	}
	require(parser.pairs.len <= FCGI_PAIRS_MAX);
	fcgi_parser_free(&parser);
}

static void end(struct course *course)
{
	buf_free(&course->events);
	buf_free(&course->answers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct course bytewise, cut;

	if (size == 0)
		return 0;
	run(&bytewise, data + 1, size - 1, 0, 1);
	run(&cut, data + 1, size - 1, data[0], 1 + (size_t)data[0] * 4);
	require(span_eq(buf_span(&bytewise.events), buf_span(&cut.events)));
	require(span_eq(buf_span(&bytewise.answers), buf_span(&cut.answers)));
	/* No record is answered by one of more than twice its length. */
	require(bytewise.answers.len <= 2 * size);
	require(bytewise.body_len <= size);
	end(&bytewise);
	end(&cut);
	return 0;
}
