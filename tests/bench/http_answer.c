#include "http_answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What is read next. */
enum next {
	STATUS_LINE,
	HEADER,
	CHUNK_SIZE,
	CHUNK,
	CHUNK_END,
	LAST_LINE,
};

void line_add(struct line *line, const char *p, size_t len)
{
	size_t room = LINE_MAX_BYTES - 1 - line->len;

	if (len > room)
		len = room;
	memcpy(line->p + line->len, p, len);
	line->len += len;
}

static void end_with(struct http_answer *answer, enum http_state state, const char *why)
{
	answer->state = state;
	answer->why = why;
}

static void take_status(struct http_answer *answer)
{
	static const char good[] = "HTTP/1.1 200 ";

	if (strncmp(answer->line.p, good, strlen(good)) != 0)
		end_with(answer, HTTP_REFUSED, answer->line.p);
	answer->next = HEADER;
}

static void take_header(struct http_answer *answer)
{
	if (strcasecmp(answer->line.p, "Transfer-Encoding: chunked") == 0)
		answer->chunked = true;
	if (answer->line.p[0] != '\0')
		return;
	answer->next = CHUNK_SIZE;
	answer->state = HTTP_BODY;
	if (!answer->chunked)
		end_with(answer, HTTP_BROKEN, "it is not chunked");
}

static void take_size(struct http_answer *answer)
{
	char *end;

	answer->chunk_left = strtoul(answer->line.p, &end, 16);
	if (end == answer->line.p)
		end_with(answer, HTTP_BROKEN, "expected the size of a chunk");
	answer->next = answer->chunk_left > 0 ? CHUNK : LAST_LINE;
}

static void take_empty_line(struct http_answer *answer)
{
	if (answer->line.p[0] != '\0')
		end_with(answer, HTTP_BROKEN, "expected an empty line");
	else if (answer->next == LAST_LINE)
		answer->state = HTTP_ENDED;
	answer->next = CHUNK_SIZE;
}

static void take_line(struct http_answer *answer)
{
	struct line *line = &answer->line;

	if (line->len > 0 && line->p[line->len - 1] == '\r')
		line->len--;
	line->p[line->len] = '\0';
	line->len = 0;
	if (answer->next == STATUS_LINE)
		take_status(answer);
	else if (answer->next == HEADER)
		take_header(answer);
	else if (answer->next == CHUNK_SIZE)
		take_size(answer);
	else
		take_empty_line(answer);
}

size_t http_answer_take(struct http_answer *answer, const char *p, size_t len, const char **body)
{
	const char *end;

	*body = NULL;
	if (answer->next == CHUNK) {
		*body = p;
		if (len > answer->chunk_left)
			len = answer->chunk_left;
		answer->chunk_left -= len;
		if (answer->chunk_left == 0)
			answer->next = CHUNK_END;
		return len;
	}
	end = memchr(p, '\n', len);
	line_add(&answer->line, p, end != NULL ? (size_t)(end - p) : len);
	if (end == NULL)
		return len;
	take_line(answer);
	return (size_t)(end + 1 - p);
}
