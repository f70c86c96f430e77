#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/ctl/arguments.h"
#include "app/ctl/commands.h"

enum { MOST = 16 };

/* The words of a command line, apart by blanks. */
struct line {
	char text[256];
	char *argv[MOST + 1];
	int argc;
	struct arguments arguments;
	struct buf problem;
};

static bool read_line(struct line *line, const char *text)
{
	char *rest = NULL;

	*line = (struct line){.argc = 1, .argv = {(char *)"respoolctl"}};
	strcpy(line->text, text);
	for (char *word = strtok_r(line->text, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest))
		line->argv[line->argc++] = word;
	return arguments_read(&line->arguments, line->argc, line->argv, &line->problem);
}

static struct arguments *read_right(struct line *line, const char *text)
{
	assert_true(read_line(line, text));
	assert_int_equal(line->problem.len, 0);
	return &line->arguments;
}

static void assert_wrong(const char *text, const char *problem)
{
	struct line line;

	assert_false(read_line(&line, text));
	assert_string_equal(buf_cstr(&line.problem), problem);
	buf_free(&line.problem);
}

static void options_may_stand_anywhere(void **state)
{
	static const char *const lines[] = {
	    "-c f --json list --status failed --limit 5 --older-than=60 --tenant web --model a/b",
	    "list --limit=5 --json --model=a/b --tenant=web --older-than 60 -c f --status=failed",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct line line;
		const struct arguments *arguments = read_right(&line, lines[i]);

		assert_string_equal(arguments->command->name, "list");
		assert_string_equal(arguments->config, "f");
		assert_true(arguments->json);
		assert_string_equal(arguments->query.status, "failed");
		assert_string_equal(arguments->query.tenant, "web");
		assert_string_equal(arguments->query.model, "a/b");
		assert_int_equal(arguments->query.older_than, 60);
		assert_int_equal(arguments->query.limit, 5);
		assert_int_equal(arguments->word_count, 0);
	}
}

static void what_is_not_said_is_the_default(void **state)
{
	struct line line;
	const struct arguments *arguments = read_right(&line, "list");

	(void)state;
	assert_null(arguments->config);
	assert_false(arguments->json);
	assert_null(arguments->query.status);
	assert_int_equal(arguments->query.limit, STORE_LIST_DEFAULT);
	assert_int_equal(arguments->given, 0);
}

static void words_follow_the_command(void **state)
{
	struct line line;
	const struct arguments *arguments = read_right(&line, "cancel a --json b -- --yes");

	(void)state;
	assert_int_equal(arguments->word_count, 3);
	assert_string_equal(arguments->words[0], "a");
	assert_string_equal(arguments->words[2], "--yes");
	assert_int_equal(arguments->given, 0);
}

static void webhooks_are_chosen_by_ids_or_by_a_time(void **state)
{
	struct line line;
	const struct arguments *arguments = read_right(&line, "webhooks retry --since 60");

	(void)state;
	assert_int_equal(arguments->since, 60);
	assert_int_equal(arguments->word_count, 1);
	assert_int_equal(read_right(&line, "webhooks")->word_count, 0);
	assert_int_equal(read_right(&line, "webhooks retry a b")->word_count, 3);
}

static void use_is_asked_for_by_a_day_or_an_age(void **state)
{
	struct line line;
	const struct arguments *arguments = read_right(&line, "usage");

	(void)state;
	assert_int_equal(arguments->usage.by, USAGE_BY_ALL);
	assert_int_equal(arguments->usage.now - arguments->usage.since, 30 * 86400);
	assert_null(arguments->usage.tenant);
	arguments = read_right(&line, "--since 2h usage --by model --tenant web --model gpt-5");
	assert_int_equal(arguments->usage.by, USAGE_BY_MODEL);
	assert_int_equal(arguments->usage.now - arguments->usage.since, 7200);
	assert_string_equal(arguments->usage.tenant, "web");
	assert_string_equal(arguments->usage.model, "gpt-5");
	arguments = read_right(&line, "usage --since 2001-09-09");
	assert_int_equal(arguments->usage.since, 999993600);
}

static void help_and_version_need_nothing_else(void **state)
{
	struct line line;

	(void)state;
	assert_true(read_right(&line, "-V")->version);
	assert_true(read_right(&line, "--help")->help);
	assert_null(line.arguments.command);
	assert_true(read_right(&line, "show -h")->help);
	assert_string_equal(line.arguments.command->name, "show");
}

static void what_is_wrong_is_named_with_what_is_expected(void **state)
{
	(void)state;
	assert_wrong("list --limit 0", "--limit: \"0\", expected a number from 1 to 1000");
	assert_wrong("list --limit 1001", "--limit: \"1001\", expected a number from 1 to 1000");
	assert_wrong(
	    "list --older-than -1", "--older-than: \"-1\", expected a number from 0 to 316224000");
	assert_wrong(
	    "list --older-than 3m", "--older-than: \"3m\", expected a number from 0 to 316224000");
	assert_wrong("list --status ended",
	    "--status: \"ended\", expected one of queued, in_progress, completed, incomplete, "
	    "failed, cancelled");
	assert_wrong("list --tenant", "--tenant: nothing behind it, expected a value");
	assert_wrong("status -c", "-c: nothing behind it, expected a value");
	assert_wrong(
	    "list --colour", "\"--colour\" is no option, expected those of respoolctl help");
	assert_wrong("list -xc", "\"-x\" is no option, expected those of respoolctl help");
	assert_wrong(
	    "--json=1 list", "\"--json=1\" is no option, expected those of respoolctl help");
	assert_wrong("status --limit 5", "status: it does not take --limit");
	assert_wrong("list --yes", "list: it does not take --yes");
	assert_wrong("status now", "status: unexpected argument \"now\"");
	assert_wrong("show", "show: nothing behind it, expected ID");
	assert_wrong("show a b", "show: unexpected argument \"b\"");
	assert_wrong(
	    "webhooks retry --since 0", "--since: \"0\", expected a number from 1 to 316224000");
	assert_wrong("list --since 5", "list: it does not take --since");
	assert_wrong("list --since 30d", "list: it does not take --since");
	assert_wrong("webhooks retry --since 30d",
	    "--since: \"30d\", expected a number from 1 to 316224000");
	assert_wrong("usage --since yesterday", "--since: \"yesterday\", expected a day, as "
						"2026-11-01, or how long ago, as 30d, 12h or "
						"3600 (seconds)");
	assert_wrong("usage --by week", "--by: \"week\", expected tenant, model or day");
	assert_wrong("usage --limit 5", "usage: it does not take --limit");
	assert_wrong("webhooks --by day", "webhooks: it does not take --by");
	assert_wrong("retry", "retry: nothing behind it, expected ID...");
}

static void a_word_that_is_no_command_is_told_those_that_are(void **state)
{
	(void)state;
	assert_wrong("lst",
	    "\"lst\" is no command, expected one of status, list, show, watch, cancel, retry, "
	    "pause, resume, usage, workers, drain, webhooks, key, check, help");
	assert_wrong("",
	    "no command, expected one of status, list, show, watch, cancel, retry, pause, resume, "
	    "usage, workers, drain, webhooks, key, check, help");
}

static void every_command_is_in_the_help(void **state)
{
	struct buf help = {0};

	(void)state;
	command_help(&help, NULL);
	for (int i = 0; command_at(i) != NULL; i++) {
		const struct command *command = command_at(i);
		struct buf own = {0};

		assert_ptr_equal(command_find(command->name), command);
		assert_non_null(strstr(buf_cstr(&help), command->summary));
		command_help(&own, command);
		assert_non_null(strstr(buf_cstr(&own), command->summary));
		for (int option = 0; option < OPTION_COUNT; option++)
			assert_int_equal(strstr(own.data, option_usage(option)) != NULL,
			    (command->options & OPTION_BIT(option)) != 0);
		buf_free(&own);
	}
	buf_free(&help);
}

/* No command is run here. */
#define NEVER_RUN(name)                                                                            \
	int name(struct ctl *ctl)                                                                  \
	{                                                                                          \
		(void)ctl;                                                                         \
		return CTL_REFUSED;                                                                \
	}
NEVER_RUN(status_run)
NEVER_RUN(list_run)
NEVER_RUN(show_run)
NEVER_RUN(watch_run)
NEVER_RUN(cancel_run)
NEVER_RUN(retry_run)
NEVER_RUN(pause_run)
NEVER_RUN(resume_run)
NEVER_RUN(usage_run)
NEVER_RUN(workers_run)
NEVER_RUN(drain_run)
NEVER_RUN(webhooks_run)
NEVER_RUN(key_run)
NEVER_RUN(check_run)
NEVER_RUN(help_run)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(options_may_stand_anywhere),
	    cmocka_unit_test(what_is_not_said_is_the_default),
	    cmocka_unit_test(words_follow_the_command),
	    cmocka_unit_test(webhooks_are_chosen_by_ids_or_by_a_time),
	    cmocka_unit_test(use_is_asked_for_by_a_day_or_an_age),
	    cmocka_unit_test(help_and_version_need_nothing_else),
	    cmocka_unit_test(what_is_wrong_is_named_with_what_is_expected),
	    cmocka_unit_test(a_word_that_is_no_command_is_told_those_that_are),
	    cmocka_unit_test(every_command_is_in_the_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
