#include "jobs_internal.h"
#include "maker_command.h"

static void on_noted(redisAsyncContext *redis, void *data, void *privdata)
{
	struct jobs *jobs = privdata;

	(void)redis;
	redis_client_failed(jobs->commands, data, "remember");
}

bool jobs_note_maker(
    struct jobs *jobs, const char *hash, const char *deployment, const char *model, long ttl)
{
	struct redis_args args = {0};
	struct sealed_key key;
	struct buf value = {0};
	bool sent;

	sealed_key(&key, &jobs->space, hash);
	maker_write(&value, deployment, model);
	maker_args(&args, key.name, buf_span(&value), ttl);
	sent = redis_client_call(jobs->commands, &args, on_noted, jobs);
	buf_free(&value);
	return sent;
}
