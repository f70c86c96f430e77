#include <stdio.h>

#include "commands.h"
#include "processes.h"

static int drain(struct ctl *ctl, const struct store_process *worker, bool begins)
{
	switch (store_drain(ctl->store, worker->name, begins)) {
	case STORE_OK:
		break;
	case STORE_NOT_FOUND:
		return ctl_refuse("%s: it is not alive any more", worker->name);
	default:
		return ctl_unavailable(ctl);
	}
	if (ctl->arguments->json)
		printf("{\"worker\": \"%s\", \"draining\": %s}\n", worker->name,
		    begins ? "true" : "false");
	else if (begins)
		printf("%s drains, %d streams\n", worker->name, worker->streams);
	else
		printf("%s takes jobs again\n", worker->name);
	return CTL_DONE;
}

int drain_run(struct ctl *ctl)
{
	const struct arguments *arguments = ctl->arguments;
	const bool begins = (arguments->given & OPTION_BIT(OPTION_END)) == 0;
	const struct store_process *worker;
	struct store_snapshot snapshot;
	size_t count;
	int status;

	if (store_snapshot(ctl->store, false, &snapshot) != STORE_OK)
		return ctl_unavailable(ctl);
	worker = worker_find(&snapshot, arguments->words[0], &count);
	if (worker != NULL)
		status = drain(ctl, worker, begins);
	else if (count > 1)
		status =
		    ctl_refuse("drain: %s: %zu workers are called so, expected more of the name",
			arguments->words[0], count);
	else
		status = ctl_refuse("drain: %s: no worker that is alive is called so; see workers",
		    arguments->words[0]);
	store_snapshot_free(&snapshot);
	return status;
}
