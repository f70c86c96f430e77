/*
 * What the parts of json share: json.c scans, json_text.c reads and rewrites the insides of
 * strings, json_write.c writes, and json_chars.c has the characters that all are made of.
 */
#ifndef RESPOOL_JSON_INTERNAL_H
#define RESPOOL_JSON_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "json.h"

/* Where a span begins; an empty one may have no address. */
static inline const char *first_byte(struct span text)
{
	return text.p != NULL ? text.p : "";
}

static inline bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * How many bytes the UTF-8 character at p has (Unicode 15, table 3-7). For an ill-formed one
 * returns 0 and sets *bad to the length of its maximal subpart, which one U+FFFD stands for.
 */
size_t json_utf8_length(const char *text, const char *end, size_t *bad);

/* The first byte from p on that a string cannot hold as it is, or that is not ASCII; or end. */
const char *json_plain_end(const char *p, const char *end);

/* The value of a hexadecimal digit; -1 if it is none. */
int json_hex_value(char c);

void json_append_utf8(struct buf *out, unsigned code);
/* U+FFFD */
void json_append_replacement(struct buf *out);
/* Copies a character, or U+FFFD for bytes that are none. Returns where the next one begins. */
const char *json_copy_character(struct buf *out, const char *p, const char *end);

/* Appends a character as json_text() writes it. */
void json_append_escaped(struct buf *out, unsigned code);

/* Passes the string whose first quote the scan is at. False after an error. */
bool json_skip_string(struct json_scan *scan);

#endif
