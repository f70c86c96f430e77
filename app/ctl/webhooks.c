#include <string.h>

#include "commands.h"
#include "webhooks_list.h"
#include "webhooks_retry.h"
#include "webhooks_test.h"

/* A command of webhooks': words and functions. */
struct subcommand {
	const char *name;
	const char *words; /* what follows it; or "" */
	unsigned options;  /* a bit for each that it takes, beside those of all commands */
	int least_words, most_words;
	command_fn *run; /* the subcommand's words are behind the first one of ctl's */
};

static int list_run_webhooks(struct ctl *ctl)
{
	return ctl_with_store(ctl, webhooks_list);
}

static int retry_run_webhooks(struct ctl *ctl)
{
	return ctl_with_store(ctl, webhooks_retry);
}

static int test_run(struct ctl *ctl)
{
	return webhooks_test(ctl, ctl->arguments->words[1]);
}

static const struct subcommand subcommands[] = {
    {"list", "", OPTION_BIT(OPTION_LIMIT), 0, 0, list_run_webhooks},
    {"retry", "ID... or --since", OPTION_BIT(OPTION_SINCE), 0, ANY_NUMBER, retry_run_webhooks},
    {"test", "URL-or-NAME", 0, 1, 1, test_run},
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

/* Whether the subcommand takes all that is given. */
static bool check_options(const struct ctl *ctl, const struct subcommand *subcommand)
{
	struct buf name = {0}, problem = {0};
	bool ok;

	buf_printf(&name, "webhooks %s", subcommand->name);
	ok = arguments_are_among(ctl->arguments, subcommand->options, buf_cstr(&name), &problem);
	if (!ok)
		ctl_refuse("%s", buf_cstr(&problem));
	buf_free(&problem);
	buf_free(&name);
	return ok;
}

int webhooks_run(struct ctl *ctl)
{
	const struct arguments *arguments = ctl->arguments;
	const char *name = arguments->word_count > 0 ? arguments->words[0] : "list";
	const struct subcommand *subcommand = find(name);
	const int count = arguments->word_count > 0 ? arguments->word_count - 1 : 0;

	if (subcommand == NULL)
		return misuse(name);
	if (!check_options(ctl, subcommand))
		return CTL_USAGE;
	if (count < subcommand->least_words || count > subcommand->most_words) {
		ctl_refuse("webhooks %s: expected %s behind it", subcommand->name,
		    subcommand->words[0] != '\0' ? subcommand->words : "nothing");
		return CTL_USAGE;
	}
	return subcommand->run(ctl);
}
