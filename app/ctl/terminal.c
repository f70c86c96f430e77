#include "terminal.h"

#include <stdio.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LONGEST_LINE = 64 };

bool terminal_is_shown(void)
{
	return isatty(STDOUT_FILENO);
}

size_t terminal_width(void)
{
	struct winsize size = {0};

	if (!terminal_is_shown() || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}

bool terminal_is_typed(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool terminal_confirm(const char *question)
{
	char line[LONGEST_LINE];

	fprintf(stderr, "%s [y/N] ", question);
	if (fgets(line, sizeof(line), stdin) == NULL)
		return false;
	return strcasecmp(line, "y\n") == 0 || strcasecmp(line, "yes\n") == 0;
}
