#include "sealed_events.h"

#include <string.h>

#include "common/base/json.h"
#include "common/response/encrypted_content.h"

enum { MAX_EVENT = 16 << 20 }; /* bytes of one that is looked at */

static const char wanted[] = "response.output_item.done";

static bool skip(struct span *text, const char *prefix, size_t len)
{
	if (text->len < len || memcmp(text->p, prefix, len) != 0)
		return false;
	text->p += len;
	text->len -= len;
	return true;
}

/* Nearly all data begins with its type, and with another one. */
static bool is_other(struct span data)
{
	static const char type[] = "{\"type\":";

	if (!skip(&data, type, sizeof(type) - 1))
		return false;
	skip(&data, " ", 1);
	return skip(&data, "\"", 1) && !skip(&data, wanted, sizeof(wanted) - 1);
}

static bool on_event(void *ctx, struct span data)
{
	struct sealed_events *events = ctx;
	struct span content;

	if (is_other(data) || !encrypted_content_may_be_in(data) ||
	    !json_check(data, JSON_ACCEPT_BAD_UTF8, NULL, NULL) ||
	    !json_string_is(json_get(data, "type"), wanted))
		return true;
	content = encrypted_content_of(json_get(data, "item"));
	if (content.len != 0)
		events->found(events->ctx, content);
	return true;
}

void sealed_events_open(struct sealed_events *events, sealed_event_fn *found, void *ctx)
{
	*events = (struct sealed_events){.open = true, .found = found, .ctx = ctx};
	sse_init(&events->sse, MAX_EVENT, on_event, events);
	events->sse.is_idle = is_other;
}

void sealed_events_note(struct sealed_events *events, struct span bytes)
{
	if (events->open && sse_feed(&events->sse, bytes) != SSE_OK)
		sealed_events_close(events);
}

void sealed_events_close(struct sealed_events *events)
{
	if (events->open)
		sse_free(&events->sse);
	events->open = false;
}
