#include "scrape.h"

#include "answers.h"
#include "common/operator/metrics.h"

static void send_metrics(struct handlers *handlers, const struct store_snapshot *snapshot)
{
	buf_clear(&handlers->object);
	metrics_write(&handlers->object, handlers->config, snapshot);
	reply_body(&handlers->reply, 200, METRICS_CONTENT_TYPE, buf_span(&handlers->object));
}

void scrape_handle(struct handlers *handlers)
{
	struct store_snapshot snapshot;

	if (handlers->store == NULL) {
		send_metrics(handlers, NULL);
	} else if (answer_stored(handlers, store_snapshot(handlers->store, true, &snapshot))) {
		send_metrics(handlers, &snapshot);
		store_snapshot_free(&snapshot);
	}
}
