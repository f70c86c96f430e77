#include "log_line.h"

#include <stdio.h>
#include <string.h>

#include "decimal.h"
#include "utf8.h"

/* Stands at the end of a line that was too long, with its newline. */
static const char cut_mark[] = " [cut]\n";

void log_line_clear(struct log_line *line)
{
	line->len = 0;
	line->cut = false;
}

static void add_bytes(struct log_line *line, const char *bytes, size_t len)
{
	if (line->cut || line->len + len + sizeof(cut_mark) > sizeof(line->data)) {
		line->cut = true;
		return;
	}
	memcpy(line->data + line->len, bytes, len);
	line->len += len;
}

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

/* U+0080 to U+009F are control characters too, and terminals obey them. */
static bool is_c1_control(const unsigned char *p)
{
	return p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f;
}

static void add_escape(struct log_line *line, unsigned char c)
{
	static const char letters[] = "\aa\bb\tt\nn\vv\ff\rr";
	const char *letter = c == '\0' ? NULL : strchr(letters, c);
	char escape[8];
	int len;

	if (letter != NULL && c < 0x20)
		len = snprintf(escape, sizeof(escape), "\\%c", letter[1]);
	else
		len = snprintf(escape, sizeof(escape), "\\x%02x", c);
	add_bytes(line, escape, (size_t)len);
}

/* How many bytes of the text are as they are, at most as many as find room. */
static size_t plain_length(const struct log_line *line, const unsigned char *text, bool quoted)
{
	size_t room = sizeof(line->data) - sizeof(cut_mark) - line->len, len = 0;

	while (len < room && text[len] >= 0x20 && text[len] != 0x7f && text[len] != 0xc2 &&
	       !(quoted && (text[len] == '"' || text[len] == '\\')))
		len++;
	return len;
}

/* Adds the character that text begins with, and returns what is behind it. */
static const unsigned char *add_special(
    struct log_line *line, const unsigned char *text, bool quoted)
{
	if (is_control(*text)) {
		add_escape(line, *text);
	} else if (is_c1_control(text)) {
		add_escape(line, *text++);
		add_escape(line, *text);
	} else {
		if (quoted && (*text == '"' || *text == '\\'))
			add_bytes(line, "\\", 1);
		add_bytes(line, (const char *)text, 1);
	}
	return text + 1;
}

static void add_text(struct log_line *line, const char *text, bool quoted)
{
	const unsigned char *p = (const unsigned char *)text;

	while (!line->cut) {
		size_t len = plain_length(line, p, quoted);

		add_bytes(line, (const char *)p, len);
		p += len;
		if (*p == '\0')
			return;
		p = add_special(line, p, quoted);
	}
}

void log_line_add(struct log_line *line, const char *text)
{
	add_text(line, text, false);
}

static bool needs_quotes(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p > ' ' && *p != '"' && *p != '\\' && *p != '=' && *p != 0x7f)
		p++;
	return *p != '\0' || p == (const unsigned char *)text;
}

void log_line_add_fact(struct log_line *line, const char *name, const char *text)
{
	bool quoted = needs_quotes(text);

	add_bytes(line, " ", 1);
	log_line_add(line, name);
	add_bytes(line, "=\"", quoted ? 2 : 1);
	add_text(line, text, quoted);
	add_bytes(line, "\"", quoted ? 1 : 0);
}

void log_line_add_number(struct log_line *line, const char *name, long long number)
{
	char text[DECIMAL_SIZE];
	size_t len = decimal_write(text, number);

	add_bytes(line, " ", 1);
	log_line_add(line, name);
	add_bytes(line, "=", 1);
	add_bytes(line, text, len);
}

/* Drops the last UTF-8 character if it has several bytes: some of them may be missing. */
static void drop_torn(struct log_line *line)
{
	while (line->len > 0 && utf8_is_continuation(line->data[line->len - 1]))
		line->len--;
	if (line->len > 0 && (unsigned char)line->data[line->len - 1] >= 0xc0)
		line->len--;
}

void log_line_end(struct log_line *line)
{
	if (line->cut) {
		drop_torn(line);
		memcpy(line->data + line->len, cut_mark, sizeof(cut_mark) - 1);
		line->len += sizeof(cut_mark) - 1;
	} else {
		line->data[line->len++] = '\n';
	}
}
