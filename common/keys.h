/* The names of the keys in Redis: the part of the contract that other programs see. */
#ifndef RESPOOL_KEYS_H
#define RESPOOL_KEYS_H

#include "response_id.h"

#define KEY_RESPONSE_PREFIX "litellm:polling:response:"
#define KEY_JOB_PREFIX      "litellm:polling:job:"
#define KEY_QUEUE           "litellm:polling:{jobs}:queue"
#define KEY_RUNNING_PREFIX  "litellm:polling:{jobs}:running:"
#define KEY_WORKERS         "litellm:polling:{jobs}:workers"
#define CHANNEL_CANCEL      "litellm:polling:{jobs}:cancel"

enum {
	WORKER_NAME_LEN = 16,
	WORKER_NAME_SIZE = WORKER_NAME_LEN + 1,
};

/* The keys of one response. Both are in the cluster slot of the response's key. */
struct response_keys {
	char response[sizeof(KEY_RESPONSE_PREFIX) + RESPONSE_ID_MAX];
	char job[sizeof(KEY_JOB_PREFIX "{" KEY_RESPONSE_PREFIX "}") + RESPONSE_ID_MAX];
};

/* id is at most RESPONSE_ID_MAX characters, as response_id_valid() sees to. */
void response_keys(struct response_keys *keys, const char *id);

/* The list of the ids that a worker holds. */
struct running_key {
	char name[sizeof(KEY_RUNNING_PREFIX) + 64];
};

void running_key(struct running_key *key, const char *worker);

#endif
