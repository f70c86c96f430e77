#include <stdio.h>

#include "common/operator/operator_json.h"
#include "common/operator/summary.h"
#include "age.h"
#include "commands.h"
#include "processes.h"
#include "shown_text.h"

static void print_fact(const char *name, struct buf *text)
{
	struct buf shown = {0};

	shown_line(&shown, buf_span(text));
	printf("%-12s %s\n", name, buf_cstr(&shown));
	buf_free(&shown);
	buf_clear(text);
}

static void print_queue(const struct store_snapshot *snapshot, struct buf *text)
{
	char age[AGE_SIZE];

	age_write(age, snapshot->oldest_seconds);
	buf_printf(text, "%lld", snapshot->queued);
	if (snapshot->queued > 0)
		buf_printf(text, ", the oldest for %s", age);
	print_fact("queued", text);
	buf_printf(text, "%lld", snapshot->in_progress);
	print_fact("in progress", text);
}

static void print_workers(const struct store_snapshot *snapshot, struct buf *text)
{
	const size_t alive = summary_workers_alive(snapshot);
	const size_t lost = snapshot->worker_count - alive, draining = workers_draining(snapshot);

	buf_printf(text, "%zu", alive);
	if (draining > 0)
		buf_printf(text, ", %zu of them draining", draining);
	if (lost > 0)
		buf_printf(text, ", and %zu lost", lost);
	print_fact("workers", text);
}

static void print_relays(const struct store_snapshot *snapshot, struct buf *text)
{
	buf_printf(text, "%zu", snapshot->relay_count);
	if (snapshot->relay_count > 0)
		buf_printf(text, ", with %lld answers open", summary_relay_streams(snapshot));
	print_fact("relays", text);
}

static void print_redis(const struct store_snapshot *snapshot, struct buf *text)
{
	buf_printf(text, "%.1f ms for a round trip", snapshot->round_trip * 1000);
	print_fact("redis", text);
}

static void print_paused(const struct store_snapshot *snapshot, struct buf *text)
{
	for (size_t i = 0; i < snapshot->paused_count; i++)
		buf_printf(text, "%s%s", i > 0 ? ", " : "", snapshot->paused[i]);
	if (text->len == 0)
		buf_puts(text, "-");
	print_fact("paused", text);
}

static void print_troubled(
    const struct ctl *ctl, const struct store_snapshot *snapshot, struct buf *text)
{
	for (size_t i = 0; i < snapshot->troubled_count; i++) {
		const struct store_troubled *troubled = &snapshot->troubled[i];
		const long long rest = troubled->resting_until - snapshot->now;
		char age[AGE_SIZE];

		age_write(age, (double)rest / 1000);
		buf_puts(text, operator_deployment(ctl->config, troubled->deployment));
		if (rest > 0)
			buf_printf(text, ", for %s more", age);
		if (troubled->failures > 0)
			buf_printf(text, ", %lld failures in a row", troubled->failures);
		print_fact(rest > 0 ? "resting" : "failing", text);
	}
}

static void print_hour(const struct store_snapshot *snapshot, struct buf *text)
{
	struct store_minute sum = {0};

	for (int i = 0; i < SNAPSHOT_MINUTES; i++) {
		const struct store_minute *minute = &snapshot->minutes[i];

		sum.created += minute->created;
		sum.completed += minute->completed;
		sum.incomplete += minute->incomplete;
		sum.failed += minute->failed;
		sum.cancelled += minute->cancelled;
		sum.deleted += minute->deleted;
	}
	buf_printf(text,
	    "%lld created; %lld completed, %lld incomplete, %lld failed, %lld cancelled, "
	    "%lld deleted",
	    sum.created, sum.completed, sum.incomplete, sum.failed, sum.cancelled, sum.deleted);
	print_fact("last hour", text);
}

static void print_block(const struct ctl *ctl, const struct store_snapshot *snapshot)
{
	struct buf text = {0};

	print_queue(snapshot, &text);
	print_workers(snapshot, &text);
	print_relays(snapshot, &text);
	print_redis(snapshot, &text);
	print_paused(snapshot, &text);
	print_troubled(ctl, snapshot, &text);
	print_hour(snapshot, &text);
	buf_free(&text);
}

int status_run(struct ctl *ctl)
{
	struct store_snapshot snapshot;
	struct buf text = {0};

	if (store_snapshot(ctl->store, false, &snapshot) != STORE_OK)
		return ctl_unavailable(ctl);
	if (ctl->arguments->json) {
		operator_status_json(&text, ctl->config, &snapshot);
		ctl_print(buf_span(&text));
		buf_free(&text);
	} else {
		print_block(ctl, &snapshot);
	}
	store_snapshot_free(&snapshot);
	return CTL_DONE;
}
