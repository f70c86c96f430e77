#include <stdio.h>
#include <stdlib.h>

#include "common/base/json.h"
#include "common/response/foreign.h"
#include "common/store/cancel_any.h"
#include "commands.h"
#include "ids.h"
#include "matches.h"
#include "terminal.h"

/* What has become of a response that was to be cancelled. */
enum fate { CANCELLED, ENDED, NOT_FOUND, FATES };

static const char *const fate_names[FATES] = {"cancelled", "ended", "not_found"};

struct cancelling {
	struct ctl *ctl;
	bool quiet;            /* with many, each is not told */
	struct buf ids[FATES]; /* JSON strings, joined by commas */
	size_t counts[FATES];
};

static void note(struct cancelling *cancelling, const char *id, enum fate fate)
{
	struct buf *ids = &cancelling->ids[fate];

	if (ids->len > 0)
		buf_putc(ids, ',');
	json_quote(ids, span_of(id));
	cancelling->counts[fate]++;
}

static void tell(const struct cancelling *cancelling, const char *id, enum response_status status)
{
	if (cancelling->quiet || cancelling->ctl->arguments->json)
		return;
	if (status == STATUS_CANCELLED)
		printf("%s cancelled\n", id);
	else
		ctl_refuse("%s: it has ended already: %s", id, response_status_name(status));
}

/* The status that an object shows, whoever made it. */
static enum response_status status_of(struct span object)
{
	const struct span status = json_get(object, "status");

	return json_is_text(status) ? response_status_find(json_inside(status)) : STATUS_COUNT;
}

static enum store_result cancel_one(
    struct cancelling *cancelling, const char *id, const char *tenant)
{
	struct ctl *ctl = cancelling->ctl;
	struct buf scratch = {0};
	struct span object;
	enum response_status status;
	enum store_result result =
	    store_cancel_any(ctl->store, id, tenant, ctl->config->polling.ttl, &scratch, &object);

	if (result == STORE_OK) {
		status = status_of(object);
		note(cancelling, id, status == STATUS_CANCELLED ? CANCELLED : ENDED);
		tell(cancelling, id, status);
	}
	buf_free(&scratch);
	return result;
}

/* False if Redis cannot be asked. */
static bool cancel_word(struct cancelling *cancelling, const char *word)
{
	char id[RESPONSE_ID_MAX + 1];
	char *tenant;
	enum store_result result = id_find(cancelling->ctl, word, id, &tenant);

	if (result == STORE_OK)
		result = cancel_one(cancelling, id, tenant);
	free(tenant);
	if (result == STORE_OK)
		return true;
	id_refuse(cancelling->ctl, word, result);
	if (result == STORE_UNAVAILABLE)
		return false;
	note(cancelling, word, NOT_FOUND);
	return true;
}

static bool cancel_matches(struct cancelling *cancelling, const struct matches *matches)
{
	for (size_t i = 0; i < matches->count; i++) {
		const struct match *match = &matches->list[i];
		const enum store_result result = cancel_one(cancelling, match->id, match->tenant);

		if (result == STORE_UNAVAILABLE) {
			ctl_unavailable(cancelling->ctl);
			return false;
		}
		if (result != STORE_OK)
			note(cancelling, match->id, NOT_FOUND);
	}
	return true;
}

static void print_lists(struct cancelling *cancelling)
{
	struct buf text = {0};

	for (int i = 0; i < FATES; i++)
		buf_printf(&text, "%s\"%s\": [%s]", i > 0 ? ", " : "{", fate_names[i],
		    buf_cstr(&cancelling->ids[i]));
	buf_putc(&text, '}');
	ctl_print(buf_span(&text));
	buf_free(&text);
}

/* Tells what has been done, and frees it. */
static int finish(struct cancelling *cancelling, bool complete)
{
	const size_t *counts = cancelling->counts;

	if (cancelling->ctl->arguments->json)
		print_lists(cancelling);
	else if (cancelling->quiet)
		printf("%zu cancelled, %zu had ended\n", counts[CANCELLED],
		    counts[ENDED] + counts[NOT_FOUND]);
	for (int i = 0; i < FATES; i++)
		buf_free(&cancelling->ids[i]);
	if (cancelling->quiet)
		return complete ? CTL_DONE : CTL_REFUSED;
	return complete && counts[ENDED] + counts[NOT_FOUND] == 0 ? CTL_DONE : CTL_REFUSED;
}

static int cancel_words(struct ctl *ctl)
{
	const struct arguments *arguments = ctl->arguments;
	struct cancelling cancelling = {.ctl = ctl};
	bool complete = true;

	for (int i = 0; complete && i < arguments->word_count; i++)
		complete = cancel_word(&cancelling, arguments->words[i]);
	return finish(&cancelling, complete);
}

/* Says how many, and asks. */
static bool is_meant(const struct ctl *ctl, size_t count)
{
	char question[64];

	if ((ctl->arguments->given & OPTION_BIT(OPTION_YES)) != 0)
		return true;
	if (!terminal_is_typed()) {
		ctl_refuse(
		    "cancel: %zu responses are like that, and nobody types: expected --yes", count);
		return false;
	}
	snprintf(
	    question, sizeof(question), "Cancel %zu response%s?", count, count != 1 ? "s" : "");
	if (terminal_confirm(question))
		return true;
	ctl_refuse("cancel: nothing is cancelled");
	return false;
}

static int cancel_many(struct ctl *ctl)
{
	struct cancelling cancelling = {.ctl = ctl, .quiet = true};
	struct matches matches;
	int status = CTL_REFUSED;

	if (matches_find(ctl, &matches) != STORE_OK)
		ctl_unavailable(ctl);
	else if (matches.count == 0)
		ctl_refuse("cancel: no response that waits or runs is like that");
	else if (is_meant(ctl, matches.count))
		status = finish(&cancelling, cancel_matches(&cancelling, &matches));
	matches_free(&matches);
	return status;
}

static int refuse_usage(const char *problem)
{
	ctl_refuse("cancel: %s", problem);
	return CTL_USAGE;
}

int cancel_run(struct ctl *ctl)
{
	const struct arguments *arguments = ctl->arguments;
	const char *status = arguments->query.status;
	const bool filtered = (arguments->given & ~OPTION_BIT(OPTION_YES)) != 0;

	if (arguments->word_count > 0 && filtered)
		return refuse_usage("ids and options together, expected either");
	if (arguments->word_count == 0 && !filtered)
		return refuse_usage("nothing behind it, expected ids, or which ones by --status, "
				    "--tenant, --model or --older-than");
	if (status != NULL && response_status_is_terminal(response_status_find(span_of(status))))
		return refuse_usage(
		    "--status: what has ended stays as it is, expected queued or in_progress");
	return filtered ? cancel_many(ctl) : cancel_words(ctl);
}
