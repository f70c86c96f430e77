#include <string.h>

#include "common/config/config_tenants.h"
#include "loaded.h"

#define REDIS "litellm_settings: {cache: true, cache_params: {type: redis, host: 127.0.0.1}}\n"
#define MODEL                                                                                      \
	"model_list: [{model_name: gpt-5, litellm_params: {model: openai/gpt-5, api_key: k},\n"    \
	"  model_info: {input_cost_per_token: 1e-6}}]\n"

static const struct access_key *tenant(const struct result *result, const char *name)
{
	const struct access_key *key = tenant_of(result->config, name);

	assert_string_equal(key->name, name);
	return key;
}

static void assert_unlimited(const struct access_key *key)
{
	assert_int_equal(key->limits.rpm, UNLIMITED);
	assert_int_equal(key->limits.tpm, UNLIMITED);
	assert_int_equal(key->limits.max_parallel, UNLIMITED);
	assert_int_equal(key->limits.max_queue, UNLIMITED);
	assert_true(key->limits.weight == 1);
	assert_true(key->limits.max_budget == UNLIMITED);
	assert_int_equal(key->limits.budget_seconds, 0);
	assert_int_equal(key->expires, 0);
	assert_int_equal(key->model_count, 0);
	assert_false(key->priority);
}

static void a_key_says_what_may_be_asked_for_with_it(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER, REDIS MODEL
	    "respool:\n"
	    "  api_keys:\n"
	    "  - {name: web, key: sk-1, models: [gpt-5, 'openai/*'], expires: 2026-12-31, rpm: "
	    "60,\n"
	    "     tpm: 100_000, max_parallel: 20, max_queue: 0, weight: 0.5, priority: true,\n"
	    "     max_budget: 2.5, budget_duration: 30d}\n");
	const struct access_key *web = tenant(&result, "web");

	(void)state;
	assert_string_equal(result.log, "");
	assert_int_equal(web->model_count, 2);
	assert_string_equal(web->models[0], "gpt-5");
	assert_string_equal(web->models[1], "openai/*");
	assert_int_equal(web->expires, 1798761600);
	assert_int_equal(web->limits.rpm, 60);
	assert_int_equal(web->limits.tpm, 100000);
	assert_int_equal(web->limits.max_parallel, 20);
	assert_int_equal(web->limits.max_queue, 0);
	assert_true(web->limits.weight == 0.5);
	assert_true(web->priority);
	assert_true(web->limits.max_budget == 2.5);
	assert_int_equal(web->limits.budget_seconds, 30 * 86400);
	done(&result);
}

static void what_a_key_does_not_say_has_no_limit(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER,
	    "general_settings: {master_key: sk-0}\n"
	    "respool:\n"
	    "  allow_anonymous: true\n"
	    "  api_key_defaults: {rpm: null, models: ~}\n"
	    "  api_keys:\n"
	    "  - {name: web, key: sk-1}\n"
	    "  - {name: old, key: sk-2, models: null, expires: null, rpm: null, tpm: null,\n"
	    "     max_parallel: null, max_queue: null, weight: null, priority: null,\n"
	    "     max_budget: null, budget_duration: null}\n");

	(void)state;
	assert_unlimited(tenant(&result, "web"));
	assert_unlimited(tenant(&result, "old"));
	assert_unlimited(tenant(&result, "master"));
	assert_unlimited(tenant_of(result.config, ""));
	done(&result);
}

static const char with_defaults[] = REDIS MODEL
    "general_settings: {master_key: sk-0}\n"
    "respool:\n"
    "  api_keys:\n"
    "  - {name: own, key: sk-1, models: ['*'], rpm: 1, weight: 2, priority: false, max_budget: 9}\n"
    "  - {name: other, key: sk-2, rpm: null, budget_duration: 1h}\n"
    "  api_key_defaults: {models: [gpt-5], rpm: 60, tpm: 7, max_parallel: 3, max_queue: 4,\n"
    "    weight: 0.5, priority: true, max_budget: 5, budget_duration: 1d}\n";

static void assert_defaults(const struct access_key *key)
{
	assert_int_equal(key->model_count, 1);
	assert_string_equal(key->models[0], "gpt-5");
	assert_int_equal(key->limits.rpm, 60);
	assert_int_equal(key->limits.max_queue, 4);
	assert_true(key->limits.weight == 0.5);
	assert_true(key->priority);
	assert_true(key->limits.max_budget == 5);
	assert_int_equal(key->limits.budget_seconds, 86400);
}

static void defaults_count_for_the_master_key_and_for_clients_without_one(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER, with_defaults);

	(void)state;
	assert_defaults(tenant(&result, "master"));
	assert_defaults(tenant_of(result.config, ""));
	assert_defaults(tenant_of(result.config, "nobody"));
	done(&result);
	setenv("LITELLM_MASTER_KEY", "sk-environment", 1);
	result = load_right(CONFIG_RESPONDER,
	    REDIS MODEL "respool: {api_key_defaults: {models: [gpt-5], rpm: 3}}\n");
	unsetenv("LITELLM_MASTER_KEY");
	assert_int_equal(tenant(&result, "master")->limits.rpm, 3);
	assert_int_equal(tenant(&result, "master")->model_count, 1);
	done(&result);
}

static void what_a_key_says_itself_wins_over_the_defaults(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER, with_defaults);
	const struct access_key *own = tenant(&result, "own");
	const struct access_key *other = tenant(&result, "other");

	(void)state;
	assert_int_equal(own->model_count, 1);
	assert_string_equal(own->models[0], "*");
	assert_int_equal(own->limits.rpm, 1);
	assert_int_equal(own->limits.tpm, 7);
	assert_int_equal(own->limits.max_parallel, 3);
	assert_true(own->limits.weight == 2);
	assert_false(own->priority);
	assert_true(own->limits.max_budget == 9);
	assert_int_equal(own->limits.budget_seconds, 86400);
	assert_int_equal(other->limits.rpm, 60);
	assert_true(other->limits.max_budget == 5);
	assert_int_equal(other->limits.budget_seconds, 3600);
	assert_string_equal(other->models[0], "gpt-5");
	done(&result);
}

static void a_budget_begins_anew_after_any_span(void **state)
{
	static const struct {
		const char *text;
		long seconds;
	} cases[] = {
	    {"30s", 30},
	    {"45m", 2700},
	    {"12h", 43200},
	    {"1d", 86400},
	    {"2w", 1209600},
	    {"1mo", 2592000},
	    {"3650d", 315360000},
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct result result;

		snprintf(text, sizeof(text),
		    REDIS MODEL
		    "respool: {api_key_defaults: {max_budget: 1, budget_duration: %s}}\n",
		    cases[i].text);
		result = load_right(CONFIG_RESPONDER, text);
		assert_int_equal(
		    result.config->tenant_defaults.limits.budget_seconds, cases[i].seconds);
		done(&result);
	}
}

static void a_key_may_have_expired_already(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER,
	    "respool: {api_keys: [{name: a, key: sk-1, expires: '1970-01-01T00:00:00+01:00'},\n"
	    "  {name: b, key: sk-2, expires: 2001-09-09T01:46:40.5Z}]}\n");

	(void)state;
	assert_int_equal(tenant(&result, "a")->expires, 1);
	assert_int_equal(tenant(&result, "b")->expires, 1000000000);
	done(&result);
}

static void wrong_members_of_keys_are_errors(void **state)
{
#define A_SPAN     "a number and s, m, h, d, w or mo behind it, 30d, and no more than 3650d"
#define A_TIME     "a date, 2026-12-31, or a time, 2026-12-31T23:59:59Z"
#define SOME_NAMES "a list of models' names, which may hold a *"
	static const struct {
		const char *member;
		const char *message;
	} cases[] = {
	    {"models: gpt-5", "models: text, expected " SOME_NAMES},
	    {"models: []", "models: an empty list, expected " SOME_NAMES},
	    {"models: [a, {}]", "models[1]: a mapping, expected a model's name"},
	    {"models: ['']", "models[0]: nothing in it, expected a model's name"},
	    {"models: ['*/*']", "models[0]: \"*/*\" with more than one *, expected one at most"},
	    {"expires: 31.12.2026", "expires: \"31.12.2026\", expected " A_TIME},
	    {"expires: 2026-02-29", "expires: \"2026-02-29\", expected " A_TIME},
	    {"expires: 2026-12-31T23", "expires: \"2026-12-31T23\", expected " A_TIME},
	    {"expires: ''", "expires: nothing in it, expected " A_TIME},
	    {"expires: [2026-12-31]", "expires: a list, expected " A_TIME},
	    {"rpm: 0", "rpm: \"0\", expected an integer from 1 to 1000000"},
	    {"rpm: 1.5", "rpm: \"1.5\", expected an integer from 1 to 1000000"},
	    {"tpm: 0", "tpm: \"0\", expected an integer from 1 to 1000000000"},
	    {"max_parallel: 0", "max_parallel: \"0\", expected an integer from 1 to 1000000"},
	    {"max_queue: -1", "max_queue: \"-1\", expected an integer from 0 to 1000000000"},
	    {"weight: 0", "weight: \"0\", expected a number from 0.01 up to 1000"},
	    {"weight: 0.009", "weight: \"0.009\", expected a number from 0.01 up to 1000"},
	    {"weight: 1000.5", "weight: \"1000.5\", expected a number from 0.01 up to 1000"},
	    {"priority: high", "priority: \"high\", expected true or false"},
	    {"max_budget: -1", "max_budget: \"-1\", expected a number from 0 up to 1000000000"},
	    {"max_budget: $5", "max_budget: \"$5\", expected a number from 0 up to 1000000000"},
	    {"budget_duration: 30", "budget_duration: \"30\", expected " A_SPAN},
	    {"budget_duration: 0d", "budget_duration: \"0d\", expected " A_SPAN},
	    {"budget_duration: d", "budget_duration: \"d\", expected " A_SPAN},
	    {"budget_duration: 30 d", "budget_duration: \"30 d\", expected " A_SPAN},
	    {"budget_duration: 1y", "budget_duration: \"1y\", expected " A_SPAN},
	    {"budget_duration: 3651d", "budget_duration: \"3651d\", expected " A_SPAN},
	    {"budget_duration: monthly", "budget_duration: \"monthly\", expected " A_SPAN},
	};
	char text[256], message[256];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(text, sizeof(text),
		    REDIS "respool: {api_keys: [{name: a, key: sk-1, %s}]}\n", cases[i].member);
		snprintf(message, sizeof(message), "2: respool.api_keys[0].%s", cases[i].message);
		assert_error(text, message);
	}
}

static void limits_without_a_redis_are_errors(void **state)
{
#define NOWHERE                                                                                    \
	": limits are kept in Redis, and there is none, expected litellm_settings.cache: true "    \
	"and where it is"
	static const char *const limits[] = {
	    "rpm: 1", "tpm: 1", "max_parallel: 1", "max_queue: 1", "max_budget: 1"};
	char text[256], message[256];

	(void)state;
	for (size_t i = 0; i < COUNT(limits); i++) {
		snprintf(text, sizeof(text), "respool:\n  api_keys: [{name: a, key: sk-1, %s}]\n",
		    limits[i]);
		snprintf(message, sizeof(message), "2: respool.api_keys[0].%.*s" NOWHERE,
		    (int)strcspn(limits[i], ":"), limits[i]);
		assert_error(text, message);
		assert_error_as(CONFIG_SUPERVISOR, text, message);
	}
	assert_error(
	    "respool: {api_key_defaults: {rpm: 5}}\n", "1: respool.api_key_defaults.rpm" NOWHERE);
	load_right_and_drop("respool: {api_keys: [{name: a, key: sk-1, models: [x], weight: 2,\n"
			    "  priority: true, expires: 2026-12-31}]}\n");
}

static void what_cannot_have_an_effect_is_named(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER, REDIS
	    "model_list: [{model_name: gpt-5, litellm_params: {model: openai/gpt-5, api_key: k}}]\n"
	    "respool:\n"
	    "  api_key_defaults: {budget_duration: 1d, models: [gpt-5, 'o*', nowhere]}\n"
	    "  api_keys:\n"
	    "  - {name: a, key: sk-1, budget_duration: 1h}\n"
	    "  - {name: b, key: sk-2, max_budget: 1, models: [gone]}\n");

	(void)state;
	assert_holds(result.log, ":4: respool.api_key_defaults.models[2]: model_list has no "
				 "deployment of \"nowhere\"\n");
	assert_holds(result.log, ":7: respool.api_keys[1].models[0]: model_list has no deployment "
				 "of \"gone\"\n");
	assert_holds(
	    result.log, ":6: respool.api_keys[0].budget_duration: no effect without max_budget\n");
	assert_holds(result.log, ":7: respool.api_keys[1].max_budget: no deployment has an "
				 "input_cost_per_token or an output_cost_per_token: nothing is "
				 "spent, and nothing refused\n");
	assert_int_equal(count_of(result.log, "\n"), 4);
	done(&result);
	result = load_right(
	    CONFIG_RESPONDER, REDIS MODEL "respool: {api_key_defaults: {budget_duration: 1d}}\n");
	assert_holds(result.log, "api_key_defaults.budget_duration: no effect without max_budget");
	done(&result);
}

static void a_tenant_is_known_where_its_key_is_not_needed(void **state)
{
	struct result result = load_right(CONFIG_OPERATOR, REDIS MODEL
	    "respool: {api_keys: [{name: a, key: os.environ/TEST_UNSET, expires: 2001-09-08},\n"
	    "  {name: b, key_hash: os.environ/TEST_UNSET, rpm: 6}]}\n");

	(void)state;
	assert_int_equal(result.config->tenant_count, 2);
	assert_null(tenant(&result, "a")->key);
	assert_int_equal(tenant(&result, "a")->expires, 999993600);
	assert_null(tenant(&result, "b")->key_hash);
	assert_int_equal(tenant(&result, "b")->limits.rpm, 6);
	done(&result);
}

static void what_is_one_key_s_own_is_no_default_and_nothing_of_it_an_administrator_s(void **state)
{
	struct result result =
	    load_right(CONFIG_RESPONDER, "respool:\n"
					 "  api_key_defaults: {expires: 2026-12-31, name: x}\n"
					 "  admin_keys: [{name: ops, key: sk-1, rpm: 5}]\n");

	(void)state;
	assert_int_equal(result.config->tenant_defaults.expires, 0);
	assert_null(result.config->tenant_defaults.name);
	assert_holds(result.log, "respool.api_key_defaults.expires: not implemented, ignored");
	assert_holds(result.log, "respool.api_key_defaults.name: not implemented, ignored");
	assert_holds(result.log, "respool.admin_keys[].rpm: not implemented, ignored");
	done(&result);
}

static void an_idempotency_key_stands_for_a_day_or_as_long_as_is_said(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER, "respool: {allow_anonymous: true}\n");

	(void)state;
	assert_int_equal(result.config->idempotency_ttl, 86400);
	done(&result);
	result = load_right(CONFIG_RESPONDER, "respool: {idempotency_ttl: 60}\n");
	assert_int_equal(result.config->idempotency_ttl, 60);
	done(&result);
	assert_error("respool: {idempotency_ttl: 0}\n",
	    "1: respool.idempotency_ttl: \"0\", expected an integer from 1 to 315360000");
}

static void a_reload_takes_keys_in_and_out_and_changes_their_limits(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER,
	    REDIS "respool: {api_keys: [{name: old, key: sk-1}, {name: web, key: sk-2, rpm: 5,\n"
		  "  models: [a], expires: 2026-12-31}]}\n");
	const struct access_key *web;

	(void)state;
	write_beside(file_name,
	    REDIS "respool: {api_keys: [{name: web, key: sk-2, rpm: 6}, {name: new, key: sk-3}],\n"
		  "  api_key_defaults: {tpm: 7}}\n");
	assert_true(config_reload(&result.config, file_name, CONFIG_RESPONDER));
	assert_int_equal(result.config->tenant_count, 2);
	web = tenant(&result, "web");
	assert_int_equal(web->limits.rpm, 6);
	assert_int_equal(web->limits.tpm, 7);
	assert_int_equal(web->model_count, 0);
	assert_int_equal(web->expires, 0);
	assert_string_equal(tenant(&result, "new")->key, "sk-3");
	write_beside(file_name, REDIS "respool: {api_keys: [{name: web, key: sk-2, rpm: none}]}\n");
	assert_false(config_reload(&result.config, file_name, CONFIG_RESPONDER));
	assert_int_equal(tenant(&result, "web")->limits.rpm, 6);
	assert_string_equal(tenant(&result, "new")->key, "sk-3");
	done(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_key_says_what_may_be_asked_for_with_it),
	    TEST(what_a_key_does_not_say_has_no_limit),
	    TEST(defaults_count_for_the_master_key_and_for_clients_without_one),
	    TEST(what_a_key_says_itself_wins_over_the_defaults),
	    TEST(a_budget_begins_anew_after_any_span),
	    TEST(a_key_may_have_expired_already),
	    TEST(wrong_members_of_keys_are_errors),
	    TEST(limits_without_a_redis_are_errors),
	    TEST(what_cannot_have_an_effect_is_named),
	    TEST(a_tenant_is_known_where_its_key_is_not_needed),
	    TEST(what_is_one_key_s_own_is_no_default_and_nothing_of_it_an_administrator_s),
	    TEST(an_idempotency_key_stands_for_a_day_or_as_long_as_is_said),
	    TEST(a_reload_takes_keys_in_and_out_and_changes_their_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
