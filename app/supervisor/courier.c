#include "courier.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/timer.h"
#include "courier_internal.h"

enum {
	TICK_MS = 1000,
	KEPT_CONNECTIONS = 64,
};

static bool has_endpoints(const struct courier *courier)
{
	return courier->config != NULL && courier->config->webhooks.count > 0;
}

static bool claims(const struct courier *courier)
{
	return has_endpoints(courier) && !courier->stopped;
}

static void tick_in(struct courier *courier, long long ms)
{
	timer_set(courier->tick, ms);
}

static void keep_ticking(struct courier *courier)
{
	if ((claims(courier) || courier->count > 0) &&
	    !event_pending(courier->tick, EV_TIMEOUT, NULL))
		tick_in(courier, TICK_MS);
}

static void report_all(struct courier *courier)
{
	struct delivery *delivery = LIST_FIRST(&courier->deliveries);

	LIST_FOREACH (delivery, &courier->deliveries, link) {
		delivery_report(delivery);
	}
}

/* Others' responses end, and time passes. */
static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct courier *courier = ctx;

	(void)fd;
	(void)what;
	report_all(courier);
	courier_look(courier);
	keep_ticking(courier);
}

static void on_claimed(void *ctx, const struct webhook_delivery *about)
{
	struct courier *courier = ctx;

	delivery_start(courier, about);
	keep_ticking(courier);
}

/* A claim takes only so many at once: a pause of 0 says that there are more to be had. */
static void on_done(void *ctx, long long pause_ms)
{
	struct courier *courier = ctx;
	bool again = courier->look_again || pause_ms == 0;

	courier->claiming = false;
	courier->look_again = false;
	if (again)
		courier_look(courier);
	else if (claims(courier) && pause_ms > 0 && pause_ms < TICK_MS)
		tick_in(courier, pause_ms);
}

struct courier *courier_new(
    struct event_base *base, struct jobs *jobs, void (*idle)(void *ctx), void *ctx)
{
	struct courier *courier = xcalloc(1, sizeof(*courier));

	courier->base = base;
	courier->jobs = jobs;
	courier->idle = idle;
	courier->ctx = ctx;
	courier->user = (struct webhooks_user){on_claimed, on_done, courier};
	LIST_INIT(&courier->deliveries);
	return courier;
}

void courier_free(struct courier *courier)
{
	if (courier == NULL)
		return;
	while (!LIST_EMPTY(&courier->deliveries))
		delivery_free(LIST_FIRST(&courier->deliveries));
	if (courier->upstream != NULL) {
		upstream_free(courier->upstream);
		event_free(courier->tick);
	}
	config_free(courier->config);
	free(courier);
}

static void set_up(struct courier *courier)
{
	if (courier->upstream != NULL)
		return;
	courier->upstream = upstream_new(courier->base, KEPT_CONNECTIONS);
	if (courier->upstream == NULL)
		fatalx("cannot set up libcurl");
	courier->tick = event_new(courier->base, -1, 0, on_tick, courier);
	if (courier->tick == NULL)
		fatalx("out of memory");
}

void courier_use(struct courier *courier, struct config *config)
{
	struct config *before = courier->config;

	courier->config = config_hold(config);
	config_free(before);
	if (!has_endpoints(courier))
		return;
	set_up(courier);
	courier_look(courier);
	keep_ticking(courier);
}

/* Whether there is room for any. What is under way for endpoints that are gone needs none. */
static bool count_rooms(const struct courier *courier, struct webhook_room *rooms)
{
	const struct webhooks_config *webhooks = &courier->config->webhooks;
	const struct delivery *delivery = LIST_FIRST(&courier->deliveries);
	bool any = false;

	for (size_t i = 0; i < webhooks->count; i++) {
		const struct webhook_endpoint *endpoint = &webhooks->endpoints[i];

		rooms[i] =
		    (struct webhook_room){endpoint, endpoint->max_parallel, endpoint->max_parallel};
	}
	LIST_FOREACH (delivery, &courier->deliveries, link) {
		const struct webhook_endpoint *endpoint =
		    webhook_find(webhooks, delivery->about.endpoint);

		if (endpoint != NULL)
			rooms[endpoint - webhooks->endpoints].free--;
	}
	for (size_t i = 0; i < webhooks->count; i++) {
		rooms[i].free = rooms[i].free > 0 ? rooms[i].free : 0;
		any = any || rooms[i].free > 0;
	}
	return any;
}

static void claim(struct courier *courier)
{
	size_t count = courier->config->webhooks.count;
	struct webhook_room *rooms = xcalloc(count, sizeof(*rooms));

	courier->claim_sent_at = monotonic_ms();
	courier->claiming = count_rooms(courier, rooms) &&
			    jobs_claim_webhooks(courier->jobs, rooms, count, &courier->user);
	free(rooms);
}

/* What Redis did not learn while it was away it learns first, so that nothing is sent twice. */
void courier_look(struct courier *courier)
{
	if (!claims(courier))
		return;
	courier->look_again = courier->claiming;
	if (courier->claiming)
		return;
	report_all(courier);
	claim(courier);
}

void courier_delivery_ended(struct courier *courier)
{
	courier_look(courier);
	if (courier->count == 0)
		courier->idle(courier->ctx);
}

void courier_stop(struct courier *courier)
{
	courier->stopped = true;
}

void courier_release(struct courier *courier)
{
	struct delivery *delivery = LIST_FIRST(&courier->deliveries);

	courier->stopped = true;
	courier->released = true;
	LIST_FOREACH (delivery, &courier->deliveries, link) {
		delivery_release(delivery);
	}
}

int courier_load(const struct courier *courier)
{
	return courier->count;
}
