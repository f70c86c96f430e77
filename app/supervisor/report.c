#include "report.h"

#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "stream_internal.h"

enum { MOST_REPORTED = 1000 };

static const char *state_of(const struct stream *s)
{
	if (s->gone)
		return "letting_go";
	if (s->fold.ended || s->waiting != WAITING_NOT)
		return "ending";
	if (s->errand.call == NULL)
		return "waiting_to_call";
	return s->account.first_event_at == 0 ? "asking" : "answering";
}

static void report_stream(const struct stream *s)
{
	const struct deployment *deployment = s->errand.called;
	const struct log_field fields[] = {
	    LOG_TEXT("id", s->id),
	    LOG_TEXT("tenant", s->tenant),
	    LOG_TEXT("model", s->model),
	    LOG_TEXT("deployment", deployment != NULL ? deployment->label : NULL),
	    LOG_TEXT("state", state_of(s)),
	    LOG_NUMBER("attempts", s->attempt),
	    LOG_NUMBER("since_ms", monotonic_ms() - s->account.began_at),
	    LOG_NUMBER("bytes", (long long)s->fold.bytes),
	    LOG_NUMBER("events", s->narrator != NULL ? event_log_next(&s->log) : LOG_UNKNOWN),
	    LOG_TEXT("request_id", s->account.request_id),
	};

	log_event("stream_state", fields, sizeof(fields) / sizeof(fields[0]));
}

static void report_one(void *ctx, struct stream *stream)
{
	int *left = ctx;

	if (*left > 0)
		report_stream(stream);
	*left -= *left > 0;
}

void report_worker(const struct worker_facts *facts, const struct stream_table *streams)
{
	int left = MOST_REPORTED;
	const struct log_field fields[] = {
	    LOG_NUMBER("pid", getpid()),
	    LOG_TEXT("state", facts->state),
	    LOG_NUMBER("streams", streams->count),
	    LOG_NUMBER("most_streams", facts->most_streams),
	    LOG_NUMBER("webhooks", facts->webhooks),
	    LOG_TEXT("lease", facts->leased ? "held" : "none"),
	};

	log_event("worker_state", fields, sizeof(fields) / sizeof(fields[0]));
	stream_table_visit(streams, report_one, &left);
}
