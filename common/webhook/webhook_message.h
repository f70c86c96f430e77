/*
 * What is sent to an endpoint of webhooks: the event as OpenAI sends it, signed as Standard
 * Webhooks 1.0.0 has it, with symmetric keys. OpenAI's SDKs verify it by client.webhooks.unwrap().
 */
#ifndef RESPOOL_WEBHOOK_MESSAGE_H
#define RESPOOL_WEBHOOK_MESSAGE_H

#include <curl/curl.h>

#include "common/base/buf.h"
#include "common/config/webhooks_config.h"
#include "common/response/response.h"

/* "response.completed" and so on, of a terminal state. */
const char *webhook_event_type(enum response_status how);

/*
 * Appends {"object":"event","id":"evt_…","type":…,"created_at":…,"data":{"id":…}}. It is the same
 * whenever it is written, and so is the event's id.
 *
 * ended_at is a UNIX time in ms; created_at has the seconds of it.
 */
void webhook_write_body(
    struct buf *out, const char *response, enum response_status how, long long ended_at);

/*
 * Appends the value of webhook-signature: of each of the endpoint's secrets "v1," and the
 * HMAC-SHA256 of "id.timestamp.body" in base64, with blanks between.
 */
void webhook_write_signature(struct buf *out, const struct webhook_endpoint *endpoint,
    const char *id, long long timestamp, struct span body);

/*
 * The headers of a delivery: webhook-id, webhook-timestamp (UNIX time in s, of this try),
 * webhook-signature and content-type. The caller frees the list.
 */
struct curl_slist *webhook_headers(
    const struct webhook_endpoint *endpoint, const char *id, long long timestamp, struct span body);

#endif
