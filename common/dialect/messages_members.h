/* Members of an event of the Messages API, or of an object in it, found in one pass. */
#ifndef RESPOOL_MESSAGES_MEMBERS_H
#define RESPOOL_MESSAGES_MEMBERS_H

#include <stdbool.h>

#include "common/base/buf.h"

/* A name in a table of them: canonically spelled, without quotes. */
#define MEMBER_NAME(text)                                                                          \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

/*
 * Sets values[i] to the last member that is called names[i]; that of one that is not there stays.
 * False if it is no object, or broken: what has been set is of no use then. Allocates nothing, but
 * for names that are spelled with escapes.
 */
bool members_read(struct span object, const struct span *names, size_t count, struct span *values);

/* Whether it is a string that is not "". */
bool is_text(struct span value);

#endif
