#include "credentials.h"

#include <string.h>

#include "common/base/json.h"

enum {
	NAME_MAX_LETTERS = 64,
	SECRET_LENGTH = 20, /* a part of a path that is as long may be one */
};

/* In lower case and without '_' and '-'. */
static const char *const endings[] = {"authorization", "headers", "apikey", "accesskey",
    "accesskeyid", "privatekey", "secretkey", "secret", "secrets", "password", "credential",
    "credentials", "accesstoken", "apitoken", "authtoken", "authorizationtoken", "bearertoken",
    "oauthtoken", "refreshtoken", "sessiontoken", "cookie", "cookies"};
static const char *const names[] = {"auth", "token"};

/*
 * A text without credentials, while it is written. What is read is in its canonical spelling and
 * ends in a NUL, so that a single pass is enough, however deep it is.
 */
struct redaction {
	const char *p; /* the rest of what is read */
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

static void append_without_user(struct buf *out, struct span part)
{
	size_t start = part.len;

	while (start > 0 && part.p[start - 1] != '@')
		start--;
	buf_append_span(out, after(part, start));
}

/* How long "https://" at the URL's beginning is; 0 if there is no such thing. */
static size_t scheme_length(struct span url)
{
	size_t slash = length_before(url, "/");
	bool scheme =
	    slash > 0 && url.p[slash - 1] == ':' && slash + 1 < url.len && url.p[slash + 1] == '/';

	return scheme ? slash + 2 : 0;
}

/* Appends a URL without user, password, query and fragment. */
static void append_url(struct buf *out, struct span url)
{
	size_t scheme, host;

	url.len = length_before(url, "?#");
	scheme = scheme_length(url);
	append_without_user(out, (struct span){url.p, scheme});
	url = after(url, scheme);
	host = length_before(url, "/");
	append_without_user(out, (struct span){url.p, host});
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

/* Passes a string; with its quotes. */
static struct span take_string(struct redaction *from)
{
	const char *start = from->p++;

	while (*from->p != '"' && *from->p != '\0')
		from->p += from->p[0] == '\\' && from->p[1] != '\0' ? 2 : 1;
	from->p += *from->p == '"';
	return (struct span){start, (size_t)(from->p - start)};
}

static struct span take_container(struct redaction *from)
{
	const char *start = from->p;
	int depth = 0;

	do {
		if (*from->p == '"') {
			take_string(from);
			continue;
		}
		depth += *from->p == '{' || *from->p == '[';
		depth -= *from->p == '}' || *from->p == ']';
		from->p++;
	} while (depth > 0 && *from->p != '\0');
	return (struct span){start, (size_t)(from->p - start)};
}

static struct span take_value(struct redaction *from)
{
	const char *start = from->p;

	if (*start == '"')
		return take_string(from);
	if (*start == '{' || *start == '[')
		return take_container(from);
	from->p += strcspn(start, ",]}");
	return (struct span){start, (size_t)(from->p - start)};
}

static void copy_value(struct redaction *r);

static void copy_member(struct redaction *r)
{
	struct span name = json_inside(take_string(r));

	r->p += *r->p == ':';
	if (can_be_secret((struct span){r->p, 1}) && names_credential(name)) {
		take_value(r);
		r->removed = true;
		return;
	}
	json_write_name(r->out, name);
	if (is_schema(name))
		buf_append_span(r->out, take_value(r));
	else if (span_is(name, "server_url") && *r->p == '"')
		write_url(r, take_value(r));
	else
		copy_value(r);
}

static void copy_object(struct redaction *r)
{
	buf_putc(r->out, *r->p++);
	while (*r->p == '"') {
		copy_member(r);
		r->p += *r->p == ',';
	}
	r->p += *r->p == '}';
	buf_putc(r->out, '}');
}

static void copy_array(struct redaction *r)
{
	buf_putc(r->out, *r->p++);
	while (*r->p != ']' && *r->p != '\0') {
		copy_value(r);
		if (*r->p == ',')
			buf_putc(r->out, *r->p++);
	}
	r->p += *r->p == ']';
	buf_putc(r->out, ']');
}

static void copy_value(struct redaction *r)
{
	if (*r->p == '{')
		copy_object(r);
	else if (*r->p == '[')
		copy_array(r);
	else
		buf_append_span(r->out, take_value(r));
}

bool credentials_write(struct buf *out, struct span value)
{
	struct redaction redaction = {.out = out};
	struct buf canonical = {0};

	json_canonical(&canonical, value);
	redaction.p = buf_cstr(&canonical);
	copy_value(&redaction);
	buf_free(&canonical);
	return redaction.removed;
}

void credentials_write_member(struct buf *out, struct span name, struct span value)
{
	struct redaction redaction = {.out = out};
	struct buf canonical = {0};

	buf_putc(&canonical, '"');
	json_text(&canonical, name, NULL);
	buf_puts(&canonical, "\":");
	json_canonical(&canonical, value);
	redaction.p = buf_cstr(&canonical);
	copy_member(&redaction);
	buf_free(&canonical);
}

static bool holds_tools(struct span name, struct span value)
{
	return json_type(value) == JSON_ARRAY && json_raw_is(name, "tools");
}

/* Returns whether something was left out. */
static bool write_item(struct buf *out, struct span item)
{
	struct json_scan scan = json_open(item, 0);
	struct span name, value;
	bool removed = false;

	buf_putc(out, '{');
	while (json_member(&scan, &name, &value)) {
		json_write_name(out, name);
		if (holds_tools(name, value))
			removed |= credentials_write(out, value);
		else
			buf_append_span(out, value);
	}
	buf_putc(out, '}');
	return removed;
}

/* As the item was spelled if nothing is left out. Returns whether something is. */
static bool append_item(struct buf *out, struct span item)
{
	size_t start = out->len;
	bool removed = json_type(item) == JSON_OBJECT && write_item(out, item);

	if (!removed) {
		out->len = start;
		buf_append_span(out, item);
	}
	return removed;
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
