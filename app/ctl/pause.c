#include <stdio.h>
#include <string.h>

#include "common/config/model.h"
#include "common/operator/operator_json.h"
#include "commands.h"

/* The model that the command line names, or NULL for all. */
static const char *model_of(const struct ctl *ctl)
{
	const char *word = ctl->arguments->word_count > 0 ? ctl->arguments->words[0] : NULL;

	return word == NULL || strcmp(word, "*") == 0 ? NULL : word;
}

static void print_json(const struct store_snapshot *snapshot)
{
	struct buf text = {0};

	operator_paused_json(&text, snapshot);
	ctl_print(buf_span(&text));
	buf_free(&text);
}

static bool all_is_paused(const struct store_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->paused_count; i++) {
		if (strcmp(snapshot->paused[i], "*") == 0)
			return true;
	}
	return false;
}

static void print_line(const struct store_snapshot *snapshot, const char *model, const char *what)
{
	printf("%s %s, %lld queued\n", model != NULL ? model : "all", what, snapshot->queued);
	if (model != NULL && strcmp(what, "resumed") == 0 && all_is_paused(snapshot))
		ctl_note("%s: it waits still, as all is paused", model);
}

/* Shows what is paused now. */
static int tell(struct ctl *ctl, const char *model, const char *what)
{
	struct store_snapshot snapshot;

	if (store_snapshot(ctl->store, false, &snapshot) != STORE_OK)
		return ctl_unavailable(ctl);
	if (ctl->arguments->json)
		print_json(&snapshot);
	else
		print_line(&snapshot, model, what);
	store_snapshot_free(&snapshot);
	return CTL_DONE;
}

int pause_run(struct ctl *ctl)
{
	const char *model = model_of(ctl);
	bool paused;

	if (model != NULL && !model_is_served(ctl->config, model))
		return ctl_refuse(
		    "pause: %s: no such model, expected one that model_list has", model);
	if (store_pause(ctl->store, model, &paused) != STORE_OK)
		return ctl_unavailable(ctl);
	return tell(ctl, model, paused ? "paused" : "paused already");
}

int resume_run(struct ctl *ctl)
{
	const char *model = model_of(ctl);
	bool resumed;

	if (store_resume(ctl->store, model, &resumed) != STORE_OK)
		return ctl_unavailable(ctl);
	if (!resumed)
		return ctl_refuse(
		    "resume: %s is not paused; see status", model != NULL ? model : "all");
	return tell(ctl, model, "resumed");
}
