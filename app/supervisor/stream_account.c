#include "stream_internal.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/config/model.h"
#include "common/dialect/translation.h"
#include "common/response/response_record.h"
#include "common/response/usage.h"
#include "common/response/use.h"

void stream_open_account(struct stream *s, const struct claimed_job *job)
{
	struct stream_account *account = &s->account;

	account->began_at = monotonic_ms();
	account->first_event_at = 0;
	account->age_ms = job->age_ms;
	account->waited_ms = job->waited_ms;
	account->request_id =
	    job->request_id.len != 0 ? xmemdup(job->request_id.p, job->request_id.len) : NULL;
	/* That nobody has begun with before, also if that attempt did not count. */
	if (job->attempts == 1 && job->waited_ms == job->age_ms)
		counts_observe(jobs_counts(s->host->jobs), METRIC_QUEUE_WAIT, NULL,
		    (double)job->waited_ms / 1000);
}

void stream_close_account(struct stream *s)
{
	free(s->account.request_id);
	buf_free(&s->account.use);
}

static long long first_event_ms(const struct stream *s)
{
	const struct stream_account *account = &s->account;

	return account->first_event_at != 0 ? account->first_event_at - account->began_at
					    : LOG_UNKNOWN;
}

static long long total_ms(const struct stream *s)
{
	return s->account.age_ms + monotonic_ms() - s->account.began_at;
}

void stream_settle_use(struct stream *s)
{
	const struct deployment *deployment = s->errand.called;
	struct stream_account *account = &s->account;
	struct use use;

	if (account->settled)
		return;
	account->settled = true;
	/* Of the attempt that has made the object. */
	account->used = translation_usage(s->translation, &s->fold);
	if (deployment == NULL || !usage_is_told(&account->used))
		return;
	use = use_of(&account->used, deployment->input_cost, deployment->output_cost);
	use_write(&account->use, &use);
	s->writer.write.use = buf_cstr(&account->use);
}

static void log_end(
    const struct stream *s, const char *how, const struct usage *usage, long long total)
{
	const struct deployment *deployment = s->errand.called;
	char code[ERROR_CODE_SIZE];
	struct response_record record = RESPONSE_RECORD_UNKNOWN;

	record.id = s->id;
	record.tenant = s->tenant;
	record.model = s->model;
	record.deployment = deployment != NULL ? deployment->label : NULL;
	record.status = how;
	record.attempts = s->attempt;
	record.queued_ms = s->account.waited_ms;
	record.first_event_ms = first_event_ms(s);
	record.total_ms = total;
	record.input_tokens = usage->input;
	record.output_tokens = usage->output;
	if (response_record_code(code, json_get(fold_error(&s->fold), "code")))
		record.error_code = code;
	record.request_id = s->account.request_id;
	log_response_ended(&record);
}

static void count_tokens(
    struct counts *counts, const char *label, const char *type, long long number)
{
	if (number > 0)
		counts_add(counts, METRIC_TOKENS, label, type, number);
}

/* Rather than a client's. */
static bool is_own_end(const char *how)
{
	enum response_status status = response_status_find(span_of(how));

	return status == STATUS_COMPLETED || status == STATUS_INCOMPLETE || status == STATUS_FAILED;
}

static void count_end(
    const struct stream *s, const char *how, const struct usage *usage, long long total)
{
	struct counts *counts = jobs_counts(s->host->jobs);
	const char *label = model_label(s->config, s->model);

	if (first_event_ms(s) != LOG_UNKNOWN)
		counts_observe(counts, METRIC_FIRST_EVENT, label, (double)first_event_ms(s) / 1000);
	if (is_own_end(how))
		counts_observe(counts, METRIC_DURATION, label, (double)total / 1000);
	count_tokens(counts, label, "input", usage->input);
	count_tokens(counts, label, "output", usage->output);
	count_tokens(counts, label, "cached", usage->cached);
	count_tokens(counts, label, "reasoning", usage->reasoning);
}

void stream_note_end(struct stream *s, const char *how)
{
	const struct usage *used = &s->account.used;
	const long long total = total_ms(s);

	stream_settle_use(s);
	log_end(s, how, used, total);
	count_end(s, how, used, total);
	job_end(s->host->jobs, s->id, how, s->writer.write.use);
}

void stream_note_retry(struct stream *s, const char *why)
{
	struct buf text = {0};

	buf_printf(&text, "by %s, after: %s", s->errand.choice.deployment->label, why);
	job_note_retry(s->host->jobs, s->id, s->writer.fence, buf_cstr(&text));
	buf_free(&text);
}

static void log_why(const struct stream *s, const char *event, const char *name, const char *why)
{
	const struct log_field fields[] = {
	    LOG_TEXT("id", s->id),
	    LOG_TEXT(name, why),
	    LOG_TEXT("request_id", s->account.request_id),
	};

	log_event(event, fields, sizeof(fields) / sizeof(fields[0]));
}

void stream_note_failure(const struct stream *s, const char *why)
{
	log_why(s, "response_failing", "why", why);
}

void stream_give_back(struct stream *s, long long fence, bool counted, enum restart_reason reason)
{
	log_why(s, "job_restarted", "reason", restart_reason_word(reason));
	job_release(s->host->jobs, s->id, fence, counted, reason);
}
