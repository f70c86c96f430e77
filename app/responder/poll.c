#include "poll.h"

#include <xxhash.h>

#include "common/response/foreign.h"
#include "common/response/response.h"
#include "answers.h"
#include "follow.h"
#include "stored_id.h"

enum { ETAG_SIZE = 1 + 16 + 1 + 1 };

static void make_etag(char out[ETAG_SIZE], struct span of)
{
	static const char digits[] = "0123456789abcdef";
	XXH64_hash_t hash = XXH3_64bits(of.p, of.len);

	out[0] = '"';
	for (int i = 16; i > 0; i--, hash >>= 4)
		out[i] = digits[hash & 0xf];
	out[17] = '"';
	out[18] = '\0';
}

/* What a client may keep of the answer, and when to ask again. */
static void add_poll_headers(struct handlers *handlers, const char *etag, bool terminal)
{
	reply_header(&handlers->reply, "ETag", etag);
	reply_let_keep(&handlers->reply);
	if (!terminal)
		answer_poll_after(handlers);
}

/*
 * Answers 304 if the client has the object already. That takes a look at the job alone, however
 * large the object is. Returns false if nothing is answered.
 */
static bool answer_unchanged(struct handlers *handlers, const char *id)
{
	const char *known = handlers->request.if_none_match;
	struct stored_version version;
	char etag[ETAG_SIZE];

	if (known == NULL)
		return false;
	switch (store_version(handlers->store, id, handlers->tenant, &version)) {
	case STORE_OK:
		break;
	case STORE_UNAVAILABLE:
		answer_unavailable(handlers);
		return true;
	default:
		return false;
	}
	make_etag(etag, span_of(version.text));
	if (!reply_etag_matches(known, etag))
		return false;
	add_poll_headers(handlers, etag, version.terminal);
	reply_not_modified(&handlers->reply);
	return true;
}

static void send_foreign(struct handlers *handlers, struct span stored)
{
	enum response_status status;
	char etag[ETAG_SIZE];

	if (!foreign_read(&handlers->object, &status, stored)) {
		answer_not_found(handlers);
		return;
	}
	make_etag(etag, buf_span(&handlers->object));
	add_poll_headers(handlers, etag, status != STATUS_QUEUED && status != STATUS_IN_PROGRESS);
	if (reply_etag_matches(handlers->request.if_none_match, etag))
		reply_not_modified(&handlers->reply);
	else
		reply_json(&handlers->reply, 200, buf_span(&handlers->object));
}

static void answer_poll(struct handlers *handlers, const char *id)
{
	struct stored_response stored;
	struct stored_version version;
	char etag[ETAG_SIZE];

	if (!answer_stored(
		handlers, store_poll(handlers->store, id, handlers->tenant, &stored, &version)))
		return;
	if (stored.foreign) {
		send_foreign(handlers, stored.object);
		return;
	}
	make_etag(etag, span_of(version.text));
	add_poll_headers(handlers, etag, version.terminal);
	reply_json(&handlers->reply, 200, stored.object);
}

void poll_answer(struct handlers *handlers, const char *id)
{
	struct follow_query query;
	struct api_error error;

	if (!follow_query_read(&query, handlers->request.query, &error))
		answer_error(handlers, &error);
	else if (query.stream)
		follow_handle(handlers, id, &query);
	else if (!answer_unchanged(handlers, id))
		answer_poll(handlers, id);
}

void poll_handle(struct handlers *handlers)
{
	char id[RESPONSE_ID_MAX + 1];

	if (stored_id_take(handlers, id))
		poll_answer(handlers, id);
}
