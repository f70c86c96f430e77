#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "app/supervisor/stream_table.h"

enum { COUNT = 100 };

/* Stands for the one of stream.c. */
struct stream {
	char id[16];
	struct stream_table *table; /* that it leaves when it is visited */
	int visits;
};

const char *stream_id(const struct stream *stream)
{
	return stream->id;
}

static void fill(struct stream_table *table, struct stream streams[COUNT])
{
	for (int i = 0; i < COUNT; i++) {
		streams[i] = (struct stream){.table = table};
		snprintf(streams[i].id, sizeof(streams[i].id), "id-%d", i * 37 % COUNT);
		stream_table_add(table, &streams[i]);
	}
}

static void visit(struct stream *stream)
{
	stream->visits++;
}

static void visit_and_leave(struct stream *stream)
{
	stream->visits++;
	stream_table_remove(stream->table, stream);
}

static void assert_visited_once(const struct stream streams[COUNT])
{
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(streams[i].visits, 1);
}

static void an_empty_table_has_no_stream(void **state)
{
	struct stream_table table = {0};

	(void)state;
	assert_null(stream_table_find(&table, "id-1"));
	stream_table_each(&table, visit);
	assert_int_equal(table.count, 0);
	stream_table_close(&table);
}

static void a_stream_is_found_by_its_id_until_it_is_removed(void **state)
{
	struct stream_table table = {0};
	struct stream streams[COUNT];

	(void)state;
	fill(&table, streams);
	assert_int_equal(table.count, COUNT);
	for (int i = 0; i < COUNT; i++)
		assert_ptr_equal(stream_table_find(&table, streams[i].id), &streams[i]);
	for (int i = 0; i < COUNT; i += 2)
		stream_table_remove(&table, &streams[i]);
	assert_int_equal(table.count, COUNT / 2);
	for (int i = 0; i < COUNT; i++)
		assert_ptr_equal(stream_table_find(&table, streams[i].id),
		    i % 2 == 0 ? NULL : (void *)&streams[i]);
	stream_table_close(&table);
}

static void removing_a_stream_that_is_not_there_changes_nothing(void **state)
{
	struct stream_table table = {0};
	struct stream streams[COUNT];
	struct stream other = {.id = "id-other"};

	(void)state;
	fill(&table, streams);
	stream_table_remove(&table, &other);
	assert_int_equal(table.count, COUNT);
	stream_table_close(&table);
}

static void each_stream_is_visited_once(void **state)
{
	struct stream_table table = {0};
	struct stream streams[COUNT];

	(void)state;
	fill(&table, streams);
	stream_table_each(&table, visit);
	assert_visited_once(streams);
	stream_table_close(&table);
}

static void a_stream_may_leave_the_table_while_it_is_visited(void **state)
{
	struct stream_table table = {0};
	struct stream streams[COUNT];

	(void)state;
	fill(&table, streams);
	stream_table_each(&table, visit_and_leave);
	assert_visited_once(streams);
	assert_int_equal(table.count, 0);
	stream_table_close(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_table_has_no_stream),
	    cmocka_unit_test(a_stream_is_found_by_its_id_until_it_is_removed),
	    cmocka_unit_test(removing_a_stream_that_is_not_there_changes_nothing),
	    cmocka_unit_test(each_stream_is_visited_once),
	    cmocka_unit_test(a_stream_may_leave_the_table_while_it_is_visited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
