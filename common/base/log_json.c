#include <stdio.h>
#include <string.h>
#include <time.h>

#include "decimal.h"
#include "json_internal.h"
#include "log_line.h"

/* What must always find room: the end of a text that was cut, of the object and of the line. */
static const char cut_mark[] = "\xe2\x80\xa6";
enum { END_BYTES = sizeof(cut_mark) - 1 + sizeof("\"}\n") - 1 };

static bool has_room(const struct log_line *line, size_t len)
{
	return line->len + len + END_BYTES <= sizeof(line->data);
}

static void put(struct log_line *line, const char *bytes, size_t len)
{
	memcpy(line->data + line->len, bytes, len);
	line->len += len;
}

static void put_text(struct log_line *line, const char *text)
{
	put(line, text, strlen(text));
}

/* Begins a member if there is room for it and len bytes of its value. */
static bool begin_member(struct log_line *line, const char *name, size_t len)
{
	/* The names are words of ours. */
	if (line->cut || !has_room(line, strlen(name) + sizeof(",\"\":") - 1 + len)) {
		line->cut = true;
		return false;
	}
	if (line->len > 1)
		put(line, ",", 1);
	put(line, "\"", 1);
	put_text(line, name);
	put(line, "\":", 2);
	return true;
}

/* How the character at p stands in the line: in out, or as it is. Sets *len to its length there. */
static const char *spell(const char *p, size_t length, char out[8], size_t *len)
{
	const unsigned char *c = (const unsigned char *)p;
	unsigned code = length == 2 ? (c[0] & 0x1fu) << 6 | (c[1] & 0x3fu) : c[0];

	*len = length;
	if (length == 1 && (*p == '"' || *p == '\\'))
		*len = (size_t)snprintf(out, 8, "\\%c", *p);
	else if (length == 1 && *p == '\n')
		*len = (size_t)snprintf(out, 8, "\\n");
	else if (length <= 2 && (code < 0x20 || (code >= 0x7f && code <= 0x9f)))
		*len = (size_t)snprintf(out, 8, "\\u%04x", code);
	else
		return p;
	return out;
}

/* False if there is no room for the character. *p is behind it then. */
static bool put_character(struct log_line *line, const char **p, const char *end)
{
	static const char replacement[] = "\xef\xbf\xbd";
	char escaped[8];
	size_t bad, len = sizeof(replacement) - 1, length = json_utf8_length(*p, end, &bad);
	const char *spelled = length > 0 ? spell(*p, length, escaped, &len) : replacement;

	if (!has_room(line, len))
		return false;
	put(line, spelled, len);
	*p += length > 0 ? length : bad;
	return true;
}

/* As many bytes as are as they are, and find room. */
static void put_plain(struct log_line *line, const char **p, const char *end)
{
	const size_t room = sizeof(line->data) - END_BYTES - line->len;
	const char *most = (size_t)(end - *p) < room ? end : *p + room;
	const char *plain_end = json_plain_end(*p, most);
	const char *delete = memchr(*p, 0x7f, (size_t)(plain_end - *p));

	if (delete != NULL)
		plain_end = delete;
	put(line, *p, (size_t)(plain_end - *p));
	*p = plain_end;
}

void log_json_add_text(struct log_line *line, const char *name, const char *text)
{
	const char *end;

	if (!begin_member(line, name, sizeof("null") - 1))
		return;
	if (text == NULL) {
		put_text(line, "null");
		return;
	}
	end = text + strlen(text);
	put(line, "\"", 1);
	do
		put_plain(line, &text, end);
	while (text < end && put_character(line, &text, end));
	if (text < end) {
		put_text(line, cut_mark);
		line->cut = true;
	}
	put(line, "\"", 1);
}

void log_json_add_number(struct log_line *line, const char *name, long long number)
{
	char text[DECIMAL_SIZE];

	if (!begin_member(line, name, sizeof(text) - 1))
		return;
	decimal_write(text, number);
	put_text(line, text);
}

static void write_time(char out[32])
{
	struct timespec now;
	struct tm utc;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	len = strftime(out, 24, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(out + len, 32 - len, ".%03dZ", (int)(now.tv_nsec / 1000000));
}

void log_json_begin(struct log_line *line, const char *level, const char *event)
{
	char time[32];

	write_time(time);
	put(line, "{", 1);
	log_json_add_text(line, "time", time);
	log_json_add_text(line, "level", level);
	log_json_add_text(line, "event", event);
}

void log_json_end(struct log_line *line)
{
	put_text(line, "}\n");
}
