/*
 * HTTP answers over FastCGI: a CGI header (RFC 3875 section 6) and a body. One struct reply serves
 * a process for all its requests and keeps its buffers, so that an answer needs no allocation.
 */
#ifndef RESPOOL_REPLY_H
#define RESPOOL_REPLY_H

#include <stdint.h>

#include "common/response/api_error.h"
#include "common/base/buf.h"
#include "common/fastcgi/cgi_head.h"
#include "fcgi_request.h"

struct reply {
	struct fcgi_request *fcgi; /* that is being answered */
	bool without_body;         /* the answer to a HEAD request */
	struct cgi_head head;
	struct buf text;    /* an error's envelope */
	uint64_t random[2]; /* state of the generator of request ids */
};

/* Seeds the generator of request ids; to be called in the process that will answer. */
void reply_init(struct reply *reply);
void reply_free(struct reply *reply);

/*
 * Begins the answer to one request. request_id is what the client sent as X-Request-Id or NULL; it
 * is repeated if it is 1 to 128 of [A-Za-z0-9._-], otherwise a new one is made.
 */
void reply_begin(
    struct reply *reply, struct fcgi_request *fcgi, bool without_body, const char *request_id);

/*
 * The client may keep the answer, and ask with its ETag whether it still holds. Without this nobody
 * may keep it; nobody else may in any case.
 */
void reply_let_keep(struct reply *reply);

/* Adds a header. Cache-Control and X-Content-Type-Options are there with every answer. */
void reply_header(struct reply *reply, const char *name, const char *value);

/*
 * Says when a client may try again: after so many seconds, or 0, nobody knows. In place of what the
 * status of an error asks for.
 */
void reply_retry_after(struct reply *reply, long long seconds);

/* Sends the answer with a body of that media type. */
void reply_body(struct reply *reply, int status, const char *type, struct span body);
/* The same with a body of JSON. */
void reply_json(struct reply *reply, int status, struct span body);
/* Sends 304 Not Modified. */
void reply_not_modified(struct reply *reply);
/* Sends the error's envelope, with the headers that its status asks for. */
void reply_error(struct reply *reply, const struct api_error *error);
/* With another message than the error's, which may be of any length. */
void reply_error_as(struct reply *reply, const struct api_error *error, const char *message);

/*
 * Whether the list of entity tags of If-None-Match (RFC 9110 section 13.1.2) holds etag, or is *.
 */
bool reply_etag_matches(const char *if_none_match, const char *etag);

#endif
