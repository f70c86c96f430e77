#include "activity.h"

#include <sys/mman.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"

struct activity *activities_open(int count)
{
	struct activity *activities = mmap(NULL, (size_t)count * sizeof(*activities),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (activities == MAP_FAILED)
		fatal("mmap");
	return activities;
}

void activities_close(struct activity *activities, int count)
{
	munmap(activities, (size_t)count * sizeof(*activities));
}

void activity_start(struct activity *activity)
{
	atomic_store(&activity->served, 0);
	atomic_store(&activity->redis, ACTIVITY_REDIS_NONE);
	atomic_store(&activity->since_ms, monotonic_ms());
	atomic_store(&activity->answers, ACTIVITY_IDLE);
	atomic_store(&activity->pid, (int)getpid());
}

void activity_begin(struct activity *activity, enum route_kind route)
{
	atomic_store_explicit(&activity->since_ms, monotonic_ms(), memory_order_relaxed);
	atomic_store_explicit(&activity->answers, (int)route, memory_order_relaxed);
}

/* Nobody else writes to it: what was served needs no locked addition. */
void activity_end(struct activity *activity, enum activity_redis redis)
{
	unsigned long served = atomic_load_explicit(&activity->served, memory_order_relaxed);

	atomic_store_explicit(&activity->served, served + 1, memory_order_relaxed);
	atomic_store_explicit(&activity->redis, (int)redis, memory_order_relaxed);
	atomic_store_explicit(&activity->answers, ACTIVITY_IDLE, memory_order_relaxed);
}

static const char *name_of(int answers)
{
	enum route_kind kind;
	const char *pattern;

	for (size_t i = 0; (pattern = route_pattern(i, &kind)) != NULL; i++) {
		if ((int)kind == answers)
			return pattern;
	}
	return NULL;
}

void activity_report(const struct activity *activity)
{
	static const char *const redis[] = {"unused", "down", "up"};
	int answers = atomic_load(&activity->answers);
	const struct log_field fields[] = {
	    LOG_NUMBER("pid", atomic_load(&activity->pid)),
	    LOG_TEXT("state", answers == ACTIVITY_IDLE ? "idle" : "answering"),
	    LOG_TEXT("route", name_of(answers)),
	    LOG_NUMBER("since_ms", monotonic_ms() - atomic_load(&activity->since_ms)),
	    LOG_NUMBER("served", (long long)atomic_load(&activity->served)),
	    LOG_TEXT("redis", redis[atomic_load(&activity->redis)]),
	};

	if (atomic_load(&activity->pid) != 0)
		log_event("responder_state", fields, sizeof(fields) / sizeof(fields[0]));
}
