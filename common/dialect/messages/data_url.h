/*
 * Files that stand in a request itself: "data:" URLs (RFC 2397), and what base64 in them shows.
 */
#ifndef RESPOOL_DATA_URL_H
#define RESPOOL_DATA_URL_H

#include <stdbool.h>

#include "common/base/buf.h"

struct data_url {
	struct span media_type; /* as it is spelled, without its parameters; may be empty */
	struct span payload;
	bool is_base64;
};

/* Whether the text begins as a data URL does. */
bool data_url_is(struct span url);
/* Takes it apart; the spans point into it. False if it is none. */
bool data_url_read(struct data_url *parsed, struct span url);
/* Appends the bytes that a payload without base64 stands for. */
void data_url_decode(struct buf *out, struct span payload);

/*
 * What the first bytes of base64 show: "image/png", "image/jpeg", "image/gif", "image/webp" or
 * "application/pdf", whatever it is said to be; NULL for anything else.
 */
const char *base64_sniff(struct span text);

#endif
