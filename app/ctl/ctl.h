/* What commands have in common: what they are given, how they end, and how they complain. */
#ifndef RESPOOL_CTL_H
#define RESPOOL_CTL_H

#include "common/base/buf.h"
#include "common/config/config.h"
#include "common/store/operate.h"
#include "arguments.h"

/* How the program ends: command_fn returns one of these. */
enum {
	CTL_DONE = 0,
	CTL_REFUSED = 1, /* or nothing was found, or something failed */
	CTL_USAGE = 2,
};

#define CTL_NO_REDIS                                                                               \
	"litellm_settings.cache and cache_params, or general_settings.coordination_redis, must "   \
	"name a Redis: the responses are there"

struct ctl {
	const struct arguments *arguments;
	const char *config_path;
	struct config *config; /* NULL for a command that needs none */
	struct store *store;   /* likewise */
};

/*
 * Opens the Redis that the configuration names, calls run, and closes it. CTL_REFUSED, and the
 * reason has been told, if it names none.
 */
int ctl_with_store(struct ctl *ctl, int (*run)(struct ctl *ctl));

/*
 * Says on stderr, in one line, what is wrong, with control characters harmless. Returns
 * CTL_REFUSED.
 */
int ctl_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* That Redis cannot be asked, and why. */
int ctl_unavailable(const struct ctl *ctl);
/* Says something that is no failure, likewise. */
void ctl_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Its name; "unknown" for STATUS_COUNT: another program, or another version, has others. */
const char *ctl_status_name(enum response_status status);

/* Writes a line to stdout. */
void ctl_print(struct span text);

#endif
