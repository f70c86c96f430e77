/* An HTTP request as the FastCGI environment describes it (RFC 3875 section 4.1), and its body. */
#ifndef RESPOOL_REQUEST_H
#define RESPOOL_REQUEST_H

#include "common/response/api_error.h"
#include "common/base/buf.h"
#include "fcgi_request.h"
#include "route.h"

enum http_method {
	METHOD_GET = 0x1,
	METHOD_HEAD = 0x2,
	METHOD_POST = 0x4,
	METHOD_DELETE = 0x8,
	METHOD_OTHER = 0x10,
};

/* All strings belong to the struct fcgi_request that it was read from. */
struct http_request {
	enum http_method method;
	const char *method_name;
	struct route route;
	const char *path;           /* to name in messages: what the client asked for */
	const char *query;          /* "" if there is none */
	const char *content_length; /* these are NULL if the client did not send them */
	const char *authorization;
	const char *litellm_key; /* x-litellm-api-key */
	const char *api_key;     /* api-key, else x-api-key */
	const char *if_none_match;
	const char *request_id;
	const char *idempotency_key;
	FCGX_Stream *in;
	FCGX_ParamArray environment;
};

/*
 * Takes the request from its environment. scratch is room for the path; route.id points into it,
 * and it must not change while *request is in use.
 */
void request_read(struct http_request *request, struct fcgi_request *fcgi, struct buf *scratch);

/* A header by its name in the environment ("HTTP_ACCEPT"); NULL if the client did not send it. */
const char *request_header(const struct http_request *request, const char *name);

/* Appends those that go on to the provider: client_headers.h. */
void request_passed_headers(const struct http_request *request, struct buf *lines);

/* Whether the query has this parameter, "name=value" as it is spelled there. */
bool request_query_has(const struct http_request *request, const char *parameter);

/*
 * Appends the body to *body: as much as CONTENT_LENGTH says, or all there is when that is not
 * known. On failure returns false and fills in *error: 413 if it is longer than max bytes (then
 * nothing was read if the length was known), 400 if it ends early or CONTENT_LENGTH is no number.
 */
bool request_read_body(
    const struct http_request *request, size_t max, struct buf *body, struct api_error *error);

#endif
