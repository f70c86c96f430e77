#include "arguments.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/response/response.h"
#include "commands.h"

enum {
	LONGEST_AGE = 10 * 366 * 24 * 60 * 60, /* s */
	VALUE_JSON = 256,
	VALUE_HELP,
	VALUE_VERSION,
	VALUE_OPTIONS, /* and an enum ctl_option */
};

static const struct {
	const char *usage, *help;
} options[OPTION_COUNT] = {
    [OPTION_STATUS] = {"--status STATUS", "of that status only"},
    [OPTION_TENANT] = {"--tenant TENANT", "of that tenant only"},
    [OPTION_MODEL] = {"--model MODEL", "of that model only"},
    [OPTION_OLDER_THAN] = {"--older-than SECONDS", "created that long ago, or earlier"},
    [OPTION_LIMIT] = {"--limit N", "so many at most, 1 to 1000 (default 20)"},
    [OPTION_AFTER] = {"--after ID", "those that come behind that one in the list"},
    [OPTION_YES] = {"--yes", "do not ask"},
    [OPTION_END] = {"--end", "have it take jobs again"},
    [OPTION_SINCE] = {"--since SECONDS", "all of what has ended in the last so many seconds"},
    [OPTION_SINCE_WHEN] = {"--since WHEN", "from that day on, or so long ago: 2026-11-01, 30d"},
    [OPTION_BY] = {"--by tenant|model|day", "sum up by that"},
};

static const struct option long_options[] = {
    {"json", no_argument, NULL, VALUE_JSON},
    {"help", no_argument, NULL, VALUE_HELP},
    {"version", no_argument, NULL, VALUE_VERSION},
    {"status", required_argument, NULL, VALUE_OPTIONS + OPTION_STATUS},
    {"tenant", required_argument, NULL, VALUE_OPTIONS + OPTION_TENANT},
    {"model", required_argument, NULL, VALUE_OPTIONS + OPTION_MODEL},
    {"older-than", required_argument, NULL, VALUE_OPTIONS + OPTION_OLDER_THAN},
    {"limit", required_argument, NULL, VALUE_OPTIONS + OPTION_LIMIT},
    {"after", required_argument, NULL, VALUE_OPTIONS + OPTION_AFTER},
    {"yes", no_argument, NULL, VALUE_OPTIONS + OPTION_YES},
    {"end", no_argument, NULL, VALUE_OPTIONS + OPTION_END},
    {"since", required_argument, NULL, VALUE_OPTIONS + OPTION_SINCE},
    {"by", required_argument, NULL, VALUE_OPTIONS + OPTION_BY},
    {0},
};

const char *option_usage(enum ctl_option option)
{
	return options[option].usage;
}

const char *option_help(enum ctl_option option)
{
	return options[option].help;
}

static bool read_number(
    const char *name, const char *text, long least, long most, long *out, struct buf *problem)
{
	char *end;

	errno = 0;
	*out = strtol(text, &end, 10);
	if (strspn(text, "0123456789") > 0 && *end == '\0' && errno == 0 && *out >= least &&
	    *out <= most)
		return true;
	buf_printf(
	    problem, "%s: \"%.60s\", expected a number from %ld to %ld", name, text, least, most);
	return false;
}

static bool read_status(const char *text, struct buf *problem)
{
	if (response_status_find(span_of(text)) != STATUS_COUNT)
		return true;
	buf_printf(problem, "--status: \"%.60s\", expected one of ", text);
	for (int i = 0; i < STATUS_COUNT; i++)
		buf_printf(problem, "%s%s", i > 0 ? ", " : "", response_status_name(i));
	return false;
}

static bool read_by(enum usage_by *by, const char *text, struct buf *problem)
{
	if (usage_by_read(by, text))
		return true;
	buf_printf(problem, "--by: \"%.60s\", expected " USAGE_BY_EXPECTED, text);
	return false;
}

static bool read_option(
    struct arguments *arguments, enum ctl_option option, char *value, struct buf *problem)
{
	struct store_query *query = &arguments->query;
	long limit;

	arguments->given |= OPTION_BIT(option);
	switch (option) {
	case OPTION_STATUS:
		query->status = value;
		return read_status(value, problem);
	case OPTION_TENANT:
		query->tenant = arguments->usage.tenant = value;
		return true;
	case OPTION_MODEL:
		query->model = arguments->usage.model = value;
		return true;
	case OPTION_OLDER_THAN:
		return read_number(
		    "--older-than", value, 0, LONGEST_AGE, &query->older_than, problem);
	case OPTION_LIMIT:
		if (!read_number("--limit", value, 1, STORE_LIST_MOST, &limit, problem))
			return false;
		query->limit = (size_t)limit;
		return true;
	case OPTION_SINCE:
		arguments->since_text = value;
		return true;
	case OPTION_BY:
		return read_by(&arguments->usage.by, value, problem);
	case OPTION_AFTER:
		query->after = value;
		return true;
	default:
		return true;
	}
}

/* Of a short option only its letter is known. */
static bool refuse_option(const char *argument, struct buf *problem)
{
	const char letter[] = {'-', (char)optopt, '\0'};

	buf_printf(problem, "\"%.60s\" is no option, expected those of respoolctl help",
	    optopt > 0 && optopt < VALUE_JSON ? letter : argument);
	return false;
}

static bool take(struct arguments *arguments, int value, char *const *argv, struct buf *problem)
{
	switch (value) {
	case 'c':
		arguments->config = optarg;
		return true;
	case VALUE_JSON:
		arguments->json = true;
		return true;
	case 'h':
	case VALUE_HELP:
		arguments->help = true;
		return true;
	case 'V':
	case VALUE_VERSION:
		arguments->version = true;
		return true;
	case ':':
		buf_printf(problem, "%.60s: nothing behind it, expected a value", argv[optind - 1]);
		return false;
	case '?':
		return refuse_option(argv[optind - 1], problem);
	default:
		return read_option(
		    arguments, (enum ctl_option)(value - VALUE_OPTIONS), optarg, problem);
	}
}

static bool find_command(struct arguments *arguments, struct buf *problem)
{
	if (arguments->word_count > 0) {
		arguments->command = command_find(arguments->words[0]);
		if (arguments->command != NULL) {
			arguments->words++;
			arguments->word_count--;
			return true;
		}
		buf_printf(problem, "\"%.60s\" is no command", arguments->words[0]);
	} else if (arguments->help) {
		return true;
	} else {
		buf_puts(problem, "no command");
	}
	buf_puts(problem, ", expected one of ");
	command_names(problem);
	return false;
}

bool arguments_are_among(const struct arguments *arguments, unsigned options_taken,
    const char *name, struct buf *problem)
{
	const unsigned strange = arguments->given & ~options_taken;

	for (int i = 0; i < OPTION_COUNT; i++) {
		if ((strange & OPTION_BIT(i)) != 0) {
			buf_printf(problem, "%s: it does not take %.*s", name,
			    (int)strcspn(options[i].usage, " "), options[i].usage);
			return false;
		}
	}
	return true;
}

/* What it may say is known once the command is. */
static bool read_since(struct arguments *arguments, struct buf *problem)
{
	struct usage_query *usage = &arguments->usage;
	const unsigned taken = arguments->command->options;
	const char *text = arguments->since_text;

	if ((arguments->given & OPTION_BIT(OPTION_SINCE)) == 0)
		return true;
	if ((taken & OPTION_BIT(OPTION_SINCE)) != 0)
		return read_number("--since", text, 1, LONGEST_AGE, &arguments->since, problem);
	if ((taken & OPTION_BIT(OPTION_SINCE_WHEN)) == 0)
		return true; /* it is not among them, of which the caller tells */
	arguments->given ^= OPTION_BIT(OPTION_SINCE) | OPTION_BIT(OPTION_SINCE_WHEN);
	if (usage_since_read(&usage->since, text, usage->now))
		return true;
	buf_printf(problem, "--since: \"%.60s\", expected " USAGE_SINCE_EXPECTED, text);
	return false;
}

static bool check_words(const struct arguments *arguments, struct buf *problem)
{
	const struct command *command = arguments->command;

	if (arguments->word_count > command->most_words)
		buf_printf(problem, "%s: unexpected argument \"%.60s\"", command->name,
		    arguments->words[command->most_words]);
	else if (arguments->word_count < command->least_words)
		buf_printf(
		    problem, "%s: nothing behind it, expected %s", command->name, command->words);
	else
		return true;
	return false;
}

bool arguments_read(struct arguments *arguments, int argc, char **argv, struct buf *problem)
{
	const time_t now = time(NULL);
	int value;

	*arguments = (struct arguments){
	    .query.limit = STORE_LIST_DEFAULT,
	    .usage = {.now = now, .since = now - USAGE_DEFAULT_SECONDS},
	};
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while ((value = getopt_long(argc, argv, ":c:Vh", long_options, NULL)) != -1) {
		if (!take(arguments, value, argv, problem))
			return false;
	}
	arguments->words = argv + optind;
	arguments->word_count = argc - optind;
	if (arguments->version)
		return true;
	if (!find_command(arguments, problem))
		return false;
	if (arguments->help)
		return true;
	return read_since(arguments, problem) &&
	       arguments_are_among(
		   arguments, arguments->command->options, arguments->command->name, problem) &&
	       check_words(arguments, problem);
}
