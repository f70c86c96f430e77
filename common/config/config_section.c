#include "config_section.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"

static const char variable_prefix[] = "os.environ/";
static const char digits[] = "0123456789";

/* A scalar's text, and where it came from. */
struct source_text {
	const char *text;
	const char *variable; /* an environment variable, or NULL if it stands in the file */
};

static bool needs(const struct config_value *value, unsigned flags)
{
	return (value->file->unneeded & flags) == 0;
}

static bool resolve(const struct config_value *value, unsigned flags, const char *expected,
    struct source_text *source)
{
	source->variable = source->text + strlen(variable_prefix);
	if (source->variable[0] == '\0') {
		config_wrong(value, "os.environ/ without a name, expected os.environ/NAME");
		return false;
	}
	source->text = getenv(source->variable);
	if (source->text == NULL && needs(value, flags))
		config_wrong(value, "environment variable %.100s is not set, expected %s",
		    source->variable, expected);
	return source->text != NULL;
}

/* False after an error, or if the text is in a variable that is unset and not needed. */
static bool read_text(const struct config_value *value, unsigned flags, const char *expected,
    struct source_text *source)
{
	const yaml_node_t *node = value->node;

	if (config_is_null(value) || node->type != YAML_SCALAR_NODE) {
		config_wrong(value, "%s, expected %s", config_type_name(value), expected);
		return false;
	}
	*source = (struct source_text){.text = (const char *)node->data.scalar.value};
	if (strlen(source->text) != node->data.scalar.length) {
		config_wrong(value, "a control character in it, expected %s", expected);
		return false;
	}
	if (strncmp(source->text, variable_prefix, strlen(variable_prefix)) == 0)
		return resolve(value, flags, expected, source);
	return true;
}

const char *config_any_text(const struct config_value *value, const char *expected)
{
	struct source_text source;

	return read_text(value, 0, expected, &source) ? source.text : NULL;
}

/* What is in a variable may be secret, so only what stands in the file is shown. */
static void wrong_text(
    const struct config_value *value, const struct source_text *source, const char *expected)
{
	if (source->variable != NULL)
		config_wrong(value, "the value of environment variable %.100s, expected %s",
		    source->variable, expected);
	else
		config_wrong(value, "\"%.60s\", expected %s", source->text, expected);
}

/* As wrong_text(), for what must not be shown. */
static void wrong_string(const struct config_value *value, const struct source_text *source,
    const char *problem, const char *expected)
{
	if (source->variable != NULL)
		config_wrong(value, "%s environment variable %.100s, expected %s", problem,
		    source->variable, expected);
	else
		config_wrong(value, "%s it, expected %s", problem, expected);
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	}
	return false;
}

static bool has_blank_around(const char *text)
{
	size_t len = strlen(text);

	return len != 0 && (text[0] == ' ' || text[len - 1] == ' ');
}

bool config_is_clean_secret(const char *text)
{
	return !has_control(text) && !has_blank_around(text);
}

/*
 * A secret may be written as "", which says that there is none, but its variable must not be empty.
 */
static bool may_be_empty(
    const struct config_value *value, unsigned flags, bool secret, const struct source_text *source)
{
	if (source->variable != NULL && !needs(value, flags))
		return true;
	if (source->variable != NULL && secret)
		return false;
	return (flags & CONFIG_MAY_BE_EMPTY) != 0;
}

static bool read_string(
    const struct config_value *value, unsigned flags, const char *expected, bool secret, char **out)
{
	struct source_text source;

	if (!read_text(value, flags, expected, &source))
		return false;
	if (has_control(source.text)) {
		wrong_string(value, &source, "a control character in", expected);
		return false;
	}
	if (secret && has_blank_around(source.text)) {
		wrong_string(value, &source, "a blank at the beginning or end of", expected);
		return false;
	}
	if (source.text[0] != '\0') {
		*out = xstrdup(source.text);
		return true;
	}
	if (!may_be_empty(value, flags, secret, &source))
		wrong_string(value, &source, "nothing in", expected);
	return false;
}

bool config_string(
    const struct config_value *value, unsigned flags, const char *expected, char **out)
{
	return read_string(value, flags, expected, false, out);
}

static bool has_one_star_at_most(const char *pattern)
{
	const char *star = strchr(pattern, '*');

	return star == NULL || strchr(star + 1, '*') == NULL;
}

bool config_pattern(const struct config_value *value, const char *expected, char **out)
{
	if (!config_string(value, 0, expected, out))
		return false;
	if (has_one_star_at_most(*out))
		return true;
	config_wrong(value, "\"%.60s\" with more than one *, expected one at most", *out);
	return false;
}

bool config_bool(const struct config_value *value, unsigned flags, bool *out)
{
	static const char expected[] = "true or false";
	struct source_text source;

	if (!read_text(value, flags, expected, &source))
		return false;
	if (config_boolean(source.text, out))
		return true;
	wrong_text(value, &source, expected);
	return false;
}

void config_append_string(char ***strings, size_t *count, char *string)
{
	*strings = xrealloc(*strings, (*count + 1) * sizeof(**strings));
	(*strings)[(*count)++] = string;
}

void config_strings(
    const struct config_value *list, const char *expected, char ***strings, size_t *count)
{
	for (size_t i = 0; i < config_length(list); i++) {
		struct config_value element = config_element(list, i);
		char *string;

		if (config_string(&element, 0, expected, &string))
			config_append_string(strings, count, string);
	}
}

void config_free_strings(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

const char *config_raw_text(const struct config_value *value)
{
	if (value->node == NULL || value->node->type != YAML_SCALAR_NODE)
		return "";
	return (const char *)value->node->data.scalar.value;
}

const char *config_unset_variable(const struct config_value *value)
{
	const size_t prefix_len = strlen(variable_prefix);
	const char *text = config_raw_text(value);
	const char *content;

	if (strncmp(text, variable_prefix, prefix_len) != 0 || text[prefix_len] == '\0')
		return NULL;
	content = getenv(text + prefix_len);
	return content == NULL || content[0] == '\0' ? text + prefix_len : NULL;
}

bool config_says(const struct config_value *value)
{
	const yaml_node_t *node = value->node;

	switch (node->type) {
	case YAML_SEQUENCE_NODE:
		return config_length(value) != 0;
	case YAML_MAPPING_NODE:
		return node->data.mapping.pairs.top != node->data.mapping.pairs.start;
	default:
		return config_raw_text(value)[0] != '\0' && config_unset_variable(value) == NULL;
	}
}

bool config_boolean(const char *text, bool *out)
{
	static const struct {
		const char *spelling;
		bool value;
	} booleans[] = {
	    {"true", true},
	    {"yes", true},
	    {"on", true},
	    {"false", false},
	    {"no", false},
	    {"off", false},
	};

	for (size_t i = 0; i < sizeof(booleans) / sizeof(booleans[0]); i++) {
		if (strcasecmp(text, booleans[i].spelling) == 0) {
			*out = booleans[i].value;
			return true;
		}
	}
	return false;
}

enum { NUMBER_SIZE = 48 };

/* In YAML 1.1 the digits of a number may be set apart: 100_000. Nothing if it is too long. */
static const char *join_digits(const char *text, char joined[NUMBER_SIZE])
{
	size_t len = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '_' && p != text && strchr("0123456789_", p[-1]) != NULL)
			continue;
		if (len == NUMBER_SIZE - 1)
			return "";
		joined[len++] = *p;
	}
	joined[len] = '\0';
	return joined;
}

/* Leading zeros are refused: YAML 1.1 takes them for octal, most people do not. */
bool config_integer(const char *written, long long min, long long max, long long *out)
{
	char joined[NUMBER_SIZE];
	const char *text = join_digits(written, joined);
	const char *number = text[0] == '-' ? text + 1 : text;
	size_t len = strspn(number, digits);
	long long value;

	if (len == 0 || number[len] != '\0' || (number[0] == '0' && len > 1))
		return false;
	errno = 0;
	value = strtoll(text, NULL, 10);
	if (errno != 0 || value < min || value > max)
		return false;
	*out = value;
	return true;
}

/* "12" and "1.25", of an amount ".5" and "1.25e-06" as well. */
static bool is_number(const char *text, bool is_amount)
{
	const size_t whole = strspn(text, digits);
	const char *rest = text + whole;
	size_t fraction = 0, exponent;

	if (rest[0] == '.') {
		fraction = strspn(rest + 1, digits);
		rest += 1 + fraction;
	}
	if (whole > 15 || (whole == 0 && (fraction == 0 || !is_amount)))
		return false;
	if (is_amount && (rest[0] == 'e' || rest[0] == 'E')) {
		rest += rest[1] == '-' || rest[1] == '+' ? 2 : 1;
		exponent = strspn(rest, digits);
		return exponent != 0 && rest[exponent] == '\0';
	}
	return rest[0] == '\0';
}

static bool parse_number(const char *written, const struct config_key *key, double *out)
{
	const bool is_amount = key->type == CONFIG_AMOUNT;
	char joined[NUMBER_SIZE];
	const char *text = join_digits(written, joined);
	double value;

	if (!is_number(text, is_amount))
		return false;
	value = strtod(text, NULL);
	if (value > (double)key->max || value < key->least)
		return false;
	if (value <= 0 && !is_amount && !(key->flags & CONFIG_MAY_BE_ZERO))
		return false;
	*out = value;
	return true;
}

static void store_integer(const struct config_key *key, void *member, long long number)
{
	switch (key->type) {
	case CONFIG_INT:
		*(int *)member = (int)number;
		break;
	case CONFIG_LONG:
		*(long *)member = (long)number;
		break;
	default:
		*(size_t *)member = (size_t)number;
		break;
	}
}

static void read_integer(
    const struct config_value *value, const struct config_key *key, void *member)
{
	struct source_text source;
	char expected[96];
	long long number;

	snprintf(expected, sizeof(expected), "an integer from %lld to %lld", key->min, key->max);
	if (!read_text(value, key->flags, expected, &source))
		return;
	if (config_integer(source.text, key->min, key->max, &number))
		store_integer(key, member, number);
	else
		wrong_text(value, &source, expected);
}

static void expected_number(const struct config_key *key, char *out, size_t size)
{
	const char *unit = key->type == CONFIG_SECONDS ? "of seconds " : "";
	const bool from_zero = key->type == CONFIG_AMOUNT || (key->flags & CONFIG_MAY_BE_ZERO) != 0;

	if (key->least > 0)
		snprintf(out, size, "a number %sfrom %g up to %lld", unit, key->least, key->max);
	else
		snprintf(out, size, "a number %s%s up to %lld", unit,
		    from_zero ? "from 0" : "above 0 and", key->max);
}

static void read_number(
    const struct config_value *value, const struct config_key *key, double *member)
{
	struct source_text source;
	char expected[96];

	expected_number(key, expected, sizeof(expected));
	if (read_text(value, key->flags, expected, &source) &&
	    !parse_number(source.text, key, member))
		wrong_text(value, &source, expected);
}

static void read_key(const struct config_value *value, const struct config_key *key, void *dest)
{
	void *member = (char *)dest + key->offset;

	switch (key->type) {
	case CONFIG_STRING:
	case CONFIG_SECRET:
		read_string(value, key->flags, key->expected, key->type == CONFIG_SECRET, member);
		break;
	case CONFIG_BOOL:
		config_bool(value, key->flags, member);
		break;
	case CONFIG_INT:
	case CONFIG_LONG:
	case CONFIG_SIZE:
		read_integer(value, key, member);
		break;
	case CONFIG_NUMBER:
	case CONFIG_SECONDS:
	case CONFIG_AMOUNT:
		read_number(value, key, member);
		break;
	case CONFIG_READER:
		key->read(value, dest);
		break;
	}
}

bool config_one(const struct config_value *value, const struct config_key *key, void *dest)
{
	size_t errors_before = value->file->error_count;

	read_key(value, key, dest);
	return value->file->error_count == errors_before;
}

static const struct config_value *find_member(
    const struct config_value *members, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(members[i].key, name) == 0)
			return &members[i];
	}
	return NULL;
}

static bool is_known(const struct config_key *keys, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(keys[i].name, name) == 0)
			return true;
	}
	return false;
}

static void report_missing(const struct config_value *section, const struct config_key *key)
{
	struct config_value missing = *section;

	missing.parent = section;
	missing.key = key->name;
	config_wrong(&missing, "missing, expected %s", key->expected);
}

bool config_section(const struct config_value *section, const char *expected,
    const struct config_key *keys, size_t count, void *dest)
{
	size_t errors_before = section->file->error_count;
	struct config_value *members;
	size_t member_count;

	if (!config_members(section, expected, &members, &member_count))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct config_value *member =
		    find_member(members, member_count, keys[i].name);

		if (member != NULL && !config_is_null(member))
			read_key(member, &keys[i], dest);
		else if (keys[i].flags & CONFIG_REQUIRED)
			report_missing(section, &keys[i]);
	}
	for (size_t i = 0; i < member_count; i++) {
		if (!is_known(keys, count, members[i].key))
			config_ignore(&members[i]);
	}
	free(members);
	return section->file->error_count == errors_before;
}

bool config_member(
    const struct config_value *section, const char *name, struct config_value *member)
{
	const struct config_value *found;
	struct config_value *members;
	size_t count;

	if (!config_members(section, "a mapping", &members, &count))
		return false;
	found = find_member(members, count, name);
	if (found != NULL)
		*member = *found;
	free(members);
	return found != NULL && !config_is_null(member);
}

struct config_value config_place(const struct config_value *parent, const char *name)
{
	struct config_value member = {
	    .file = parent->file, .parent = parent, .key = name, .line = parent->line};

	config_find(parent, name, &member);
	return member;
}
