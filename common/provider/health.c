#include "health.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/keys.h"
#include "common/config/model.h"

enum { STATE_FAILED = 0x1, STATE_RESTS = 0x2 };

void health_open(struct health *health, const struct config *config)
{
	health->config = config;
	health->states = xcalloc(config->deployment_count + 1, 1);
}

void health_close(struct health *health)
{
	free(health->states);
	health->states = NULL;
}

bool health_matters(const struct config *config)
{
	return config->deployment_count > 1;
}

static unsigned char *state_of(const struct health *health, const struct deployment *deployment)
{
	return &health->states[deployment - health->config->deployments];
}

bool health_rests(const struct health *health, const struct deployment *deployment)
{
	return (*state_of(health, deployment) & STATE_RESTS) != 0;
}

bool health_is_news(const struct health *health, const struct deployment *deployment, bool failed)
{
	return failed || (*state_of(health, deployment) & STATE_FAILED) != 0;
}

bool health_is_failure(long status)
{
	switch (status) {
	case 0:
	case 401:
	case 403:
	case 404:
	case 408:
	case 429:
		return true;
	default:
		return status >= 500;
	}
}

static void add_keys(struct redis_args *args, enum script script)
{
	redis_args_script(args, script, 2);
	redis_args_add(args, KEY_FAILURES);
	redis_args_add(args, KEY_RESTING);
}

void health_read_args(struct redis_args *args)
{
	add_keys(args, SCRIPT_HEALTH);
}

void health_report_args(struct redis_args *args, const struct config *config,
    const struct deployment *deployment, bool failed)
{
	add_keys(args, SCRIPT_REPORT);
	redis_args_add(args, deployment->id);
	redis_args_add(args, failed ? "1" : "0");
	redis_args_add_number(args, config->allowed_fails);
	redis_args_add_number(args, (long long)(config->cooldown_time * 1000));
}

/* Notes the state of each deployment whose id is in the list. */
static void take_ids(struct health *health, const redisReply *ids, unsigned char state)
{
	if (ids->type != REDIS_REPLY_ARRAY)
		return;
	for (size_t i = 0; i < ids->elements; i++) {
		const redisReply *id = ids->element[i];
		const struct deployment *deployment = NULL;

		if (id->type == REDIS_REPLY_STRING)
			deployment = deployment_by_id(
			    health->config, (struct span){id->str, (size_t)id->len});
		if (deployment != NULL)
			*state_of(health, deployment) |= state;
	}
}

void health_take(struct health *health, const redisReply *reply)
{
	memset(health->states, 0, health->config->deployment_count);
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
		return;
	take_ids(health, reply->element[0], STATE_RESTS);
	take_ids(health, reply->element[1], STATE_FAILED);
}
