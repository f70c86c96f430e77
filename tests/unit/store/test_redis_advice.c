#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "common/store/redis_advice.h"

/* What is known of a server that is as it should be. */
static struct redis_facts good_facts(void)
{
	return (struct redis_facts){.version = "7.0.15",
	    .maxmemory_policy = "noeviction",
	    .maxmemory = 1 << 30,
	    .append_only = 1,
	    .save_points = -1,
	    .round_trip = 0.0001};
}

/* redis_finding_fn: collects lines "name: text\n". */
static void collect(void *ctx, const char *name, const char *text)
{
	buf_printf(ctx, "%s: %s\n", name, text);
}

static void assert_advice(const struct redis_facts *facts, const char *expected)
{
	struct buf lines = {0};

	redis_advise(facts, collect, &lines);
	assert_string_equal(buf_cstr(&lines), expected);
	buf_free(&lines);
}

/* The number of the question with these words, after what is known. */
static int question_number(const struct redis_facts *facts, const char *words)
{
	for (int number = 0;; number++) {
		struct redis_args args = {0};
		struct buf asked = {0};
		bool is_it;

		if (!redis_facts_question(facts, number, &args))
			return -1;
		for (int i = 0; i < args.count; i++)
			buf_printf(&asked, i > 0 ? " %s" : "%s", args.values[i]);
		is_it = strcmp(buf_cstr(&asked), words) == 0;
		buf_free(&asked);
		if (is_it)
			return number;
	}
}

static void answer_info(struct redis_facts *facts, const char *section, char *text)
{
	redisReply reply = {.type = REDIS_REPLY_STRING, .str = text, .len = strlen(text)};

	redis_facts_take(facts, question_number(facts, section), &reply, 1);
}

static void answer_save(struct redis_facts *facts, char *value)
{
	redisReply name = {.type = REDIS_REPLY_STRING, .str = (char[]){"save"}, .len = 4};
	redisReply setting = {.type = REDIS_REPLY_STRING, .str = value, .len = strlen(value)};
	redisReply *both[] = {&name, &setting};
	redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = 2, .element = both};

	redis_facts_take(facts, question_number(facts, "CONFIG GET save"), &reply, 1);
}

static void a_good_server_gives_no_finding(void **state)
{
	struct redis_facts facts = good_facts();

	(void)state;
	assert_advice(&facts, "");
}

static void of_what_is_not_known_nothing_is_said(void **state)
{
	struct redis_facts facts;

	(void)state;
	redis_facts_init(&facts);
	assert_advice(&facts, "");
}

static void a_version_without_blmove_is_named(void **state)
{
	static const char *const old[] = {"6.0.16", "6.1.240", "5.0.14", "2.8.19"};
	static const char *const new[] = {"6.2.0", "6.2.14", "7.0.15", "8.0.2", "10.0", "unstable"};
	struct redis_facts facts = good_facts();

	(void)state;
	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
		char expected[256];

		snprintf(facts.version, sizeof(facts.version), "%s", old[i]);
		snprintf(expected, sizeof(expected),
		    "version: Redis is of version %s and has no BLMOVE, which came with 6.2: no"
		    " background response is ever begun. Upgrade it to 6.2 or later, or to"
		    " Valkey.\n",
		    old[i]);
		assert_advice(&facts, expected);
	}
	for (size_t i = 0; i < sizeof(new) / sizeof(new[0]); i++) {
		snprintf(facts.version, sizeof(facts.version), "%s", new[i]);
		assert_advice(&facts, "");
	}
}

static void each_policy_that_evicts_is_named(void **state)
{
	static const char *const limited =
	    "eviction: Redis evicts keys when its memory is full (maxmemory-policy allkeys-lru):"
	    " responses can disappear before their time. Set maxmemory-policy noeviction.\n";
	struct redis_facts facts = good_facts();

	(void)state;
	snprintf(facts.maxmemory_policy, sizeof(facts.maxmemory_policy), "allkeys-lru");
	assert_advice(&facts, limited);
	facts.maxmemory = -1;
	assert_advice(&facts, limited);
	facts.maxmemory = 0;
	assert_advice(&facts,
	    "eviction: Redis would evict keys if its memory were limited (maxmemory-policy"
	    " allkeys-lru, maxmemory 0): responses could disappear before their time. Set"
	    " maxmemory-policy noeviction.\n");
}

static void only_a_server_with_neither_file_keeps_nothing(void **state)
{
	struct redis_facts facts = good_facts();

	(void)state;
	for (facts.append_only = -1; facts.append_only <= 1; facts.append_only++) {
		for (facts.save_points = -1; facts.save_points <= 1; facts.save_points++) {
			if (facts.append_only == 0 && facts.save_points == 0)
				assert_advice(&facts,
				    "persistence: Redis keeps nothing on disk (appendonly no, and"
				    " no save points): when it is started again, all responses and"
				    " the queue are lost. Set appendonly yes.\n");
			else
				assert_advice(&facts, "");
		}
	}
}

static void a_round_trip_over_5_ms_is_named(void **state)
{
	struct redis_facts facts = good_facts();

	(void)state;
	facts.round_trip = 0.005;
	assert_advice(&facts, "");
	facts.round_trip = 0.0123;
	assert_advice(&facts,
	    "round_trip: A round trip to Redis takes 12.3 ms: each poll and each write waits for"
	    " one at least, and a responder answers nobody else meanwhile. Run respool near its"
	    " Redis, or start more responders.\n");
}

static void what_redis_answers_becomes_facts(void **state)
{
	struct redis_facts facts;

	(void)state;
	redis_facts_init(&facts);
	answer_info(&facts, "INFO server",
	    (char[]){"# Server\r\nredis_version:7.2.4\r\nvalkey_version:8.1.1\r\n"});
	answer_info(&facts, "INFO memory",
	    (char[]){"# Memory\r\nused_memory:1\r\nmaxmemory:1048576\r\nmaxmemory_human:1.00M\r\n"
		     "maxmemory_policy:volatile-ttl\r\n"});
	answer_info(&facts, "INFO persistence", (char[]){"aof_enabled:0"});
	answer_save(&facts, (char[]){""});
	assert_string_equal(facts.version, "7.2.4");
	assert_int_equal(facts.maxmemory, 1048576);
	assert_string_equal(facts.maxmemory_policy, "volatile-ttl");
	assert_int_equal(facts.append_only, 0);
	assert_int_equal(facts.save_points, 0);
	answer_save(&facts, (char[]){"3600 1 300 100"});
	assert_int_equal(facts.save_points, 1);
}

static void save_points_are_asked_for_only_if_there_is_no_append_only_file(void **state)
{
	struct redis_facts facts = good_facts();

	(void)state;
	assert_int_equal(question_number(&facts, "CONFIG GET save"), -1);
	facts.append_only = -1;
	assert_int_equal(question_number(&facts, "CONFIG GET save"), -1);
	facts.append_only = 0;
	assert_int_not_equal(question_number(&facts, "CONFIG GET save"), -1);
}

static void answers_of_other_kinds_say_nothing(void **state)
{
	static const int types[] = {REDIS_REPLY_ERROR, REDIS_REPLY_NIL, REDIS_REPLY_INTEGER,
	    REDIS_REPLY_STATUS, REDIS_REPLY_ARRAY};
	struct redis_facts facts;

	(void)state;
	redis_facts_init(&facts);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		redisReply reply = {
		    .type = types[i], .str = (char[]){"ERR unknown command 'CONFIG'"}, .len = 28};

		facts.append_only = 0;
		redis_facts_take(&facts, question_number(&facts, "INFO memory"), &reply, 0.001);
		redis_facts_take(&facts, question_number(&facts, "CONFIG GET save"), &reply, 0.001);
	}
	answer_info(&facts, "INFO server", (char[]){"redis_version\r\n:7\r\n\r\nredis_versions:1"});
	answer_info(&facts, "INFO memory", (char[]){"maxmemory:\r\nmaxmemory_policy:\r\n"});
	answer_info(&facts, "INFO memory", (char[]){"maxmemory:12 MB"});
	answer_info(&facts, "INFO memory", (char[]){""});
	assert_int_equal(facts.maxmemory, -1);
	assert_int_equal(facts.save_points, -1);
	assert_advice(&facts, "");
}

static void a_text_that_is_too_long_is_cut(void **state)
{
	struct redis_facts facts;
	char text[256];

	(void)state;
	redis_facts_init(&facts);
	snprintf(text, sizeof(text), "redis_version:%0200d", 7);
	answer_info(&facts, "INFO server", text);
	assert_int_equal(strlen(facts.version), sizeof(facts.version) - 1);
}

static void the_shortest_round_trip_counts(void **state)
{
	static const double seconds[] = {0.02, 0.008, 0.5};
	redisReply pong = {.type = REDIS_REPLY_STATUS, .str = (char[]){"PONG"}, .len = 4};
	struct redis_facts facts;

	(void)state;
	redis_facts_init(&facts);
	for (int i = 0; i < 3; i++)
		redis_facts_take(&facts, question_number(&facts, "PING"), &pong, seconds[i]);
	assert_true(facts.round_trip == seconds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_good_server_gives_no_finding),
	    cmocka_unit_test(of_what_is_not_known_nothing_is_said),
	    cmocka_unit_test(a_version_without_blmove_is_named),
	    cmocka_unit_test(each_policy_that_evicts_is_named),
	    cmocka_unit_test(only_a_server_with_neither_file_keeps_nothing),
	    cmocka_unit_test(a_round_trip_over_5_ms_is_named),
	    cmocka_unit_test(what_redis_answers_becomes_facts),
	    cmocka_unit_test(save_points_are_asked_for_only_if_there_is_no_append_only_file),
	    cmocka_unit_test(answers_of_other_kinds_say_nothing),
	    cmocka_unit_test(a_text_that_is_too_long_is_cut),
	    cmocka_unit_test(the_shortest_round_trip_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
