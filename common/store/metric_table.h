/*
 * What is counted and measured: the one table of it. A line is an identifier, the name, the type,
 * the names of the labels, the bounds of its buckets if it is a histogram, and what it tells.
 *
 * Counters and histograms are kept in Redis (counts.h), so that they are whole for the installation
 * whichever process is asked; gauges are what is there at the moment of the question.
 */
#ifndef RESPOOL_METRIC_TABLE_H
#define RESPOOL_METRIC_TABLE_H

#include <stddef.h>

#include "common/base/buf.h"

/* s: upper bounds of buckets, each ended by a blank; the last, +Inf, is understood */
#define WAIT_BOUNDS        "0.01 0.05 0.1 0.5 1 5 10 30 60 300 600 1800 3600 "
#define FIRST_EVENT_BOUNDS "0.1 0.25 0.5 1 2.5 5 10 20 30 60 120 300 600 "
#define DURATION_BOUNDS    "0.5 1 2.5 5 10 30 60 120 300 600 1200 1800 3600 7200 "

#define METRIC_TABLE(X)                                                                            \
	X(CREATED, "respool_responses_created_total", COUNTER, "model,tenant", "",                 \
	    "Background responses that were created.")                                             \
	X(ENDED, "respool_responses_ended_total", COUNTER, "model,status", "",                     \
	    "Background responses that have ended, by how: completed, incomplete, failed, "        \
	    "cancelled, or deleted before that.")                                                  \
	X(LIMITED, "respool_requests_limited_total", COUNTER, "tenant,limit", "",                  \
	    "Requests that were refused by a limit of their key: rpm, tpm, max_parallel, "         \
	    "max_queue or max_budget.")                                                            \
	X(RESPONSES, "respool_responses", GAUGE, "state", "",                                      \
	    "Background responses that wait, and that are worked on.")                             \
	X(QUEUE_OLDEST, "respool_queue_oldest_seconds", GAUGE, "", "",                             \
	    "How long the response at the head of the queue has waited; 0 if none waits.")         \
	X(QUEUE_WAIT, "respool_queue_wait_seconds", HISTOGRAM, "", WAIT_BOUNDS,                    \
	    "From a response's creation until a worker has begun with it.")                        \
	X(FIRST_EVENT, "respool_time_to_first_event_seconds", HISTOGRAM, "model",                  \
	    FIRST_EVENT_BOUNDS,                                                                    \
	    "From when a worker has begun with a response until the provider's first event.")      \
	X(DURATION, "respool_response_duration_seconds", HISTOGRAM, "model", DURATION_BOUNDS,      \
	    "From a response's creation to its end as completed, incomplete or failed.")           \
	X(TOKENS, "respool_tokens_total", COUNTER, "model,type", "",                               \
	    "Tokens of background responses, as providers count them; cached ones are input, "     \
	    "reasoning is output.")                                                                \
	X(PROVIDER_CALLS, "respool_provider_calls_total", COUNTER, "deployment,outcome", "",       \
	    "Calls to providers, for background responses and for what is passed through.")        \
	X(DEPLOYMENT_RESTING, "respool_deployment_resting", GAUGE, "deployment", "",               \
	    "1 if the deployment rests after failures, else 0.")                                   \
	X(RESTARTED, "respool_jobs_restarted_total", COUNTER, "reason", "",                        \
	    "Jobs that went back into the queue, to begin again.")                                 \
	X(WORKERS, "respool_workers", GAUGE, "", "", "Workers that are alive.")                    \
	X(WORKER_STREAMS, "respool_worker_streams", GAUGE, "worker", "",                           \
	    "Responses that the worker is at work on.")                                            \
	X(RELAY_STREAMS, "respool_relay_streams", GAUGE, "", "",                                   \
	    "Answers that relays hold open: passed-through requests and streams that are read.")   \
	X(WEBHOOK_DELIVERIES, "respool_webhook_deliveries_total", COUNTER, "outcome", "",          \
	    "Deliveries of webhooks: delivered; failed, to be tried again; dead, given up; or "    \
	    "dropped, as the response was deleted.")                                               \
	X(REDIS_RTT, "respool_redis_rtt_seconds", GAUGE, "", "",                                   \
	    "How long the round trip to Redis took that answered this question.")                  \
	X(BUILD_INFO, "respool_build_info", GAUGE, "version", "", "1, with the version.")

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

#define METRIC_ENUM(id, name, type, labels, bounds, help) METRIC_##id,
enum metric { METRIC_TABLE(METRIC_ENUM) METRIC_COUNT };
#undef METRIC_ENUM

struct metric_line {
	const char *name;
	enum metric_type type;
	const char *labels; /* joined by commas */
	const char *bounds; /* as above; "" unless it is a histogram */
	const char *help;
};

/* The line of a metric. */
const struct metric_line *metric_line(enum metric metric);

/*
 * Which bucket of a histogram a value falls into, from 0; *bound is the text of its bound, "+Inf"
 * that of the last.
 */
size_t metric_bucket(enum metric metric, double value, struct span *bound);

#endif
