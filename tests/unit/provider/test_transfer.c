#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/alloc.h"
#include "common/config/dialect.h"
#include "common/provider/transfer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A deployment as the tests describe it. */
struct row {
	const char *provider, *api_base, *api_version, *api_key, *organization;
	const char *extra[4];
	enum dialect
	    api; /* chat and messages: that of the deployment; else the provider's counts */
	unsigned quirks;
};

static struct deployment *deployment_new(const struct row *row)
{
	struct deployment *deployment = xcalloc(1, sizeof(*deployment));

	deployment->model_name = xstrdup("m");
	deployment->model = xstrdup("served");
	deployment->provider = xstrdup(row->provider);
	deployment->api_base = xstrdup(row->api_base);
	deployment->api_version = row->api_version != NULL ? xstrdup(row->api_version) : NULL;
	deployment->api_key = row->api_key != NULL ? xstrdup(row->api_key) : NULL;
	deployment->organization = row->organization != NULL ? xstrdup(row->organization) : NULL;
	deployment->has_api = row->api != DIALECT_RESPONSES;
	deployment->api = row->api;
	deployment->quirks_given = deployment->quirks_set = row->quirks;
	deployment->extra_headers = xcalloc(COUNT(row->extra), sizeof(char *));
	while (row->extra[deployment->extra_header_count] != NULL) {
		size_t i = deployment->extra_header_count++;

		deployment->extra_headers[i] = xstrdup(row->extra[i]);
	}
	return deployment;
}

static void deployment_free(struct deployment *deployment)
{
	free(deployment->model_name);
	free(deployment->model);
	free(deployment->provider);
	free(deployment->api_base);
	free(deployment->api_version);
	free(deployment->api_key);
	free(deployment->organization);
	for (size_t i = 0; i < deployment->extra_header_count; i++)
		free(deployment->extra_headers[i]);
	free(deployment->extra_headers);
	free(deployment);
}

static void check_row_url(
    const struct row *row, const char *path, const char *query, const char *expected)
{
	struct deployment *deployment = deployment_new(row);
	struct buf url = {0};

	transfer_url(&url, deployment, "m", span_of(path), query);
	assert_string_equal(buf_cstr(&url), expected);
	buf_free(&url);
	deployment_free(deployment);
}

static void check_url(const char *provider, const char *base, const char *version, const char *path,
    const char *query, const char *expected)
{
	const struct row row = {.provider = provider, .api_base = base, .api_version = version};

	check_row_url(&row, path, query, expected);
}

static void check_chat(
    const char *provider, const char *base, const char *version, const char *expected)
{
	const struct row row = {
	    .provider = provider, .api_base = base, .api_version = version, .api = DIALECT_CHAT};

	check_row_url(&row, "responses", "", expected);
}

static void check_messages(const char *provider, const char *base, const char *expected)
{
	const struct row row = {.provider = provider, .api_base = base, .api = DIALECT_MESSAGES};

	check_row_url(&row, "responses", "", expected);
}

/* The lines of the list, a line end after each; or why there is none. */
static void check_headers(const struct row *row, const char *expected)
{
	struct deployment *deployment = deployment_new(row);
	const char *error = NULL;
	struct curl_slist *headers = transfer_headers(deployment, "m", &error), *line;
	struct buf text = {0};

	for (line = headers; line != NULL; line = line->next)
		buf_printf(&text, "%s\n", line->data);
	if (headers == NULL)
		buf_puts(&text, error);
	else
		assert_null(error);
	assert_string_equal(buf_cstr(&text), expected);
	buf_free(&text);
	curl_slist_free_all(headers);
	deployment_free(deployment);
}

static void path_stands_below_the_base(void **state)
{
	(void)state;
	check_url("openai", "https://h/v1", NULL, "responses", "", "https://h/v1/responses");
	check_url("unheard_of", "https://h", NULL, "responses", "", "https://h/responses");
	check_url("openai", "https://h/v1", NULL, "responses/resp_1/cancel", "",
	    "https://h/v1/responses/resp_1/cancel");
}

static void slashes_at_the_end_of_the_base_do_not_count(void **state)
{
	(void)state;
	check_url("openai", "https://h/v1//", NULL, "responses", "", "https://h/v1/responses");
	check_url("azure", "https://h/openai/v1/", NULL, "responses", "",
	    "https://h/openai/v1/responses");
}

static void query_follows_a_question_mark(void **state)
{
	(void)state;
	check_url("openai", "https://h/v1", NULL, "responses/r", "include[]=x&a=1",
	    "https://h/v1/responses/r?include[]=x&a=1");
}

static void ollama_s_base_without_a_path_gets_v1(void **state)
{
	(void)state;
	check_url("ollama", "http://h:11434", NULL, "responses", "", "http://h:11434/v1/responses");
	check_url(
	    "ollama", "http://h:11434/", NULL, "responses", "", "http://h:11434/v1/responses");
	check_url("ollama", "http://h/x", NULL, "responses", "", "http://h/x/responses");
}

static void azure_has_a_path_and_a_version_of_its_own(void **state)
{
	(void)state;
	check_url("azure", "https://r", "2025-04-01-preview", "responses", "",
	    "https://r/openai/responses?api-version=2025-04-01-preview");
	check_url("azure", "https://r", "2025-04-01-preview", "responses/r/input_items", "limit=2",
	    "https://r/openai/responses/r/input_items?api-version=2025-04-01-preview&limit=2");
	check_url("azure", "https://r", "a b&c", "responses", "",
	    "https://r/openai/responses?api-version=a%20b%26c");
}

static void azure_s_undated_api_is_v1(void **state)
{
	static const char *const versions[] = {NULL, "v1", "latest"};

	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++)
		check_url("azure", "https://r", versions[i], "responses", "",
		    "https://r/openai/v1/responses");
	check_url("azure", "https://r", "preview", "responses", "",
	    "https://r/openai/v1/responses?api-version=preview");
}

static void azure_s_base_may_hold_a_part_of_the_path(void **state)
{
	(void)state;
	check_url("azure", "https://r/openai", "2025-04-01", "responses", "",
	    "https://r/openai/responses?api-version=2025-04-01");
	check_url(
	    "azure", "https://r/openai", NULL, "responses", "", "https://r/openai/v1/responses");
	check_url("azure", "https://r/openai/v1", "preview", "responses", "",
	    "https://r/openai/v1/responses?api-version=preview");
	check_url("azure", "https://r/openai/v1", "2025-04-01", "responses", "",
	    "https://r/openai/v1/responses");
}

static void chat_completions_are_created_below_the_base(void **state)
{
	(void)state;
	check_chat("openai", "https://h/v1", NULL, "https://h/v1/chat/completions");
	check_chat("unheard_of", "https://h/v1/", NULL, "https://h/v1/chat/completions");
	check_chat("ollama", "http://h:11434", NULL, "http://h:11434/v1/chat/completions");
	check_chat("gemini", "https://h", NULL, "https://h/v1beta/openai/chat/completions");
	check_chat("gemini", "https://h/x", NULL, "https://h/x/chat/completions");
	check_chat("bedrock", "https://h", NULL, "https://h/openai/v1/chat/completions");
	check_url(
	    "mistral", "https://h/v1", NULL, "responses", "", "https://h/v1/chat/completions");
}

static void messages_are_created_below_the_base_s_version(void **state)
{
	(void)state;
	check_messages("openai", "https://h", "https://h/v1/messages");
	check_messages("openai", "https://h/v1", "https://h/v1/messages");
	check_messages("openai", "https://h/anthropic/", "https://h/anthropic/v1/messages");
	check_messages("azure", "https://h/anthropic", "https://h/anthropic/v1/messages");
	check_url("anthropic", "https://h", NULL, "responses", "", "https://h/v1/messages");
}

static void base_that_is_the_whole_url_stays_as_it_is(void **state)
{
	(void)state;
	check_chat(
	    "openai", "https://h/v1/chat/completions", NULL, "https://h/v1/chat/completions");
	check_chat(
	    "openai", "https://h/v1/chat/completions//", NULL, "https://h/v1/chat/completions");
	check_messages("anthropic", "https://h/x/v1/messages", "https://h/x/v1/messages");
	check_url("openai", "https://h/chat/completions", NULL, "responses", "",
	    "https://h/chat/completions");
}

static void paths_of_a_response_are_those_of_the_responses_api(void **state)
{
	const struct row row = {
	    .provider = "openai", .api_base = "https://h/v1", .api = DIALECT_CHAT};

	(void)state;
	check_row_url(&row, "responses/r/cancel", "", "https://h/v1/responses/r/cancel");
	check_row_url(&row, "responses", "a=1", "https://h/v1/chat/completions?a=1");
}

static void azure_s_dated_chat_completions_name_the_model(void **state)
{
	static const char expected[] =
	    "https://r/openai/deployments/served/chat/completions?api-version=2024-10-21";

	(void)state;
	check_chat("azure", "https://r", "2024-10-21", expected);
	check_chat("azure", "https://r/openai", "2024-10-21", expected);
	check_chat("azure", "https://r/openai/deployments/served", "2024-10-21", expected);
	check_chat("azure", "https://r/openai/deployments/served/chat/completions", "2024-10-21",
	    expected);
}

static void azure_s_undated_chat_completions_are_v1(void **state)
{
	static const char expected[] = "https://r/openai/v1/chat/completions";

	(void)state;
	check_chat("azure", "https://r", NULL, expected);
	check_chat("azure", "https://r/openai", "latest", expected);
	check_chat("azure", "https://r/openai/v1", "2024-10-21", expected);
	check_chat("azure", "https://r/openai/v1/chat/completions", "2024-10-21", expected);
	check_chat("azure", "https://r/openai/v1/chat/completions", NULL, expected);
	check_chat("azure", "https://r", "preview",
	    "https://r/openai/v1/chat/completions?api-version=preview");
}

static void azure_ai_has_its_models_at_hosts_of_its_own(void **state)
{
	static const char expected[] = "https://r.services.ai.azure.com/models/chat/"
				       "completions?api-version=2024-05-01-preview";

	(void)state;
	check_chat("azure_ai", "https://r.services.ai.azure.com", NULL, expected);
	check_chat("azure_ai", "https://r.services.ai.azure.com/models", NULL, expected);
	check_chat(
	    "azure_ai", "https://r.services.ai.azure.com/models/chat/completions", NULL, expected);
	check_chat("azure_ai", "https://r.services.ai.azure.com", "2025-01-01",
	    "https://r.services.ai.azure.com/models/chat/completions?api-version=2025-01-01");
	check_chat("azure_ai", "https://r.services.ai.azure.com/openai/v1", NULL,
	    "https://r.services.ai.azure.com/openai/v1/chat/completions");
	check_chat("azure_ai", "https://m.models.ai.azure.com", NULL,
	    "https://m.models.ai.azure.com/chat/completions");
}

static void check_beside_chat(
    const char *provider, const char *base, const char *version, const char *below)
{
	static const char *const paths[] = {"chat/completions", "embeddings"};
	const enum dialect apis[] = {DIALECT_RESPONSES, DIALECT_CHAT};

	for (size_t i = 0; i < COUNT(paths) * COUNT(apis); i++) {
		const char *path = paths[i % COUNT(paths)], *query = strchr(below, '?');
		const struct row row = {.provider = provider,
		    .api_base = base,
		    .api_version = version,
		    .api = apis[i / COUNT(paths)]};
		struct buf expected = {0};

		buf_append(&expected, below, strcspn(below, "?"));
		buf_puts(&expected, path);
		buf_puts(&expected, query != NULL ? query : "");
		check_row_url(&row, path, "", buf_cstr(&expected));
		buf_free(&expected);
	}
}

static void chat_and_embeddings_lie_side_by_side_whatever_answers_are_made_by(void **state)
{
	(void)state;
	check_beside_chat("openai", "https://h/v1", NULL, "https://h/v1/");
	check_beside_chat("openai", "https://h/v1/chat/completions/", NULL, "https://h/v1/");
	check_beside_chat("ollama", "http://h:11434", NULL, "http://h:11434/v1/");
	check_beside_chat("gemini", "https://h", NULL, "https://h/v1beta/openai/");
	check_beside_chat("bedrock", "https://h", NULL, "https://h/openai/v1/");
}

static void azure_has_chat_and_embeddings_where_its_version_says(void **state)
{
	static const char dated[] = "https://r/openai/deployments/served/?api-version=2024-10-21";
	static const char models[] =
	    "https://r.services.ai.azure.com/models/?api-version=2024-05-01-preview";

	(void)state;
	check_beside_chat("azure", "https://r", "2024-10-21", dated);
	check_beside_chat("azure", "https://r/openai", "2024-10-21", dated);
	check_beside_chat(
	    "azure", "https://r/openai/deployments/served/chat/completions", "2024-10-21", dated);
	check_beside_chat("azure", "https://r", NULL, "https://r/openai/v1/");
	check_beside_chat("azure", "https://r/openai/v1", "2024-10-21", "https://r/openai/v1/");
	check_beside_chat(
	    "azure", "https://r/openai/v1/chat/completions", NULL, "https://r/openai/v1/");
	check_beside_chat(
	    "azure", "https://r", "preview", "https://r/openai/v1/?api-version=preview");
	check_beside_chat("azure_ai", "https://r.services.ai.azure.com", NULL, models);
	check_beside_chat(
	    "azure_ai", "https://r.services.ai.azure.com/models/chat/completions", NULL, models);
	check_beside_chat(
	    "azure_ai", "https://m.models.ai.azure.com", NULL, "https://m.models.ai.azure.com/");
}

static void other_paths_lie_where_responses_do(void **state)
{
	(void)state;
	check_url("openai", "https://h/v1", NULL, "responses/compact", "",
	    "https://h/v1/responses/compact");
	check_url("azure", "https://r", "2025-04-01-preview", "conversations/c/items", "a=1",
	    "https://r/openai/conversations/c/items?api-version=2025-04-01-preview&a=1");
}

static void key_is_a_bearer_key(void **state)
{
	const struct row row = {"openai", "https://h", NULL, "sk-1", NULL, .extra = {NULL}};

	(void)state;
	check_headers(&row, "Authorization: Bearer sk-1\nContent-Type: application/json\n");
}

static void azure_s_key_has_a_header_of_its_own(void **state)
{
	const struct row row = {"azure", "https://h", NULL, "k1", NULL, .extra = {NULL}};

	(void)state;
	check_headers(&row, "api-key: k1\nContent-Type: application/json\n");
}

static void azure_ai_s_key_has_that_header_at_hosts_of_azure_s(void **state)
{
	struct row row = {
	    "azure_ai", "https://r.services.ai.azure.com", NULL, "k1", NULL, .extra = {NULL}};

	(void)state;
	check_headers(&row, "api-key: k1\nContent-Type: application/json\n");
	row.api_base = "https://m.models.ai.azure.com";
	check_headers(&row, "Authorization: Bearer k1\nContent-Type: application/json\n");
}

static void key_of_the_messages_api_has_a_header_of_its_own(void **state)
{
	struct row row = {"anthropic", "https://h", NULL, "sk-ant-api03-1", NULL, .extra = {NULL}};

	(void)state;
	check_headers(&row, "x-api-key: sk-ant-api03-1\nanthropic-version: 2023-06-01\n"
			    "Content-Type: application/json\n");
	row.api_key = "sk-ant-oat01-1";
	check_headers(&row, "Authorization: Bearer sk-ant-oat01-1\nanthropic-version: 2023-06-01\n"
			    "Content-Type: application/json\n");
	row.api_key = "k";
	row.quirks = QUIRK_BIT(BEARER_KEY);
	check_headers(&row, "Authorization: Bearer k\nanthropic-version: 2023-06-01\n"
			    "Content-Type: application/json\n");
}

static void version_and_beta_of_the_messages_api_may_be_extra_headers(void **state)
{
	const struct row row = {"azure", "https://h", NULL, "k", NULL,
	    .extra = {"Anthropic-Version: 2030-01-01", "anthropic-beta: a,b"},
	    .api = DIALECT_MESSAGES};

	(void)state;
	check_headers(&row, "Anthropic-Version: 2030-01-01\nanthropic-beta: a,b\nx-api-key: k\n"
			    "Content-Type: application/json\n");
}

static void deployment_without_a_key_shows_none(void **state)
{
	const struct row none = {"openai", "https://h", NULL, NULL, NULL, .extra = {NULL}};
	const struct row empty = {"openai", "https://h", NULL, "", NULL, .extra = {NULL}};

	(void)state;
	check_headers(&none, "Content-Type: application/json\n");
	check_headers(&empty, "Content-Type: application/json\n");
}

static void organization_is_named(void **state)
{
	const struct row row = {"openai", "https://h", NULL, NULL, "org-1", .extra = {NULL}};

	(void)state;
	check_headers(&row, "OpenAI-Organization: org-1\nContent-Type: application/json\n");
}

static void extra_headers_are_sent(void **state)
{
	const struct row row = {
	    "openai", "https://h", NULL, NULL, NULL, .extra = {"X-A: 1", "X-B: 2: 3"}};

	(void)state;
	check_headers(&row, "X-A: 1\nX-B: 2: 3\nContent-Type: application/json\n");
}

static void extra_header_without_a_value_is_sent_as_such(void **state)
{
	const struct row row = {
	    "openai", "https://h", NULL, NULL, NULL, .extra = {"X-A: ", "X-B:"}};

	(void)state;
	check_headers(&row, "X-A;\nX-B;\nContent-Type: application/json\n");
}

static void extra_header_takes_the_place_of_ours_in_any_case(void **state)
{
	const struct row row = {"openai", "https://h", NULL, "sk-1", "org-1",
	    .extra = {"authorization: Basic x", "OPENAI-ORGANIZATION: other", "content-type: a/b"}};

	(void)state;
	check_headers(
	    &row, "authorization: Basic x\nOPENAI-ORGANIZATION: other\ncontent-type: a/b\n");
}

static void extra_header_of_a_longer_name_takes_no_place(void **state)
{
	const struct row row = {"openai", "https://h", NULL, "sk-1", NULL,
	    .extra = {"Authorization-X: 1", "Author: 2"}};

	(void)state;
	check_headers(&row, "Authorization-X: 1\nAuthor: 2\nAuthorization: Bearer sk-1\n"
			    "Content-Type: application/json\n");
}

static void line_end_in_a_header_is_refused_without_showing_it(void **state)
{
	const struct row key = {"openai", "https://h", NULL, "sk-1\r\nX: 1", NULL, .extra = {NULL}};
	const struct row organization = {
	    "openai", "https://h", NULL, NULL, "o\nX: 1", .extra = {NULL}};
	const struct row extra = {
	    "openai", "https://h", NULL, NULL, NULL, .extra = {"X-A: 1\nX: 1"}};

	(void)state;
	check_headers(&key, "the API key holds a control character");
	check_headers(&organization, "the organization holds a control character");
	check_headers(&extra, "one of extra_headers holds a control character");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(path_stands_below_the_base),
	    cmocka_unit_test(slashes_at_the_end_of_the_base_do_not_count),
	    cmocka_unit_test(query_follows_a_question_mark),
	    cmocka_unit_test(ollama_s_base_without_a_path_gets_v1),
	    cmocka_unit_test(azure_has_a_path_and_a_version_of_its_own),
	    cmocka_unit_test(azure_s_undated_api_is_v1),
	    cmocka_unit_test(azure_s_base_may_hold_a_part_of_the_path),
	    cmocka_unit_test(chat_completions_are_created_below_the_base),
	    cmocka_unit_test(messages_are_created_below_the_base_s_version),
	    cmocka_unit_test(base_that_is_the_whole_url_stays_as_it_is),
	    cmocka_unit_test(paths_of_a_response_are_those_of_the_responses_api),
	    cmocka_unit_test(azure_s_dated_chat_completions_name_the_model),
	    cmocka_unit_test(azure_s_undated_chat_completions_are_v1),
	    cmocka_unit_test(azure_ai_has_its_models_at_hosts_of_its_own),
	    cmocka_unit_test(chat_and_embeddings_lie_side_by_side_whatever_answers_are_made_by),
	    cmocka_unit_test(azure_has_chat_and_embeddings_where_its_version_says),
	    cmocka_unit_test(other_paths_lie_where_responses_do),
	    cmocka_unit_test(key_is_a_bearer_key),
	    cmocka_unit_test(azure_s_key_has_a_header_of_its_own),
	    cmocka_unit_test(azure_ai_s_key_has_that_header_at_hosts_of_azure_s),
	    cmocka_unit_test(key_of_the_messages_api_has_a_header_of_its_own),
	    cmocka_unit_test(version_and_beta_of_the_messages_api_may_be_extra_headers),
	    cmocka_unit_test(deployment_without_a_key_shows_none),
	    cmocka_unit_test(organization_is_named),
	    cmocka_unit_test(extra_headers_are_sent),
	    cmocka_unit_test(extra_header_without_a_value_is_sent_as_such),
	    cmocka_unit_test(extra_header_takes_the_place_of_ours_in_any_case),
	    cmocka_unit_test(extra_header_of_a_longer_name_takes_no_place),
	    cmocka_unit_test(line_end_in_a_header_is_refused_without_showing_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
