/* How often random tests begin anew. */
#ifndef RESPOOL_TEST_ROUNDS_H
#define RESPOOL_TEST_ROUNDS_H

#include <stdlib.h>

/* So many, or 1 of $RESPOOL_TEST_ROUNDS_OF: what runs slowly finds in the first ones what it can.
 */
static inline unsigned rounds(unsigned all)
{
	const char *text = getenv("RESPOOL_TEST_ROUNDS_OF");
	int part = text != NULL ? atoi(text) : 1;

	return part > 1 ? 1 + all / (unsigned)part : all;
}

#endif
