/* Keeping a deployment's key out of what a provider's words become. */
#ifndef RESPOOL_SECRET_H
#define RESPOOL_SECRET_H

#include <stdbool.h>

#include "../common/buf.h"

/* Whether the text repeats the secret. NULL and "" are no secrets. */
bool secret_is_in(struct span text, const char *secret);
/* Appends the text with "[redacted]" wherever it repeats the secret. */
void secret_redact(struct buf *out, struct span text, const char *secret);

#endif
