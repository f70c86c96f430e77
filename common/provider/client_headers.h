/*
 * Headers of a client's request that its provider gets, too: what they have agreed upon
 * (OpenAI-Beta), and the names by which the call is found again (X-Client-Request-Id; traceparent
 * and tracestate, W3C Trace Context). From the process that reads the request to the one that calls
 * they go as text, a line "Name: value\n" for each.
 */
#ifndef RESPOOL_CLIENT_HEADERS_H
#define RESPOOL_CLIENT_HEADERS_H

#include <stdbool.h>

#include <curl/curl.h>

#include "common/base/buf.h"

/*
 * Appends those that the client has sent. get returns the value of a variable of the CGI
 * environment (RFC 3875 section 4.1.18), "HTTP_TRACEPARENT", say, or NULL. A value that is empty or
 * holds a control character is left out.
 */
void client_headers_collect(
    struct buf *lines, const char *(*get)(const void *ctx, const char *variable), const void *ctx);

/* Appends one more. The value is one line: transfer_is_one_line(). */
void client_headers_put(struct buf *lines, const char *name, const char *value);

/*
 * Adds them to a list, where it has no header of that name: transfer_add_header(). Where the
 * request is translated, OpenAI's own does not go along. lines ends in a line end, or is empty.
 */
struct curl_slist *client_headers_add(
    struct curl_slist *headers, struct span lines, bool is_translated);

#endif
