/*
 * What is known of a call's arguments while they come in pieces: whether they are whole, and
 * whether others that come whole are the same, without keeping them.
 */
#ifndef RESPOOL_CALL_ARGUMENTS_H
#define RESPOOL_CALL_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"

/* A zeroed one has none. */
struct call_arguments {
	uint64_t hash; /* of what counts: all but blanks between tokens */
	uint64_t length;
	long long depth; /* of braces and brackets that are open */
	bool is_object;  /* they begin as one */
	bool in_string;
	bool escaped; /* the next character is, in a string of theirs */
	bool whole;   /* the object has ended */
};

/* Adds the inside of a checked JSON string: a piece of their text. */
void call_arguments_add(struct call_arguments *arguments, struct span piece);
/* Whether both have the same text, which is not empty. */
bool call_arguments_equal(const struct call_arguments *a, const struct call_arguments *b);
/* Whether they are the object without members. */
bool call_arguments_are_empty(const struct call_arguments *arguments);

#endif
