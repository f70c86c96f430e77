/* Keeping a deployment's keys out of what a provider's words become. */
#ifndef RESPOOL_SECRET_H
#define RESPOOL_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/config/config.h"

/*
 * NULL and "" are no secrets, nor is what stands for a key where none is needed ("none", "ollama"):
 * words of fewer than 12 characters, unless they have both a letter and a digit and at least 6.
 */

/* Where the text repeats the secret first; NULL if it does not. */
const char *secret_find(struct span text, const char *secret);
/* Whether the text repeats the secret. */
bool secret_is_in(struct span text, const char *secret);
/* Appends the text with "[redacted]" wherever it repeats the secret. */
void secret_redact(struct buf *out, struct span text, const char *secret);

/* All that is shown to a deployment as a proof of who asks. The texts are the configuration's. */
struct secrets {
	const char **texts;
	size_t count;
};

/* The deployment's key, and what is in those of its extra headers whose name tells of a key. */
void secrets_open(struct secrets *secrets, const struct deployment *deployment, const char *model);
void secrets_close(struct secrets *secrets);
bool secrets_are_in(struct span text, const struct secrets *secrets);
/* Appends the text with "[redacted]" in place of each, to an empty buffer. */
void secrets_redact(struct buf *out, struct span text, const struct secrets *secrets);

/*
 * A text that comes in pieces and is to keep its length: each secret becomes as many asterisks.
 * What could be the beginning of one at the end of a piece is held back.
 */
struct secret_mask {
	const struct secrets *secrets; /* must outlive the struct */
	struct buf text;
	size_t held; /* bytes at the end of text */
};

void secret_mask_open(struct secret_mask *mask, const struct secrets *secrets);
void secret_mask_close(struct secret_mask *mask);
/* What can be shown now. Valid until the next call, and only as long as the piece is. */
struct span secret_mask_next(struct secret_mask *mask, struct span piece);
/* What was held back, as no more pieces follow. Valid until the next call. */
struct span secret_mask_rest(struct secret_mask *mask);

#endif
