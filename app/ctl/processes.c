#include "processes.h"

#include <string.h>

size_t workers_draining(const struct store_snapshot *snapshot)
{
	size_t count = 0;

	for (size_t i = 0; i < snapshot->worker_count; i++)
		count += snapshot->workers[i].draining && !snapshot->workers[i].lost;
	return count;
}

const struct store_process *worker_find(
    const struct store_snapshot *snapshot, const char *name, size_t *count)
{
	const struct store_process *found = NULL;

	*count = 0;
	for (size_t i = 0; name[0] != '\0' && i < snapshot->worker_count; i++) {
		const struct store_process *worker = &snapshot->workers[i];

		if (worker->lost || strncmp(worker->name, name, strlen(name)) != 0)
			continue;
		found = worker;
		++*count;
	}
	return *count == 1 ? found : NULL;
}
