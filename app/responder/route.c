#include "route.h"

#include <stdbool.h>
#include <string.h>

/* How the path of a route ends. */
struct pattern {
	/* "{id}" stands for one segment; "{model}" and "…" for one or more: find_below() */
	const char *text;
	enum route_kind kind;
	bool of_responses; /* its path has "responses" in it */
};

/* Of two that fit, the first one counts: no response is called "compact". */
static const struct pattern patterns[] = {
    {"responses", ROUTE_RESPONSES, true},
    {"responses/input_tokens", ROUTE_INPUT_TOKENS, true},
    {"responses/compact", ROUTE_COMPACT, true},
    {"responses/{id}", ROUTE_RESPONSE, true},
    {"responses/{id}/cancel", ROUTE_CANCEL, true},
    {"responses/{id}/input_items", ROUTE_INPUT_ITEMS, true},
    {"chat/completions", ROUTE_CHAT, false},
    {"embeddings", ROUTE_EMBEDDINGS, false},
    {"models", ROUTE_MODELS, false},
    {"models/{model}", ROUTE_MODEL, false},
    {"conversations", ROUTE_CONVERSATIONS, false},
    {"conversations/…", ROUTE_CONVERSATIONS, false},
    {"health", ROUTE_READINESS, false},
    {"health/readiness", ROUTE_READINESS, false},
    {"health/liveliness", ROUTE_LIVENESS, false},
    {"health/liveness", ROUTE_LIVENESS, false},
    {"metrics", ROUTE_METRICS, false},
    {"respool/", ROUTE_PAGE, false},
};

/* These come before the others where a path has "respool/v1" in it. */
static const struct pattern admin_patterns[] = {
    {"respool/v1/status", ROUTE_ADMIN_STATUS, false},
    {"respool/v1/usage", ROUTE_ADMIN_USAGE, false},
    {"respool/v1/workers", ROUTE_ADMIN_WORKERS, false},
    {"respool/v1/workers/{id}/drain", ROUTE_ADMIN_DRAIN, false},
    {"respool/v1/pause", ROUTE_ADMIN_PAUSE, false},
    {"respool/v1/resume", ROUTE_ADMIN_RESUME, false},
    {"respool/v1/webhooks", ROUTE_ADMIN_WEBHOOKS, false},
    {"respool/v1/webhooks/{id}/retry", ROUTE_ADMIN_REDELIVER, false},
    {"respool/v1/responses", ROUTE_ADMIN_RESPONSES, true},
    {"respool/v1/responses/{id}", ROUTE_ADMIN_RESPONSE, true},
    {"respool/v1/responses/{id}/details", ROUTE_ADMIN_DETAILS, true},
    {"respool/v1/responses/{id}/cancel", ROUTE_ADMIN_CANCEL, true},
    {"respool/v1/responses/{id}/retry", ROUTE_ADMIN_RETRY, true},
};

enum {
	PATTERN_COUNT = sizeof(patterns) / sizeof(patterns[0]),
	ADMIN_PATTERN_COUNT = sizeof(admin_patterns) / sizeof(admin_patterns[0]),
};

const char *route_pattern(size_t i, enum route_kind *kind)
{
	const struct pattern *pattern;

	if (i >= PATTERN_COUNT + ADMIN_PATTERN_COUNT)
		return NULL;
	pattern = i < PATTERN_COUNT ? &patterns[i] : &admin_patterns[i - PATTERN_COUNT];
	*kind = pattern->kind;
	return pattern->text;
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

/* ROUTE_UNKNOWN if no pattern fits. */
static struct route find_by_end(
    struct span path, const struct pattern *table, size_t count, bool about_response)
{
	for (size_t i = 0; i < count; i++) {
		struct route route = {table[i].kind, {0}};

		if (about_response && !table[i].of_responses)
			continue;
		if (ends_as(path, table[i].text, &route.id))
			return route;
	}
	return (struct route){ROUTE_UNKNOWN, {0}};
}

/* What is done with a request is no response's id there either. */
static struct route find_admins(struct span path, bool about_response)
{
	const struct route route =
	    find_by_end(path, admin_patterns, ADMIN_PATTERN_COUNT, about_response);
	const bool is_named = span_is(route.id, "compact") || span_is(route.id, "input_tokens");

	if (route.kind == ROUTE_ADMIN_RESPONSE && is_named)
		return (struct route){ROUTE_UNKNOWN, {0}};
	return route;
}

static struct route find_others(struct span path, bool about_response)
{
	struct route route = find_by_end(path, patterns, PATTERN_COUNT, about_response);

	if (route.kind == ROUTE_UNKNOWN && !about_response)
		route = find_below(path, NULL);
	/* What the page asks for is relative to it, so that its own path has to end in a slash. */
	if (route.kind == ROUTE_PAGE && path.p[path.len - 1] != '/')
		route.kind = ROUTE_PAGE_MOVED;
	return route;
}

struct route route_find(struct span path)
{
	struct route route;
	bool about_response;

	if (path.len == 0)
		return (struct route){ROUTE_UNKNOWN, {0}};
	path = once(path);
	route = find_below(path, "v1");
	if (route.kind != ROUTE_UNKNOWN)
		return route;
	/* What follows that is an id, whatever it looks like. */
	about_response = behind(path, "v1", "responses").len > 0;
	if (behind(path, "respool", "v1").len > 0)
		route = find_admins(path, about_response);
	return route.kind != ROUTE_UNKNOWN ? route : find_others(path, about_response);
}
