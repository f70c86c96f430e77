#include <stdio.h>

#include "common/operator/operator_json.h"
#include "age.h"
#include "commands.h"
#include "table.h"
#include "terminal.h"

static const struct column columns[] = {
    {.title = "WORKER"},
    {.title = "STATE"},
    {.title = "STREAMS", .right = true},
    {.title = "UP", .right = true},
    {.title = "LAST BEAT", .right = true},
    {.title = "PID", .right = true},
    {.title = "HOST", .free = true},
    {.title = "VERSION", .free = true},
};

static const char *state_of(const struct store_process *worker)
{
	if (worker->lost)
		return "lost";
	return worker->draining ? "draining" : "alive";
}

static void add_row(struct table *table, const struct store_process *worker, double now)
{
	char streams[16], up[AGE_SIZE], beat[AGE_SIZE], pid[24];

	snprintf(streams, sizeof(streams), "%d", worker->streams);
	snprintf(pid, sizeof(pid), "%ld", worker->pid);
	age_write(up, now - (double)worker->started_at);
	age_write(beat, now - (double)worker->beat_at);
	table_add(table, (const char *const[]){worker->name, state_of(worker), streams,
			     worker->started_at > 0 ? up : NULL, worker->beat_at > 0 ? beat : NULL,
			     worker->pid > 0 ? pid : NULL, worker->host, worker->version});
}

static void print_table(const struct store_snapshot *snapshot)
{
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < snapshot->worker_count; i++)
		add_row(table, &snapshot->workers[i], (double)snapshot->now / 1000);
	table_write(table, stdout, terminal_width());
	table_free(table);
}

int workers_run(struct ctl *ctl)
{
	struct store_snapshot snapshot;
	struct buf text = {0};
	int status = CTL_DONE;

	if (store_snapshot(ctl->store, false, &snapshot) != STORE_OK)
		return ctl_unavailable(ctl);
	if (ctl->arguments->json) {
		operator_workers_json(&text, &snapshot);
		ctl_print(buf_span(&text));
		buf_free(&text);
	} else if (snapshot.worker_count > 0) {
		print_table(&snapshot);
	}
	if (snapshot.worker_count == 0)
		status = ctl_refuse("workers: there are none; respoold starts them");
	store_snapshot_free(&snapshot);
	return status;
}
