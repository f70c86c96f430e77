#include "config_json.h"

#include <stdlib.h>
#include <string.h>

#include "config_section.h"

enum {
	MAX_DEPTH = 32,
	MAX_VALUE_BYTES = 1 << 20, /* an alias in an alias makes much of a small file */
};

struct writer {
	struct buf *out;
	size_t start;
	const char *expected;
	const char *variable; /* that is unset and not needed, or NULL */
	bool failed;
};

static void fail(struct writer *writer, const struct config_value *value, const char *problem)
{
	if (!writer->failed)
		config_wrong(value, "%s, expected %s", problem, writer->expected);
	writer->failed = true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *p)
{
	while (is_digit(*p))
		p++;
	return p;
}

/* "e5", "E-5", or nothing. */
static const char *skip_exponent(const char *p)
{
	const char *digits;

	if (*p != 'e' && *p != 'E')
		return p;
	digits = p + 1;
	if (*digits == '+' || *digits == '-')
		digits++;
	return is_digit(*digits) ? skip_digits(digits) : p;
}

/* Appends a number as JSON spells it: YAML allows a sign, and a point without digits around it. */
static bool write_number(struct buf *out, const char *text)
{
	const char *whole = text[0] == '-' || text[0] == '+' ? text + 1 : text;
	const char *point = skip_digits(whole);
	const char *fraction = *point == '.' ? point + 1 : point;
	const char *exponent = skip_digits(fraction);

	if ((point == whole && exponent == fraction) || *skip_exponent(exponent) != '\0')
		return false;
	if (text[0] == '-')
		buf_putc(out, '-');
	if (point == whole)
		buf_putc(out, '0');
	buf_append(out, whole, (size_t)(point - whole));
	if (exponent > fraction)
		buf_append(out, point, (size_t)(exponent - point));
	buf_puts(out, exponent);
	return true;
}

/* YAML 1.1 takes it for octal, most people do not. */
static bool has_leading_zero(const char *text)
{
	if (text[0] == '-' || text[0] == '+')
		text++;
	return text[0] == '0' && is_digit(text[1]) && skip_digits(text)[0] == '\0';
}

static bool is_null(const char *text)
{
	return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 ||
	       strcmp(text, "Null") == 0 || strcmp(text, "NULL") == 0;
}

static void write_plain(struct writer *writer, const struct config_value *value, const char *text)
{
	bool truth;

	if (is_null(text))
		buf_puts(writer->out, "null");
	else if (has_leading_zero(text))
		fail(writer, value, "a number that begins with 0");
	else if (config_boolean(text, &truth))
		buf_puts(writer->out, truth ? "true" : "false");
	else if (!write_number(writer->out, text))
		json_quote(writer->out, span_of(text));
}

static bool names_variable(const char *text)
{
	return strncmp(text, "os.environ/", strlen("os.environ/")) == 0;
}

/* What is meant by text that stands in quotes or not, or in a variable. */
enum meaning { MEANS_WHAT_YAML_SAYS, MEANS_TEXT, MEANS_NO_TEXT };

static void write_text(
    struct writer *writer, const struct config_value *value, struct span text, enum meaning meaning)
{
	if (meaning == MEANS_TEXT)
		json_quote(writer->out, text);
	else
		write_plain(writer, value, text.p);
}

/* What it has may be a secret: nothing of it is shown. */
static void write_variable(
    struct writer *writer, const struct config_value *value, enum meaning meaning)
{
	const char *name = config_raw_text(value) + strlen("os.environ/");
	const char *text = getenv(name);

	if (text != NULL && text[0] != '\0')
		write_text(writer, value, span_of(text), meaning);
	else if ((value->file->unneeded & CONFIG_FOR_PROVIDERS) != 0)
		writer->variable = name;
	else if (!writer->failed) {
		config_wrong(value, "environment variable %.100s is not set, expected %s", name,
		    writer->expected);
		writer->failed = true;
	}
}

static void write_scalar(
    struct writer *writer, const struct config_value *value, enum meaning meaning)
{
	const yaml_node_t *node = value->node;
	const char *text = config_raw_text(value);

	if (names_variable(text))
		write_variable(writer, value, meaning);
	else if (meaning == MEANS_WHAT_YAML_SAYS &&
		 node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		json_quote(writer->out, (struct span){text, node->data.scalar.length});
	else
		write_text(writer, value, (struct span){text, node->data.scalar.length}, meaning);
}

static void write_value(struct writer *writer, const struct config_value *value, int depth);

static void write_list(struct writer *writer, const struct config_value *value, int depth)
{
	buf_putc(writer->out, '[');
	for (size_t i = 0; i < config_length(value) && !writer->failed; i++) {
		struct config_value element = config_element(value, i);

		if (i > 0)
			buf_putc(writer->out, ',');
		write_value(writer, &element, depth + 1);
	}
	buf_putc(writer->out, ']');
}

static void write_mapping(struct writer *writer, const struct config_value *value, int depth)
{
	size_t count, errors = value->file->error_count;
	struct config_value *members;

	if (!config_members(value, writer->expected, &members, &count))
		return;
	writer->failed = writer->failed || value->file->error_count != errors;
	buf_putc(writer->out, '{');
	for (size_t i = 0; i < count && !writer->failed; i++) {
		if (i > 0)
			buf_putc(writer->out, ',');
		json_quote(writer->out, span_of(members[i].key));
		buf_putc(writer->out, ':');
		write_value(writer, &members[i], depth + 1);
	}
	buf_putc(writer->out, '}');
	free(members);
}

static void write_value(struct writer *writer, const struct config_value *value, int depth)
{
	if (depth > MAX_DEPTH)
		fail(writer, value, "nested deeper than 32 levels");
	else if (writer->out->len - writer->start > MAX_VALUE_BYTES)
		fail(writer, value, "more than 1048576 bytes");
	else if (value->node->type == YAML_SEQUENCE_NODE)
		write_list(writer, value, depth);
	else if (value->node->type == YAML_MAPPING_NODE)
		write_mapping(writer, value, depth);
	else
		write_scalar(writer, value, MEANS_WHAT_YAML_SAYS);
}

static bool is_integer(struct span number)
{
	long long integer;

	return json_integer(number, &integer);
}

static bool is_of_type(struct span json, unsigned types)
{
	switch (json_type(json)) {
	case JSON_NUMBER:
		return (types & CONFIG_JSON_NUMBER) != 0 ||
		       ((types & CONFIG_JSON_INTEGER) != 0 && is_integer(json));
	case JSON_TRUE:
	case JSON_FALSE:
		return (types & CONFIG_JSON_BOOLEAN) != 0;
	case JSON_STRING:
		return (types & CONFIG_JSON_STRING) != 0;
	case JSON_ARRAY:
		return (types & CONFIG_JSON_ARRAY) != 0;
	case JSON_OBJECT:
		return (types & CONFIG_JSON_OBJECT) != 0;
	default:
		return false;
	}
}

static void wrong_type(const struct config_value *value, const char *expected)
{
	const char *text = config_raw_text(value);

	if (names_variable(text))
		config_wrong(value, "the value of environment variable %.100s, expected %s",
		    text + strlen("os.environ/"), expected);
	else if (value->node->type != YAML_SCALAR_NODE)
		config_wrong(value, "%s, expected %s", config_type_name(value), expected);
	else
		config_wrong(value, "\"%.60s\", expected %s", text, expected);
}

enum config_json_end config_json(const struct config_value *value, unsigned types,
    const char *expected, struct buf *out, const char **variable)
{
	struct writer writer = {.out = out, .start = out->len, .expected = expected};
	const enum meaning meaning = types & CONFIG_JSON_STRING ? MEANS_TEXT : MEANS_NO_TEXT;
	struct span json;

	if (value->node->type == YAML_SCALAR_NODE)
		write_scalar(&writer, value, meaning);
	else
		write_value(&writer, value, 0);
	if (writer.failed)
		return CONFIG_JSON_WRONG;
	if (writer.variable != NULL) {
		*variable = writer.variable;
		return CONFIG_JSON_UNSET;
	}
	json = (struct span){out->data + writer.start, out->len - writer.start};
	if (is_of_type(json, types))
		return CONFIG_JSON_READ;
	wrong_type(value, expected);
	return CONFIG_JSON_WRONG;
}
