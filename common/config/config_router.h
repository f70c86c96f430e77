/*
 * What the configuration says about retries, rests and fallbacks: in router_settings, and as
 * LiteLLM has it, some of it in litellm_settings too.
 */
#ifndef RESPOOL_CONFIG_ROUTER_H
#define RESPOOL_CONFIG_ROUTER_H

#include "config_fallbacks.h"

/* What one of the sections says. */
struct router_draft {
	const char *section;
	int num_retries, allowed_fails;    /* -1 if not given, and so are the others */
	int max_parallel_requests;         /* of deployments; 0 if not given */
	double cooldown_time, retry_after; /* s */
	double timeout, stream_timeout;    /* s, of deployments; -1 if not given */
	const char *redis_key; /* that names a Redis, of the router alone; NULL if none does */
	size_t redis_line;
	struct fallback_list fallbacks[FALLBACK_KINDS];
	struct fallback_list defaults; /* default_fallbacks: none, or one for "*" */
	struct config *config;         /* where aliases go */
};

#define ROUTER_DRAFT_INIT(name)                                                                    \
	{                                                                                          \
		.section = (name), .num_retries = -1, .allowed_fails = -1, .cooldown_time = -1,    \
		.retry_after = -1, .timeout = -1, .stream_timeout = -1                             \
	}

/* The most that the keys of both sections may be. */
enum {
	MAX_RETRIES = 100,
	MAX_FAILS = 1000000,
	MAX_COOLDOWN = 7 * 24 * 3600, /* s */
	MAX_RETRY_AFTER = 3600,       /* s */
};

/* Reads router_settings, its aliases of models into config. Reports errors. */
void router_settings_read(
    const struct config_value *router_settings, struct router_draft *draft, struct config *config);

/*
 * Moves the drafts, of which nothing is left to free, to config; what an earlier one says wins.
 * Fallbacks that lead to models without deployments are named in the log. root is the file.
 */
void router_drafts_finish(const struct config_value *root, struct router_draft *drafts,
    size_t count, struct config *config);

#endif
