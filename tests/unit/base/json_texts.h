/* Texts that are JSON, or are not, and checks of them that see any read beyond their end. */
#ifndef RESPOOL_JSON_TEXTS_H
#define RESPOOL_JSON_TEXTS_H

#include "common/base/json.h"

#define BAD "\xef\xbf\xbd" /* what stands for a byte that is no UTF-8 */

/* Has every construct of RFC 8259. */
extern const char rich[];

struct bad_text {
	const char *text;
	const char *error; /* what json_check() says */
	size_t offset;
};

#define UTF8 "invalid UTF-8 in a string"

extern const struct bad_text bad_texts[];
extern const size_t bad_text_count;

/* Text in memory of exactly its size, so that a sanitizer sees any read beyond it. */
struct span exact(struct span text);
void free_exact(struct span text);

/* json_check() of such a copy. */
bool check(struct span text, unsigned flags, const char **error, size_t *offset);

void assert_span(struct span actual, const char *expected);
/* Frees it, too. */
void assert_buf(struct buf *actual, const char *expected);

#endif
