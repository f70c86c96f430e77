#include "route.h"

#include <stdbool.h>
#include <string.h>

/*
 * Of two that fit, the first one counts: no response is called "compact", and those of
 * administrators end as others do.
 */
static const struct {
	/* "{id}" stands for one segment; "{model}" and "…" for one or more: find_below() */
	const char *pattern;
	enum route_kind kind;
} routes[] = {
    {"responses/input_tokens", ROUTE_INPUT_TOKENS},
    {"responses/compact", ROUTE_COMPACT},
    {"respool/v1/responses", ROUTE_ADMIN_RESPONSES},
    {"respool/v1/responses/{id}", ROUTE_ADMIN_RESPONSE},
    {"respool/v1/responses/{id}/details", ROUTE_ADMIN_DETAILS},
    {"respool/v1/responses/{id}/cancel", ROUTE_ADMIN_CANCEL},
    {"respool/v1/responses/{id}/retry", ROUTE_ADMIN_RETRY},
    {"responses", ROUTE_RESPONSES},
    {"responses/{id}", ROUTE_RESPONSE},
    {"responses/{id}/cancel", ROUTE_CANCEL},
    {"responses/{id}/input_items", ROUTE_INPUT_ITEMS},
    {"chat/completions", ROUTE_CHAT},
    {"embeddings", ROUTE_EMBEDDINGS},
    {"models", ROUTE_MODELS},
    {"models/{model}", ROUTE_MODEL},
    {"conversations", ROUTE_CONVERSATIONS},
    {"conversations/…", ROUTE_CONVERSATIONS},
    {"health", ROUTE_READINESS},
    {"health/readiness", ROUTE_READINESS},
    {"health/liveliness", ROUTE_LIVENESS},
    {"health/liveness", ROUTE_LIVENESS},
    {"metrics", ROUTE_METRICS},
    {"respool/v1/status", ROUTE_ADMIN_STATUS},
    {"respool/v1/workers", ROUTE_ADMIN_WORKERS},
    {"respool/v1/workers/{id}/drain", ROUTE_ADMIN_DRAIN},
    {"respool/v1/pause", ROUTE_ADMIN_PAUSE},
    {"respool/v1/resume", ROUTE_ADMIN_RESUME},
    {"respool/", ROUTE_PAGE},
};
enum { ROUTE_COUNT = sizeof(routes) / sizeof(routes[0]) };

const char *route_pattern(size_t i, enum route_kind *kind)
{
	if (i >= ROUTE_COUNT)
		return NULL;
	*kind = routes[i].kind;
	return routes[i].pattern;
}

static struct span without_slashes(struct span path)
{
	while (path.len > 0 && path.p[path.len - 1] == '/')
		path.len--;
	return path;
}

/* Takes the last segment off the path; empty if there is none. */
static struct span take_last(struct span *path)
{
	const char *end, *slash;

	*path = without_slashes(*path);
	if (path->len == 0)
		return *path;
	end = path->p + path->len;
	slash = memrchr(path->p, '/', path->len);
	path->len = slash != NULL ? (size_t)(slash + 1 - path->p) : 0;
	return (struct span){path->p + path->len, (size_t)(end - path->p) - path->len};
}

static bool stands_for_many(struct span segment)
{
	return span_is(segment, "{model}") || span_is(segment, "…");
}

/* Whether the path ends as the pattern says; then *id is what its "{id}" stands for. */
static bool ends_as(struct span path, const char *pattern, struct span *id)
{
	struct span rest = span_of(pattern);

	while (rest.len > 0) {
		struct span expected = take_last(&rest), segment = take_last(&path);

		if (span_is(expected, "{id}") && segment.len > 0)
			*id = segment;
		else if (stands_for_many(expected) || !span_eq(expected, segment))
			return false;
	}
	return true;
}

static struct span without_leading_slashes(struct span path)
{
	while (path.len > 0 && path.p[0] == '/') {
		path.p++;
		path.len--;
	}
	return path;
}

/* Takes the first segment off the path, with the slashes before it. */
static struct span take_first(struct span *path)
{
	const char *slash;
	struct span segment;

	*path = without_leading_slashes(*path);
	segment = *path;
	slash = path->len > 0 ? memchr(path->p, '/', path->len) : NULL;
	if (slash != NULL)
		segment.len = (size_t)(slash - path->p);
	path->p += segment.len;
	path->len -= segment.len;
	return segment;
}

/*
 * What is behind the first segment of that name that follows one of the name before, if that is not
 * NULL; empty if there is none.
 */
static struct span behind(struct span path, const char *before, const char *name)
{
	bool follows = before == NULL;

	path = without_slashes(path);
	while (path.len > 0) {
		struct span segment = take_first(&path);

		if (follows && span_is(segment, name) && path.len > 0)
			return without_leading_slashes(path);
		follows = before == NULL || span_is(segment, before);
	}
	return (struct span){path.p, 0};
}

/* Those whose names may have any number of segments, of which some look like another route's. */
static struct route find_below(struct span path, const char *before)
{
	struct span model = behind(path, before, "models");
	struct span conversation = behind(path, before, "conversations");

	if (model.len > 0)
		return (struct route){ROUTE_MODEL, model};
	if (conversation.len > 0)
		return (struct route){ROUTE_CONVERSATIONS, conversation};
	return (struct route){ROUTE_UNKNOWN, {0}};
}

static struct span once(struct span path)
{
	size_t half = path.len / 2;

	if (path.len % 2 == 0 && memcmp(path.p, path.p + half, half) == 0)
		return (struct span){path.p + half, half};
	return path;
}

static struct route find_by_end(struct span path)
{
	/* What follows that is an id, whatever it looks like. */
	const bool about_response = behind(path, "v1", "responses").len > 0;

	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		struct route route = {routes[i].kind, {0}};

		if (about_response && strstr(routes[i].pattern, "responses") == NULL)
			continue;
		if (ends_as(path, routes[i].pattern, &route.id))
			return route;
	}
	if (about_response)
		return (struct route){ROUTE_UNKNOWN, {0}};
	return find_below(path, NULL);
}

struct route route_find(struct span path)
{
	struct route route;

	if (path.len == 0)
		return (struct route){ROUTE_UNKNOWN, {0}};
	path = once(path);
	route = find_below(path, "v1");
	if (route.kind == ROUTE_UNKNOWN)
		route = find_by_end(path);
	/* What the page asks for is relative to it, so that its own path has to end in a slash. */
	if (route.kind == ROUTE_PAGE && path.p[path.len - 1] != '/')
		route.kind = ROUTE_PAGE_MOVED;
	return route;
}
