#include "metrics.h"

#include "metrics_counted.h"
#include "operator_json.h"
#include "sample.h"
#include "summary.h"

static void write_head(struct buf *out, const struct metric_line *line)
{
	static const char *const types[] = {
	    [METRIC_COUNTER] = "counter",
	    [METRIC_GAUGE] = "gauge",
	    [METRIC_HISTOGRAM] = "histogram",
	};

	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", line->name, line->help, line->name,
	    types[line->type]);
}

static void write_gauge(struct buf *out, enum metric metric, const char *label, double value)
{
	struct sample sample = {.name = metric_line(metric)->name};

	if (label != NULL)
		sample_label(&sample, metric_line(metric)->labels, span_of(label));
	sample_write(out, &sample, value);
}

static void write_responses(struct buf *out, const struct store_snapshot *snapshot)
{
	write_gauge(out, METRIC_RESPONSES, "queued", (double)snapshot->queued);
	write_gauge(out, METRIC_RESPONSES, "in_progress", (double)snapshot->in_progress);
}

static void write_resting(
    struct buf *out, const struct config *config, const struct store_snapshot *snapshot)
{
	for (size_t i = 0; i < config->deployment_count; i++) {
		const struct deployment *deployment = &config->deployments[i];
		const struct store_troubled *troubled = summary_troubled(snapshot, deployment->id);

		write_gauge(out, METRIC_DEPLOYMENT_RESTING, deployment->label,
		    troubled != NULL && troubled->resting_until != 0);
	}
}

static void write_worker_streams(struct buf *out, const struct store_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->worker_count; i++)
		if (!snapshot->workers[i].lost)
			write_gauge(out, METRIC_WORKER_STREAMS, snapshot->workers[i].name,
			    snapshot->workers[i].streams);
}

static void write_build_info(struct buf *out)
{
	write_gauge(out, METRIC_BUILD_INFO, PACKAGE_VERSION, 1);
}

static void write_gauges(struct buf *out, enum metric metric, const struct config *config,
    const struct store_snapshot *snapshot)
{
	switch (metric) {
	case METRIC_RESPONSES:
		write_responses(out, snapshot);
		break;
	case METRIC_QUEUE_OLDEST:
		write_gauge(out, metric, NULL, snapshot->oldest_seconds);
		break;
	case METRIC_DEPLOYMENT_RESTING:
		write_resting(out, config, snapshot);
		break;
	case METRIC_WORKERS:
		write_gauge(out, metric, NULL, (double)summary_workers_alive(snapshot));
		break;
	case METRIC_WORKER_STREAMS:
		write_worker_streams(out, snapshot);
		break;
	case METRIC_RELAY_STREAMS:
		write_gauge(out, metric, NULL, (double)summary_relay_streams(snapshot));
		break;
	case METRIC_REDIS_RTT:
		write_gauge(out, metric, NULL, snapshot->round_trip);
		break;
	case METRIC_BUILD_INFO:
		write_build_info(out);
		break;
	default:
		break;
	}
}

void metrics_write(
    struct buf *out, const struct config *config, const struct store_snapshot *snapshot)
{
	struct counted counted;

	if (snapshot == NULL) {
		write_head(out, metric_line(METRIC_BUILD_INFO));
		write_build_info(out);
		return;
	}
	counted_open(&counted, &snapshot->counters);
	for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
		write_head(out, metric_line(metric));
		if (metric_line(metric)->type == METRIC_GAUGE)
			write_gauges(out, metric, config, snapshot);
		else
			counted_write(out, &counted, metric);
	}
	counted_close(&counted);
}
