#include "request.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/provider/client_headers.h"

enum { READ_SIZE = 65536 };

static const struct {
	const char *name;
	enum http_method method;
} methods[] = {
    {"GET", METHOD_GET},
    {"HEAD", METHOD_HEAD},
    {"POST", METHOD_POST},
    {"DELETE", METHOD_DELETE},
};

/* What is read of the environment; NULL for what is not there. */
struct variables {
	const char *method, *script_name, *path_info, *document_uri, *query, *content_length;
	const char *authorization, *redirect_authorization, *litellm_key, *api_key, *x_api_key;
	const char *if_none_match, *request_id, *idempotency_key;
};

#define VARIABLE(name, member)                                                                     \
	{                                                                                          \
		name, sizeof(name) - 1, offsetof(struct variables, member)                         \
	}

static const struct {
	const char *name;
	size_t len;
	size_t offset;
} variables[] = {
    VARIABLE("REQUEST_METHOD", method),
    VARIABLE("SCRIPT_NAME", script_name),
    VARIABLE("PATH_INFO", path_info),
    VARIABLE("DOCUMENT_URI", document_uri),
    VARIABLE("QUERY_STRING", query),
    VARIABLE("CONTENT_LENGTH", content_length),
    VARIABLE("HTTP_AUTHORIZATION", authorization),
    VARIABLE("REDIRECT_HTTP_AUTHORIZATION", redirect_authorization),
    VARIABLE("HTTP_X_LITELLM_API_KEY", litellm_key),
    VARIABLE("HTTP_API_KEY", api_key),
    VARIABLE("HTTP_X_API_KEY", x_api_key),
    VARIABLE("HTTP_IF_NONE_MATCH", if_none_match),
    VARIABLE("HTTP_X_REQUEST_ID", request_id),
    VARIABLE("HTTP_IDEMPOTENCY_KEY", idempotency_key),
};

/* An empty variable stands for a header that is not there: some servers cannot leave it out. */
static const char *given(const char *value)
{
	return value != NULL && *value != '\0' ? value : NULL;
}

static const char *or_empty(const char *value)
{
	return value != NULL ? value : "";
}

/* Of two by the same name the first one counts. */
static void take_variable(struct variables *taken, const char *entry)
{
	const char *end = strchr(entry, '=');
	size_t len = end != NULL ? (size_t)(end - entry) : 0;

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char **value = (const char **)((char *)taken + variables[i].offset);

		if (len != variables[i].len || memcmp(entry, variables[i].name, len) != 0)
			continue;
		if (*value == NULL)
			*value = end + 1;
		return;
	}
}

/* All in one go: each look for one alone is a look at them all. */
static void take_variables(struct variables *taken, FCGX_ParamArray env)
{
	*taken = (struct variables){0};
	for (; *env != NULL; env++)
		take_variable(taken, *env);
}

static enum http_method find_method(const char *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(name, methods[i].name) == 0)
			return methods[i].method;
	}
	return METHOD_OTHER;
}

static void route_uri(struct http_request *request, const char *uri)
{
	if (uri == NULL)
		return;
	request->route = route_find((struct span){uri, strcspn(uri, "?#")});
	request->path = uri;
}

/*
 * Servers that know where the application is mounted put the path into SCRIPT_NAME and PATH_INFO,
 * others the whole of it into either, or both. Some set neither. REQUEST_URI does not count: it is
 * what the client wrote, and the server's access rules are for the path that it has made of that.
 */
static void read_path(
    struct http_request *request, const struct variables *taken, struct buf *scratch)
{
	buf_clear(scratch);
	buf_puts(scratch, or_empty(taken->script_name));
	buf_puts(scratch, or_empty(taken->path_info));
	request->path = buf_cstr(scratch);
	request->route = route_find(buf_span(scratch));
	if (request->route.kind == ROUTE_UNKNOWN)
		route_uri(request, given(taken->document_uri));
}

static const char *first_given(const char *a, const char *b)
{
	return given(a) != NULL ? a : given(b);
}

void request_read(struct http_request *request, struct fcgi_request *fcgi, struct buf *scratch)
{
	struct variables taken;

	take_variables(&taken, fcgi->environment);
	*request = (struct http_request){
	    .in = &fcgi->in,
	    .environment = fcgi->environment,
	    .method = find_method(or_empty(taken.method)),
	    .method_name = or_empty(taken.method),
	    .query = or_empty(taken.query),
	    .content_length = given(taken.content_length),
	    .authorization = first_given(taken.authorization, taken.redirect_authorization),
	    .litellm_key = given(taken.litellm_key),
	    .api_key = first_given(taken.api_key, taken.x_api_key),
	    .if_none_match = given(taken.if_none_match),
	    .request_id = given(taken.request_id),
	    .idempotency_key = given(taken.idempotency_key),
	};
	read_path(request, &taken, scratch);
}

const char *request_header(const struct http_request *request, const char *name)
{
	return given(FCGX_GetParam(name, request->environment));
}

static const char *header_of(const void *ctx, const char *name)
{
	return request_header(ctx, name);
}

void request_passed_headers(const struct http_request *request, struct buf *lines)
{
	client_headers_collect(lines, header_of, request);
}

bool request_query_has(const struct http_request *request, const char *parameter)
{
	const char *p = request->query;

	while (*p != '\0') {
		size_t len = strcspn(p, "&");

		if (span_is((struct span){p, len}, parameter))
			return true;
		p += len + (p[len] == '&');
	}
	return false;
}

static bool too_large(struct api_error *error, size_t max)
{
	return api_error_set(error, 413, "invalid_request_error", NULL, "request_too_large",
	    "The request body is larger than %zu bytes.", max);
}

static bool read_known_length(
    const struct http_request *request, size_t length, struct buf *body, struct api_error *error)
{
	size_t count = 0;

	/*
	 * FCGX_GetStr() takes an int; the buffer grows with what comes, not with what is announced.
	 */
	while (count < length) {
		size_t left = length - count;
		size_t wanted = left < READ_SIZE ? left : READ_SIZE;
		int got = FCGX_GetStr(buf_reserve(body, wanted), (int)wanted, request->in);

		body->len += (size_t)got;
		count += (size_t)got;
		if ((size_t)got < wanted)
			return api_error_set(error, 400, "invalid_request_error", NULL, NULL,
			    "The request body ended after %zu of %zu bytes.", count, length);
	}
	return true;
}

static bool read_unknown_length(
    const struct http_request *request, size_t max, struct buf *body, struct api_error *error)
{
	size_t count = 0;
	int got;

	do {
		got = FCGX_GetStr(buf_reserve(body, READ_SIZE), READ_SIZE, request->in);
		body->len += (size_t)got;
		count += (size_t)got;
		if (count > max)
			return too_large(error, max);
	} while (got == READ_SIZE);
	return true;
}

bool request_read_body(
    const struct http_request *request, size_t max, struct buf *body, struct api_error *error)
{
	const char *text = request->content_length;
	size_t digits;

	if (text == NULL)
		return read_unknown_length(request, max, body, error);
	digits = strspn(text, "0123456789");
	if (text[digits] != '\0')
		return api_error_set(error, 400, "invalid_request_error", NULL, NULL,
		    "Content-Length is '%s', expected a number.", text);
	/* Past its range strtoull() answers the greatest number, which is too large as well. */
	if (strtoull(text, NULL, 10) > max)
		return too_large(error, max);
	return read_known_length(request, (size_t)strtoull(text, NULL, 10), body, error);
}
