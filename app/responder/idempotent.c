#include "idempotent.h"

#include <stdio.h>

#include "answers.h"
#include "follow.h"
#include "hand_over.h"
#include "limited.h"

enum {
	KEY_MAX = 255,
	TRIES = 5, /* to take the place of a response that is gone */
};

#define REPLAYED "Idempotent-Replayed"

static bool is_key(const char *text)
{
	size_t len = 0;

	while (len <= KEY_MAX && text[len] >= ' ' && text[len] <= '~')
		len++;
	return len <= KEY_MAX && text[len] == '\0';
}

bool idempotent_take(
    const struct handlers *handlers, struct idempotent *idempotent, struct api_error *error)
{
	const char *key = handlers->request.idempotency_key;

	*idempotent = (struct idempotent){.given = key != NULL};
	if (key == NULL)
		return true;
	if (!is_key(key))
		return api_error_set(error, 400, "invalid_request_error", NULL, "invalid_header",
		    "Invalid header 'Idempotency-Key': expected 1 to %d printable characters of "
		    "ASCII.",
		    KEY_MAX);
	digest_for(idempotent->key, handlers->tenant, span_of(key));
	digest_hex(idempotent->digest, buf_span(&handlers->body));
	return true;
}

/* Each of these answers if the result is STORE_OK. */
static enum store_result replay_stream(struct handlers *handlers, const char *id)
{
	bool streamed;
	enum store_result result = store_follow(handlers->store, id, handlers->tenant, &streamed);

	if (result == STORE_OK && !follow_from_start(handlers, id, REPLAYED ": true\r\n"))
		hand_over_answer_refused(handlers);
	return result;
}

static enum store_result replay_object(struct handlers *handlers, const char *id)
{
	struct stored_response stored;
	struct stored_version version;
	enum store_result result =
	    store_poll(handlers->store, id, handlers->tenant, &stored, &version);

	if (result != STORE_OK)
		return result;
	reply_header(&handlers->reply, REPLAYED, "true");
	if (!version.terminal)
		answer_poll_after(handlers);
	answer_json(handlers, stored.object);
	return result;
}

/* Answers with the response that was found. False if it is gone, and nothing is answered. */
static bool replay(struct handlers *handlers, const char *id, bool stream)
{
	enum store_result result =
	    stream ? replay_stream(handlers, id) : replay_object(handlers, id);

	if (result == STORE_NOT_FOUND)
		return false;
	if (result != STORE_OK)
		answer_stored(handlers, result);
	return true;
}

/* Answers that another request has made the response that was found. False if that is gone. */
static bool refuse_other_request(struct handlers *handlers, const char *id)
{
	struct api_error error;
	struct stored_version version;
	enum store_result result = store_version(handlers->store, id, handlers->tenant, &version);

	if (result == STORE_NOT_FOUND)
		return false;
	if (!answer_stored(handlers, result))
		return true;
	reply_header(&handlers->reply, "x-should-retry", "false");
	api_error_set(&error, 409, "invalid_request_error", NULL, "idempotency_key_in_use",
	    "The Idempotency-Key that was sent stands for a request with another body: expected "
	    "the same body, or another key.");
	answer_error(handlers, &error);
	return true;
}

/* False if what the key stands for is gone, and nothing is answered. */
static bool answer_found(
    struct handlers *handlers, const char *id, enum store_result result, bool stream)
{
	return result == STORE_KEY_TAKEN ? refuse_other_request(handlers, id)
					 : replay(handlers, id, stream);
}

/* Others take its place and are gone as well, again and again. */
static void refuse_for_now(struct handlers *handlers)
{
	struct api_error error;

	api_error_set(&error, 409, "invalid_request_error", NULL, "idempotency_key_in_use",
	    "The Idempotency-Key that was sent is in use by other requests at the same time. "
	    "Please try again.");
	answer_error(handlers, &error);
}

static bool answer_result(
    struct handlers *handlers, const struct new_job *job, enum store_result result)
{
	if (result != STORE_LIMITED)
		return answer_stored(handlers, result);
	limited_answer(handlers, job);
	return false;
}

bool idempotent_create(
    struct handlers *handlers, struct idempotent *idempotent, struct new_job *job)
{
	if (idempotent->given)
		job->idempotency = (struct idempotency){.key = idempotent->key,
		    .digest = idempotent->digest,
		    .ttl = handlers->config->idempotency_ttl};
	for (int i = 0; i < TRIES; i++) {
		enum store_result result = store_create(handlers->store, job);

		if (result != STORE_CREATED_BEFORE && result != STORE_KEY_TAKEN)
			return answer_result(handlers, job, result);
		snprintf(idempotent->found, sizeof(idempotent->found), "%s",
		    store_created_before(handlers->store));
		if (answer_found(handlers, idempotent->found, result, job->stream))
			return false;
		job->idempotency.gone = idempotent->found;
	}
	refuse_for_now(handlers);
	return false;
}
