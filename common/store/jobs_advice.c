#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "jobs_internal.h"
#include "redis_advice.h"
#include "redis_args.h"

struct jobs_advice {
	atomic_bool *given;
	struct redis_facts facts;
	int question;
	double asked_at;
	bool asking; /* the question is under way */
};

static void ask(struct jobs *jobs);

static void give(struct jobs *jobs)
{
	struct jobs_advice *advice = jobs->advice;

	if (!atomic_exchange(advice->given, true))
		redis_advise(&advice->facts, redis_finding_log, NULL);
	jobs_free_advice(jobs);
}

static void on_answer(redisAsyncContext *redis, void *data, void *privdata)
{
	struct jobs *jobs = privdata;
	struct jobs_advice *advice = jobs->advice;

	(void)redis;
	advice->asking = false;
	if (data == NULL)
		return;
	redis_facts_take(
	    &advice->facts, advice->question++, data, monotonic_seconds() - advice->asked_at);
	ask(jobs);
}

static void ask(struct jobs *jobs)
{
	struct jobs_advice *advice = jobs->advice;
	struct redis_args args = {0};

	if (!redis_facts_question(&advice->facts, advice->question, &args)) {
		give(jobs);
		return;
	}
	advice->asked_at = monotonic_seconds();
	/* The questions have no keys. */
	advice->asking =
	    redis_client_call_at(jobs->commands, jobs->space.queue, &args, on_answer, jobs);
}

void jobs_seek_advice(struct jobs *jobs)
{
	struct jobs_advice *advice = jobs->advice;

	if (advice == NULL || advice->asking)
		return;
	redis_facts_init(&advice->facts);
	advice->question = 0;
	ask(jobs);
}

void jobs_advise(struct jobs *jobs, atomic_bool *given)
{
	if (atomic_load(given))
		return;
	jobs->advice = xcalloc(1, sizeof(*jobs->advice));
	jobs->advice->given = given;
}

void jobs_free_advice(struct jobs *jobs)
{
	free(jobs->advice);
	jobs->advice = NULL;
}
