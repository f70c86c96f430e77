/* Keeping a deployment's key out of what a provider's words become. */
#ifndef RESPOOL_SECRET_H
#define RESPOOL_SECRET_H

#include <stdbool.h>

#include "../common/buf.h"

/* Whether the text repeats the secret. NULL and "" are no secrets. */
bool secret_is_in(struct span text, const char *secret);
/* Appends the text with "[redacted]" wherever it repeats the secret. */
void secret_redact(struct buf *out, struct span text, const char *secret);

/*
 * The same for a text that comes in pieces and is to keep its length: the secret becomes as many
 * asterisks. What could be the secret's beginning at the end of a piece is held back.
 */
struct secret_mask {
	const char *secret; /* must outlive the struct */
	struct buf text;
	size_t held; /* bytes at the end of text */
};

void secret_mask_open(struct secret_mask *mask, const char *secret);
void secret_mask_close(struct secret_mask *mask);
/* What can be shown now. Valid until the next call, and only as long as the piece is. */
struct span secret_mask_next(struct secret_mask *mask, struct span piece);
/* What was held back, as no more pieces follow. Valid until the next call. */
struct span secret_mask_rest(struct secret_mask *mask);

#endif
