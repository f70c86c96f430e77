#include "jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "drop_args.h"
#include "jobs_internal.h"
#include "process_about.h"

static void job_freed(void *ctx, const char *id)
{
	struct jobs *jobs = ctx;

	if (!jobs->leaving)
		jobs_claim(jobs, id);
}

struct jobs *jobs_new(struct event_base *base, struct config *config, const char *name,
    const char *predecessor, const struct jobs_user *user)
{
	struct jobs *jobs = xcalloc(1, sizeof(*jobs));

	jobs->config = config_hold(config);
	jobs->most_streams = config->max_streams;
	jobs->user = user;
	snprintf(jobs->name, sizeof(jobs->name), "%s", name);
	snprintf(jobs->predecessor, sizeof(jobs->predecessor), "%s",
	    predecessor != NULL ? predecessor : "");
	memcpy(jobs->drains_like, jobs->predecessor, sizeof(jobs->drains_like));
	key_space_init(&jobs->space, config->redis.namespace);
	running_key(&jobs->running, &jobs->space, name);
	process_about_write(&jobs->about);
	jobs_open_links(jobs, base);
	jobs->lists = (struct job_lists){.commands = jobs->commands,
	    .space = &jobs->space,
	    .self = jobs->name,
	    .counts = &jobs->counts,
	    .ttl = config->polling.ttl,
	    .idle = jobs_lists_idle,
	    .freed = job_freed,
	    .ctx = jobs};
	jobs_begin_beating(jobs, base);
	return jobs;
}

void jobs_free(struct jobs *jobs)
{
	if (jobs == NULL)
		return;
	jobs->leaving = false;
	event_free(jobs->beat);
	jobs_close_links(jobs);
	jobs_free_advice(jobs);
	config_free(jobs->webhooks);
	config_free(jobs->config);
	beat_counts_free(&jobs->counts);
	buf_free(&jobs->about);
	free(jobs);
}

void job_drop(struct jobs *jobs, const char *id)
{
	job_end(jobs, id, DROP_UNKNOWN, NULL);
}

void job_end(struct jobs *jobs, const char *id, const char *how, const char *use)
{
	struct buf text = {0};

	buf_printf(&text, "%s%s%s", how, use != NULL ? " " : "", use != NULL ? use : "");
	write_batch_send(jobs->writes);
	job_lists_drop(&jobs->lists, jobs->name, id, buf_cstr(&text));
	buf_free(&text);
}

void job_note_retry(struct jobs *jobs, const char *id, long long fence, const char *why)
{
	job_lists_note(&jobs->lists, id, fence, why);
}

struct counts *jobs_counts(struct jobs *jobs)
{
	return &jobs->counts.gathered;
}

void jobs_show(struct jobs *jobs, int streams, int most_streams)
{
	jobs->streams = streams;
	jobs->most_streams = most_streams;
}

void job_release(
    struct jobs *jobs, const char *id, long long fence, bool counted, enum restart_reason reason)
{
	write_batch_send(jobs->writes);
	job_lists_release(&jobs->lists, id, fence, counted, reason);
}
