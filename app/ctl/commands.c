#include "commands.h"

#include <stdio.h>
#include <string.h>

enum {
	FILTERS = OPTION_BIT(OPTION_STATUS) | OPTION_BIT(OPTION_TENANT) | OPTION_BIT(OPTION_MODEL) |
		  OPTION_BIT(OPTION_OLDER_THAN),
};

static const struct command commands[] = {
    {"status", "", "show what waits and runs, and what is paused or rests", "", 0, 0, 0,
	NEEDS_STORE, status_run},
    {"list", "", "list responses, the latest first", "Lists those that fit all of the options.\n",
	FILTERS | OPTION_BIT(OPTION_LIMIT) | OPTION_BIT(OPTION_AFTER), 0, 0, NEEDS_STORE, list_run},
    {"show", "ID", "show all about one response", "", 0, 1, 1, NEEDS_STORE, show_run},
    {"watch", "ID", "show its text as it grows, to its end",
	"Ends with 0 if the response completes, else with 1.\n", 0, 1, 1, NEEDS_STORE, watch_run},
    {"cancel", "[ID...]", "cancel responses",
	"Without an ID, cancels those that wait or run and fit all of the options, of which there\n"
	"has to be one; it says how many they are and asks, or wants --yes where nobody types.\n",
	FILTERS | OPTION_BIT(OPTION_YES), 0, ANY_NUMBER, NEEDS_STORE, cancel_run},
    {"retry", "ID...", "ask again what failed responses were asked",
	"Prints the id of the new response. What was asked has to be kept: failed_request_ttl.\n",
	0, 1, ANY_NUMBER, NEEDS_STORE, retry_run},
    {"pause", "[MODEL]", "let the jobs of a model wait, or all",
	"What runs goes on; what is created waits as well. It stays so until it is resumed.\n", 0,
	0, 1, NEEDS_STORE, pause_run},
    {"resume", "[MODEL]", "end that", "", 0, 0, 1, NEEDS_STORE, resume_run},
    {"usage", "", "show what tenants have used of models",
	"Without --by, there is a line for each tenant, model and day (UTC). Without --since, the\n"
	"last 30 days are shown.\n",
	OPTION_BIT(OPTION_BY) | OPTION_BIT(OPTION_SINCE_WHEN) | OPTION_BIT(OPTION_TENANT) |
	    OPTION_BIT(OPTION_MODEL),
	0, 0, NEEDS_STORE, usage_run},
    {"workers", "", "list the workers", "", 0, 0, 0, NEEDS_STORE, workers_run},
    {"drain", "WORKER", "have a worker give its jobs to others and take none",
	"WORKER is its name, or a beginning that no other has.\n", OPTION_BIT(OPTION_END), 1, 1,
	NEEDS_STORE, drain_run},
    {"webhooks", "[ACTION]", "look after webhooks",
	"webhooks [list]\n"
	"  lists the endpoints, and what has not arrived, the last failures first\n"
	"webhooks retry ID...\n"
	"  sends again what has not arrived: ids of webhooks or of responses, or by --since\n"
	"webhooks test URL-or-NAME\n"
	"  sends a test event, from here, to an endpoint of the configuration; ends with 1 if "
	"that\n"
	"  does not take it\n",
	OPTION_BIT(OPTION_LIMIT) | OPTION_BIT(OPTION_SINCE), 0, ANY_NUMBER, NEEDS_CONFIG,
	webhooks_run},
    {"key", "NAME", "make a new key, and its lines for the configuration",
	"The key is shown once: only its hash is for the configuration.\n", 0, 1, 1, NEEDS_NOTHING,
	key_run},
    {"check", "", "look for what is wrong with the configuration, Redis and the workers",
	"Ends with 1 if there are findings.\n", 0, 0, 0, NEEDS_NOTHING, check_run},
    {"help", "[COMMAND]", "print this, or what a command takes", "", 0, 0, 1, NEEDS_NOTHING,
	help_run},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static const char head[] =
    "usage: respoolctl [-c FILE] [--json] COMMAND [ARGUMENT...]\n"
    "       respoolctl -V | -h\n"
    "\n"
    "Shows and steers background responses, as they are in Redis.\n"
    "\n"
    "  -c FILE  configuration (default: $RESPOOL_CONFIG, else " SYSCONFDIR "/respool/config.yaml)\n"
    "  --json   write JSON, for programs\n"
    "  -V       print the version and exit\n"
    "  -h       print this help, or that of a command, and exit\n"
    "\n"
    "commands:\n";

static const char tail[] =
    "\n"
    "Exit status: 0, 1 if nothing was found or it was refused, 2 for wrong usage.\n";

const struct command *command_find(const char *name)
{
	for (int i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

const struct command *command_at(int index)
{
	return index < COMMAND_COUNT ? &commands[index] : NULL;
}

void command_names(struct buf *out)
{
	for (int i = 0; i < COMMAND_COUNT; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", commands[i].name);
}

static void all_help(struct buf *out)
{
	buf_puts(out, head);
	for (int i = 0; i < COMMAND_COUNT; i++) {
		char usage[32];

		snprintf(usage, sizeof(usage), "%s %s", commands[i].name, commands[i].words);
		buf_printf(out, "  %-16s  %s\n", usage, commands[i].summary);
	}
	buf_puts(out, tail);
}

void command_help(struct buf *out, const struct command *command)
{
	if (command == NULL) {
		all_help(out);
		return;
	}
	buf_printf(out, "usage: respoolctl %s%s%s%s\n\n%s\n", command->name,
	    command->options != 0 ? " [OPTION...]" : "", command->words[0] != '\0' ? " " : "",
	    command->words, command->summary);
	buf_puts(out, command->details);
	if (command->options != 0)
		buf_putc(out, '\n');
	for (int i = 0; i < OPTION_COUNT; i++) {
		if ((command->options & OPTION_BIT(i)) != 0)
			buf_printf(out, "  %-22s  %s\n", option_usage(i), option_help(i));
	}
}
