/*
 * The names of the keys in Redis: the part of the contract that other programs see. A namespace
 * stands before each of them, and before the names of channels, as a LiteLLM proxy writes it:
 * "myapp:litellm:polling:response:<id>".
 *
 * In a Redis Cluster, what stands between the first "{" of a key and the "}" behind it decides in
 * which slot it is, or the whole key if nothing does. All keys of a response are in one slot, those
 * of the lists of jobs in another, those of the deployments' health in a third.
 */
#ifndef RESPOOL_KEYS_H
#define RESPOOL_KEYS_H

#include <stdbool.h>
#include <time.h>

#include "common/base/buf.h"
#include "common/base/digest.h"
#include "common/base/iso_time.h"
#include "common/config/redis_config.h"
#include "common/response/encrypted_content.h"
#include "common/response/response_id.h"

#define KEY_RESPONSE_PREFIX "litellm:polling:response:"
#define KEY_JOB_PREFIX      "litellm:polling:job:"
#define KEY_EVENTS_PREFIX   "litellm:polling:events:"
#define KEY_NATIVE_PREFIX   "litellm:polling:native:"
#define KEY_SEALED_PREFIX   "litellm:polling:sealed:"
#define KEY_REQUEST_PREFIX  "litellm:polling:request:"
#define KEY_RUNNING_PREFIX  "litellm:polling:{jobs}:running:"

enum {
	WORKER_NAME_LEN = 16,
	WORKER_NAME_SIZE = WORKER_NAME_LEN + 1,
	DELIVERY_ID_SIZE = sizeof("wh_") + 32, /* of a delivery of a webhook */
	NATIVE_ID_MAX = 512,                   /* proxies put a lot into theirs */
	KEY_NAMESPACE_SIZE = REDIS_NAMESPACE_MAX + sizeof(":"),
	KEY_NAME_SIZE = KEY_NAMESPACE_SIZE + 64,
};

/* The keys that there are once, and what begins the others. */
struct key_space {
	char namespace[KEY_NAMESPACE_SIZE]; /* with its colon, or empty */
	char queue[KEY_NAME_SIZE];
	char held[KEY_NAME_SIZE];
	char held_until[KEY_NAME_SIZE];
	char workers[KEY_NAME_SIZE];
	char cancel_channel[KEY_NAME_SIZE];
	char events_prefix[KEY_NAME_SIZE]; /* a channel of its own, too */
	char failures[KEY_NAME_SIZE];
	char resting[KEY_NAME_SIZE];
	char limited[KEY_NAME_SIZE];
	/* What operators see and do: scripts.h says what is in them. */
	char workers_about[KEY_NAME_SIZE];
	char draining[KEY_NAME_SIZE];
	char relays[KEY_NAME_SIZE];
	char relays_about[KEY_NAME_SIZE];
	char index[KEY_NAME_SIZE];
	char index_about[KEY_NAME_SIZE];
	char index_ended[KEY_NAME_SIZE];
	char paused[KEY_NAME_SIZE];
	char parked[KEY_NAME_SIZE];
	char counters[KEY_NAME_SIZE];
	char minutes[KEY_NAME_SIZE];
	/* How what waits is shared, and what keys may ask for. */
	char shares[KEY_NAME_SIZE];
	char seats[KEY_NAME_SIZE];
	char lines[KEY_NAME_SIZE];
	char turns[KEY_NAME_SIZE];
	char passes[KEY_NAME_SIZE];
	char rooms[KEY_NAME_SIZE];
	char rates[KEY_NAME_SIZE];
	char budgets[KEY_NAME_SIZE];
	/* Deliveries of webhooks, likewise. */
	char webhooks[KEY_NAME_SIZE];
	char webhooks_about[KEY_NAME_SIZE];
	char webhooks_dead[KEY_NAME_SIZE];
	char webhooks_endpoints[KEY_NAME_SIZE];
};

/* namespace is NULL or at most REDIS_NAMESPACE_MAX bytes. */
void key_space_init(struct key_space *space, const char *namespace);

/*
 * The keys of one response. All are in the cluster slot of the response's key. That of the events
 * is also the name of the channel on which they are published.
 */
struct response_keys {
	char response[KEY_NAMESPACE_SIZE + sizeof(KEY_RESPONSE_PREFIX) + RESPONSE_ID_MAX];
	char job[2 * KEY_NAMESPACE_SIZE + sizeof(KEY_JOB_PREFIX "{" KEY_RESPONSE_PREFIX "}") +
		 RESPONSE_ID_MAX];
	char events[2 * KEY_NAMESPACE_SIZE + sizeof(KEY_EVENTS_PREFIX "{" KEY_RESPONSE_PREFIX "}") +
		    RESPONSE_ID_MAX];
	/* What was asked, of one that has failed: for another try, while failed_request_ttl. */
	char request[2 * KEY_NAMESPACE_SIZE +
		     sizeof(KEY_REQUEST_PREFIX "{" KEY_RESPONSE_PREFIX "}") + RESPONSE_ID_MAX];
};

/* id is at most RESPONSE_ID_MAX characters, as response_id_valid() sees to. */
void response_keys(struct response_keys *keys, const struct key_space *space, const char *id);

/* What is remembered of a response that a provider keeps. */
struct native_key {
	char name[KEY_NAMESPACE_SIZE + sizeof(KEY_NATIVE_PREFIX) + NATIVE_ID_MAX];
};

/* Whether a provider's id can be part of a key: 1 to NATIVE_ID_MAX characters of [A-Za-z0-9_.=-].
 */
bool native_id_valid(const char *id);
/* False if the id cannot be part of a key. */
bool native_key(struct native_key *key, const struct key_space *space, const char *id);

/* Who made an encrypted content, by its hash (encrypted_content_hash()). */
struct sealed_key {
	char name[KEY_NAMESPACE_SIZE + sizeof(KEY_SEALED_PREFIX) + ENCRYPTED_HASH_SIZE];
};

void sealed_key(struct sealed_key *key, const struct key_space *space, const char *hash);

/* The list of the ids that a worker holds. */
struct running_key {
	char name[KEY_NAMESPACE_SIZE + sizeof(KEY_RUNNING_PREFIX) + 64];
};

void running_key(struct running_key *key, const struct key_space *space, const char *worker);

/*
 * Appends the name of the list in which the jobs of a line wait (scripts/shared/shares.lua): its
 * tier and tenant, the latter as counts_write_label() writes it.
 */
void line_key(struct buf *out, const struct key_space *space, struct span line);

/* Of what a relay passes through, and has counted against limits. */
struct passages_key {
	char name[KEY_NAME_SIZE + WORKER_NAME_LEN];
};

void passages_key(struct passages_key *key, const struct key_space *space, const char *relay);

/* What was used on a day (UTC). */
struct usage_key {
	char name[KEY_NAME_SIZE + ISO_DAY_SIZE];
};

void usage_key(struct usage_key *key, const struct key_space *space, time_t day);

/* What an Idempotency-Key stands for, by digest_hex() of tenant and key. */
struct idempotent_key {
	char name[KEY_NAME_SIZE + DIGEST_SIZE];
};

void idempotent_key(struct idempotent_key *key, const struct key_space *space, const char *digest);

#endif
