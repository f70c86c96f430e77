/*
 * A strict pull scanner for JSON (RFC 8259) that works on the text itself.
 *
 * respool hands on what clients and providers wrote: numbers keep their digits and strings keep
 * their characters. So values are looked at as spans of the original text, and no tree is built.
 * Every function that walks a value also checks it; nothing reads past the span it was given.
 */
#ifndef RESPOOL_JSON_H
#define RESPOOL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

enum json_type {
	JSON_NONE, /* nothing there, or not JSON */
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

enum { JSON_MAX_DEPTH = 128 };

/* Invalid UTF-8 in a string is no error; json_canonical() writes U+FFFD for it. */
#define JSON_ACCEPT_BAD_UTF8 0x1

struct json_scan {
	const char *p;     /* where the scan stands */
	const char *start; /* of the text, for offsets in messages */
	const char *end;
	const char *error; /* what was wrong at p, or NULL */
	unsigned flags;
	int depth; /* of nesting that is open at p */
	bool first;
};

/*
 * Checks that the whole text is one JSON value, blanks around it allowed, nested no deeper than
 * JSON_MAX_DEPTH. On failure *error says what was wrong and *offset where; both may be NULL.
 */
bool json_check(struct span text, unsigned flags, const char **error, size_t *offset);

/* The type by the value's first character; JSON_NONE for an empty span. */
enum json_type json_type(struct span value);
/* Whether it is neither absent nor null. */
bool json_is_given(struct span value);
/* Whether it is an array without elements, or an object without members. */
bool json_is_empty(struct span value);
/* Whether it is a string that is not "". */
bool json_is_text(struct span value);
/* A type's name for messages: "an object", "null". */
const char *json_type_name(enum json_type type);

/*
 * Walks the members of an object, or the elements of an array:
 *
 *	struct json_scan scan = json_open(value, 0);
 *	while (json_member(&scan, &key, &member))
 *		...
 *	if (scan.error != NULL) ...
 *
 * key is the raw text of the name between its quotes, escapes and all. Each member is checked
 * when it is reached; after the last one the rest of the text must be blank. Walking a value of
 * the wrong type sets error at once.
 */
struct json_scan json_open(struct span value, unsigned flags);
bool json_member(struct json_scan *scan, struct span *key, struct span *value);
bool json_element(struct json_scan *scan, struct span *value);

/* The last member of that name, or an empty span. The name must need no escapes. */
struct span json_get(struct span object, const char *name);

/*
 * A raw name in its canonical spelling, as json_text() writes it; in scratch, which is overwritten,
 * if it was spelled otherwise.
 */
struct span json_name(struct buf *scratch, struct span raw);

/* Whether a raw name or a string's inside, escapes resolved, is this text. */
bool json_raw_is(struct span raw, const char *text);
/* What stands between a string value's quotes. */
struct span json_inside(struct span string_value);
/* Whether value is a string with this content. */
bool json_string_is(struct span value, const char *text);
/* Appends a string value's content as UTF-8, escapes resolved. False if value is not a string. */
bool json_decode(struct span value, struct buf *out);
/* Reads a number that is an integer within long long. False for anything else. */
bool json_integer(struct span value, long long *out);

/*
 * Appends value in one canonical spelling: no blanks between tokens, numbers to the letter, strings
 * as json_text() writes them. Two spellings of the same strings compare equal afterwards.
 * value must have been checked.
 */
void json_canonical(struct buf *out, struct span value);

/*
 * Appends the inside of a string in its canonical spelling: UTF-8 except for what RFC 8259 section
 * 7 requires to be escaped, U+FFFD for bytes and surrogates that are no character. pending holds a
 * high surrogate that ended the text and may find its other half in the next call; start with 0.
 * With pending NULL such a half becomes U+FFFD at once.
 */
void json_text(struct buf *out, struct span raw, unsigned *pending);

/*
 * Takes the first character off the inside of a checked string that is not empty, as far as it is
 * in ASCII: of another one a byte, and the number of one that is escaped.
 */
unsigned json_take_char(struct span *inside);
/* Whether a character is one that may stand between tokens. */
bool json_is_blank(unsigned c);

/*
 * Appends a raw name, canonically spelled, in quotes and with its ':', and before it a ',' if the
 * object that out ends in has members.
 */
void json_write_name(struct buf *out, struct span raw);

/* Appends a ',' if the array that out ends in has elements: before each of them. */
void json_begin_element(struct buf *out);

/* Appends bytes as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. */
void json_quote(struct buf *out, struct span bytes);

#endif
