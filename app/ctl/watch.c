#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/response/foreign.h"
#include "answer.h"
#include "commands.h"
#include "ids.h"
#include "shown_text.h"
#include "terminal.h"

enum {
	PAUSE_MS = 250,
	PATIENCE_MS = 30000, /* with a Redis that does not answer: a new master takes its time */
};

/* A response that is watched, and what of it has been shown. */
struct watch {
	struct ctl *ctl;
	const char *id;
	const char *tenant;
	bool harmless; /* a terminal reads: control characters are not for it, but what is at hand
			  is */
	bool silent;   /* only the end is shown */
	struct stored_version version;
	size_t steps;      /* that have been named, of what the answer does besides writing */
	struct buf text;   /* as it was shown last */
	struct buf object; /* as it was stored last */
	enum response_status status;
	long long lost_at; /* monotonic, ms: since when Redis does not answer; 0: it does */
};

static void show(const struct watch *watch, struct span text)
{
	struct buf shown = {0};

	if (watch->harmless)
		shown_lines(&shown, text);
	else
		buf_append_span(&shown, text);
	fwrite(buf_cstr(&shown), 1, shown.len, stdout);
	fflush(stdout);
	buf_free(&shown);
}

static void end_line(const struct watch *watch)
{
	if (watch->text.len > 0 && watch->text.data[watch->text.len - 1] != '\n')
		putchar('\n');
	fflush(stdout);
}

/* Shows what has come; all of it, on a line of its own, if what was shown does not count any more.
 */
static void show_text(struct watch *watch, const struct buf *text)
{
	const size_t known = watch->text.len;
	struct span news = buf_span(text);

	if (text->len >= known &&
	    (known == 0 || memcmp(text->data, watch->text.data, known) == 0)) {
		news =
		    (struct span){text->len > known ? text->data + known : "", text->len - known};
	} else {
		end_line(watch);
		ctl_note("%s: the answer begins anew", watch->id);
	}
	show(watch, news);
}

/* Names what the answer does before, between and behind its messages, which can take long. */
static void show_steps(struct watch *watch)
{
	struct buf steps = {0};

	watch->steps = answer_steps(&steps, buf_span(&watch->object), watch->steps);
	if (steps.len > 0) {
		end_line(watch);
		ctl_note("%s: %s", watch->id, buf_cstr(&steps));
	}
	buf_free(&steps);
}

static void take_object(struct watch *watch)
{
	struct buf text = {0};

	if (watch->silent)
		return;
	if (watch->harmless)
		show_steps(watch);
	answer_text(&text, buf_span(&watch->object), response_status_is_terminal(watch->status));
	show_text(watch, &text);
	buf_free(&watch->text);
	watch->text = text;
}

static enum store_result poll_whole(struct watch *watch)
{
	struct stored_response stored;
	enum store_result result =
	    store_poll(watch->ctl->store, watch->id, watch->tenant, &stored, &watch->version);

	if (result != STORE_OK)
		return result;
	if (stored.foreign) {
		if (!foreign_read(&watch->object, &watch->status, stored.object))
			return STORE_NOT_FOUND;
	} else {
		buf_clear(&watch->object);
		buf_append_span(&watch->object, stored.object);
		watch->status = response_status_peek(stored.object);
	}
	take_object(watch);
	return STORE_OK;
}

/* The object is asked for only when it has changed. Of another program's that is not known. */
static enum store_result look(struct watch *watch)
{
	struct stored_version version;
	enum store_result result;

	if (watch->version.text[0] == '\0')
		return poll_whole(watch);
	result = store_version(watch->ctl->store, watch->id, watch->tenant, &version);
	if (result != STORE_OK || strcmp(version.text, watch->version.text) == 0)
		return result;
	return poll_whole(watch);
}

/* Whether to go on although Redis does not answer. */
static bool bear_with(struct watch *watch)
{
	const long long now = monotonic_ms();

	if (watch->lost_at == 0) {
		watch->lost_at = now;
		ctl_unavailable(watch->ctl);
	}
	return now - watch->lost_at < PATIENCE_MS;
}

static void wait_a_little(void)
{
	nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
}

/* Until the response has ended, or is gone, or nobody reads any more. */
static enum store_result follow(struct watch *watch)
{
	for (;; wait_a_little()) {
		const enum store_result result = look(watch);

		if (result == STORE_UNAVAILABLE && watch->object.len > 0 && bear_with(watch))
			continue;
		if (result != STORE_OK || response_status_is_terminal(watch->status) ||
		    ferror(stdout))
			return result;
		watch->lost_at = 0;
	}
}

static int tell_end(const struct watch *watch)
{
	struct buf fault = {0};

	if (watch->silent)
		ctl_print(buf_span(&watch->object));
	if (watch->status == STATUS_COMPLETED)
		return CTL_DONE;
	if (response_status_is_terminal(watch->status)) {
		answer_fault(&fault, buf_span(&watch->object));
		ctl_refuse("%s: %s%s%s", watch->id, response_status_name(watch->status),
		    fault.len > 0 ? ": " : "", buf_cstr(&fault));
		buf_free(&fault);
	}
	return CTL_REFUSED;
}

int watch_run(struct ctl *ctl)
{
	const char *word = ctl->arguments->words[0];
	char id[RESPONSE_ID_MAX + 1];
	char *tenant;
	struct watch watch = {
	    .ctl = ctl, .id = id, .harmless = terminal_is_shown(), .silent = ctl->arguments->json};
	enum store_result result = id_find(ctl, word, id, &tenant);
	int status;

	if (result != STORE_OK)
		return id_refuse(ctl, word, result);
	watch.tenant = tenant;
	result = follow(&watch);
	end_line(&watch);
	status = result == STORE_OK ? tell_end(&watch) : id_refuse(ctl, word, result);
	buf_free(&watch.text);
	buf_free(&watch.object);
	free(tenant);
	return status;
}
