#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <locale.h>

#include "app/ctl/table.h"

static const struct column columns[] = {
    {.title = "ID"},
    {.title = "AGE", .right = true},
    {.title = "TENANT", .free = true},
    {.title = "MODEL", .free = true},
};

static void assert_table(const char *const (*rows)[4], size_t count, size_t width, const char *text)
{
	struct table *table = table_new(columns, 4);
	char *written = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&written, &len);

	assert_non_null(out);
	for (size_t i = 0; i < count; i++)
		table_add(table, rows[i]);
	table_write(table, out, width);
	fclose(out);
	assert_string_equal(written, text);
	free(written);
	table_free(table);
}

static void cells_stand_below_each_other(void **state)
{
	static const char *const rows[][4] = {
	    {"resp_1", "3m12s", "web", "gpt-5"}, {"resp_22", "4s", NULL, ""}};

	(void)state;
	assert_table(rows, 2, 0,
	    "ID         AGE  TENANT  MODEL\n"
	    "resp_1   3m12s  web     gpt-5\n"
	    "resp_22     4s  -       -\n");
}

static void a_cell_is_as_wide_as_its_characters_are(void **state)
{
	static const char *const rows[][4] = {
	    {"a", "1s", "J\xc3\xbcrgen", "m"}, {"b", "1s", "\xe6\x97\xa5\xe6\x9c\xac", "m"}};

	(void)state;
	assert_table(rows, 2, 0,
	    "ID  AGE  TENANT  MODEL\n"
	    "a    1s  J\xc3\xbcrgen  m\n"
	    "b    1s  \xe6\x97\xa5\xe6\x9c\xac    m\n");
}

static void the_widest_free_column_is_cut_to_the_terminal(void **state)
{
	static const char *const rows[][4] = {
	    {"resp_1", "3m12s", "web", "anthropic/claude-sonnet"}, {"resp_2", "3m", "w", "m"}};

	(void)state;
	assert_table(rows, 2, 34,
	    "ID        AGE  TENANT  MODEL\n"
	    "resp_1  3m12s  web     anthropic/\xe2\x80\xa6\n"
	    "resp_2     3m  w       m\n");
}

static void what_may_not_be_cut_is_whole_on_the_narrowest_terminal(void **state)
{
	static const char *const rows[][4] = {
	    {"resp_1", "3m12s", "\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5", "abcdef"}};

	(void)state;
	assert_table(rows, 1, 1,
	    "ID        AGE  TEN\xe2\x80\xa6  MOD\xe2\x80\xa6\n"
	    "resp_1  3m12s  \xe6\x97\xa5\xe2\x80\xa6   abc\xe2\x80\xa6\n");
}

static void a_cell_cannot_drive_the_terminal_or_add_lines(void **state)
{
	static const char *const rows[][4] = {{"a\n", "\x1b[2J",
	    "\xc2\x9b"
	    "1m\xff",
	    "m"}};

	(void)state;
	assert_table(rows, 1, 0,
	    "ID   AGE  TENANT  MODEL\n"
	    "a\xe2\x90\x8a  \xe2\x90\x9b[2J  \xef\xbf\xbd"
	    "1m\xef\xbf\xbd    m\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cells_stand_below_each_other),
	    cmocka_unit_test(a_cell_is_as_wide_as_its_characters_are),
	    cmocka_unit_test(the_widest_free_column_is_cut_to_the_terminal),
	    cmocka_unit_test(what_may_not_be_cut_is_whole_on_the_narrowest_terminal),
	    cmocka_unit_test(a_cell_cannot_drive_the_terminal_or_add_lines),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
