/* Literals for members that are char *, because they are freed elsewhere. */
#ifndef RESPOOL_TESTS_LITERAL_H
#define RESPOOL_TESTS_LITERAL_H

/* The literal; it must be neither changed nor freed. */
static inline char *text(const char *literal)
{
	union {
		const char *in;
		char *out;
	} cast = {literal};

	return cast.out;
}

#endif
