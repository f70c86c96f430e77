/*
 * A configuration file as a tree of values that know where they stand, so that every message can
 * begin with "FILE:LINE: key.path: ".
 */
#ifndef RESPOOL_CONFIG_YAML_H
#define RESPOOL_CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include <yaml.h>

/* One of the files that a configuration consists of. */
struct config_part {
	char *path;
	dev_t device; /* with inode: which file it is */
	ino_t inode;
	size_t includer; /* the part that includes it; 0 also of the first */
	int first_node;  /* in the document: its nodes stand from here to those of the next part */
};

/* What the file says that was asked for, together with those that it includes. */
struct config_file {
	FILE *errors;
	size_t error_count;
	bool merges_without_end; /* found, and reported */
	unsigned unneeded; /* of enum config_flag: what may name an unset environment variable */
	yaml_document_t document;
	struct config_part *parts; /* the first one is the file itself */
	size_t part_count;
	long long modified; /* UNIX time of the last change of any */
	char **ignored;     /* key paths that a warning was given for */
	size_t ignored_count;
};

struct config_value {
	struct config_file *file;
	const struct config_value *parent; /* NULL for the whole document */
	const char *key;                   /* in a parent that is a mapping, else NULL */
	size_t index;                      /* in a parent that is a list */
	size_t line;                       /* of the key, or of the list's element */
	const yaml_node_t *node;           /* NULL if the document is empty */
	/* A mapping that has what this one lacks, or NULL. */
	const struct config_value *rest;
};

/*
 * Reads and parses the file, and as LiteLLM does, those that it includes: a list of theirs
 * continues the one of the same name, any other section takes the place of the one before. On
 * failure returns false after writing the error, with nothing to close. errors is kept.
 */
bool config_file_open(struct config_file *file, const char *path, FILE *errors);
void config_file_close(struct config_file *file);
struct config_value config_file_root(struct config_file *file);
/* The path of the file in which the value stands. */
const char *config_path_of(const struct config_value *value);

/* Reports an error: "what is there, expected something else". */
void config_wrong(const struct config_value *value, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Warns in the log, with the value's place. */
void config_warn(const struct config_value *value, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * Warns in the log that a key is not implemented, with what follows from that: once, also if all
 * elements of a list have it, and not if nothing does.
 */
void config_ignore(const struct config_value *value);

/* Nothing, "~" or "null": as if the key were not there. */
bool config_is_null(const struct config_value *value);
/* The value's type for messages: "a list". */
const char *config_type_name(const struct config_value *value);

/*
 * The members of a mapping, those of its merge keys ("<<") and of its rest included. Reports
 * duplicate keys. The caller frees *members, whose parent is mapping. Returns false after an error
 * if value is no mapping.
 */
bool config_members(const struct config_value *mapping, const char *expected,
    struct config_value **members, size_t *count);

/*
 * A member of what may be a mapping; false if it is absent or null. Reports nothing but merges
 * without end: for looks at what is read by itself, too.
 */
bool config_find(const struct config_value *mapping, const char *name, struct config_value *member);

/* The elements of a list; false after an error if value is no list. */
bool config_is_list(const struct config_value *list, const char *expected);
size_t config_length(const struct config_value *list);
struct config_value config_element(const struct config_value *list, size_t index);

#endif
