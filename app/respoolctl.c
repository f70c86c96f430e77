/* respoolctl: the operators' console. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/ctl/commands.h"
#include "app/ctl/ctl.h"
#include "common/base/hardening.h"
#include "common/base/log.h"

static void ignore_line(void *ctx, const char *level, const char *text)
{
	(void)ctx;
	(void)level;
	(void)text;
}

/* Its warnings are told by the programs that serve, and by check. */
static struct config *load_quietly(const char *path)
{
	struct config *config;

	log_divert(ignore_line, NULL);
	config = config_load(path, CONFIG_OPERATOR, stderr);
	log_divert(NULL, NULL);
	return config;
}

static int run_with_config(struct ctl *ctl)
{
	const struct command *command = ctl->arguments->command;
	int status;

	ctl->config = load_quietly(ctl->config_path);
	if (ctl->config == NULL)
		return CTL_REFUSED;
	if (command->needs == NEEDS_STORE)
		status = ctl_with_store(ctl, command->run);
	else
		status = command->run(ctl);
	config_free(ctl->config);
	return status;
}

static int run(const struct arguments *arguments)
{
	struct ctl ctl = {.arguments = arguments, .config_path = config_path(arguments->config)};

	if (arguments->command->needs == NEEDS_NOTHING)
		return arguments->command->run(&ctl);
	return run_with_config(&ctl);
}

static int print_help(const struct command *command)
{
	struct buf text = {0};

	command_help(&text, command);
	fputs(buf_cstr(&text), stdout);
	buf_free(&text);
	return CTL_DONE;
}

static int dispatch(int argc, char **argv)
{
	struct arguments arguments;
	struct buf problem = {0};
	int status;

	if (!arguments_read(&arguments, argc, argv, &problem)) {
		ctl_refuse("%s", buf_cstr(&problem));
		status = CTL_USAGE;
	} else if (arguments.version) {
		puts("respoolctl " PACKAGE_VERSION);
		status = CTL_DONE;
	} else if (arguments.help) {
		status = print_help(arguments.command);
	} else {
		status = run(&arguments);
	}
	buf_free(&problem);
	return status;
}

/* Who reads no further, as head(1) does, has had enough. */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (errno != EPIPE)
		ctl_refuse("stdout: %m");
	return CTL_REFUSED;
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	log_open("respoolctl");
	harden_process();
	signal(SIGPIPE, SIG_IGN);
	return finish(dispatch(argc, argv));
}
