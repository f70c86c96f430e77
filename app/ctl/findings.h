/* What is to be said about an installation: a word for programs, and a sentence for people. */
#ifndef RESPOOL_FINDINGS_H
#define RESPOOL_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/config/config.h"
#include "common/store/operate.h"

struct findings {
	struct finding {
		char *name, *text;
	} * list;
	size_t count;
};

void findings_add(struct findings *findings, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void findings_free(struct findings *findings);

/* Writes them to stdout: a line each, or as {"findings": [{"name": …, "text": …}…]}. */
void findings_print(const struct findings *findings, bool json);

/* What a configuration that has no errors lacks, and which of its keys end soon or have ended. */
void findings_of_config(struct findings *findings, const struct config *config, time_t now);

/* What is wrong with an installation at a moment; local_now is the time here, UNIX time in ms. */
void findings_of_snapshot(struct findings *findings, const struct config *config,
    const struct store_snapshot *snapshot, long long local_now);

/* What is wrong with webhooks. */
void findings_of_webhooks(
    struct findings *findings, const struct config *config, const struct store_webhooks *webhooks);

#endif
