/* The members of an object that a reader knows, picked out in one walk. */
#ifndef RESPOOL_MEMBERS_H
#define RESPOOL_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

/* For tables of names. */
#define MEMBER_NAME(text)                                                                          \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

/*
 * Sets values[i] to the last member that is called names[i], an empty span if there is none. False
 * if the text is no JSON object: values are not to be used then. It need not have been checked.
 */
bool members_read(struct span object, const struct span *names, size_t count, struct span *values);

#endif
