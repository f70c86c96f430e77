#include "title.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the kernel looks for the command line: the arguments and, behind them, the environment. */
static struct {
	char *begin;
	size_t size;
	char **arguments, **environment; /* copies of them */
} room;

/* NULL if there is no memory for it. */
static char **copy_list(char **texts)
{
	size_t count = 0;
	char **copy;

	while (texts[count] != NULL)
		count++;
	copy = calloc(count + 1, sizeof(copy[0]));
	for (size_t i = 0; copy != NULL && i < count; i++) {
		copy[i] = strdup(texts[i]);
		if (copy[i] == NULL)
			return NULL;
	}
	return copy;
}

/* The end of the texts that lie one behind the other from begin on. */
static char *end_of_row(char **texts, char *begin)
{
	for (size_t i = 0; texts[i] == begin; i++)
		begin += strlen(begin) + 1;
	return begin;
}

char **title_init(int argc, char **argv)
{
	char **variables = environ, **moved;
	char *end;

	room.arguments = copy_list(argv);
	if (argc < 1 || room.arguments == NULL)
		return argv;
	end = end_of_row(argv, argv[0]);
	moved = variables[0] == end ? copy_list(variables) : NULL;
	if (moved != NULL) {
		end = end_of_row(variables, end);
		environ = room.environment = moved;
	}
	room.begin = argv[0];
	room.size = (size_t)(end - room.begin);
	return room.arguments;
}

void title_set(const char *program, const char *role)
{
	if (room.size == 0)
		return;
	memset(room.begin, 0, room.size);
	snprintf(room.begin, room.size, "%s: %s", program, role);
}
