/*
 * What operators see, as JSON: the same from the console and from the admin routes. Times are UNIX
 * times in seconds, with a fraction where they are that exact. A deployment is called by its label,
 * or by its id if the configuration has it no more.
 */
#ifndef RESPOOL_OPERATOR_JSON_H
#define RESPOOL_OPERATOR_JSON_H

#include "common/base/buf.h"
#include "common/config/config.h"
#include "common/store/operate.h"
#include "usage_table.h"

/*
 * Each appends one object.
 *
 * {"queued": N, "in_progress": N, "oldest_seconds": S, "workers": N, "relays": N, "paused":
 * [MODEL…, or "*"], "relay_streams": N, "max_queue": N, "redis_rtt_seconds": S,
 * "deployments": [{"deployment": LABEL, "model": MODEL_NAME, "resting_seconds": S, "failures":
 * N}…], "last_hour": [{"time": S, "created": N, "completed": N, "incomplete": N, "failed": N,
 * "cancelled": N, "deleted": N}… 60 of them, the oldest first]} workers are those that are alive.
 */
void operator_status_json(
    struct buf *out, const struct config *config, const struct store_snapshot *snapshot);

/* {"paused": …} as above. */
void operator_paused_json(struct buf *out, const struct store_snapshot *snapshot);

/*
 * [{"worker": NAME, "host": …, "pid": N, "version": …, "streams": N, "started_at": S,
 * "beat_at": S, "lost": B, "draining": B}…]
 */
void operator_workers_json(struct buf *out, const struct store_snapshot *snapshot);

/*
 * {"data": [{"id": …, "tenant": …, "model": …, "status": …, "created_at": S, "age_seconds": S,
 * "attempts": N, "deployment": LABEL or null}…], "has_more": B}
 */
void operator_page_json(
    struct buf *out, const struct config *config, const struct store_page *page);

/*
 * The members of a row, and "owner", "request_id", "waited_seconds", "streamed", "can_retry",
 * "history": [{"time": S, "what": "retry" or "restart", "why": …}…], "response": the object
 */
void operator_detail_json(
    struct buf *out, const struct config *config, const struct store_detail *detail);

/*
 * {"waiting": N, "dead": N, "endpoints": [{"name": …, "url": its scheme, host and port or null,
 * "state": "on", "resting", "off" or "unknown" (not configured), "failures": N, "resting_seconds":
 * S, "waiting": N}…], "data": [{"id": …, "endpoint": …, "type": "response.completed", "response":
 * …, "state": "waiting" or "dead", "tries": N, "ended_at": S, "tried_at": S or null, "due_at": S or
 * null, "error": … or null}…], "has_more": B}
 */
void operator_webhooks_json(
    struct buf *out, const struct config *config, const struct store_webhooks *webhooks);

/*
 * {"since": "2026-11-01", "data": [{"tenant": …, "model": …, "day": "2026-11-30", "requests": N,
 * "failed": N, "cancelled": N, "input_tokens": N, "output_tokens": N, "cost": N}…]} what is summed
 * up by tenant, model or day has that one of the first three alone.
 */
void operator_usage_json(struct buf *out, const struct usage_table *table);

/* The label of the deployment of that id; the id if there is none, "" for NULL. */
const char *operator_deployment(const struct config *config, const char *id);

#endif
