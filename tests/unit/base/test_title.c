#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/title.h"

static struct {
	char **arguments; /* as title_init() has given them back */
	const char *name; /* the program's, from before */
	const char *path; /* the variable PATH, from before */
} known;

static void expect_title(const char *title)
{
	char text[4096] = "";
	FILE *file = fopen("/proc/self/cmdline", "r");
	size_t len;

	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	assert_true(len >= strlen(title));
	assert_string_equal(text, title);
	/* Nothing of what was there before is left behind it. */
	for (size_t i = strlen(title); i < len; i++)
		assert_int_equal(text[i], '\0');
}

/* It answers for the kernel what the command line is, from what it was at first. */
static bool is_in_valgrind(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

static void a_title_takes_the_place_of_the_command_line(void **state)
{
	(void)state;
	if (is_in_valgrind())
		skip();
	title_set("respool", "a role");
	expect_title("respool: a role");
	title_set("respool", "b");
	expect_title("respool: b");
}

static void arguments_and_environment_stay_what_they_were(void **state)
{
	(void)state;
	title_set("respool", "a role whose name is longer than that of the program itself");
	assert_string_equal(known.arguments[0], known.name);
	assert_null(known.arguments[1]);
	assert_string_equal(getenv("PATH"), known.path);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_title_takes_the_place_of_the_command_line),
	    cmocka_unit_test(arguments_and_environment_stay_what_they_were),
	};
	char *name = strdup(argv[0]), *path = strdup(getenv("PATH"));
	int failures;

	known.name = name;
	known.path = path;
	known.arguments = title_init(argc, argv);
	failures = cmocka_run_group_tests(tests, NULL, NULL);
	free(name);
	free(path);
	return failures;
}
