/* The table of commands: words and functions. */
#ifndef RESPOOL_COMMANDS_H
#define RESPOOL_COMMANDS_H

#include "common/base/buf.h"
#include "arguments.h"
#include "ctl.h"

/* Does what the command line asks for. Returns what the program ends with. */
typedef int command_fn(struct ctl *ctl);

enum command_needs {
	NEEDS_NOTHING,
	NEEDS_CONFIG,
	NEEDS_STORE, /* the configuration, and the Redis that it names */
};

struct command {
	const char *name;
	const char *words;   /* what follows it, as usage shows it; or "" */
	const char *summary; /* in a line */
	const char *details; /* lines of help, or "" */
	unsigned options;    /* a bit for each that it takes */
	int least_words, most_words;
	enum command_needs needs;
	command_fn *run;
};

enum { ANY_NUMBER = 1 << 20 };

/* The command of that name, or NULL. */
const struct command *command_find(const char *name);
/* All of them, in the order in which help shows them; NULL behind the last. */
const struct command *command_at(int index);

/* Appends the help of one command, or with NULL that of the program. */
void command_help(struct buf *out, const struct command *command);
/* Appends "a, b, …, z". */
void command_names(struct buf *out);

/* Each in the file of its name. */
command_fn status_run, list_run, show_run, watch_run, cancel_run, retry_run, pause_run, resume_run,
    usage_run, workers_run, drain_run, webhooks_run, key_run, check_run, help_run;

#endif
