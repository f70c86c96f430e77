#include "credentials.h"

#include <string.h>

#include "json.h"

enum {
	NAME_MAX_LETTERS = 64,
	SECRET_LENGTH = 20, /* a part of a path that is as long may be one */
	/* Nobody describes a tool in more levels; each costs a pass over what is below it. */
	DEEPEST = 16,
};

/* In lower case and without '_' and '-'. */
static const char *const endings[] = {"authorization", "headers", "apikey", "accesskey",
    "accesskeyid", "privatekey", "secretkey", "secret", "secrets", "password", "credential",
    "credentials", "accesstoken", "apitoken", "authtoken", "authorizationtoken", "bearertoken",
    "oauthtoken", "refreshtoken", "sessiontoken", "cookie", "cookies"};
static const char *const names[] = {"auth", "token"};

/* A text without credentials, while it is written. */
struct redaction {
	struct buf *out;
	bool removed; /* something was left out */
};

/* The end of a name in lower case and without what separates its words. */
static struct span letters_of(char out[NAME_MAX_LETTERS], struct span name)
{
	size_t len = 0, start = name.len > NAME_MAX_LETTERS ? name.len - NAME_MAX_LETTERS : 0;

	for (size_t i = start; i < name.len; i++) {
		char c = name.p[i];

		if (c != '_' && c != '-')
			out[len++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	return (struct span){out, len};
}

static bool ends_with(struct span text, const char *ending)
{
	size_t len = strlen(ending);

	return text.len >= len && memcmp(text.p + text.len - len, ending, len) == 0;
}

static bool names_credential(struct span name)
{
	char buffer[NAME_MAX_LETTERS];
	struct span letters = letters_of(buffer, name);

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (ends_with(letters, endings[i]))
			return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_is(letters, names[i]))
			return true;
	return false;
}

/* Null, true and false give nothing away. */
static bool can_be_secret(struct span value)
{
	enum json_type type = json_type(value);

	return type == JSON_STRING || type == JSON_NUMBER || type == JSON_ARRAY ||
	       type == JSON_OBJECT;
}

bool credentials_are_in(struct span name, struct span value)
{
	struct buf scratch = {0};
	bool credential = can_be_secret(value) && names_credential(json_name(&scratch, name));

	buf_free(&scratch);
	return credential;
}

/* Whether the member describes what a function takes or returns. */
static bool is_schema(struct span name)
{
	return span_is(name, "parameters") || ends_with(name, "schema");
}

static size_t length_before(struct span text, const char *stops)
{
	size_t len = 0;

	while (len < text.len && (text.p[len] == '\0' || strchr(stops, text.p[len]) == NULL))
		len++;
	return len;
}

static struct span after(struct span text, size_t len)
{
	return (struct span){text.p + len, text.len - len};
}

/* Appends the path with its parts that may be secrets replaced. */
static void append_path(struct buf *out, struct span path)
{
	while (path.len > 0) {
		size_t slash = path.p[0] == '/';
		size_t len = slash + length_before(after(path, slash), "/");

		buf_append(out, path.p, slash);
		if (len - slash >= SECRET_LENGTH)
			buf_puts(out, "<redacted>");
		else
			buf_append(out, path.p + slash, len - slash);
		path = after(path, len);
	}
}

/* Appends a URL without user, password, query and fragment. */
static void append_url(struct buf *out, struct span url)
{
	size_t scheme = length_before(url, ":/?#");
	size_t host;

	url.len = length_before(url, "?#");
	if (url.len - scheme >= 3 && memcmp(url.p + scheme, "://", 3) == 0) {
		buf_append(out, url.p, scheme + 3);
		url = after(url, scheme + 3);
	}
	for (size_t end = length_before(url, "/"); end > 0; end--) {
		if (url.p[end - 1] == '@') {
			url = after(url, end);
			break;
		}
	}
	host = length_before(url, "/");
	buf_append(out, url.p, host);
	append_path(out, after(url, host));
}

static void write_url(struct redaction *to, struct span value)
{
	struct buf url = {0}, shown = {0};

	json_decode(value, &url);
	buf_cstr(&url); /* so that an empty one has a place, too */
	append_url(&shown, buf_span(&url));
	if (!span_eq(buf_span(&shown), buf_span(&url)))
		to->removed = true;
	json_quote(to->out, buf_span(&shown));
	buf_free(&url);
	buf_free(&shown);
}

static void write_value(struct redaction *to, struct span value, int depth);

static void write_member(struct redaction *to, struct span raw, struct span value, int depth)
{
	struct buf scratch = {0};
	struct span name = json_name(&scratch, raw);

	if (can_be_secret(value) && names_credential(name)) {
		to->removed = true;
	} else {
		json_write_name(to->out, raw);
		if (is_schema(name))
			json_canonical(to->out, value);
		else if (span_is(name, "server_url") && json_type(value) == JSON_STRING)
			write_url(to, value);
		else
			write_value(to, value, depth);
	}
	buf_free(&scratch);
}

static void write_object(struct redaction *to, struct span object, int depth)
{
	struct json_scan scan = json_open(object, JSON_ACCEPT_BAD_UTF8);
	struct span name, value;

	buf_putc(to->out, '{');
	while (json_member(&scan, &name, &value))
		write_member(to, name, value, depth);
	buf_putc(to->out, '}');
}

static void write_array(struct redaction *to, struct span array, int depth)
{
	struct json_scan scan = json_open(array, JSON_ACCEPT_BAD_UTF8);
	struct span value;
	bool first = true;

	buf_putc(to->out, '[');
	while (json_element(&scan, &value)) {
		if (!first)
			buf_putc(to->out, ',');
		first = false;
		write_value(to, value, depth);
	}
	buf_putc(to->out, ']');
}

static void write_value(struct redaction *to, struct span value, int depth)
{
	enum json_type type = json_type(value);

	if (type != JSON_OBJECT && type != JSON_ARRAY) {
		json_canonical(to->out, value);
	} else if (depth == DEEPEST) {
		to->removed = true;
		buf_puts(to->out, "null");
	} else if (type == JSON_OBJECT) {
		write_object(to, value, depth + 1);
	} else {
		write_array(to, value, depth + 1);
	}
}

bool credentials_write(struct buf *out, struct span value)
{
	struct redaction to = {.out = out};

	write_value(&to, value, 0);
	return to.removed;
}

void credentials_write_member(struct buf *out, struct span name, struct span value)
{
	write_member(&(struct redaction){.out = out}, name, value, 1);
}

static bool holds_tools(struct span name, struct span value)
{
	return json_type(value) == JSON_ARRAY && json_raw_is(name, "tools");
}

static void write_item(struct redaction *to, struct span item)
{
	struct json_scan scan = json_open(item, 0);
	struct span name, value;

	buf_putc(to->out, '{');
	while (json_member(&scan, &name, &value)) {
		json_write_name(to->out, name);
		if (holds_tools(name, value))
			write_value(to, value, 0);
		else
			buf_append_span(to->out, value);
	}
	buf_putc(to->out, '}');
}

/* As the item was spelled if nothing is left out. Returns whether something is. */
static bool append_item(struct buf *out, struct span item)
{
	struct redaction to = {.out = out};
	size_t start = out->len;

	if (json_type(item) == JSON_OBJECT)
		write_item(&to, item);
	if (!to.removed) {
		out->len = start;
		buf_append_span(out, item);
	}
	return to.removed;
}

static bool contains(struct span text, struct span what)
{
	return memmem(text.p, text.len, what.p, what.len) != NULL;
}

/* Few inputs have such an item. A letter of the name may be spelled as an escape. */
static bool may_hold_tools(struct span input)
{
	return json_type(input) == JSON_ARRAY &&
	       (contains(input, SPAN("\"tools\"")) || contains(input, SPAN("\\u00")));
}

bool credentials_write_input(struct buf *out, struct span input)
{
	struct json_scan scan = json_open(input, 0);
	size_t start = out->len;
	bool removed = false, first = true;
	struct span item;

	if (!may_hold_tools(input))
		return false;
	buf_putc(out, '[');
	while (json_element(&scan, &item)) {
		if (!first)
			buf_putc(out, ',');
		first = false;
		removed |= append_item(out, item);
	}
	buf_putc(out, ']');
	if (!removed)
		out->len = start;
	return removed;
}
