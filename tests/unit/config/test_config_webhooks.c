#include <string.h>

#include "loaded.h"

/* 24 bytes, 'A' to 'X', and 32, all of them 1. */
#define SECRET       "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"
#define OTHER_SECRET "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

/* An endpoint with just these members beside its secret. */
#define ENDPOINT(members) "respool: {webhooks: [{secret: " SECRET ", " members "}]}\n"
#define AT(url)           ENDPOINT("url: '" url "'")
/* One with just this secret. */
#define SIGNED(secret) "respool: {webhooks: [{url: 'https://a', secret: " secret "}]}\n"

static const char expected_url[] = "https://HOST, with a port and a path if need be";

static const struct webhook_endpoint *first(const struct result *result)
{
	assert_int_equal(result->config->webhooks.count, 1);
	return &result->config->webhooks.endpoints[0];
}

static void an_endpoint_has_defaults_for_all_but_url_and_secret(void **state)
{
	struct result result = load_right(CONFIG_SUPERVISOR, AT("https://example.com:8443/a?b=c"));
	const struct webhook_endpoint *endpoint = first(&result);

	(void)state;
	/* "printf %s 'https://example.com:8443/a?b=c' | sha256sum" */
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
	assert_false(result.config->webhooks.by_request);
	assert_lacks(result.log, "webhooks");
	done(&result);
}

static void an_endpoint_may_say_everything(void **state)
{
	struct result result =
	    load_right(CONFIG_SUPERVISOR, "respool:\n"
					  "  allow_request_webhooks: true\n"
					  "  webhooks:\n"
					  "    - name: Ops_1.x-y\n"
					  "      url: http://10.0.0.1/hook\n"
					  "      secret: [" SECRET ", " OTHER_SECRET "]\n"
					  "      events: [response.cancelled, response.failed]\n"
					  "      tenants: [web, master]\n"
					  "      internal: true\n"
					  "      max_parallel: 64\n"
					  "  api_keys: [{name: web, key: sk-web}]\n");
	const struct webhook_endpoint *endpoint = first(&result);

	(void)state;
	assert_true(result.config->webhooks.by_request);
	assert_string_equal(endpoint->name, "Ops_1.x-y");
	assert_string_equal(endpoint->site, "http://10.0.0.1");
	assert_int_equal(endpoint->secret_count, 2);
	assert_int_equal(endpoint->secrets[1].len, 32);
	assert_int_equal(endpoint->secrets[1].key[31], 1);
	assert_int_equal(endpoint->events, WEBHOOK_FAILED | WEBHOOK_CANCELLED);
	assert_false(endpoint->all_tenants);
	assert_int_equal(endpoint->tenant_count, 2);
	assert_string_equal(endpoint->tenants[0], "web");
	assert_string_equal(endpoint->tenants[1], "master");
	assert_true(endpoint->internal);
	assert_int_equal(endpoint->max_parallel, 64);
	done(&result);
}

static void there_may_be_no_endpoint(void **state)
{
	static const char *const texts[] = {"respool: {}\n", "respool: {webhooks: []}\n",
	    "respool: {webhooks: null}\n", "respool: {allow_request_webhooks: true}\n"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct result result = load_right(CONFIG_SUPERVISOR, texts[i]);

		assert_int_equal(result.config->webhooks.count, 0);
		assert_null(result.config->webhooks.lines);
		assert_null(webhook_find(&result.config->webhooks, "x"));
		done(&result);
	}
}

static void endpoints_are_found_by_their_names(void **state)
{
	struct result result =
	    load_right(CONFIG_RESPONDER, "respool:\n"
					 "  webhooks:\n"
					 "    - {name: a, url: 'https://a', secret: " SECRET "}\n"
					 "    - {name: b, url: 'https://a', secret: " SECRET "}\n");
	const struct webhooks_config *webhooks = &result.config->webhooks;

	(void)state;
	assert_int_equal(webhooks->count, 2);
	assert_ptr_equal(webhook_find(webhooks, "b"), &webhooks->endpoints[1]);
	assert_null(webhook_find(webhooks, "B"));
	done(&result);
}

static void the_scripts_get_a_line_for_each_endpoint(void **state)
{
	struct result result = load_right(CONFIG_RESPONDER,
	    "respool:\n"
	    "  api_keys: [{name: 'the web', key: sk-web}, {name: '*', key: sk-star}]\n"
	    "  webhooks:\n"
	    "    - {name: all, url: 'https://a', secret: " SECRET "}\n"
	    "    - {name: some, url: 'https://a', secret: " SECRET ",\n"
	    "       events: [response.failed, response.completed, response.failed],\n"
	    "       tenants: ['the web', '*']}\n"
	    "    - {name: none, url: 'https://a', secret: " SECRET ",\n"
	    "       events: [response.incomplete], tenants: []}\n");

	(void)state;
	assert_string_equal(result.config->webhooks.lines,
	    "all ,completed,failed,incomplete,cancelled, *\n"
	    "some ,completed,failed, \37the web\37*\37\n"
	    "none ,incomplete, \37\n");
	done(&result);
}

static void assert_default_name(const char *text, const char *begin)
{
	struct result result = load_right(CONFIG_RESPONDER, text);
	const char *name = first(&result)->name;

	assert_int_equal(strlen(name), strlen(begin) + 8);
	assert_memory_equal(name, begin, strlen(begin));
	assert_int_equal(strspn(name + strlen(begin), "0123456789abcdef"), 8);
	done(&result);
}

static void a_name_is_made_of_the_host_as_far_as_it_fits(void **state)
{
	(void)state;
	assert_default_name(AT("https://a_b.example.com"), "a_b.example.com-");
	assert_default_name(AT("https://[2606:4700::1111]/"), "2606-4700--1111-");
	assert_default_name(
	    AT("https://this-is-a-label-of-35-characters-ok.and-this-is-another-one.example.com"),
	    "this-is-a-label-of-35-characters-ok.and-this-is-another-");
}

/* respoolctl would take it for an option. */
static void a_name_that_is_made_begins_with_no_hyphen(void **state)
{
	(void)state;
	assert_default_name(AT("http://[::1]:8080/"), "1-");
	assert_default_name(AT("https://-a.example.com"), "a.example.com-");
	assert_default_name(ENDPOINT("url: 'https://[::]/', internal: true"), "");
}

static void names_of_one_host_differ_by_their_urls(void **state)
{
	struct result result =
	    load_right(CONFIG_RESPONDER, "respool:\n"
					 "  webhooks:\n"
					 "    - {url: 'https://a/1', secret: " SECRET "}\n"
					 "    - {url: 'https://a/2', secret: " SECRET "}\n");

	(void)state;
	assert_string_not_equal(
	    result.config->webhooks.endpoints[0].name, result.config->webhooks.endpoints[1].name);
	done(&result);
}

static void two_of_one_name_are_an_error(void **state)
{
	(void)state;
	assert_error("respool:\n"
		     "  webhooks:\n"
		     "    - {name: a, url: 'https://a/1', secret: " SECRET "}\n"
		     "    - {name: a, url: 'https://a/2', secret: " SECRET "}\n",
	    "4: respool.webhooks[1].name: that of an endpoint before it, expected a name for each "
	    "endpoint");
	assert_error("respool:\n"
		     "  webhooks:\n"
		     "    - {url: 'https://a/1', secret: " SECRET "}\n"
		     "    - {url: 'https://a/1', secret: " SECRET "}\n",
	    "4: respool.webhooks[1].name: that of an endpoint before it, expected a name for each "
	    "endpoint");
}

static void a_name_has_up_to_64_plain_characters(void **state)
{
	static const char *const wrong[] = {
	    ENDPOINT("url: 'https://a', name: 'a b'"),
	    ENDPOINT("url: 'https://a', name: 'a/b'"),
	    ENDPOINT("url: 'https://a', name: '-a'"),
	    ENDPOINT("url: 'https://a', name: \"\xc3\xa4\""),
	    ENDPOINT("url: 'https://a', name: "
		     "a123456789b123456789c123456789d123456789e123456789f123456789g1234"),
	};

	(void)state;
	load_right_and_drop(
	    ENDPOINT("url: 'https://a', name: "
		     "a123456789b123456789c123456789d123456789e123456789f123456789g123"));
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_error(wrong[i], "1: respool.webhooks[0].name: something else, expected 1 to "
				       "64 letters, digits, '.', '_' and '-', and no '-' at the "
				       "beginning");
}

struct url_case {
	const char *text;
	const char *site;
	bool is_loopback;
};

static void assert_urls(const struct url_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct result result = load_right(CONFIG_RESPONDER, cases[i].text);

		assert_string_equal(first(&result)->site, cases[i].site);
		assert_int_equal(first(&result)->is_loopback, cases[i].is_loopback);
		done(&result);
	}
}

static void a_url_is_https_or_leads_to_this_machine(void **state)
{
	static const struct url_case cases[] = {
	    {AT("https://example.com"), "https://example.com", false},
	    {AT("HTTPS://example.com/a@b:c"), "https://example.com", false},
	    {AT("https://example.com?a=b"), "https://example.com", false},
	    {AT("https://8.8.8.8:444/"), "https://8.8.8.8:444", false},
	    {AT("https://[2606:4700::1111]:444/"), "https://[2606:4700::1111]:444", false},
	    {AT("http://127.0.0.1:8080/a"), "http://127.0.0.1:8080", true},
	    {AT("http://127.1/a"), "http://127.0.0.1", true},
	    {AT("http://[::1]/a"), "http://[::1]", true},
	    {AT("http://localhost/a"), "http://localhost", true},
	    {AT("HTTP://a.localhost/a"), "http://a.localhost", true},
	    {AT("https://localhost:444/a"), "https://localhost:444", true},
	};

	(void)state;
	assert_urls(cases, COUNT(cases));
}

static void an_internal_endpoint_may_be_anywhere(void **state)
{
	static const struct url_case cases[] = {
	    {ENDPOINT("internal: true, url: 'http://hooks.internal:80/'"),
		"http://hooks.internal:80", false},
	    {ENDPOINT("url: 'http://10.0.0.1', internal: true"), "http://10.0.0.1", false},
	    {ENDPOINT("internal: true, url: 'https://[fd00::1]'"), "https://[fd00::1]", false},
	    {ENDPOINT("internal: true, url: 'http://localhost'"), "http://localhost", true},
	};

	(void)state;
	assert_urls(cases, COUNT(cases));
}

static void assert_wrong_urls(const char *const texts[], size_t count, const char *what)
{
	char message[384];

	snprintf(message, sizeof(message), "1: respool.webhooks[0].url: %s", what);
	for (size_t i = 0; i < count; i++)
		assert_error(texts[i], message);
}

static void plain_http_to_another_machine_is_an_error(void **state)
{
	static const char *const texts[] = {AT("http://example.com/"), AT("http://8.8.8.8/"),
	    AT("http://localhost.example.com"), AT("HTTP://mylocalhost")};

	(void)state;
	assert_wrong_urls(texts, COUNT(texts),
	    "plain http to another machine, expected https, or internal: true");
}

static void a_private_address_is_an_error(void **state)
{
	static const char *const texts[] = {AT("https://10.0.0.1/"), AT("http://10.0.0.1/"),
	    AT("https://169.254.169.254/latest"), AT("https://0xa9fea9fe/"), AT("https://0/"),
	    AT("https://[fe80::1%25eth0]/"), AT("https://[::ffff:192.168.0.1]/"),
	    AT("https://%31%30.0.0.1/")};

	(void)state;
	assert_wrong_urls(
	    texts, COUNT(texts), "a private address, expected a public one, or internal: true");
}

static void assert_url_wrong(const char *text, const char *wrong)
{
	char what[256];

	snprintf(what, sizeof(what), "%s, expected %s", wrong, expected_url);
	assert_wrong_urls(&text, 1, what);
}

static void a_url_has_no_user_and_no_fragment_but_a_host(void **state)
{
	(void)state;
	assert_url_wrong(AT("https://user:pw@example.com/"), "a user or a password in it");
	assert_url_wrong(AT("https://user@example.com/"), "a user or a password in it");
	assert_url_wrong(AT("https://@example.com/"), "a user or a password in it");
	assert_url_wrong(AT("https://example.com\\@a/"), "a user or a password in it");
	assert_url_wrong(AT("https://example.com/#a"), "a fragment in it");
	assert_url_wrong(AT("https://example.com#"), "a fragment in it");
	assert_url_wrong(AT("https://"), "no host");
	assert_url_wrong(AT("https:///example.com"), "no host");
	assert_url_wrong(AT("https://?a"), "no host");
	assert_url_wrong(AT("ftp://example.com"), "another scheme than https and http");
	assert_url_wrong(AT("example.com"), "another scheme than https and http");
	assert_url_wrong(AT("https:/example.com"), "another scheme than https and http");
	assert_url_wrong(AT("https://:444/"), "not a URL");
	assert_url_wrong(AT("https://exa mple.com/"), "not a URL");
	assert_url_wrong(AT("https://example.com:99999/"), "not a URL");
	assert_url_wrong(AT("https://example.com:x/"), "not a URL");
	assert_url_wrong(AT("https://[::1/"), "not a URL");
	assert_url_wrong(AT("https://example.com\\a/"), "not a URL");
}

static void url_and_secret_have_to_be_there(void **state)
{
	(void)state;
	assert_error("respool: {webhooks: [{secret: " SECRET "}]}\n",
	    "1: respool.webhooks[0].url: missing, expected the URL to send to");
	assert_error("respool: {webhooks: [{url: 'https://a'}]}\n",
	    "1: respool.webhooks[0].secret: missing, expected a secret, or a list of them");
	assert_error("respool: {webhooks: {url: 'https://a'}}\n",
	    "1: respool.webhooks: a mapping, expected a list of mappings with url and secret");
	assert_error("respool: {webhooks: ['https://a']}\n",
	    "1: respool.webhooks[0]: text, expected a mapping with url and secret");
}

/* Base64 of so many bytes. */
static void assert_key_size(size_t len, bool is_right)
{
	char encoded[128] = {0}, text[256];
	struct result result;

	memset(encoded, 'A', (len * 8 + 5) / 6);
	snprintf(text, sizeof(text), SIGNED("whsec_%s"), encoded);
	result = load_as(CONFIG_SUPERVISOR, text);
	assert_int_equal(result.config != NULL, is_right);
	if (is_right)
		assert_int_equal(first(&result)->secrets[0].len, len);
	done(&result);
}

static void a_key_has_24_to_64_bytes(void **state)
{
	(void)state;
	assert_key_size(23, false);
	assert_key_size(24, true);
	assert_key_size(25, true);
	assert_key_size(64, true);
	assert_key_size(65, false);
}

static void a_wrong_secret_is_an_error_that_does_not_show_it(void **state)
{
	static const char *const wrong[] = {
	    SIGNED("QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"),
	    SIGNED("whsk_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"),
	    SIGNED("whsec_"),
	    SIGNED("whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVld"),
	    SIGNED("'whsec_QUJDREVGR0hJ SktMTU5PUFFSU1RVVldY'"),
	    SIGNED("whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVl-_"),
	    SIGNED("whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYQ"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_error_as(CONFIG_SUPERVISOR, wrong[i],
		    "1: respool.webhooks[0].secret: something else, expected \"whsec_\" and base64 "
		    "of 24 to 64 bytes");
	}
	assert_error(SIGNED("[" SECRET ", whsec_AAAA]"),
	    "1: respool.webhooks[0].secret[1]: something else, expected \"whsec_\" and base64 of "
	    "24 to 64 bytes");
	assert_error(SIGNED("''"), "1: respool.webhooks[0].secret: nothing in it, expected "
				   "\"whsec_\" and base64 of 24 to 64 bytes");
	assert_error(SIGNED("[]"), "1: respool.webhooks[0].secret: an empty list, expected "
				   "\"whsec_\" and base64 of 24 to 64 bytes");
}

static void a_secret_is_needed_by_the_program_that_sends(void **state)
{
	static const char text[] = SIGNED("os.environ/TEST_SECRET");
	static const enum config_role others[] = {CONFIG_RESPONDER, CONFIG_OPERATOR};

	(void)state;
	unsetenv("TEST_SECRET");
	assert_error_as(CONFIG_SUPERVISOR, text,
	    "1: respool.webhooks[0].secret: environment variable TEST_SECRET is not set, expected "
	    "\"whsec_\" and base64 of 24 to 64 bytes");
	for (size_t i = 0; i < COUNT(others); i++) {
		struct result result = load_right(others[i], text);

		assert_int_equal(first(&result)->secret_count, 0);
		assert_non_null(result.config->webhooks.lines);
		done(&result);
	}
}

static void a_secret_that_is_set_is_taken_by_all(void **state)
{
	static const enum config_role roles[] = {
	    CONFIG_RESPONDER, CONFIG_SUPERVISOR, CONFIG_OPERATOR};

	(void)state;
	setenv("TEST_SECRET", SECRET, 1);
	for (size_t i = 0; i < COUNT(roles); i++) {
		struct result result = load_right(roles[i], SIGNED("[os.environ/TEST_SECRET]"));

		assert_int_equal(first(&result)->secret_count, 1);
		done(&result);
	}
	setenv("TEST_SECRET", "whsec_short", 1);
	assert_error(SIGNED("os.environ/TEST_SECRET"),
	    "1: respool.webhooks[0].secret: something else, expected \"whsec_\" and base64 of 24 "
	    "to 64 bytes");
	unsetenv("TEST_SECRET");
}

static void a_url_in_a_variable_is_needed_by_all_and_not_shown(void **state)
{
	static const char text[] = ENDPOINT("url: os.environ/TEST_URL");

	(void)state;
	unsetenv("TEST_URL");
	assert_error(text, "1: respool.webhooks[0].url: environment variable TEST_URL is not set, "
			   "expected https://HOST, with a port and a path if need be");
	setenv("TEST_URL", "https://example.com/token", 1);
	load_right_and_drop(text);
	setenv("TEST_URL", "http://example.com/token", 1);
	assert_error(text, "1: respool.webhooks[0].url: plain http to another machine, expected "
			   "https, or internal: true");
	unsetenv("TEST_URL");
}

static void events_are_among_the_four(void **state)
{
	static const char list[] = "a list of response.completed, response.failed, "
				   "response.incomplete and response.cancelled";
	char message[256];

	(void)state;
	snprintf(message, sizeof(message),
	    "1: respool.webhooks[0].events[1]: another event, expected %s", list);
	assert_error(
	    ENDPOINT("url: 'https://a', events: [response.failed, response.queued]"), message);
	assert_error(ENDPOINT("url: 'https://a', events: [response.failed, completed]"), message);
	snprintf(message, sizeof(message),
	    "1: respool.webhooks[0].events: an empty list, expected %s", list);
	assert_error(ENDPOINT("url: 'https://a', events: []"), message);
	snprintf(
	    message, sizeof(message), "1: respool.webhooks[0].events: text, expected %s", list);
	assert_error(ENDPOINT("url: 'https://a', events: response.failed"), message);
}

#define OF_TENANTS(names)                                                                          \
	"respool:\n"                                                                               \
	"  webhooks: [{url: 'https://a', secret: " SECRET ", tenants: " names "}]\n"               \
	"  api_keys: [{name: web, key: os.environ/TEST_UNSET}, {name: os.environ/TEST_NAME,\n"     \
	"              key: os.environ/TEST_UNSET}]\n"

/* Which have a key here does not matter: respoold need not have any. */
static void tenants_are_those_of_the_file(void **state)
{
	struct result result;

	(void)state;
	setenv("TEST_NAME", "ops", 1);
	result = load_right(CONFIG_SUPERVISOR, OF_TENANTS("[ops, web, master]"));
	assert_int_equal(first(&result)->tenant_count, 3);
	assert_null(result.config->tenants[0].key);
	assert_null(result.config->tenants[1].key);
	done(&result);
	load_right_and_drop(
	    "respool: {webhooks: [{url: 'https://a', secret: " SECRET ", tenants: [master]}]}\n");
	assert_error_as(CONFIG_SUPERVISOR, OF_TENANTS("[web, www]"),
	    "2: respool.webhooks[0].tenants[1]: \"www\", expected one of the tenants: master, web, "
	    "os.environ/TEST_NAME");
	setenv("TEST_OTHER", "a-secret", 1);
	assert_error_as(CONFIG_OPERATOR, OF_TENANTS("[os.environ/TEST_OTHER]"),
	    "2: respool.webhooks[0].tenants[0]: \"os.environ/TEST_OTHER\", expected one of the "
	    "tenants: master, web, os.environ/TEST_NAME");
	assert_error(ENDPOINT("url: 'https://a', tenants: web"),
	    "1: respool.webhooks[0].tenants: text, expected a list of tenants");
	unsetenv("TEST_NAME");
	unsetenv("TEST_OTHER");
}

static void an_endpoint_has_1_to_64_deliveries_at_once(void **state)
{
	(void)state;
	load_right_and_drop(ENDPOINT("url: 'https://a', max_parallel: 1"));
	assert_error(ENDPOINT("url: 'https://a', max_parallel: 0"),
	    "1: respool.webhooks[0].max_parallel: \"0\", expected an integer from 1 to 64");
	assert_error(ENDPOINT("url: 'https://a', max_parallel: 65"),
	    "1: respool.webhooks[0].max_parallel: \"65\", expected an integer from 1 to 64");
}

static void copy_digest(char digest[WEBHOOK_DIGEST_SIZE], const char *text)
{
	struct result result = load_right(CONFIG_SUPERVISOR, text);

	assert_int_equal(strlen(first(&result)->digest), WEBHOOK_DIGEST_SIZE - 1);
	strcpy(digest, first(&result)->digest);
	done(&result);
}

static void a_digest_changes_with_whatever_an_endpoint_says(void **state)
{
	static const char *const texts[] = {
	    AT("https://a"),
	    AT("https://a/"),
	    ENDPOINT("url: 'https://a', name: a"),
	    ENDPOINT("url: 'https://a', events: [response.failed]"),
	    ENDPOINT("url: 'https://a', tenants: []"),
	    ENDPOINT("url: 'https://a', tenants: [master]"),
	    ENDPOINT("url: 'https://a', tenants: [master, master]"),
	    ENDPOINT("url: 'https://a', internal: true"),
	    ENDPOINT("url: 'https://a', max_parallel: 7"),
	    SIGNED(OTHER_SECRET),
	    SIGNED("[" SECRET ", " OTHER_SECRET "]"),
	};
	char digests[COUNT(texts)][WEBHOOK_DIGEST_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		copy_digest(digests[i], texts[i]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(digests[i], digests[j]);
	}
}

static void a_digest_stays_while_an_endpoint_says_the_same(void **state)
{
	char digest[WEBHOOK_DIGEST_SIZE], other[WEBHOOK_DIGEST_SIZE];

	(void)state;
	copy_digest(digest, AT("https://a"));
	copy_digest(other,
	    "respool:\n"
	    "  allow_request_webhooks: true\n"
	    "  webhooks:\n"
	    "    - max_parallel: 8\n"
	    "      internal: false\n"
	    "      events: [response.cancelled, response.incomplete, response.failed,\n"
	    "               response.completed]\n"
	    "      secret: [" SECRET "]\n"
	    "      url: https://a\n");
	assert_string_equal(digest, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_endpoint_has_defaults_for_all_but_url_and_secret),
	    TEST(an_endpoint_may_say_everything),
	    TEST(there_may_be_no_endpoint),
	    TEST(endpoints_are_found_by_their_names),
	    TEST(the_scripts_get_a_line_for_each_endpoint),
	    TEST(a_name_is_made_of_the_host_as_far_as_it_fits),
	    TEST(a_name_that_is_made_begins_with_no_hyphen),
	    TEST(names_of_one_host_differ_by_their_urls),
	    TEST(two_of_one_name_are_an_error),
	    TEST(a_name_has_up_to_64_plain_characters),
	    TEST(a_url_is_https_or_leads_to_this_machine),
	    TEST(an_internal_endpoint_may_be_anywhere),
	    TEST(plain_http_to_another_machine_is_an_error),
	    TEST(a_private_address_is_an_error),
	    TEST(a_url_has_no_user_and_no_fragment_but_a_host),
	    TEST(url_and_secret_have_to_be_there),
	    TEST(a_key_has_24_to_64_bytes),
	    TEST(a_wrong_secret_is_an_error_that_does_not_show_it),
	    TEST(a_secret_is_needed_by_the_program_that_sends),
	    TEST(a_secret_that_is_set_is_taken_by_all),
	    TEST(a_url_in_a_variable_is_needed_by_all_and_not_shown),
	    TEST(events_are_among_the_four),
	    TEST(tenants_are_those_of_the_file),
	    TEST(an_endpoint_has_1_to_64_deliveries_at_once),
	    TEST(a_digest_changes_with_whatever_an_endpoint_says),
	    TEST(a_digest_stays_while_an_endpoint_says_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
