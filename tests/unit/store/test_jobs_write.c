#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "common/response/event_log.h"
#include "common/response/fold.h"
#include "common/store/jobs_internal.h"
#include "common/store/redis_args.h"

static const char id[] = "litellm_poll_01234567-89ab-4cde-8f01-23456789abcd";

/* What was sent last: the arguments, each with a line end behind it. */
static struct buf sent;

bool redis_link_call(
    struct redis_link *link, struct redis_args *args, redisCallbackFn *fn, void *privdata)
{
	(void)link;
	(void)fn;
	(void)privdata;
	buf_clear(&sent);
	for (int i = 0; i < args->count; i++) {
		buf_append(&sent, args->values[i], args->lengths[i]);
		buf_putc(&sent, '\n');
	}
	return true;
}

bool redis_link_failed(struct redis_link *link, const redisReply *reply, const char *doing)
{
	(void)link;
	(void)doing;
	return reply == NULL;
}

struct written {
	struct jobs jobs;
	struct fold fold;
	struct response_write write;
};

static void open_written(struct written *written)
{
	struct span fields[RESPONSE_FIELD_COUNT] = {{0}};
	struct buf object = {0};

	*written = (struct written){.write.jobs = &written->jobs};
	key_space_init(&written->jobs.space, NULL);
	response_initial(&object, id, 1700000000, fields);
	assert_true(fold_open(&written->fold, buf_span(&object)));
	buf_free(&object);
	document_mark_stored(&written->fold.doc);
}

static void close_written(struct written *written)
{
	fold_close(&written->fold);
	response_write_free(&written->write);
	buf_free(&sent);
}

static void add_event(struct event_log *log, const char *text)
{
	buf_puts(event_log_room(log), text);
	event_log_added(log);
}

static void what_is_not_streamed_costs_nothing_more(void **state)
{
	struct written written;
	struct buf expected = {0};
	struct response_keys keys;

	(void)state;
	open_written(&written);
	response_keys(&keys, &written.jobs.space, id);
	buf_printf(&expected, "EVALSHA\n%s\n1\n%s\n7\n%zu 0\ncompleted a\n",
	    script_sha(SCRIPT_FLUSH), keys.job, written.fold.doc.stored_len);
	assert_true(
	    response_flush(&written.write, id, 7, &written.fold, NULL, STATUS_COMPLETED, "a"));
	assert_true(span_eq(buf_span(&sent), buf_span(&expected)));
	buf_free(&expected);
	close_written(&written);
}

static void events_that_wait_follow_everything_else(void **state)
{
	struct written written;
	struct event_log log = {0};
	struct buf expected = {0};
	struct response_keys keys;

	(void)state;
	open_written(&written);
	event_log_open(&log, 4, 0);
	add_event(&log, "event: a\n\n");
	add_event(&log, "event: b\n\n");
	buf_puts(event_log_room(&log), "half of one");
	response_keys(&keys, &written.jobs.space, id);
	buf_printf(&expected, "EVALSHA\n%s\n2\n%s\n%s\n7\n%zu 0\nfailed\n4\n%s\n",
	    script_sha(SCRIPT_FLUSH), keys.job, keys.events, written.fold.doc.stored_len,
	    "event: a\n\nevent: b\n\n");
	assert_true(
	    response_flush(&written.write, id, 7, &written.fold, &log, STATUS_FAILED, NULL));
	assert_true(span_eq(buf_span(&sent), buf_span(&expected)));
	assert_int_equal(event_log_count(&log), 2);
	event_log_close(&log);
	buf_free(&expected);
	close_written(&written);
}

static void a_streamed_response_without_new_events_shows_how_many_there_are(void **state)
{
	struct written written;
	struct event_log log = {0};
	struct buf expected = {0};
	struct response_keys keys;

	(void)state;
	open_written(&written);
	event_log_open(&log, 12, 0);
	response_keys(&keys, &written.jobs.space, id);
	buf_printf(&expected, "EVALSHA\n%s\n2\n%s\n%s\n7\n%zu 0\n12\n\n", script_sha(SCRIPT_FLUSH),
	    keys.job, keys.events, written.fold.doc.stored_len);
	assert_true(response_flush(&written.write, id, 7, &written.fold, &log, STATUS_COUNT, NULL));
	assert_true(span_eq(buf_span(&sent), buf_span(&expected)));
	event_log_close(&log);
	buf_free(&expected);
	close_written(&written);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_not_streamed_costs_nothing_more),
	    cmocka_unit_test(events_that_wait_follow_everything_else),
	    cmocka_unit_test(a_streamed_response_without_new_events_shows_how_many_there_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
