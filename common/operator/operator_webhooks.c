#include "common/webhook/webhook_message.h"
#include "common/base/json.h"
#include "members.h"
#include "operator_json.h"
#include "summary.h"

static const char *const state_words[] = {
    [ENDPOINT_ON] = "on",
    [ENDPOINT_RESTING] = "resting",
    [ENDPOINT_OFF] = "off",
    [ENDPOINT_UNKNOWN] = "unknown",
};

static void write_endpoint(struct buf *out, const struct config *config,
    const struct store_endpoint *endpoint, long long now)
{
	const struct webhook_endpoint *configured = webhook_find(&config->webhooks, endpoint->name);

	buf_putc(out, '{');
	member_text(out, "name", endpoint->name);
	member_text(out, "url", configured != NULL ? configured->site : NULL);
	member_text(out, "state", state_words[summary_endpoint_state(config, endpoint, now)]);
	member_number(out, "failures", endpoint->failures);
	member_seconds(out, "resting_seconds", endpoint->rests_until - now);
	member_number(out, "waiting", endpoint->waiting);
	buf_putc(out, '}');
}

static void time_or_null(struct buf *out, const char *name, long long ms)
{
	if (ms != 0)
		member_seconds(out, name, ms);
	else
		member_null(out, name);
}

static void write_delivery(struct buf *out, const struct store_delivery *delivery)
{
	buf_putc(out, '{');
	member_text(out, "id", delivery->id);
	member_text(out, "endpoint", delivery->endpoint);
	member_text(out, "type", webhook_event_type(delivery->how));
	member_text(out, "response", delivery->response);
	member_text(out, "state", delivery->state == DELIVERY_DEAD ? "dead" : "waiting");
	member_number(out, "tries", delivery->tries);
	member_seconds(out, "ended_at", delivery->ended_at);
	time_or_null(out, "tried_at", delivery->tried_at);
	time_or_null(out, "due_at", delivery->due_at);
	member_text(out, "error", delivery->why[0] != '\0' ? delivery->why : NULL);
	buf_putc(out, '}');
}

void operator_webhooks_json(
    struct buf *out, const struct config *config, const struct store_webhooks *webhooks)
{
	buf_putc(out, '{');
	member_number(out, "waiting", webhooks->waiting);
	member_number(out, "dead", webhooks->dead);
	member_name(out, "endpoints");
	buf_putc(out, '[');
	for (size_t i = 0; i < webhooks->endpoint_count; i++) {
		json_begin_element(out);
		write_endpoint(out, config, &webhooks->endpoints[i], webhooks->now);
	}
	buf_putc(out, ']');
	member_name(out, "data");
	buf_putc(out, '[');
	for (size_t i = 0; i < webhooks->count; i++) {
		json_begin_element(out);
		write_delivery(out, &webhooks->deliveries[i]);
	}
	buf_putc(out, ']');
	member_bool(out, "has_more", webhooks->has_more);
	buf_putc(out, '}');
}
