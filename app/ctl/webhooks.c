#include <string.h>

#include "commands.h"
#include "webhooks_test.h"

/* A command of webhooks': words and functions. */
struct subcommand {
	const char *name;
	const char *words; /* what follows it; or "" */
	int least_words, most_words;
	command_fn *run; /* the subcommand's words are behind the first one of ctl's */
};

static int test_run(struct ctl *ctl)
{
	return webhooks_test(ctl, ctl->arguments->words[1]);
}

static const struct subcommand subcommands[] = {
    {"test", "URL-or-NAME", 1, 1, test_run},
};

enum { SUBCOMMAND_COUNT = sizeof(subcommands) / sizeof(subcommands[0]) };

static const struct subcommand *find(const char *name)
{
	for (size_t i = 0; i < SUBCOMMAND_COUNT; i++) {
		if (strcmp(subcommands[i].name, name) == 0)
			return &subcommands[i];
	}
	return NULL;
}

static int misuse(const char *name)
{
	struct buf names = {0};

	for (size_t i = 0; i < SUBCOMMAND_COUNT; i++)
		buf_printf(&names, "%s%s", i > 0 ? ", " : "", subcommands[i].name);
	ctl_refuse("webhooks: \"%.60s\", expected one of %s", name, buf_cstr(&names));
	buf_free(&names);
	return CTL_USAGE;
}

int webhooks_run(struct ctl *ctl)
{
	const struct arguments *arguments = ctl->arguments;
	const struct subcommand *subcommand = find(arguments->words[0]);
	const int count = arguments->word_count - 1;

	if (subcommand == NULL)
		return misuse(arguments->words[0]);
	if (count < subcommand->least_words || count > subcommand->most_words) {
		ctl_refuse("webhooks %s: expected %s behind it", subcommand->name,
		    subcommand->words[0] != '\0' ? subcommand->words : "nothing");
		return CTL_USAGE;
	}
	return subcommand->run(ctl);
}
