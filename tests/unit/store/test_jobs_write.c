#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "common/response/event_log.h"
#include "common/response/fold.h"
#include "common/store/jobs_internal.h"
#include "common/store/write_batch.h"

static const char id[] = "litellm_poll_01234567-89ab-4cde-8f01-23456789abcd";

/* What was sent last: the arguments, each with a line end behind it; and who is to be answered. */
static struct buf sent;
static int calls;
static bool is_cluster, is_up = true, is_broken;
static redisCallbackFn *answer;
static void *privdata_of_answer;

bool redis_client_is_cluster(const struct redis_client *client)
{
	(void)client;
	return is_cluster;
}

bool redis_client_is_up(const struct redis_client *client)
{
	(void)client;
	return is_up;
}

/* "*2\r\n$1\r\na\r\n…" */
static void take_apart(struct span command)
{
	const char *p = strchr(command.p, '\n') + 1, *end = command.p + command.len;

	buf_clear(&sent);
	while (p < end) {
		size_t len = (size_t)strtoul(p + 1, NULL, 10);

		p = strchr(p, '\n') + 1;
		buf_append(&sent, p, len);
		buf_putc(&sent, '\n');
		p += len + 2;
	}
}

bool redis_client_send(struct redis_client *client, const char *key, struct span command,
    redisCallbackFn *fn, void *privdata)
{
	(void)client;
	(void)key;
	if (!is_up || is_broken)
		return false;
	calls++;
	take_apart(command);
	answer = fn;
	privdata_of_answer = privdata;
	return true;
}

bool redis_client_failed(struct redis_client *client, const redisReply *reply, const char *doing)
{
	(void)client;
	(void)doing;
	return reply == NULL || reply->type == REDIS_REPLY_ERROR;
}

struct written {
	struct event_base *base;
	struct config config;
	struct jobs jobs;
	struct fold fold;
	struct response_write write;
	enum write_result result;
	int done;
};

static void on_done(void *ctx, enum write_result result)
{
	struct written *written = ctx;

	written->result = result;
	written->done++;
}

static void open_written(struct written *written)
{
	struct span fields[RESPONSE_FIELD_COUNT] = {{0}};
	struct buf object = {0};

	*written = (struct written){.write.jobs = &written->jobs};
	written->write.done = on_done;
	written->write.ctx = written;
	written->write.renewed_at = INT64_MAX / 2;
	written->config.polling.ttl = 3600;
	written->base = event_base_new();
	written->jobs.config = &written->config;
	written->jobs.writes = write_batch_new(written->base, NULL);
	key_space_init(&written->jobs.space, NULL);
	response_initial(&object, id, 1700000000, fields);
	assert_true(fold_open(&written->fold, buf_span(&object)));
	buf_free(&object);
	document_mark_stored(&written->fold.doc);
	calls = 0;
	is_up = true;
	is_cluster = false;
	is_broken = false;
}

static void close_written(struct written *written)
{
	write_batch_free(written->jobs.writes);
	event_base_free(written->base);
	fold_close(&written->fold);
	response_write_free(&written->write);
	buf_free(&sent);
}

static void answer_with(redisReply *reply)
{
	answer(NULL, reply, privdata_of_answer);
}

static void turn_loop(struct written *written)
{
	assert_int_not_equal(event_base_loop(written->base, EVLOOP_NONBLOCK), -1);
}

static void add_event(struct event_log *log, const char *text)
{
	buf_puts(event_log_room(log), text);
	event_log_added(log);
}

static void assert_sent(const struct buf *expected)
{
	assert_int_equal(calls, 1);
	assert_string_equal(buf_cstr(&sent), expected->data);
}

/* All writes are renewed when they end. */
static void what_is_not_streamed_costs_nothing_more(void **state)
{
	struct written written;
	struct buf expected = {0};
	struct response_keys keys;

	(void)state;
	open_written(&written);
	response_keys(&keys, &written.jobs.space, id);
	buf_printf(&expected, "EVALSHA\n%s\n1\n%s\n1\n1 re %zu 7 0\ncompleted 0 - a\n",
	    script_sha(SCRIPT_FLUSH), keys.job, written.fold.doc.stored_len);
	assert_true(
	    response_flush(&written.write, id, 7, &written.fold, NULL, STATUS_COMPLETED, "a"));
	assert_int_equal(calls, 0);
	turn_loop(&written);
	assert_sent(&expected);
	answer_with(NULL);
	assert_int_equal(written.result, WRITE_UNKNOWN);
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
	buf_printf(&expected, "EVALSHA\n%s\n1\n%s\n1\n3 rev %zu 7 0\nfailed 0 -\n4\n%s\n",
	    script_sha(SCRIPT_FLUSH), keys.job, written.fold.doc.stored_len,
	    "event: a\n\nevent: b\n\n");
	assert_true(
	    response_flush(&written.write, id, 7, &written.fold, &log, STATUS_FAILED, NULL));
	turn_loop(&written);
	assert_sent(&expected);
	assert_int_equal(event_log_count(&log), 2);
	answer_with(NULL);
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
	buf_printf(&expected, "EVALSHA\n%s\n1\n%s\n1\n2 rv %zu 7 0\n12\n\n",
	    script_sha(SCRIPT_FLUSH), keys.job, written.fold.doc.stored_len);
	assert_true(response_flush(&written.write, id, 7, &written.fold, &log, STATUS_COUNT, NULL));
	turn_loop(&written);
	assert_sent(&expected);
	answer_with(NULL);
	event_log_close(&log);
	buf_free(&expected);
	close_written(&written);
}

static void what_was_renewed_a_moment_ago_is_not_renewed(void **state)
{
	struct written written;
	struct event_log log = {0};
	struct response_keys keys;
	struct buf expected = {0};

	(void)state;
	open_written(&written);
	event_log_open(&log, 1, 0);
	add_event(&log, "event: a\n\n");
	response_keys(&keys, &written.jobs.space, id);
	buf_printf(&expected, "EVALSHA\n%s\n1\n%s\n1\n2 v %zu 7 0\n1\nevent: a\n\n\n",
	    script_sha(SCRIPT_FLUSH), keys.job, written.fold.doc.stored_len);
	assert_true(response_flush(&written.write, id, 7, &written.fold, &log, STATUS_COUNT, NULL));
	turn_loop(&written);
	assert_sent(&expected);
	answer_with(NULL);
	event_log_close(&log);
	buf_free(&expected);
	close_written(&written);
}

static void writes_of_one_turn_go_together_and_each_gets_its_own_answer(void **state)
{
	redisReply done = {.type = REDIS_REPLY_INTEGER, .integer = 1};
	redisReply error = {.type = REDIS_REPLY_ERROR, .str = (char[]){"ERR"}};
	redisReply lost = {.type = REDIS_REPLY_INTEGER, .integer = 4};
	redisReply gone = {.type = REDIS_REPLY_INTEGER, .integer = 5};
	redisReply *elements[] = {&done, &error, &lost, &gone};
	redisReply all = {.type = REDIS_REPLY_ARRAY, .elements = 4, .element = elements};
	struct written written;
	struct response_write others[3];
	struct written results[3] = {{0}};

	(void)state;
	open_written(&written);
	assert_true(response_flush(&written.write, id, 7, &written.fold, NULL, STATUS_COUNT, NULL));
	for (int i = 0; i < 3; i++) {
		others[i] = (struct response_write){
		    .jobs = &written.jobs, .done = on_done, .ctx = &results[i]};
		assert_true(
		    response_flush(&others[i], id, 8, &written.fold, NULL, STATUS_COUNT, NULL));
	}
	turn_loop(&written);
	assert_int_equal(calls, 1);
	answer_with(&all);
	assert_int_equal(written.result, WRITE_DONE);
	assert_int_equal(results[0].result, WRITE_UNKNOWN);
	assert_int_equal(results[1].result, WRITE_LOST);
	assert_int_equal(results[2].result, WRITE_GONE);
	assert_int_equal(written.done + results[0].done + results[1].done + results[2].done, 4);
	for (int i = 0; i < 3; i++)
		response_write_free(&others[i]);
	close_written(&written);
}

/*
 * In a Cluster: writes, and expects a call of its own with the keys, that of the request only if
 * that is kept; with how many arguments and flags the write begins, and what follows.
 */
static void expect_alone(struct written *written, enum response_status terminal,
    const char *deployment, bool keeps_request, const char *begins, const char *rest)
{
	struct response_keys keys;
	struct buf expected = {0};

	response_keys(&keys, &written->jobs.space, id);
	buf_printf(&expected, "EVALSHA\n%s\n%d\n%s\n%s\n%s%s1\n%s %zu 7 0\n%s",
	    script_sha(SCRIPT_FLUSH), keeps_request ? 3 : 2, keys.job, keys.response,
	    keeps_request ? keys.request : "", keeps_request ? "\n" : "", begins,
	    written->fold.doc.stored_len, rest);
	calls = 0;
	assert_true(
	    response_flush(&written->write, id, 7, &written->fold, NULL, terminal, deployment));
	assert_sent(&expected);
	answer_with(NULL);
	buf_free(&expected);
}

static void in_a_cluster_a_write_goes_alone_and_names_all_its_keys(void **state)
{
	struct written written;

	(void)state;
	open_written(&written);
	is_cluster = true;
	expect_alone(&written, STATUS_COUNT, NULL, false, "0 r", "");
	close_written(&written);
}

static void the_request_of_what_has_failed_is_kept_if_it_is_to_be(void **state)
{
	struct written written;

	(void)state;
	open_written(&written);
	is_cluster = true;
	written.config.failed_request_ttl = 600;
	expect_alone(&written, STATUS_FAILED, "a", true, "1 re", "failed 600 - a\n");
	expect_alone(&written, STATUS_COMPLETED, NULL, false, "1 re", "completed 0 -\n");
	written.write.use = "10,5,0.25";
	expect_alone(&written, STATUS_COMPLETED, "a", false, "1 re", "completed 0 10,5,0.25 a\n");
	close_written(&written);
}

static void the_deployment_that_answers_is_told_once(void **state)
{
	struct written written;

	(void)state;
	open_written(&written);
	is_cluster = true;
	expect_alone(&written, STATUS_COUNT, "a", false, "1 rd", "a\n");
	expect_alone(&written, STATUS_COUNT, "a", false, "0 r", "");
	close_written(&written);
}

static void nothing_is_taken_while_redis_is_away(void **state)
{
	struct written written;

	(void)state;
	open_written(&written);
	is_up = false;
	assert_false(
	    response_flush(&written.write, id, 7, &written.fold, NULL, STATUS_COUNT, NULL));
	is_cluster = true;
	assert_false(
	    response_flush(&written.write, id, 7, &written.fold, NULL, STATUS_COUNT, NULL));
	assert_int_equal(written.done, 0);
	close_written(&written);
}

static void what_cannot_be_sent_any_more_is_unknown(void **state)
{
	struct written written;

	(void)state;
	open_written(&written);
	assert_true(response_flush(&written.write, id, 7, &written.fold, NULL, STATUS_COUNT, NULL));
	is_up = false;
	turn_loop(&written);
	assert_int_equal(written.done, 1);
	assert_int_equal(written.result, WRITE_UNKNOWN);
	close_written(&written);
}

/* The last one makes the call full. Its caller must not be told in two ways. */
static void a_full_call_that_cannot_be_sent_is_refused_to_the_last_and_told_to_the_others(
    void **state)
{
	enum { WRITES = 64 };
	struct written written, results[WRITES] = {{0}};
	struct response_write writes[WRITES];

	(void)state;
	open_written(&written);
	is_broken = true;
	for (int i = 0; i < WRITES; i++) {
		writes[i] = (struct response_write){
		    .jobs = &written.jobs, .done = on_done, .ctx = &results[i]};
		assert_int_equal(
		    response_flush(&writes[i], id, 7, &written.fold, NULL, STATUS_COUNT, NULL),
		    i < WRITES - 1);
	}
	for (int i = 0; i < WRITES; i++) {
		assert_int_equal(results[i].done, i < WRITES - 1);
		if (i < WRITES - 1)
			assert_int_equal(results[i].result, WRITE_UNKNOWN);
		response_write_free(&writes[i]);
	}
	close_written(&written);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_not_streamed_costs_nothing_more),
	    cmocka_unit_test(events_that_wait_follow_everything_else),
	    cmocka_unit_test(a_streamed_response_without_new_events_shows_how_many_there_are),
	    cmocka_unit_test(what_was_renewed_a_moment_ago_is_not_renewed),
	    cmocka_unit_test(writes_of_one_turn_go_together_and_each_gets_its_own_answer),
	    cmocka_unit_test(in_a_cluster_a_write_goes_alone_and_names_all_its_keys),
	    cmocka_unit_test(the_request_of_what_has_failed_is_kept_if_it_is_to_be),
	    cmocka_unit_test(the_deployment_that_answers_is_told_once),
	    cmocka_unit_test(nothing_is_taken_while_redis_is_away),
	    cmocka_unit_test(what_cannot_be_sent_any_more_is_unknown),
	    cmocka_unit_test(
		a_full_call_that_cannot_be_sent_is_refused_to_the_last_and_told_to_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
