#include "webhook_message.h"

#include <stdio.h>

#include "common/base/base64.h"
#include "common/base/digest.h"
#include "common/base/hmac.h"
#include "common/base/json.h"
#include "common/provider/transfer.h"

enum { EVENT_ID_DIGITS = 32 };

const char *webhook_event_type(enum response_status how)
{
	switch (how) {
	case STATUS_COMPLETED:
		return "response.completed";
	case STATUS_INCOMPLETE:
		return "response.incomplete";
	case STATUS_CANCELLED:
		return "response.cancelled";
	default:
		return "response.failed";
	}
}

void webhook_write_body(
    struct buf *out, const char *response, enum response_status how, long long ended_at)
{
	char digest[DIGEST_SIZE];

	digest_for(digest, response, span_of(response_status_name(how)));
	buf_printf(out, "{\"object\":\"event\",\"id\":\"evt_%.*s\",\"type\":\"%s\",",
	    (int)EVENT_ID_DIGITS, digest, webhook_event_type(how));
	buf_printf(out, "\"created_at\":%lld,\"data\":{\"id\":", ended_at / 1000);
	json_quote(out, span_of(response));
	buf_puts(out, "}}");
}

void webhook_write_signature(struct buf *out, const struct webhook_endpoint *endpoint,
    const char *id, long long timestamp, struct span body)
{
	struct buf text = {0};
	unsigned char hmac[HMAC_SIZE];

	buf_printf(&text, "%s.%lld.", id, timestamp);
	buf_append_span(&text, body);
	for (size_t i = 0; i < endpoint->secret_count; i++) {
		const struct webhook_secret *secret = &endpoint->secrets[i];

		hmac_sha256(hmac, secret->key, secret->len, buf_span(&text));
		buf_puts(out, i == 0 ? "v1," : " v1,");
		base64_encode(out, (struct span){(const char *)hmac, sizeof(hmac)});
	}
	buf_free(&text);
}

struct curl_slist *webhook_headers(
    const struct webhook_endpoint *endpoint, const char *id, long long timestamp, struct span body)
{
	struct buf signature = {0};
	struct curl_slist *headers;
	char seconds[24];

	snprintf(seconds, sizeof(seconds), "%lld", timestamp);
	webhook_write_signature(&signature, endpoint, id, timestamp, body);
	headers = transfer_add_value(NULL, "webhook-id: ", id);
	headers = transfer_add_value(headers, "webhook-timestamp: ", seconds);
	headers = transfer_add_value(headers, "webhook-signature: ", buf_cstr(&signature));
	buf_free(&signature);
	return transfer_add_header(headers, "content-type: application/json");
}
