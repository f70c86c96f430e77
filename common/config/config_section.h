/*
 * Reads a mapping of a configuration file by a table of its keys: one line per key, with its type,
 * its bounds and the struct member that it goes to.
 */
#ifndef RESPOOL_CONFIG_SECTION_H
#define RESPOOL_CONFIG_SECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "config_yaml.h"

enum config_type {
	CONFIG_STRING,  /* char *, owned; without control characters */
	CONFIG_SECRET,  /* the same, and without blanks around it; never shown in a message */
	CONFIG_BOOL,    /* bool */
	CONFIG_INT,     /* int */
	CONFIG_LONG,    /* long */
	CONFIG_SIZE,    /* size_t */
	CONFIG_NUMBER,  /* double, above 0 (or 0: CONFIG_MAY_BE_ZERO) and up to max */
	CONFIG_SECONDS, /* the same */
	CONFIG_AMOUNT,  /* double, from 0 to max, also written as 1.25e-06 or .5 */
	CONFIG_READER,  /* read() takes the value, unless it is null */
};

enum config_flag {
	CONFIG_REQUIRED = 0x1,
	CONFIG_MAY_BE_EMPTY = 0x2, /* a string: "" is as good as no string */
	CONFIG_MAY_BE_ZERO = 0x4,  /* a number, or seconds */
	/* What the value is for, to be compared with config_file.unneeded. */
	CONFIG_FOR_CLIENTS = 0x10,
	CONFIG_FOR_PROVIDERS = 0x20,
	CONFIG_FOR_REDIS = 0x40,
	CONFIG_FOR_RECEIVERS = 0x80, /* of webhooks */
};

/* dest is what config_section() was given. */
typedef void config_reader(const struct config_value *value, void *dest);

struct config_key {
	const char *name;
	enum config_type type;
	unsigned flags;
	const char *expected; /* of strings and required keys, for messages */
	size_t offset;        /* of the member in dest */
	long long min, max;   /* of numbers */
	double least;         /* of CONFIG_NUMBER, if it is not any above 0 */
	config_reader *read;
};

/* For tables: the member that a key goes to. */
#define IN(type, member) .offset = offsetof(type, member)
/* A table and its length, as config_section() takes them. */
#define KEYS(table) (table), sizeof(table) / sizeof((table)[0])

/*
 * Reads the keys, in the table's order, into dest; what is absent or null stays as it is in dest,
 * where strings are NULL before. Names unknown keys in the log. Returns whether there was no error.
 */
bool config_section(const struct config_value *section, const char *expected,
    const struct config_key *keys, size_t count, void *dest);

/*
 * For readers: one value by itself. False after an error, or if there is none: an empty string that
 * may be empty, or a variable that is unset and unneeded.
 */
bool config_string(
    const struct config_value *value, unsigned flags, const char *expected, char **out);
/* Likewise a name with one '*' at most. *out may be set after an error as well. */
bool config_pattern(const struct config_value *value, const char *expected, char **out);
bool config_bool(const struct config_value *value, unsigned flags, bool *out);
/* The value by one line of a table, into dest. False after an error. */
bool config_one(const struct config_value *value, const struct config_key *key, void *dest);
/* Appends the strings of a list to one whose parts are owned. Reports errors. */
void config_strings(
    const struct config_value *list, const char *expected, char ***strings, size_t *count);
void config_append_string(char ***strings, size_t *count, char *string);
void config_free_strings(char **strings, size_t count);

/*
 * A text with whatever is in it, lines too, that of the variable for "os.environ/NAME". NULL after
 * an error. The file's or the environment's.
 */
const char *config_any_text(const struct config_value *value, const char *expected);

/* A scalar's text as it stands in the file, "os.environ/NAME" for one; "" of anything else. */
const char *config_raw_text(const struct config_value *value);
/* The variable that a value names and that is unset or empty; NULL if there is none such. */
const char *config_unset_variable(const struct config_value *value);

/*
 * Whether a value that is not null says anything: not if it is an empty text, list or mapping, or a
 * variable that is unset or empty.
 */
bool config_says(const struct config_value *value);

/* A member of a section that has been read without an error; false if it is absent or null. */
bool config_member(
    const struct config_value *section, const char *name, struct config_value *member);

/* The member of that name, or where it would stand, for messages. parent has to outlive it. */
struct config_value config_place(const struct config_value *parent, const char *name);

/* Whether a key can stand in a header: no control characters, no blanks around it. */
bool config_is_clean_secret(const char *text);
/* A decimal integer from min to max and nothing else; "1_000" is one. */
bool config_integer(const char *text, long long min, long long max, long long *out);
/* true, yes, on, false, no or off in any case. */
bool config_boolean(const char *text, bool *out);

#endif
