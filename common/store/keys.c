#include "keys.h"

#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"

static void name_key(char out[KEY_NAME_SIZE], const struct key_space *space, const char *name)
{
	snprintf(out, KEY_NAME_SIZE, "%s%s", space->namespace, name);
}

void key_space_init(struct key_space *space, const char *namespace)
{
	space->namespace[0] = '\0';
	if (namespace != NULL && namespace[0] != '\0')
		snprintf(space->namespace, sizeof(space->namespace), "%.*s:", REDIS_NAMESPACE_MAX,
		    namespace);
	name_key(space->queue, space, "litellm:polling:{jobs}:queue");
	name_key(space->held, space, "litellm:polling:{jobs}:held");
	name_key(space->held_until, space, "litellm:polling:{jobs}:held_until");
	name_key(space->workers, space, "litellm:polling:{jobs}:workers");
	name_key(space->cancel_channel, space, "litellm:polling:{jobs}:cancel");
	name_key(space->events_prefix, space, KEY_EVENTS_PREFIX);
	name_key(space->failures, space, "litellm:polling:{deployments}:failures");
	name_key(space->resting, space, "litellm:polling:{deployments}:resting");
	name_key(space->limited, space, "litellm:polling:{deployments}:limited");
	name_key(space->workers_about, space, "litellm:polling:{jobs}:workers:about");
	name_key(space->draining, space, "litellm:polling:{jobs}:draining");
	name_key(space->relays, space, "litellm:polling:{jobs}:relays");
	name_key(space->relays_about, space, "litellm:polling:{jobs}:relays:about");
	name_key(space->index, space, "litellm:polling:{jobs}:index");
	name_key(space->index_about, space, "litellm:polling:{jobs}:index:about");
	name_key(space->index_ended, space, "litellm:polling:{jobs}:index:ended");
	name_key(space->paused, space, "litellm:polling:{jobs}:paused");
	name_key(space->parked, space, "litellm:polling:{jobs}:parked");
	name_key(space->counters, space, "litellm:polling:{jobs}:counters");
	name_key(space->minutes, space, "litellm:polling:{jobs}:minutes");
	name_key(space->shares, space, "litellm:polling:{jobs}:shares");
	name_key(space->seats, space, "litellm:polling:{jobs}:seats");
	name_key(space->lines, space, "litellm:polling:{jobs}:lines");
	name_key(space->turns, space, "litellm:polling:{jobs}:turns");
	name_key(space->passes, space, "litellm:polling:{jobs}:passes");
	name_key(space->rooms, space, "litellm:polling:{jobs}:rooms");
	name_key(space->rates, space, "litellm:polling:{jobs}:rates");
	name_key(space->budgets, space, "litellm:polling:{jobs}:budgets");
	name_key(space->webhooks, space, "litellm:polling:{jobs}:webhooks");
	name_key(space->webhooks_about, space, "litellm:polling:{jobs}:webhooks:about");
	name_key(space->webhooks_dead, space, "litellm:polling:{jobs}:webhooks:dead");
	name_key(space->webhooks_endpoints, space, "litellm:polling:{jobs}:webhooks:endpoints");
}

/*
 * Puts text where a string ends, and returns its new end. Every poll makes the keys of its
 * response: with snprintf() that took a tenth of it.
 */
static char *put(char *end, struct span text)
{
	memcpy(end, text.p, text.len);
	end[text.len] = '\0';
	return end + text.len;
}

/* A key in the slot of the response's. */
static void put_tagged(char *out, struct span namespace, struct span prefix, struct span response)
{
	char *end = put(out, namespace);

	end = put(end, prefix);
	end = put(end, SPAN("{"));
	end = put(end, response);
	put(end, SPAN("}"));
}

void response_keys(struct response_keys *keys, const struct key_space *space, const char *id)
{
	const struct span namespace = span_of(space->namespace);
	struct span response = {.p = keys->response};
	char *end = put(keys->response, namespace);

	end = put(end, SPAN(KEY_RESPONSE_PREFIX));
	end = put(end, (struct span){id, strnlen(id, RESPONSE_ID_MAX)});
	response.len = (size_t)(end - keys->response);
	put_tagged(keys->job, namespace, SPAN(KEY_JOB_PREFIX), response);
	put_tagged(keys->events, namespace, SPAN(KEY_EVENTS_PREFIX), response);
	put_tagged(keys->request, namespace, SPAN(KEY_REQUEST_PREFIX), response);
}

bool native_id_valid(const char *id)
{
	static const char characters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.=-";
	size_t len = strspn(id, characters);

	return len > 0 && len <= NATIVE_ID_MAX && id[len] == '\0';
}

bool native_key(struct native_key *key, const struct key_space *space, const char *id)
{
	if (!native_id_valid(id))
		return false;
	snprintf(key->name, sizeof(key->name), "%s" KEY_NATIVE_PREFIX "%.*s", space->namespace,
	    NATIVE_ID_MAX, id);
	return true;
}

void sealed_key(struct sealed_key *key, const struct key_space *space, const char *hash)
{
	snprintf(key->name, sizeof(key->name), "%s" KEY_SEALED_PREFIX "%.*s", space->namespace,
	    ENCRYPTED_HASH_SIZE - 1, hash);
}

void running_key(struct running_key *key, const struct key_space *space, const char *worker)
{
	snprintf(key->name, sizeof(key->name), "%s" KEY_RUNNING_PREFIX "%.64s", space->namespace,
	    worker);
}

void line_key(struct buf *out, const struct key_space *space, struct span line)
{
	buf_puts(out, space->namespace);
	buf_puts(out, "litellm:polling:{jobs}:line:");
	buf_append_span(out, line);
}

void passages_key(struct passages_key *key, const struct key_space *space, const char *relay)
{
	snprintf(key->name, sizeof(key->name), "%slitellm:polling:{jobs}:passages:%.*s",
	    space->namespace, WORKER_NAME_LEN, relay);
}

void usage_key(struct usage_key *key, const struct key_space *space, time_t day)
{
	char text[ISO_DAY_SIZE];

	iso_day_write(text, day);
	snprintf(key->name, sizeof(key->name), "%slitellm:polling:{jobs}:usage:%s",
	    space->namespace, text);
}

void idempotent_key(struct idempotent_key *key, const struct key_space *space, const char *digest)
{
	snprintf(key->name, sizeof(key->name), "%slitellm:polling:{jobs}:idempotent:%.*s",
	    space->namespace, DIGEST_SIZE - 1, digest);
}
