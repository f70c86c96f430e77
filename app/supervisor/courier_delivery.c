#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "courier_internal.h"
#include "courier_log.h"
#include "courier_verdict.h"

enum {
	/* ms until one is due again that nobody could try: */
	STRANGER_PAUSE_MS =
	    60000,              /* its endpoint is not configured here; another worker's may be */
	UNSEEN_PAUSE_MS = 5000, /* Redis could not tell whether its response is there */
};

static const long most_random = 0x7fffffff; /* of random(3) */

static void settle(struct delivery *delivery, enum webhook_outcome outcome, long long pause_ms)
{
	delivery->step = STEP_REPORTING;
	delivery->report = (struct webhook_report){
	    .delivery = &delivery->about,
	    .outcome = outcome,
	    .pause_ms = pause_ms,
	    .why = "",
	    .off = "",
	};
}

static void give_back(struct delivery *delivery, long long pause_ms)
{
	settle(delivery, WEBHOOK_RELEASED, pause_ms);
	delivery_report(delivery);
}

/* What Redis does not know yet is told again when the courier ticks. */
static void on_reported(void *ctx, const struct webhook_reported *reported)
{
	struct delivery *delivery = ctx;
	struct courier *courier = delivery->courier;

	delivery->asking = false;
	if (!reported->known)
		return;
	log_webhook_reported(delivery, reported);
	delivery_free(delivery);
	courier_delivery_ended(courier);
}

void delivery_report(struct delivery *delivery)
{
	if (delivery->step != STEP_REPORTING || delivery->asking)
		return;
	delivery->asking =
	    jobs_report_webhook(delivery->courier->jobs, &delivery->report, on_reported, delivery);
}

static void on_posted(void *ctx, const struct webhook_result *result)
{
	struct delivery *delivery = ctx;
	double chance = (double)random() / (double)most_random;
	struct courier_verdict verdict = courier_judge(result, delivery->about.tries, chance);

	delivery->post = NULL;
	delivery->why = xstrdup(result->error);
	settle(delivery, verdict.outcome, verdict.pause_ms);
	delivery->report.why = delivery->why;
	delivery->report.alone_ms = verdict.alone_ms;
	delivery->report.off = verdict.off ? delivery->endpoint->digest : "";
	log_webhook_tried(delivery, result);
	delivery_report(delivery);
}

/* Whether a try that begins now is over before the delivery is given to somebody else. */
static bool lease_lasts(const struct delivery *delivery)
{
	return monotonic_ms() + WEBHOOK_SECONDS * 1000LL < delivery->claimed_at + DELIVERY_LEASE_MS;
}

static void post(struct delivery *delivery)
{
	const struct webhook_delivery *about = &delivery->about;
	const struct webhook_event_told told = {
	    about->id, about->response, about->how, about->ended_at};

	if (!lease_lasts(delivery)) {
		give_back(delivery, 0);
		return;
	}
	delivery->step = STEP_POSTING;
	delivery->post = webhook_post_start(
	    delivery->courier->upstream, delivery->endpoint, &told, on_posted, delivery);
}

static void drop(struct delivery *delivery)
{
	settle(delivery, WEBHOOK_DROPPED, 0);
	log_webhook_dropped(delivery);
	delivery_report(delivery);
}

static void on_subject(void *ctx, enum webhook_subject subject, long long gone_at)
{
	struct delivery *delivery = ctx;

	delivery->asking = false;
	if (subject == SUBJECT_UNKNOWN) {
		settle(delivery, WEBHOOK_RELEASED, UNSEEN_PAUSE_MS);
	} else if (subject == SUBJECT_DELETED) {
		drop(delivery);
	} else {
		delivery->about.gone_at = gone_at;
		if (delivery->courier->released)
			give_back(delivery, 0);
		else
			post(delivery);
	}
}

static void look(struct delivery *delivery)
{
	delivery->step = STEP_LOOKING;
	delivery->asking =
	    jobs_look_for_subject(delivery->courier->jobs, &delivery->about, on_subject, delivery);
	if (!delivery->asking)
		settle(delivery, WEBHOOK_RELEASED, UNSEEN_PAUSE_MS);
}

static void begin(struct delivery *delivery)
{
	if (delivery->courier->released)
		give_back(delivery, 0);
	else if (delivery->endpoint == NULL || delivery->endpoint->secret_count == 0)
		give_back(delivery, STRANGER_PAUSE_MS);
	else if (monotonic_ms() < delivery->about.gone_at)
		look(delivery);
	else
		post(delivery);
}

void delivery_start(struct courier *courier, const struct webhook_delivery *about)
{
	struct delivery *delivery = xcalloc(1, sizeof(*delivery));

	delivery->courier = courier;
	delivery->about = *about;
	delivery->claimed_at = courier->claim_sent_at;
	delivery->config = config_hold(courier->config);
	delivery->endpoint = webhook_find(&courier->config->webhooks, about->endpoint);
	LIST_INSERT_HEAD(&courier->deliveries, delivery, link);
	courier->count++;
	begin(delivery);
}

void delivery_release(struct delivery *delivery)
{
	if (delivery->step == STEP_POSTING) {
		webhook_post_cancel(delivery->post);
		delivery->post = NULL;
		give_back(delivery, 0);
	} else {
		delivery_report(delivery);
	}
}

void delivery_free(struct delivery *delivery)
{
	if (delivery->post != NULL)
		webhook_post_cancel(delivery->post);
	LIST_REMOVE(delivery, link);
	delivery->courier->count--;
	config_free(delivery->config);
	free(delivery->why);
	free(delivery);
}
