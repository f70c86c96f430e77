/* The command line, read by the tables of commands and of their options. */
#ifndef RESPOOL_ARGUMENTS_H
#define RESPOOL_ARGUMENTS_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/operator/usage_query.h"
#include "common/store/operate.h"

struct command;

/* Those that only some commands take: commands.h says which. */
enum ctl_option {
	OPTION_STATUS,
	OPTION_TENANT,
	OPTION_MODEL,
	OPTION_OLDER_THAN,
	OPTION_LIMIT,
	OPTION_AFTER,
	OPTION_YES,
	OPTION_END,
	OPTION_SINCE,
	OPTION_SINCE_WHEN, /* what a command that takes this one understands by --since */
	OPTION_BY,
	OPTION_COUNT
};

#define OPTION_BIT(option) (1u << (option))

/* The option with its value, as usage shows it, and what it does. */
const char *option_usage(enum ctl_option option);
const char *option_help(enum ctl_option option);

struct arguments {
	const char *config; /* -c, or NULL */
	bool json;
	bool help;                     /* of the command, or of all if there is none */
	bool version;                  /* nothing else counts */
	const struct command *command; /* NULL with help or version */
	unsigned given;                /* bits of the options that are there */
	struct store_query query;      /* what they say; limit is STORE_LIST_DEFAULT by default */
	const char *since_text;        /* what --since says, or NULL */
	long since;                    /* likewise: s ago */
	struct usage_query usage;      /* what options say of use; the last 30 days by default */
	char **words;                  /* what follows the command and is no option */
	int word_count;
};

/*
 * Reads the command line; what is read points into argv, whose order may change. False if it is not
 * as it should be: problem, which is appended to, says in a line what was wrong and what is
 * expected.
 */
bool arguments_read(struct arguments *arguments, int argc, char **argv, struct buf *problem);

/*
 * Whether no options but these, as bits, were given. If not, problem says so of what has that name.
 */
bool arguments_are_among(
    const struct arguments *arguments, unsigned options, const char *name, struct buf *problem);

#endif
