#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/decimal.h"
#include "common/response/document.h"
#include "common/response/fold.h"
#include "common/response/response.h"
#include "jobs_internal.h"
#include "redis_text.h"
#include "write_batch.h"

enum {
	RENEW_MS = 1000,       /* between two renewals of the time to live */
	RENEWALS_PER_TTL = 10, /* at least, where that is short */
};

/* The arguments of a write, while they are gathered. */
struct arguments {
	struct buf text;
	int count;
};

static void add(struct arguments *arguments, struct span value)
{
	redis_text_argument(&arguments->text, value);
	arguments->count++;
}

static void add_number(struct arguments *arguments, long long number)
{
	redis_text_number(&arguments->text, number);
	arguments->count++;
}

static void add_document(struct arguments *arguments, const struct document *doc)
{
	if (doc->whole) {
		add(arguments, buf_span(&doc->text));
		return;
	}
	for (int i = 0; i < doc->patch_count; i++) {
		const struct patch *patch = &doc->patches[i];

		add_number(arguments, (long long)patch->offset);
		add(arguments, (struct span){doc->text.data + patch->offset, patch->len});
	}
}

/* How long the request of what ends so is kept, in s. */
static long kept_seconds(const struct config *config, enum response_status terminal)
{
	return terminal == STATUS_FAILED ? config->failed_request_ttl : 0;
}

static void add_end(struct arguments *arguments, const struct response_write *write,
    enum response_status terminal, const char *deployment)
{
	struct buf ended = {0};

	buf_printf(&ended, "%s %ld %s%s%s", response_status_name(terminal),
	    kept_seconds(write->jobs->config, terminal), write->use != NULL ? write->use : "-",
	    deployment != NULL ? " " : "", deployment != NULL ? deployment : "");
	add(arguments, buf_span(&ended));
	buf_free(&ended);
}

/* Those of a log stand one behind the other. */
static struct span next_events(const struct event_log *log)
{
	size_t count = event_log_batch(log);
	struct span first, last;

	if (count == 0)
		return (struct span){0};
	first = event_log_at(log, 0);
	last = event_log_at(log, count - 1);
	return (struct span){first.p, (size_t)(last.p - first.p) + last.len};
}

static void add_events(struct arguments *arguments, const struct event_log *log)
{
	add_number(arguments, log->first);
	add(arguments, next_events(log));
}

/* What a write is, beside its document. */
struct write_kind {
	long long fence;
	enum response_status terminal;
	bool streamed, renews;
	struct span slots; /* empty if the stored job knows them: to be told if tells_slots */
	bool tells_slots, tells_deployment;
};

static void write_flags(struct buf *out, const struct write_kind *kind, bool whole)
{
	size_t before = out->len;

	buf_puts(out, whole ? "w" : "");
	buf_puts(out, kind->renews ? "r" : "");
	buf_puts(out, kind->tells_deployment ? "d" : "");
	buf_puts(out, kind->terminal != STATUS_COUNT ? "e" : "");
	buf_puts(out, kind->tells_slots ? "s" : "");
	buf_puts(out, kind->streamed ? "v" : "");
	if (out->len == before)
		buf_putc(out, '-');
}

/* The line with which flush.lua has each write begin; arguments are those behind it. */
static void write_head(struct buf *out, const struct response_write *write,
    const struct document *doc, const struct write_kind *kind, int arguments)
{
	decimal_append(out, arguments);
	buf_putc(out, ' ');
	write_flags(out, kind, doc->whole);
	buf_putc(out, ' ');
	decimal_append(out, doc->whole ? 0 : (long long)doc->stored_len);
	buf_putc(out, ' ');
	decimal_append(out, kind->fence);
	buf_putc(out, ' ');
	decimal_append(out, doc->whole ? write->count + 1 : write->count);
	if (kind->tells_slots) {
		buf_putc(out, ' ');
		buf_append_span(out, kind->slots);
	}
}

/* A write that brings nothing new is there to renew. */
static bool is_due_to_renew(const struct response_write *write, const struct document *doc,
    const struct event_log *log, enum response_status terminal)
{
	long ms = write->jobs->config->polling.ttl * 1000 / RENEWALS_PER_TTL;
	bool says_something = doc->patch_count > 0 || (log != NULL && event_log_batch(log) > 0);

	if (doc->whole || terminal != STATUS_COUNT || !says_something)
		return true;
	return monotonic_ms() - write->renewed_at >= (ms < RENEW_MS ? ms : RENEW_MS);
}

/* What has been sent is stored, unless the reply says otherwise. */
static void note_sent(struct response_write *write, struct document *doc,
    const struct write_kind *kind, struct buf *slots)
{
	buf_free(&write->slots);
	write->slots = *slots;
	*slots = (struct buf){0};
	if (kind->renews)
		write->renewed_at = monotonic_ms();
	if (doc->whole || doc->patch_count > 0)
		write->count++;
	document_mark_stored(doc);
}

static bool hand_over(struct response_write *write, const char *id, const struct buf *head,
    const struct arguments *arguments, const struct write_kind *kind)
{
	struct response_keys keys;
	struct write_text text = {
	    .keys = &keys,
	    .streamed = kind->streamed,
	    .keeps_request = kept_seconds(write->jobs->config, kind->terminal) > 0,
	    .head = buf_span(head),
	    .arguments = buf_span(&arguments->text),
	    .argument_count = arguments->count,
	};

	response_keys(&keys, &write->jobs->space, id);
	return write_batch_add(write->jobs->writes, write, &text);
}

bool response_flush(struct response_write *write, const char *id, long long fence,
    struct fold *fold, const struct event_log *log, enum response_status terminal,
    const char *deployment)
{
	struct document *doc = &fold->doc;
	struct arguments arguments = {0};
	struct buf head = {0}, slots = {0};
	struct write_kind kind = {.fence = fence, .terminal = terminal, .streamed = log != NULL};
	bool sent;

	fold_open_slots(fold, &slots);
	kind.slots = buf_span(&slots);
	kind.tells_slots = doc->whole || !span_eq(kind.slots, buf_span(&write->slots));
	kind.renews = is_due_to_renew(write, doc, log, terminal);
	kind.tells_deployment = terminal == STATUS_COUNT && deployment != NULL &&
				(doc->whole || deployment != write->told_deployment);
	add_document(&arguments, doc);
	if (kind.tells_deployment)
		add(&arguments, span_of(deployment));
	if (terminal != STATUS_COUNT)
		add_end(&arguments, write, terminal, deployment);
	if (log != NULL)
		add_events(&arguments, log);
	write_head(&head, write, doc, &kind, arguments.count);
	sent = hand_over(write, id, &head, &arguments, &kind);
	if (sent) {
		note_sent(write, doc, &kind, &slots);
		write->told_deployment = deployment;
	}
	buf_free(&head);
	buf_free(&slots);
	buf_free(&arguments.text);
	return sent;
}

void response_write_free(struct response_write *write)
{
	buf_free(&write->slots);
}
