/* What redis_url.c and redis_url_query.c share: cutting up a text. */
#ifndef RESPOOL_REDIS_URL_INTERNAL_H
#define RESPOOL_REDIS_URL_INTERNAL_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "redis_settings.h"

#define REDIS_URL_WRONG_DB "not a database number, expected one of 0 or more"

/* The first len bytes, and those behind them. */
struct span redis_url_before(struct span text, size_t len);
struct span redis_url_behind(struct span text, size_t len);
/* The offset of c, or the length if it is not there. */
size_t redis_url_find(struct span text, char c);

/* Takes percent-encoding off. *out is the caller's. Returns NULL, or what is wrong. */
const char *redis_url_decode(char **out, struct span text);
bool redis_url_number(struct span text, long long min, long long max, int *out);

/* Reads what stands behind the '?'. Returns NULL, or what is wrong. */
const char *redis_url_query(struct redis_settings *settings, struct span query);

#endif
