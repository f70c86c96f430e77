#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/store/redis_client.h"
#include "common/store/relay_admission.h"

enum { MOST_CALLS = 16, ARGUMENTS_SIZE = 256 };

/* In the place of Redis: what it has been asked, and not answered yet. */
struct call {
	redisCallbackFn *fn;
	void *privdata;
	char arguments[ARGUMENTS_SIZE]; /* "<script> <argument> …", without the keys */
};

static struct {
	bool up;
	struct call calls[MOST_CALLS];
	int made, answered;
} fake;

static struct {
	int count;
	bool knows;
	struct admission last;
} judged;

static struct event_base *base;
static struct key_space space;
static struct relay_admissions *admissions;
static struct use_sums uses;

static const struct key_limits limits = {.rpm = 5,
    .tpm = 100,
    .max_parallel = UNLIMITED,
    .max_queue = UNLIMITED,
    .weight = 1,
    .max_budget = UNLIMITED};
static const struct passed_through web = {"web", "gpt"};
static const struct settlement done_well = {.use = {1, 2, 0}};
static const struct settlement left = {.cancelled = true};

static const char *script_of(const char *sha)
{
	return strcmp(sha, script_sha(SCRIPT_ADMIT)) == 0 ? "admit" : "settle";
}

static bool is_key(struct span argument)
{
	return argument.len > 0 && memmem(argument.p, argument.len, "{jobs}", 6) != NULL;
}

bool redis_client_call(
    struct redis_client *client, struct redis_args *args, redisCallbackFn *fn, void *privdata)
{
	struct call *call = &fake.calls[fake.made];
	int at;

	(void)client;
	if (!fake.up)
		return false;
	assert_true(fake.made < MOST_CALLS);
	fake.made++;
	call->fn = fn;
	call->privdata = privdata;
	at = snprintf(call->arguments, ARGUMENTS_SIZE, "%s", script_of(args->values[1]));
	for (int i = 3; i < args->count; i++) {
		if (!is_key((struct span){args->values[i], args->lengths[i]}))
			at += snprintf(call->arguments + at, (size_t)(ARGUMENTS_SIZE - at), " %.*s",
			    (int)args->lengths[i], args->values[i]);
	}
	return true;
}

bool redis_client_is_up(const struct redis_client *client)
{
	(void)client;
	return fake.up;
}

bool redis_client_failed(struct redis_client *client, const redisReply *reply, const char *doing)
{
	(void)client;
	(void)doing;
	return reply == NULL || reply->type == REDIS_REPLY_ERROR;
}

static void assert_asked(const char *arguments)
{
	assert_true(fake.answered < fake.made);
	assert_string_equal(fake.calls[fake.answered].arguments, arguments);
}

static void assert_nothing_asked(void)
{
	assert_int_equal(fake.answered, fake.made);
}

/* The next beat says that. */
static void assert_summed_up(const char *lines)
{
	struct buf out = {0};

	use_sums_take(&uses, &out);
	assert_string_equal(buf_cstr(&out), lines);
	buf_free(&out);
}

static void answer(redisReply *reply)
{
	const struct call *call = &fake.calls[fake.answered++];

	call->fn(NULL, reply, call->privdata);
}

static void answer_number(long long number)
{
	redisReply reply = {.type = REDIS_REPLY_INTEGER, .integer = number};

	answer(&reply);
}

static void answer_error(const char *text)
{
	char room[64];
	redisReply reply = {.type = REDIS_REPLY_ERROR, .str = room};

	reply.len = (size_t)snprintf(room, sizeof(room), "%s", text);
	answer(&reply);
}

/* As admit.lua: 1, or why not. */
static void answer_admission(long long why)
{
	redisReply numbers[8], *elements[8];
	redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = 8, .element = elements};

	for (int i = 0; i < 8; i++) {
		numbers[i] = (redisReply){.type = REDIS_REPLY_INTEGER};
		elements[i] = &numbers[i];
	}
	numbers[0].integer = why;
	answer(&reply);
}

static void on_judged(void *ctx, const struct admission *admission)
{
	(void)ctx;
	judged.count++;
	judged.knows = admission != NULL;
	if (admission != NULL)
		judged.last = *admission;
}

static struct ticket *ask(void)
{
	return relay_admissions_ask(admissions, &web, &limits, 30, on_judged, NULL);
}

static void settle(struct ticket *ticket, const struct settlement *settlement)
{
	relay_admissions_settle(admissions, ticket, &web, settlement);
}

static void connect_again(void)
{
	fake.up = true;
	relay_admissions_up(admissions);
}

static void disconnect(void)
{
	fake.up = false;
	relay_admissions_down(admissions);
}

#define ADMIT(number)                                                                              \
	"admit " number " web gpt 5 100 - - 1 - - 30 respool_requests_limited_total\x1fweb"

static int set_up(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	memset(&judged, 0, sizeof(judged));
	fake.up = true;
	base = event_base_new();
	key_space_init(&space, NULL);
	admissions = relay_admissions_new(base, NULL, &space, "0123456789abcdef", &uses);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	relay_admissions_close(admissions);
	while (fake.answered < fake.made)
		answer(NULL);
	relay_admissions_free(admissions);
	use_sums_clear(&uses);
	event_base_free(base);
	return 0;
}

static void what_is_admitted_is_settled_by_its_number(void **state)
{
	struct ticket *one = ask(), *other = ask();

	(void)state;
	assert_asked(ADMIT("1"));
	answer_admission(1);
	assert_asked(ADMIT("2"));
	answer_admission(1);
	assert_int_equal(judged.count, 2);
	assert_true(judged.knows && judged.last.limit == LIMIT_NONE);
	settle(other, &done_well);
	assert_asked("settle 2 web gpt 0 0 1,2,0");
	answer_number(1);
	settle(one, &left);
	assert_asked("settle 1 web gpt 0 1 0,0,0");
	answer_number(1);
	assert_nothing_asked();
}

static void what_is_refused_is_not_settled(void **state)
{
	(void)state;
	assert_non_null(ask());
	answer_admission(4);
	assert_int_equal(judged.last.limit, LIMIT_RPM);
	assert_nothing_asked();
}

static void what_was_not_asked_for_is_summed_up(void **state)
{
	(void)state;
	settle(NULL, &done_well);
	settle(NULL, &left);
	assert_nothing_asked();
	assert_summed_up("web\x1fgpt\t2 0 1 1,2,0\n");
}

static void what_is_summed_up_needs_no_redis(void **state)
{
	(void)state;
	disconnect();
	settle(NULL, &done_well);
	assert_summed_up("web\x1fgpt\t1 0 0 1,2,0\n");
}

static void what_was_admitted_is_told_until_there_is_an_answer(void **state)
{
	struct ticket *ticket = ask();

	(void)state;
	answer_admission(1);
	settle(ticket, &done_well);
	answer(NULL);
	connect_again();
	assert_asked("settle 1 web gpt 0 0 1,2,0");
	answer_number(0);
	connect_again();
	assert_nothing_asked();
}

static void wait_for_call(void)
{
	while (fake.made == fake.answered)
		event_base_loop(base, EVLOOP_ONCE);
}

static void what_was_admitted_is_told_again_when_redis_cannot_take_it_now(void **state)
{
	struct ticket *ticket = ask();

	(void)state;
	answer_admission(1);
	settle(ticket, &done_well);
	answer_error("MISCONF Errors writing to the AOF file");
	assert_nothing_asked();
	wait_for_call();
	assert_asked("settle 1 web gpt 0 0 1,2,0");
	answer_error("NOREPLICAS Not enough good replicas to write.");
	wait_for_call();
	assert_asked("settle 1 web gpt 0 0 1,2,0");
	answer_error("ERR something that is wrong with it");
	connect_again();
	assert_nothing_asked();
}

static void question_that_redis_cannot_take_now_is_not_waited_for(void **state)
{
	struct ticket *ticket = ask();

	(void)state;
	answer_error("MISCONF Errors writing to the AOF file");
	assert_int_equal(judged.count, 1);
	assert_false(judged.knows);
	settle(ticket, &done_well);
	assert_nothing_asked();
	assert_summed_up("web\x1fgpt\t1 0 0 1,2,0\n");
}

static void question_whose_answer_is_lost_is_asked_again(void **state)
{
	struct ticket *ticket = ask();

	(void)state;
	disconnect();
	answer(NULL);
	assert_int_equal(judged.count, 0);
	connect_again();
	assert_asked(ADMIT("1"));
	answer_admission(1);
	assert_int_equal(judged.count, 1);
	settle(ticket, &done_well);
	answer_number(1);
}

static void who_has_left_gives_back_what_is_admitted_late(void **state)
{
	struct ticket *ticket = ask();

	(void)state;
	settle(ticket, &left);
	assert_asked(ADMIT("1"));
	answer_admission(1);
	assert_int_equal(judged.count, 0);
	assert_asked("settle 1 web gpt 0 1 0,0,0");
	answer_number(1);
	assert_nothing_asked();
}

static void who_has_left_has_nothing_to_settle_if_it_is_refused(void **state)
{
	struct ticket *ticket = ask();

	(void)state;
	ticket_abandon(ticket);
	answer_admission(10);
	assert_int_equal(judged.count, 0);
	settle(ticket, &left);
	assert_nothing_asked();
}

static void who_has_left_gives_back_what_may_have_been_admitted(void **state)
{
	struct ticket *ticket = ask();

	(void)state;
	settle(ticket, &left);
	answer(NULL);
	assert_asked("settle 1 web gpt 0 1 0,0,0");
	answer_number(0);
	assert_nothing_asked();
}

static void pass_a_second(void)
{
	while (judged.count == 0)
		event_base_loop(base, EVLOOP_ONCE);
}

static void answer_that_is_late_is_not_waited_for(void **state)
{
	struct ticket *ticket = ask();

	(void)state;
	pass_a_second();
	assert_false(judged.knows);
	assert_null(ask()); /* nobody else waits */
	settle(ticket, &done_well);
	answer_admission(1);
	assert_asked("settle 1 web gpt 0 0 1,2,0");
	answer_number(1);
	assert_int_equal(judged.count, 1);
	assert_non_null(ask());
}

static void late_refusal_changes_nothing(void **state)
{
	struct ticket *ticket = ask();

	(void)state;
	pass_a_second();
	answer_admission(4);
	assert_int_equal(judged.count, 1);
	settle(ticket, &done_well);
	assert_nothing_asked();
	assert_summed_up("web\x1fgpt\t1 0 0 1,2,0\n");
}

static void what_was_asked_for_in_vain_is_counted_once(void **state)
{
	struct ticket *ticket = ask();

	(void)state;
	disconnect();
	answer(NULL);
	pass_a_second();
	connect_again();
	assert_nothing_asked();
	settle(ticket, &done_well);
	assert_asked("settle 1 web gpt 0 0 1,2,0");
	answer_number(0);
	assert_nothing_asked();
	assert_summed_up("web\x1fgpt\t1 0 0 1,2,0\n");
}

static void labels_have_no_control_characters(void **state)
{
	const struct passed_through odd = {"a\x1f"
					   "b",
	    "c\nd"};

	(void)state;
	relay_admissions_settle(admissions, NULL, &odd, &done_well);
	assert_summed_up("a?b\x1f"
			 "c?d\t1 0 0 1,2,0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    TEST(what_is_admitted_is_settled_by_its_number),
	    TEST(what_is_refused_is_not_settled),
	    TEST(what_was_not_asked_for_is_summed_up),
	    TEST(what_is_summed_up_needs_no_redis),
	    TEST(what_was_admitted_is_told_until_there_is_an_answer),
	    TEST(what_was_admitted_is_told_again_when_redis_cannot_take_it_now),
	    TEST(question_that_redis_cannot_take_now_is_not_waited_for),
	    TEST(question_whose_answer_is_lost_is_asked_again),
	    TEST(who_has_left_gives_back_what_is_admitted_late),
	    TEST(who_has_left_has_nothing_to_settle_if_it_is_refused),
	    TEST(who_has_left_gives_back_what_may_have_been_admitted),
	    TEST(answer_that_is_late_is_not_waited_for),
	    TEST(late_refusal_changes_nothing),
	    TEST(what_was_asked_for_in_vain_is_counted_once),
	    TEST(labels_have_no_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
