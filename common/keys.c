#include "keys.h"

#include <stdio.h>

void response_keys(struct response_keys *keys, const char *id)
{
	snprintf(keys->response, sizeof(keys->response), KEY_RESPONSE_PREFIX "%.*s",
	    RESPONSE_ID_MAX, id);
	snprintf(keys->job, sizeof(keys->job), KEY_JOB_PREFIX "{" KEY_RESPONSE_PREFIX "%.*s}",
	    RESPONSE_ID_MAX, id);
}

void running_key(struct running_key *key, const char *worker)
{
	snprintf(key->name, sizeof(key->name), KEY_RUNNING_PREFIX "%.64s", worker);
}
