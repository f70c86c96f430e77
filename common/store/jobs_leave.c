#include "jobs_internal.h"
#include "redis_args.h"

/*
 * A leaving worker waits until nothing is under way, gives back what its list still holds, and
 * forgets itself last.
 */
void jobs_lists_idle(void *ctx)
{
	struct jobs *jobs = ctx;

	if (!jobs->leaving)
		return;
	if (jobs->leave_step == LEAVE_DONE) {
		jobs->user->left(jobs->user->ctx);
		return;
	}
	job_lists_change_opened(&jobs->lists);
	if (jobs->leave_step++ == LEAVE_GIVE_BACK)
		job_lists_take_over(&jobs->lists, jobs->name);
	else
		job_lists_bury(&jobs->lists, jobs->name);
	job_lists_change_closed(&jobs->lists);
}

static void on_unblocked(redisAsyncContext *redis, void *data, void *privdata)
{
	struct jobs *jobs = privdata;

	(void)redis;
	redis_client_failed(jobs->commands, data, "CLIENT UNBLOCK");
	job_lists_change_closed(&jobs->lists);
}

/* Ends the wait for the queue, which could otherwise bring an id that nobody looks after. */
static void end_taking(struct jobs *jobs)
{
	struct redis_args args = {0};

	if (!jobs->taking)
		return;
	job_lists_change_opened(&jobs->lists);
	redis_args_add(&args, "CLIENT");
	redis_args_add(&args, "UNBLOCK");
	redis_args_add_number(&args, jobs->take_client);
	if (jobs->take_client != 0 &&
	    redis_client_call_beside(jobs->commands, jobs->take, &args, on_unblocked, jobs))
		job_lists_change_opened(&jobs->lists);
}

void jobs_leave(struct jobs *jobs)
{
	jobs->room = 0;
	jobs->leaving = true;
	job_lists_change_opened(&jobs->lists);
	end_taking(jobs);
	job_lists_change_closed(&jobs->lists);
}
