#include <string.h>

#include "loaded.h"

/* What "sha256sum" says of "sk-web" and of "sk-ops". */
#define HASH_OF_WEB "4b3bc1de5ca5cd1f74cf4704c5adec1818080396b5f22c547f8971c849d5c3d0"
#define HASH_OF_OPS "c391959605db2757d87bf45d5f4c9bda42b68e95dcd157bf4f2473516c2bc9bb"

static void a_hash_stands_for_the_key_of_a_tenant_or_an_administrator(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER,
	    "respool:\n"
	    "  api_keys: [{name: web, key_hash: 'sha256:" HASH_OF_WEB "'}]\n"
	    "  admin_keys: [{name: ops, key_hash: 'sha256:" HASH_OF_OPS "'}]\n");

	(void)state;
	assert_null(result.config->tenants[0].key);
	assert_string_equal(result.config->tenants[0].key_hash, HASH_OF_WEB);
	assert_string_equal(result.config->admin_keys[0].name, "ops");
	assert_null(result.config->admin_keys[0].key);
	assert_string_equal(result.config->admin_keys[0].key_hash, HASH_OF_OPS);
	done(&result);
}

static void a_hash_may_be_in_capitals_and_in_a_variable(void **state)
{
	struct result result;

	(void)state;
	setenv("TEST_HASH",
	    "sha256:ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789", 1);
	result = load_right(CONFIG_RESPONDER,
	    "respool: {api_keys: [{name: web, key_hash: os.environ/TEST_HASH}]}\n");
	assert_string_equal(result.config->tenants[0].key_hash,
	    "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789");
	done(&result);
	unsetenv("TEST_HASH");
}

static void an_administrator_s_key_may_be_a_tenant_s_as_well(void **state)
{
	(void)state;
	load_right_and_drop("respool:\n"
			    "  api_keys: [{name: web, key: sk-web}]\n"
			    "  admin_keys: [{name: web, key: sk-web}]\n");
	load_right_and_drop(
	    "general_settings: {master_key: sk-web}\n"
	    "respool: {admin_keys: [{name: ops, key_hash: 'sha256:" HASH_OF_WEB "'}]}\n");
}

static void a_key_that_is_not_set_here_lets_nobody_in(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR,
	    "respool: {admin_keys: [{name: ops, key: os.environ/TEST_UNSET}]}\n");

	(void)state;
	assert_int_equal(result.config->admin_key_count, 0);
	done(&result);
}

static void wrong_keys_are_errors(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
	    {"respool: {admin_keys: sk-hidden}\n",
		"1: respool.admin_keys: text, expected a list of mappings with name and key"},
	    {"respool: {admin_keys: [{key: sk-hidden}]}\n",
		"1: respool.admin_keys[0].name: missing, expected the administrator's name"},
	    {"respool: {admin_keys: [{name: ops}]}\n",
		"1: respool.admin_keys[0].key: missing, expected the administrator's key"},
	    {"respool: {admin_keys: [{name: ops, key: os.environ/TEST_UNSET}]}\n",
		"1: respool.admin_keys[0].key: environment variable TEST_UNSET is not set, "
		"expected the administrator's key"},
	    {"respool: {admin_keys: [{name: ops, key: sk-a, key_hash: 'sha256:" HASH_OF_OPS
	     "'}]}\n",
		"1: respool.admin_keys[0].key_hash: beside key, expected one of them"},
	    {"respool: {admin_keys: [{name: ops, key_hash: sk-hidden}]}\n",
		"1: respool.admin_keys[0].key_hash: something else, expected \"sha256:\" and 64 "
		"hexadecimal digits"},
	    {"respool: {api_keys: [{name: a, key_hash: 'sha256:123'}]}\n",
		"1: respool.api_keys[0].key_hash: something else, expected \"sha256:\" and 64 "
		"hexadecimal digits"},
	    {"respool: {api_keys: [{name: a, key_hash: 'sha256:" HASH_OF_WEB "0'}]}\n",
		"1: respool.api_keys[0].key_hash: something else, expected \"sha256:\" and 64 "
		"hexadecimal digits"},
	    {"respool: {admin_keys: [{name: a, key: sk-1}, {name: a, key: sk-2}]}\n",
		"1: respool.admin_keys[1]: name \"a\" again, expected a name for each "
		"administrator"},
	    {"respool: {admin_keys: [{name: a, key: sk-1}, {name: b, key: sk-1}]}\n",
		"1: respool.admin_keys[1]: the same key as administrator \"a\", expected a key for "
		"each administrator"},
	    {"respool: {admin_keys: [{name: a, key: sk-ops},\n"
	     "  {name: b, key_hash: 'sha256:" HASH_OF_OPS "'}]}\n",
		"2: respool.admin_keys[1]: the same key as administrator \"a\", expected a key for "
		"each administrator"},
	    {"respool: {api_keys: [{name: a, key_hash: 'sha256:" HASH_OF_WEB "'},\n"
	     "  {name: b, key: sk-web}]}\n",
		"2: respool.api_keys[1]: the same key as tenant \"a\", expected a key for each "
		"tenant"},
	    {"respool: {open_metrics: 1}\n",
		"1: respool.open_metrics: \"1\", expected true or false"},
	    {"respool: {failed_request_ttl: -1}\n",
		"1: respool.failed_request_ttl: \"-1\", expected an integer from 0 to 315360000"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_error(cases[i].text, cases[i].message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_hash_stands_for_the_key_of_a_tenant_or_an_administrator),
	    TEST(a_hash_may_be_in_capitals_and_in_a_variable),
	    TEST(an_administrator_s_key_may_be_a_tenant_s_as_well),
	    TEST(a_key_that_is_not_set_here_lets_nobody_in),
	    TEST(wrong_keys_are_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
