/*
 * A configuration file as a tree of values that know where they stand, so that every message can
 * begin with "FILE:LINE: key.path: ".
 */
#ifndef RESPOOL_CONFIG_YAML_H
#define RESPOOL_CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <yaml.h>

struct config_file {
	const char *path;
	FILE *errors;
	size_t error_count;
	int merges;        /* that were followed */
	unsigned unneeded; /* of enum config_flag: what may name an unset environment variable */
	yaml_document_t document;
	char **ignored; /* key paths that a warning was given for */
	size_t ignored_count;
};

struct config_value {
	struct config_file *file;
	const struct config_value *parent; /* NULL for the whole document */
	const char *key;                   /* in a parent that is a mapping, else NULL */
	size_t index;                      /* in a parent that is a list */
	size_t line;                       /* of the key, or of the list's element */
	const yaml_node_t *node;           /* NULL if the document is empty */
};

/*
 * Reads and parses the file. On failure returns false after writing the error, with nothing to
 * close. path and errors are kept, not copied.
 */
bool config_file_open(struct config_file *file, const char *path, FILE *errors);
void config_file_close(struct config_file *file);
struct config_value config_file_root(struct config_file *file);

/* Reports an error: "what is there, expected something else". */
void config_wrong(const struct config_value *value, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Warns in the log, with the value's place. */
void config_warn(const struct config_value *value, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Warns in the log that a key is not implemented: once, also if all elements of a list have it. */
void config_ignore(const struct config_value *value);

/* Nothing, "~" or "null": as if the key were not there. */
bool config_is_null(const struct config_value *value);
/* The value's type for messages: "a list". */
const char *config_type_name(const struct config_value *value);

/*
 * The members of a mapping, those of its merge keys ("<<") included. Reports duplicate keys. The
 * caller frees *members, whose parent is mapping. Returns false after an error if value is no
 * mapping.
 */
bool config_members(const struct config_value *mapping, const char *expected,
    struct config_value **members, size_t *count);

/* The elements of a list; false after an error if value is no list. */
bool config_is_list(const struct config_value *list, const char *expected);
size_t config_length(const struct config_value *list);
struct config_value config_element(const struct config_value *list, size_t index);

#endif
