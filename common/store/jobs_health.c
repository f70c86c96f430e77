#include "common/provider/health.h"
#include "health_commands.h"
#include "jobs_internal.h"

static void on_health(redisAsyncContext *redis, void *data, void *privdata)
{
	struct jobs *jobs = privdata;
	bool failed = redis_client_failed(jobs->commands, data, "health");

	(void)redis;
	if (jobs->health != NULL)
		health_take(jobs->health, failed ? NULL : data);
}

void jobs_read_health(struct jobs *jobs)
{
	struct redis_args args = {0};

	if (jobs->health == NULL)
		return;
	health_read_args(&args, &jobs->space);
	redis_client_call(jobs->commands, &args, on_health, jobs);
}

void jobs_watch_health(struct jobs *jobs, struct health *health)
{
	jobs->health = health;
	jobs_read_health(jobs);
}

void jobs_report_health(struct jobs *jobs, const struct config *config,
    const struct deployment *deployment, bool failed, long long limit_ms)
{
	struct redis_args args = {0};

	if (limit_ms == 0 && !health_matters(config))
		return;
	health_report_args(&args, &jobs->space, config, deployment, failed, limit_ms);
	redis_client_call(jobs->commands, &args, on_health, jobs);
}
