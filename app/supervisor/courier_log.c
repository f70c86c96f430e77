#include "courier_log.h"

#include "common/base/log.h"
#include "common/webhook/webhook_answer.h"

static void log_delivered(const struct delivery *delivery, const struct webhook_result *result)
{
	const struct log_field fields[] = {
	    LOG_TEXT("webhook", delivery->about.id),
	    LOG_TEXT("endpoint", delivery->endpoint->name),
	    LOG_TEXT("response", delivery->about.response),
	    LOG_NUMBER("status", result->status),
	    LOG_NUMBER("tries", delivery->about.tries + 1),
	    LOG_NUMBER("took_ms", (long long)(result->seconds * 1000)),
	};

	log_event("webhook_delivered", fields, sizeof(fields) / sizeof(fields[0]));
}

static void log_failed(const struct delivery *delivery, const struct webhook_result *result)
{
	bool dead = delivery->report.outcome == WEBHOOK_DEAD;
	struct buf body = {0};
	struct log_field fields[] = {
	    LOG_TEXT("webhook", delivery->about.id),
	    LOG_TEXT("endpoint", delivery->endpoint->name),
	    LOG_TEXT("site", delivery->endpoint->site),
	    LOG_TEXT("response", delivery->about.response),
	    LOG_NUMBER("status", result->status != 0 ? result->status : LOG_UNKNOWN),
	    LOG_TEXT("error", result->error),
	    LOG_NUMBER("tries", delivery->about.tries + 1),
	    LOG_NUMBER("took_ms", (long long)(result->seconds * 1000)),
	    LOG_NUMBER("next_ms", dead ? LOG_UNKNOWN : delivery->report.pause_ms),
	    LOG_LONG_TEXT("body", NULL),
	};

	webhook_body_to_show(&body, delivery->endpoint->url, result->body);
	if (body.len > 0)
		fields[sizeof(fields) / sizeof(fields[0]) - 1].text = buf_cstr(&body);
	log_event_as(dead ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
	    dead ? "webhook_dead" : "webhook_failed", fields, sizeof(fields) / sizeof(fields[0]));
	buf_free(&body);
}

void log_webhook_tried(const struct delivery *delivery, const struct webhook_result *result)
{
	if (delivery->report.outcome == WEBHOOK_DELIVERED)
		log_delivered(delivery, result);
	else
		log_failed(delivery, result);
}

void log_webhook_dropped(const struct delivery *delivery)
{
	const struct log_field fields[] = {
	    LOG_TEXT("webhook", delivery->about.id),
	    LOG_TEXT("endpoint", delivery->about.endpoint),
	    LOG_TEXT("response", delivery->about.response),
	    LOG_NUMBER("tries", delivery->about.tries),
	};

	log_event("webhook_dropped", fields, sizeof(fields) / sizeof(fields[0]));
}

static void log_endpoint(const char *event, const struct delivery *delivery,
    const struct webhook_reported *reported, long long rests_ms)
{
	const struct log_field fields[] = {
	    LOG_TEXT("endpoint", delivery->about.endpoint),
	    LOG_TEXT("site", delivery->endpoint->site),
	    LOG_NUMBER("failures", reported->failures),
	    LOG_NUMBER("rests_ms", rests_ms),
	};

	log_event_as(LOG_LEVEL_WARNING, event, fields, sizeof(fields) / sizeof(fields[0]));
}

void log_webhook_reported(const struct delivery *delivery, const struct webhook_reported *reported)
{
	enum webhook_outcome outcome = delivery->report.outcome;

	if (!reported->counted || (outcome != WEBHOOK_TRY_FAILED && outcome != WEBHOOK_DEAD))
		return;
	if (delivery->report.off[0] != '\0')
		log_endpoint("webhook_endpoint_off", delivery, reported, LOG_UNKNOWN);
	else if (reported->rests > 0)
		log_endpoint("webhook_endpoint_rests", delivery, reported, reported->rests);
}
