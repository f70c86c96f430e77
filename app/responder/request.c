#include "request.h"

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

/* An empty variable stands for a header that is not there: some servers cannot leave it out. */
static const char *variable(FCGX_ParamArray env, const char *name)
{
	const char *value = FCGX_GetParam(name, env);

	return value != NULL && *value != '\0' ? value : NULL;
}

static const char *or_empty(const char *value)
{
	return value != NULL ? value : "";
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
static void read_path(struct http_request *request, FCGX_ParamArray env, struct buf *scratch)
{
	buf_clear(scratch);
	buf_puts(scratch, or_empty(variable(env, "SCRIPT_NAME")));
	buf_puts(scratch, or_empty(variable(env, "PATH_INFO")));
	request->path = buf_cstr(scratch);
	request->route = route_find(buf_span(scratch));
	if (request->route.kind == ROUTE_UNKNOWN)
		route_uri(request, variable(env, "DOCUMENT_URI"));
}

void request_read(struct http_request *request, struct fcgi_request *fcgi, struct buf *scratch)
{
	FCGX_ParamArray env = fcgi->environment;

	*request = (struct http_request){.in = &fcgi->in, .environment = env};
	request->method_name = or_empty(variable(env, "REQUEST_METHOD"));
	request->method = find_method(request->method_name);
	read_path(request, env, scratch);
	request->query = or_empty(variable(env, "QUERY_STRING"));
	request->content_length = variable(env, "CONTENT_LENGTH");
	request->authorization = variable(env, "HTTP_AUTHORIZATION");
	if (request->authorization == NULL)
		request->authorization = variable(env, "REDIRECT_HTTP_AUTHORIZATION");
	request->litellm_key = variable(env, "HTTP_X_LITELLM_API_KEY");
	request->api_key = variable(env, "HTTP_API_KEY");
	if (request->api_key == NULL)
		request->api_key = variable(env, "HTTP_X_API_KEY");
	request->if_none_match = variable(env, "HTTP_IF_NONE_MATCH");
	request->request_id = variable(env, "HTTP_X_REQUEST_ID");
}

const char *request_header(const struct http_request *request, const char *name)
{
	return variable(request->environment, name);
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
