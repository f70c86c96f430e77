#include <string.h>

#include "loaded.h"

/* 24 bytes, 'A' to 'X', and 32, all of them 1. */
#define SECRET "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"
#define OTHER_SECRET "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

/* An endpoint with just these members beside its secret. */
#define ENDPOINT(members) "respool: {webhooks: [{secret: " SECRET ", " members "}]}\n"

static const struct webhook_endpoint *first(const struct result *result)
{
	assert_int_equal(result->config->webhooks.count, 1);
	return &result->config->webhooks.endpoints[0];
}

static void an_endpoint_has_defaults_for_all_but_url_and_secret(void **state)
{
	struct result result =
	    load_right(CONFIG_SUPERVISOR, ENDPOINT("url: 'https://example.com:8443/a?b=c'"));
	const struct webhook_endpoint *endpoint = first(&result);

	(void)state;
	/* "printf %s https://example.com:8443/a?b=c | sha256sum" */
	assert_string_equal(endpoint->name, "example.com-95400ed1");
	assert_string_equal(endpoint->url, "https://example.com:8443/a?b=c");
	assert_string_equal(endpoint->site, "https://example.com:8443");
	assert_int_equal(endpoint->secret_count, 1);
	assert_int_equal(endpoint->secrets[0].len, 24);
	assert_memory_equal(endpoint->secrets[0].key, "ABCDEFGHIJKLMNOPQRSTUVWX", 24);
	assert_int_equal(endpoint->events, WEBHOOK_ALL_EVENTS);
	assert_true(endpoint->all_tenants);
	assert_int_equal(endpoint->tenant_count, 0);
	assert_false(endpoint->internal);
	assert_false(endpoint->is_loopback);
	assert_int_equal(endpoint->max_parallel, 8);
	assert_int_equal(strlen(endpoint->digest), 16);
	assert_false(result.config->webhooks.by_request);
	assert_string_equal(result.config->webhooks.lines,
	    "example.com-95400ed1 ,completed,failed,incomplete,cancelled, *\n");
	assert_string_equal(result.log, "config.yaml: model_list: no deployments: no request can be "
					"served\n");
	done(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_endpoint_has_defaults_for_all_but_url_and_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
