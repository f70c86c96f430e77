#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/base/log.h"
#include "common/config/dialect.h"
#include "common/config/model.h"
#include "common/config/provider.h"
#include "transfer.h"

static size_t name_length(const char *line)
{
	return strcspn(line, ":;");
}

static bool has_header(const struct curl_slist *headers, const char *line)
{
	size_t len = name_length(line);

	for (; headers != NULL; headers = headers->next) {
		if (name_length(headers->data) == len && strncasecmp(headers->data, line, len) == 0)
			return true;
	}
	return false;
}

struct curl_slist *transfer_add_header(struct curl_slist *headers, const char *line)
{
	struct curl_slist *longer;

	if (has_header(headers, line))
		return headers;
	longer = curl_slist_append(headers, line);
	if (longer == NULL)
		fatalx("out of memory");
	return longer;
}

bool transfer_is_one_line(const char *text)
{
	for (; *text != '\0'; text++) {
		if (iscntrl((unsigned char)*text))
			return false;
	}
	return true;
}

struct curl_slist *transfer_add_value(
    struct curl_slist *headers, const char *name, const char *value)
{
	struct buf line = {0};

	buf_puts(&line, name);
	buf_puts(&line, value);
	headers = transfer_add_header(headers, buf_cstr(&line));
	buf_free(&line);
	return headers;
}

/* libcurl takes "Name:" for a header that is to be left out, and "Name;" for one without a value.
 */
static struct curl_slist *add_extra(struct curl_slist *headers, const char *line)
{
	size_t len = name_length(line);
	struct buf empty = {0};

	if (line[len] == '\0' || line[len + 1 + strspn(line + len + 1, " ")] != '\0')
		return transfer_add_header(headers, line);
	buf_append(&empty, line, len);
	buf_putc(&empty, ';');
	headers = transfer_add_header(headers, buf_cstr(&empty));
	buf_free(&empty);
	return headers;
}

/* Anthropic gives out tokens, too, which are shown in another way than its keys. */
static bool is_token(const char *key)
{
	static const char prefix[] = "sk-ant-oat";

	return strncmp(key, prefix, sizeof(prefix) - 1) == 0;
}

static bool takes_api_key(const struct deployment *deployment, const char *model)
{
	const struct provider *provider = deployment_table_line(deployment, model);
	const char *base = deployment_base(deployment, model);

	if (provider == NULL || provider->auth == AUTH_BEARER)
		return false;
	if (provider->auth == AUTH_API_KEY)
		return true;
	return base != NULL && (provider_is_at_host(span_of(base), "services.ai.azure.com") ||
				   provider_is_at_host(span_of(base), "openai.azure.com"));
}

static const char *key_header(
    const struct deployment *deployment, const char *model, const char *key)
{
	static const char bearer[] = "Authorization: Bearer ";

	if (deployment_dialect(deployment, model) != DIALECT_MESSAGES)
		return takes_api_key(deployment, model) ? "api-key: " : bearer;
	if (is_token(key) || deployment_has_quirk(deployment, model, QUIRK_BEARER_KEY))
		return bearer;
	return "x-api-key: ";
}

/* NULL if every header is one line. */
static const char *find_fault(const struct deployment *deployment, const char *key)
{
	if (key != NULL && !transfer_is_one_line(key))
		return "the API key holds a control character";
	if (deployment->organization != NULL && !transfer_is_one_line(deployment->organization))
		return "the organization holds a control character";
	for (size_t i = 0; i < deployment->extra_header_count; i++) {
		if (!transfer_is_one_line(deployment->extra_headers[i]))
			return "one of extra_headers holds a control character";
	}
	return NULL;
}

struct curl_slist *transfer_headers(
    const struct deployment *deployment, const char *model, const char **error)
{
	const char *key = deployment_key(deployment, model);
	struct curl_slist *headers = NULL;

	*error = find_fault(deployment, key);
	if (*error != NULL)
		return NULL;
	/* First, so that they take the place of what follows. */
	for (size_t i = 0; i < deployment->extra_header_count; i++)
		headers = add_extra(headers, deployment->extra_headers[i]);
	if (key != NULL && key[0] != '\0')
		headers = transfer_add_value(headers, key_header(deployment, model, key), key);
	if (deployment->organization != NULL)
		headers =
		    transfer_add_value(headers, "OpenAI-Organization: ", deployment->organization);
	if (deployment_dialect(deployment, model) == DIALECT_MESSAGES)
		headers = transfer_add_header(headers, "anthropic-version: 2023-06-01");
	return transfer_add_header(headers, "Content-Type: application/json");
}
