#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "operate_internal.h"
#include "process_about.h"

enum { COMMANDS_MOST = 5, DEPLOYMENT_COMMANDS = 2 };

/* The elements of snapshot.lua's reply. */
enum {
	IS_NOW,
	IS_QUEUED,
	IS_RUNNING,
	IS_WAITED,
	IS_WORKERS,
	IS_RELAYS,
	IS_PAUSED,
	IS_ELEMENTS,
};

static void ask_present(struct redis_args *args, const struct key_space *space, const char *running)
{
	redis_args_script(args, SCRIPT_SNAPSHOT, 11);
	redis_args_add(args, space->queue);
	redis_args_add(args, space->parked);
	redis_args_add(args, space->index_about);
	redis_args_add(args, space->workers);
	redis_args_add(args, space->workers_about);
	redis_args_add(args, space->draining);
	redis_args_add(args, space->relays);
	redis_args_add(args, space->relays_about);
	redis_args_add(args, space->paused);
	redis_args_add(args, space->shares);
	redis_args_add(args, space->lines);
	redis_args_add(args, running);
}

static void ask_all_of(struct redis_args *args, const char *key)
{
	redis_args_add(args, "HGETALL");
	redis_args_add(args, key);
}

static void ask_resting(struct redis_args *args, const struct key_space *space)
{
	redis_args_add(args, "ZRANGE");
	redis_args_add(args, space->resting);
	redis_args_add(args, "0");
	redis_args_add(args, "-1");
	redis_args_add(args, "WITHSCORES");
}

/* Fills in the commands, those of the jobs' slot in front. Returns how many of these there are. */
static int ask(
    struct redis_args *commands, const struct store *store, bool with_counters, const char *running)
{
	int count = 0;

	ask_present(&commands[count++], &store->space, running);
	ask_all_of(&commands[count++], store->space.minutes);
	if (with_counters)
		ask_all_of(&commands[count++], store->space.counters);
	ask_resting(&commands[count], &store->space);
	ask_all_of(&commands[count + 1], store->space.failures);
	return count;
}

static void take_process(struct store_process *process, const redisReply *about)
{
	if (about->elements != 4)
		return;
	snprintf(process->name, sizeof(process->name), "%s", about->element[0]->str);
	process->lost = about->element[1]->integer != 0;
	process->draining = about->element[2]->integer != 0;
	process_about_read(process, reply_span(about->element[3]));
}

static struct store_process *take_processes(const redisReply *reply, size_t *count)
{
	struct store_process *processes = xcalloc(reply->elements + 1, sizeof(*processes));

	for (size_t i = 0; i < reply->elements; i++)
		take_process(&processes[i], reply->element[i]);
	*count = reply->elements;
	return processes;
}

static void take_present(struct store_snapshot *out, const redisReply *reply)
{
	redisReply *const *element = reply->element;

	if (reply->elements != IS_ELEMENTS)
		return;
	out->now = element[IS_NOW]->integer;
	out->queued = element[IS_QUEUED]->integer;
	out->in_progress = element[IS_RUNNING]->integer;
	out->oldest_seconds = (double)element[IS_WAITED]->integer / 1000;
	out->workers = take_processes(element[IS_WORKERS], &out->worker_count);
	out->relays = take_processes(element[IS_RELAYS], &out->relay_count);
	out->paused_count = element[IS_PAUSED]->elements;
	out->paused = xcalloc(out->paused_count + 1, sizeof(*out->paused));
	for (size_t i = 0; i < out->paused_count; i++)
		out->paused[i] = reply_text(element[IS_PAUSED]->element[i]);
}

/* The number of that name; NULL for one that another version counts. */
static long long *number_of(struct store_minute *minute, const char *what)
{
	if (strcmp(what, "created") == 0)
		return &minute->created;
	if (strcmp(what, "completed") == 0)
		return &minute->completed;
	if (strcmp(what, "incomplete") == 0)
		return &minute->incomplete;
	if (strcmp(what, "failed") == 0)
		return &minute->failed;
	if (strcmp(what, "cancelled") == 0)
		return &minute->cancelled;
	return strcmp(what, "deleted") == 0 ? &minute->deleted : NULL;
}

/* The fields are named "<minute> <what>". */
static void take_minutes(struct store_snapshot *out, const redisReply *reply)
{
	long long first = out->now / 60000 - SNAPSHOT_MINUTES + 1, place, *number;

	for (int i = 0; i < SNAPSHOT_MINUTES; i++)
		out->minutes[i].minute = first + i;
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		char *what;

		place = strtoll(reply->element[i]->str, &what, 10) - first;
		if (place < 0 || place >= SNAPSHOT_MINUTES || *what != ' ')
			continue;
		number = number_of(&out->minutes[place], what + 1);
		if (number != NULL)
			*number = reply_number(reply->element[i + 1], 0);
	}
}

static void take_counters(struct store_snapshot *out, const redisReply *reply)
{
	struct counts *counters = &out->counters;

	counters->cap = reply->elements / 2;
	counters->all = xcalloc(counters->cap + 1, sizeof(*counters->all));
	while (counters->len < counters->cap) {
		struct count *count = &counters->all[counters->len];

		count->field = reply_text(reply->element[2 * counters->len]);
		count->number = reply_number(reply->element[2 * counters->len + 1], 0);
		counters->len++;
	}
}

static void take_jobs(struct store_snapshot *out, redisReply *const *replies, int count)
{
	take_present(out, replies[0]);
	take_minutes(out, replies[1]);
	if (count > 2)
		take_counters(out, replies[2]);
}

/* The one of that id, which is added if it is not there. There is room for it. */
static struct store_troubled *troubled_of(struct store_snapshot *out, const redisReply *id)
{
	for (size_t i = 0; i < out->troubled_count; i++)
		if (span_is(reply_span(id), out->troubled[i].deployment))
			return &out->troubled[i];
	out->troubled[out->troubled_count].deployment = reply_text(id);
	return &out->troubled[out->troubled_count++];
}

static void take_deployments(struct store_snapshot *out, redisReply *const *replies)
{
	const redisReply *resting = replies[0], *failures = replies[1];
	size_t most = (resting->elements + failures->elements) / 2;

	out->troubled = xcalloc(most + 1, sizeof(*out->troubled));
	for (size_t i = 0; i + 1 < resting->elements; i += 2) {
		long long until = reply_number(resting->element[i + 1], 0);

		if (until > out->now)
			troubled_of(out, resting->element[i])->resting_until = until;
	}
	for (size_t i = 0; i + 1 < failures->elements; i += 2)
		troubled_of(out, failures->element[i])->failures =
		    reply_number(failures->element[i + 1], 0);
}

/* Of a Cluster, the two slots are asked one after the other, each in one round trip. */
static bool ask_slot_by_slot(
    struct store *store, const struct redis_args *commands, int of_jobs, struct store_snapshot *out)
{
	if (!store_call(store, commands, of_jobs))
		return false;
	take_jobs(out, store->replies, of_jobs);
	if (!store_call(store, &commands[of_jobs], DEPLOYMENT_COMMANDS))
		return false;
	take_deployments(out, store->replies);
	return true;
}

static bool ask_at_once(
    struct store *store, const struct redis_args *commands, int of_jobs, struct store_snapshot *out)
{
	if (!store_call(store, commands, of_jobs + DEPLOYMENT_COMMANDS))
		return false;
	take_jobs(out, store->replies, of_jobs);
	take_deployments(out, &store->replies[of_jobs]);
	return true;
}

enum store_result store_snapshot(
    struct store *store, bool with_counters, struct store_snapshot *out)
{
	struct redis_args commands[COMMANDS_MOST] = {0};
	double asked_at = monotonic_seconds();
	struct running_key running;
	int of_jobs;
	bool ok;

	*out = (struct store_snapshot){0};
	running_key(&running, &store->space, "");
	of_jobs = ask(commands, store, with_counters, running.name);
	ok = store->kind == REDIS_CLUSTER ? ask_slot_by_slot(store, commands, of_jobs, out)
					  : ask_at_once(store, commands, of_jobs, out);
	out->round_trip = monotonic_seconds() - asked_at;
	if (ok)
		return STORE_OK;
	store_snapshot_free(out);
	return STORE_UNAVAILABLE;
}

void store_snapshot_free(struct store_snapshot *snapshot)
{
	free(snapshot->workers);
	free(snapshot->relays);
	for (size_t i = 0; i < snapshot->paused_count; i++)
		free(snapshot->paused[i]);
	free(snapshot->paused);
	for (size_t i = 0; i < snapshot->troubled_count; i++)
		free(snapshot->troubled[i].deployment);
	free(snapshot->troubled);
	counts_clear(&snapshot->counters);
	*snapshot = (struct store_snapshot){0};
}
