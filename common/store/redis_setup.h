/* The commands with which every connection to Redis begins. */
#ifndef RESPOOL_REDIS_SETUP_H
#define RESPOOL_REDIS_SETUP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/config/redis_config.h"
#include "redis_args.h"
#include "scripts.h"

struct redis_setup {
	const struct redis_config *config;
	const char *name; /* by which CLIENT LIST shows the connection: no blanks */
	bool sentinel;    /* it is to one: with its login, and without a database or scripts */
	const enum script *scripts; /* to load */
	size_t script_count;
};

/*
 * The command that is step number 0, 1 … of the setup: it logs in, names the connection, chooses
 * the database and loads the scripts. args must be empty. False if there are no more steps.
 */
bool redis_setup_step(const struct redis_setup *setup, int step, struct redis_args *args);

/* For messages, without arguments: "AUTH", "SCRIPT LOAD". args is that of a step. */
const char *redis_setup_doing(const struct redis_args *args);

/* Whether the connection can be used although this step was refused: naming it is a courtesy. */
bool redis_setup_may_fail(const struct redis_args *args);

#endif
