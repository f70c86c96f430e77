/* The names of the keys in Redis: the part of the contract that other programs see. */
#ifndef RESPOOL_KEYS_H
#define RESPOOL_KEYS_H

#include <stdbool.h>

#include "common/response/response_id.h"

#define KEY_RESPONSE_PREFIX "litellm:polling:response:"
#define KEY_JOB_PREFIX      "litellm:polling:job:"
#define KEY_EVENTS_PREFIX   "litellm:polling:events:"
#define KEY_NATIVE_PREFIX   "litellm:polling:native:"
#define KEY_QUEUE           "litellm:polling:{jobs}:queue"
#define KEY_RUNNING_PREFIX  "litellm:polling:{jobs}:running:"
#define KEY_HELD            "litellm:polling:{jobs}:held"
#define KEY_HELD_UNTIL      "litellm:polling:{jobs}:held_until"
#define KEY_WORKERS         "litellm:polling:{jobs}:workers"
#define CHANNEL_CANCEL      "litellm:polling:{jobs}:cancel"
#define KEY_FAILURES        "litellm:polling:{deployments}:failures"
#define KEY_RESTING         "litellm:polling:{deployments}:resting"

enum {
	WORKER_NAME_LEN = 16,
	WORKER_NAME_SIZE = WORKER_NAME_LEN + 1,
	NATIVE_ID_MAX = 512, /* proxies put a lot into theirs */
};

/*
 * The keys of one response. All are in the cluster slot of the response's key. That of the events
 * is also the name of the channel on which they are published.
 */
struct response_keys {
	char response[sizeof(KEY_RESPONSE_PREFIX) + RESPONSE_ID_MAX];
	char job[sizeof(KEY_JOB_PREFIX "{" KEY_RESPONSE_PREFIX "}") + RESPONSE_ID_MAX];
	char events[sizeof(KEY_EVENTS_PREFIX "{" KEY_RESPONSE_PREFIX "}") + RESPONSE_ID_MAX];
};

/* id is at most RESPONSE_ID_MAX characters, as response_id_valid() sees to. */
void response_keys(struct response_keys *keys, const char *id);

/* What is remembered of a response that a provider keeps. */
struct native_key {
	char name[sizeof(KEY_NATIVE_PREFIX) + NATIVE_ID_MAX];
};

/* Whether a provider's id can be part of a key: 1 to NATIVE_ID_MAX characters of [A-Za-z0-9_.=-].
 */
bool native_id_valid(const char *id);
/* False if the id cannot be part of a key. */
bool native_key(struct native_key *key, const char *id);

/* The list of the ids that a worker holds. */
struct running_key {
	char name[sizeof(KEY_RUNNING_PREFIX) + 64];
};

void running_key(struct running_key *key, const char *worker);

#endif
