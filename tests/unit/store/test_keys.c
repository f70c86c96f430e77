#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/store/keys.h"

static struct key_space plain;

static void test_get_cache_key_format(void **state)
{
	struct response_keys keys;

	(void)state;
	response_keys(&keys, &plain, "litellm_poll_abc123");
	assert_string_equal(keys.response, "litellm:polling:response:litellm_poll_abc123");
}

static void the_job_s_hash_tag_is_the_response_s_whole_key(void **state)
{
	struct response_keys keys;
	char tag[128];

	(void)state;
	response_keys(&keys, &plain, "litellm_poll_abc123");
	assert_string_equal(
	    keys.job, "litellm:polling:job:{litellm:polling:response:litellm_poll_abc123}");
	/* Redis Cluster hashes what stands between the first '{' and the '}' after it. */
	assert_int_equal(sscanf(keys.job, "%*[^{]{%127[^}]}", tag), 1);
	assert_string_equal(tag, keys.response);
	assert_null(strchr(keys.response, '{'));
}

static void an_id_of_the_greatest_length_is_not_cut(void **state)
{
	char longest[RESPONSE_ID_MAX + 1] = RESPONSE_ID_PREFIX;
	struct response_keys keys;

	(void)state;
	memset(longest + strlen(longest), 'x', RESPONSE_ID_MAX - strlen(longest));
	longest[RESPONSE_ID_MAX] = '\0';
	assert_true(response_id_valid(longest));
	response_keys(&keys, &plain, longest);
	assert_int_equal(strlen(keys.response), strlen(KEY_RESPONSE_PREFIX) + RESPONSE_ID_MAX);
	assert_string_equal(keys.response + strlen(KEY_RESPONSE_PREFIX), longest);
	assert_int_equal(
	    strlen(keys.job), strlen(KEY_JOB_PREFIX "{" KEY_RESPONSE_PREFIX "}") + RESPONSE_ID_MAX);
	assert_int_equal(keys.job[strlen(keys.job) - 1], '}');
}

static void a_provider_s_id_is_part_of_a_key_if_its_characters_are_harmless(void **state)
{
	static const char *const bad[] = {"", "a b", "a*", "a:b", "{a}", "a\n", "\xc3\xa4", "a/b"};
	char longest[NATIVE_ID_MAX + 2];
	struct native_key key;

	(void)state;
	assert_true(native_key(&key, &plain, "resp_Zg=="));
	assert_true(native_key(&key, &plain, "resp_68AF-1.e"));
	assert_string_equal(key.name, "litellm:polling:native:resp_68AF-1.e");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(native_key(&key, &plain, bad[i]));
	memset(longest, 'x', sizeof(longest));
	longest[NATIVE_ID_MAX + 1] = '\0';
	assert_false(native_key(&key, &plain, longest));
	longest[NATIVE_ID_MAX] = '\0';
	assert_true(native_key(&key, &plain, longest));
	assert_string_equal(key.name + strlen(KEY_NATIVE_PREFIX), longest);
}

static void the_keys_of_all_jobs_are_in_one_slot(void **state)
{
	struct running_key running;

	(void)state;
	running_key(&running, &plain, "0123456789abcdef");
	assert_string_equal(running.name, "litellm:polling:{jobs}:running:0123456789abcdef");
	assert_string_equal(plain.queue, "litellm:polling:{jobs}:queue");
	assert_string_equal(plain.workers, "litellm:polling:{jobs}:workers");
	assert_string_equal(plain.cancel_channel, "litellm:polling:{jobs}:cancel");
	assert_string_equal(plain.held, "litellm:polling:{jobs}:held");
	assert_string_equal(plain.held_until, "litellm:polling:{jobs}:held_until");
}

static void a_worker_s_name_of_the_greatest_length_is_not_cut(void **state)
{
	char worker[65];
	struct running_key running;

	(void)state;
	memset(worker, 'w', 64);
	worker[64] = '\0';
	running_key(&running, &plain, worker);
	assert_string_equal(running.name + strlen(KEY_RUNNING_PREFIX), worker);
}

static void a_namespace_stands_before_every_key_and_channel(void **state)
{
	struct key_space space;
	struct response_keys keys;
	struct native_key native;
	struct running_key running;
	struct sealed_key sealed;

	(void)state;
	key_space_init(&space, "myapp");
	sealed_key(&sealed, &space, "00ff");
	assert_string_equal(sealed.name, "myapp:litellm:polling:sealed:00ff");
	response_keys(&keys, &space, "litellm_poll_abc123");
	assert_string_equal(keys.response, "myapp:litellm:polling:response:litellm_poll_abc123");
	assert_string_equal(keys.job,
	    "myapp:litellm:polling:job:{myapp:litellm:polling:response:litellm_poll_abc123}");
	assert_string_equal(keys.events,
	    "myapp:litellm:polling:events:{myapp:litellm:polling:response:litellm_poll_abc123}");
	assert_true(native_key(&native, &space, "resp_1"));
	assert_string_equal(native.name, "myapp:litellm:polling:native:resp_1");
	running_key(&running, &space, "0123456789abcdef");
	assert_string_equal(running.name, "myapp:litellm:polling:{jobs}:running:0123456789abcdef");
	assert_string_equal(space.queue, "myapp:litellm:polling:{jobs}:queue");
	assert_string_equal(space.cancel_channel, "myapp:litellm:polling:{jobs}:cancel");
	assert_string_equal(space.failures, "myapp:litellm:polling:{deployments}:failures");
}

static void a_line_a_relay_s_passages_a_day_s_use_and_a_key_are_beside_the_jobs(void **state)
{
	const time_t last_second = 1767225599; /* of 2025, in UTC */
	struct key_space space;
	struct passages_key passages;
	struct usage_key usage;
	struct idempotent_key idempotent;
	struct buf line = {0};

	(void)state;
	key_space_init(&space, "myapp");
	line_key(&line, &space, SPAN("2alice {x}"));
	assert_string_equal(buf_cstr(&line), "myapp:litellm:polling:{jobs}:line:2alice {x}");
	buf_free(&line);
	passages_key(&passages, &space, "0123456789abcdef");
	assert_string_equal(
	    passages.name, "myapp:litellm:polling:{jobs}:passages:0123456789abcdef");
	usage_key(&usage, &space, last_second);
	assert_string_equal(usage.name, "myapp:litellm:polling:{jobs}:usage:2025-12-31");
	usage_key(&usage, &space, last_second + 1);
	assert_string_equal(usage.name, "myapp:litellm:polling:{jobs}:usage:2026-01-01");
	idempotent_key(&idempotent, &space, "00ff");
	assert_string_equal(idempotent.name, "myapp:litellm:polling:{jobs}:idempotent:00ff");
}

/* Scripts make the names of what is beside them of these. */
static void the_names_that_scripts_go_on_from_end_as_they_expect(void **state)
{
	struct passages_key passages;
	struct buf line = {0};

	(void)state;
	line_key(&line, &plain, SPAN(""));
	assert_int_equal(strlen(plain.lines), strlen(buf_cstr(&line)));
	assert_memory_equal(plain.lines, buf_cstr(&line), strlen(plain.lines) - 1);
	buf_free(&line);
	passages_key(&passages, &plain, "r");
	assert_memory_equal(plain.relays, passages.name, strlen(plain.relays) - strlen("relays"));
	assert_string_equal(passages.name + strlen(plain.relays) - strlen("relays"), "passages:r");
}

static void a_namespace_of_the_greatest_length_is_not_cut(void **state)
{
	char longest[REDIS_NAMESPACE_MAX + 1], id[RESPONSE_ID_MAX + 1];
	struct key_space space;
	struct response_keys keys;

	(void)state;
	memset(longest, 'n', REDIS_NAMESPACE_MAX);
	longest[REDIS_NAMESPACE_MAX] = '\0';
	memset(id, 'x', RESPONSE_ID_MAX);
	id[RESPONSE_ID_MAX] = '\0';
	key_space_init(&space, longest);
	response_keys(&keys, &space, id);
	assert_int_equal(strlen(keys.events),
	    2 * (REDIS_NAMESPACE_MAX + 1) + strlen(KEY_EVENTS_PREFIX "{" KEY_RESPONSE_PREFIX "}") +
		RESPONSE_ID_MAX);
	assert_int_equal(keys.job[strlen(keys.job) - 1], '}');
	assert_string_equal(strrchr(space.held_until, ':'), ":held_until");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_get_cache_key_format),
	    cmocka_unit_test(the_job_s_hash_tag_is_the_response_s_whole_key),
	    cmocka_unit_test(an_id_of_the_greatest_length_is_not_cut),
	    cmocka_unit_test(a_provider_s_id_is_part_of_a_key_if_its_characters_are_harmless),
	    cmocka_unit_test(the_keys_of_all_jobs_are_in_one_slot),
	    cmocka_unit_test(a_worker_s_name_of_the_greatest_length_is_not_cut),
	    cmocka_unit_test(a_namespace_stands_before_every_key_and_channel),
	    cmocka_unit_test(a_namespace_of_the_greatest_length_is_not_cut),
	    cmocka_unit_test(a_line_a_relay_s_passages_a_day_s_use_and_a_key_are_beside_the_jobs),
	    cmocka_unit_test(the_names_that_scripts_go_on_from_end_as_they_expect),
	};

	key_space_init(&plain, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
