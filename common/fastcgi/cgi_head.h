/*
 * The head of an answer as a web server gets it over FastCGI: a CGI header (RFC 3875 section 6), as
 * text. What all answers of respool have in common is put in here.
 */
#ifndef RESPOOL_CGI_HEAD_H
#define RESPOOL_CGI_HEAD_H

#include <stdbool.h>

#include "common/base/buf.h"

enum { REQUEST_ID_MAX = 128 };

/* Zeroed it is ready; it is used for one answer after the other, and keeps its room. */
struct cgi_head {
	struct buf text; /* "Name: value\r\n" lines gathered so far; whole after cgi_head_end() */
	bool may_be_kept;
	bool knows_retry; /* cgi_head_set_retry_after() has said it */
	char request_id[REQUEST_ID_MAX + 1];
};

void cgi_head_free(struct cgi_head *head);

/* Begins the head of an answer, without a request id. */
void cgi_head_begin(struct cgi_head *head);

/*
 * The id that the answer carries as x-request-id, in place of one that it has. Anything but 1 to
 * REQUEST_ID_MAX of [A-Za-z0-9._-], or NULL, is passed over.
 */
void cgi_head_set_request_id(struct cgi_head *head, const char *request_id);

/*
 * The client may keep the answer, and ask with its ETag whether it still holds. Without this nobody
 * may keep it; nobody else may in any case.
 */
void cgi_head_let_keep(struct cgi_head *head);

/* Adds a header. Cache-Control and X-Content-Type-Options are there with every answer. */
void cgi_head_add(struct cgi_head *head, const char *name, const char *value);

/* Adds lines that are headers already: "Name: value\r\n" each. */
void cgi_head_add_lines(struct cgi_head *head, struct span lines);

/* Adds type and length of a body. */
void cgi_head_add_body(struct cgi_head *head, const char *type, size_t len);

/*
 * Says when a client may try again: after so many seconds, or 0, nobody knows, which tells clients
 * that are OpenAI's not to try again by themselves. cgi_head_add_expected() then leaves it so.
 */
void cgi_head_set_retry_after(struct cgi_head *head, long long seconds);

/* Adds what RFC 9110 and clients expect beside a status of respool's own. */
void cgi_head_add_expected(struct cgi_head *head, int status);

/* Ends it: its text is whole. */
void cgi_head_end(struct cgi_head *head, int status);

#endif
