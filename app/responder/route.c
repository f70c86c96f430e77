#include "route.h"

/* Takes the last segment off the path; empty if there is none. */
static struct span take_segment(struct span *path)
{
	struct span segment = {path->p, 0};

	while (path->len > 0 && path->p[path->len - 1] == '/')
		path->len--;
	while (path->len > 0 && path->p[path->len - 1] != '/') {
		path->len--;
		segment.len++;
	}
	segment.p = path->p + path->len;
	return segment;
}

static enum route_kind health_route(struct span name)
{
	if (span_is(name, "liveliness") || span_is(name, "liveness"))
		return ROUTE_LIVENESS;
	if (span_is(name, "readiness"))
		return ROUTE_READINESS;
	return ROUTE_UNKNOWN;
}

static enum route_kind action_route(struct span name)
{
	if (span_is(name, "cancel"))
		return ROUTE_CANCEL;
	if (span_is(name, "input_items"))
		return ROUTE_INPUT_ITEMS;
	return ROUTE_UNKNOWN;
}

struct route route_find(struct span path)
{
	struct span last = take_segment(&path);
	struct span second = take_segment(&path);
	struct span third = take_segment(&path);

	if (span_is(last, "responses"))
		return (struct route){ROUTE_RESPONSES, {0}};
	if (span_is(second, "responses"))
		return (struct route){ROUTE_RESPONSE, last};
	if (span_is(third, "responses"))
		return (struct route){action_route(last), second};
	if (span_is(second, "health"))
		return (struct route){health_route(last), {0}};
	return (struct route){ROUTE_UNKNOWN, {0}};
}
