#include <stdio.h>

#include "commands.h"

static int refuse(const char *word)
{
	struct buf names = {0};

	command_names(&names);
	ctl_refuse("help: \"%s\" is no command, expected one of %s", word, buf_cstr(&names));
	buf_free(&names);
	return CTL_USAGE;
}

int help_run(struct ctl *ctl)
{
	const struct arguments *arguments = ctl->arguments;
	const struct command *command = NULL;
	struct buf text = {0};

	if (arguments->word_count > 0) {
		command = command_find(arguments->words[0]);
		if (command == NULL)
			return refuse(arguments->words[0]);
	}
	command_help(&text, command);
	fwrite(text.data, 1, text.len, stdout);
	buf_free(&text);
	return CTL_DONE;
}
