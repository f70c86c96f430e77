#include "health_commands.h"

static void add_keys(struct redis_args *args, const struct key_space *space, enum script script)
{
	redis_args_script(args, script, 3);
	redis_args_add(args, space->failures);
	redis_args_add(args, space->resting);
	redis_args_add(args, space->limited);
}

void health_read_args(struct redis_args *args, const struct key_space *space)
{
	add_keys(args, space, SCRIPT_HEALTH);
}

void health_report_args(struct redis_args *args, const struct key_space *space,
    const struct config *config, const struct deployment *deployment, bool failed,
    long long limit_ms)
{
	add_keys(args, space, SCRIPT_REPORT);
	redis_args_add(args, deployment->id);
	redis_args_add(args, failed ? "1" : "0");
	redis_args_add_number(args, config->allowed_fails);
	redis_args_add_number(args, (long long)(config->cooldown_time * 1000));
	redis_args_add_number(args, limit_ms);
}

/* Notes each deployment whose id is in the list. */
static void note_ids(struct health *health, const redisReply *ids,
    void (*note)(struct health *health, struct span id))
{
	if (ids->type != REDIS_REPLY_ARRAY)
		return;
	for (size_t i = 0; i < ids->elements; i++) {
		const redisReply *id = ids->element[i];

		if (id->type == REDIS_REPLY_STRING)
			note(health, (struct span){id->str, (size_t)id->len});
	}
}

/* Likewise of a list where each is followed by how long it is to be left alone. */
static void note_limits(struct health *health, const redisReply *list)
{
	if (list->type != REDIS_REPLY_ARRAY)
		return;
	for (size_t i = 0; i + 1 < list->elements; i += 2) {
		const redisReply *id = list->element[i], *left = list->element[i + 1];

		if (id->type == REDIS_REPLY_STRING && left->type == REDIS_REPLY_INTEGER)
			health_note_limit(
			    health, (struct span){id->str, (size_t)id->len}, left->integer);
	}
}

void health_take(struct health *health, const redisReply *reply)
{
	health_forget(health);
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
		return;
	note_ids(health, reply->element[0], health_note_rest);
	note_ids(health, reply->element[1], health_note_failed);
	note_limits(health, reply->element[2]);
}
