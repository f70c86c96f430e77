#include "keys.h"

#include <stdio.h>
#include <string.h>

void response_keys(struct response_keys *keys, const char *id)
{
	snprintf(keys->response, sizeof(keys->response), KEY_RESPONSE_PREFIX "%.*s",
	    RESPONSE_ID_MAX, id);
	snprintf(keys->job, sizeof(keys->job), KEY_JOB_PREFIX "{" KEY_RESPONSE_PREFIX "%.*s}",
	    RESPONSE_ID_MAX, id);
	snprintf(keys->events, sizeof(keys->events),
	    KEY_EVENTS_PREFIX "{" KEY_RESPONSE_PREFIX "%.*s}", RESPONSE_ID_MAX, id);
}

bool native_id_valid(const char *id)
{
	static const char characters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.=-";
	size_t len = strspn(id, characters);

	return len > 0 && len <= NATIVE_ID_MAX && id[len] == '\0';
}

bool native_key(struct native_key *key, const char *id)
{
	if (!native_id_valid(id))
		return false;
	snprintf(key->name, sizeof(key->name), KEY_NATIVE_PREFIX "%.*s", NATIVE_ID_MAX, id);
	return true;
}

void running_key(struct running_key *key, const char *worker)
{
	snprintf(key->name, sizeof(key->name), KEY_RUNNING_PREFIX "%.64s", worker);
}
