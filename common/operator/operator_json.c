#include "operator_json.h"

#include "common/base/json.h"
#include "common/config/model.h"
#include "members.h"
#include "summary.h"

static void write_paused(struct buf *out, const struct store_snapshot *snapshot)
{
	member_name(out, "paused");
	buf_putc(out, '[');
	for (size_t i = 0; i < snapshot->paused_count; i++) {
		json_begin_element(out);
		json_quote(out, span_of(snapshot->paused[i]));
	}
	buf_putc(out, ']');
}

static void write_deployment(
    struct buf *out, const struct deployment *deployment, const struct store_snapshot *snapshot)
{
	const struct store_troubled *troubled = summary_troubled(snapshot, deployment->id);

	json_begin_element(out);
	buf_putc(out, '{');
	member_text(out, "deployment", deployment->label);
	member_text(out, "model", deployment->model_name);
	member_seconds(
	    out, "resting_seconds", troubled != NULL ? troubled->resting_until - snapshot->now : 0);
	member_number(out, "failures", troubled != NULL ? troubled->failures : 0);
	buf_putc(out, '}');
}

static void write_deployments(
    struct buf *out, const struct config *config, const struct store_snapshot *snapshot)
{
	member_name(out, "deployments");
	buf_putc(out, '[');
	for (size_t i = 0; i < config->deployment_count; i++)
		write_deployment(out, &config->deployments[i], snapshot);
	buf_putc(out, ']');
}

static void write_minute(struct buf *out, const struct store_minute *minute)
{
	json_begin_element(out);
	buf_putc(out, '{');
	member_number(out, "time", minute->minute * 60);
	member_number(out, "created", minute->created);
	member_number(out, "completed", minute->completed);
	member_number(out, "incomplete", minute->incomplete);
	member_number(out, "failed", minute->failed);
	member_number(out, "cancelled", minute->cancelled);
	member_number(out, "deleted", minute->deleted);
	buf_putc(out, '}');
}

void operator_status_json(
    struct buf *out, const struct config *config, const struct store_snapshot *snapshot)
{
	buf_putc(out, '{');
	member_number(out, "queued", snapshot->queued);
	member_number(out, "in_progress", snapshot->in_progress);
	member_seconds(out, "oldest_seconds", (long long)(snapshot->oldest_seconds * 1000 + 0.5));
	member_number(out, "workers", (long long)summary_workers_alive(snapshot));
	member_number(out, "relays", (long long)snapshot->relay_count);
	write_paused(out, snapshot);
	member_number(out, "relay_streams", summary_relay_streams(snapshot));
	member_number(out, "max_queue", config->max_queue);
	member_seconds(out, "redis_rtt_seconds", (long long)(snapshot->round_trip * 1000 + 0.5));
	write_deployments(out, config, snapshot);
	member_name(out, "last_hour");
	buf_putc(out, '[');
	for (int i = 0; i < SNAPSHOT_MINUTES; i++)
		write_minute(out, &snapshot->minutes[i]);
	buf_puts(out, "]}");
}

void operator_paused_json(struct buf *out, const struct store_snapshot *snapshot)
{
	buf_putc(out, '{');
	write_paused(out, snapshot);
	buf_putc(out, '}');
}

static void write_worker(struct buf *out, const struct store_process *worker)
{
	json_begin_element(out);
	buf_putc(out, '{');
	member_text(out, "worker", worker->name);
	member_text(out, "host", worker->host);
	member_number(out, "pid", worker->pid);
	member_text(out, "version", worker->version);
	member_number(out, "streams", worker->streams);
	member_number(out, "started_at", worker->started_at);
	member_number(out, "beat_at", worker->beat_at);
	member_bool(out, "lost", worker->lost);
	member_bool(out, "draining", worker->draining);
	buf_putc(out, '}');
}

void operator_workers_json(struct buf *out, const struct store_snapshot *snapshot)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < snapshot->worker_count; i++)
		write_worker(out, &snapshot->workers[i]);
	buf_putc(out, ']');
}

const char *operator_deployment(const struct config *config, const char *id)
{
	const struct deployment *deployment;

	if (id == NULL)
		return "";
	deployment = deployment_by_id(config, span_of(id));
	return deployment != NULL ? deployment->label : id;
}
