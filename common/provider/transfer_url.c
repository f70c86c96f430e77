#include <stdlib.h>
#include <string.h>

#include "api_path.h"
#include "common/base/log.h"
#include "common/config/dialect.h"
#include "common/config/model.h"
#include "common/config/provider.h"
#include "transfer.h"

/* Without slashes at its end. */
static struct span base_of(const struct deployment *deployment, const char *model)
{
	const char *text = deployment_base(deployment, model);
	struct span base = span_of(text != NULL ? text : "");

	while (base.len != 0 && base.p[base.len - 1] == '/')
		base.len--;
	return base;
}

static bool ends_with(struct span text, const char *end)
{
	size_t len = strlen(end);

	return text.len >= len && memcmp(text.p + text.len - len, end, len) == 0;
}

static bool has_path(struct span base)
{
	const char *host = memmem(base.p, base.len, "://", 3);

	return host != NULL &&
	       memchr(host + 3, '/', (size_t)(base.p + base.len - host - 3)) != NULL;
}

/* Whether azure's API of that version is the one without dated versions. */
static bool is_undated(const char *version)
{
	return version == NULL || strcmp(version, "v1") == 0 || strcmp(version, "latest") == 0 ||
	       strcmp(version, "preview") == 0;
}

/* Azure's undated API wants a version for its preview alone. */
static const char *undated_version(const char *version)
{
	return version != NULL && strcmp(version, "preview") == 0 ? version : NULL;
}

/* Appends what azure has between base and path. Returns the version that it is to be asked for. */
static const char *azure_paths(struct buf *url, struct span base, const char *version)
{
	bool undated = is_undated(version) || ends_with(base, "/openai/v1");

	if (!ends_with(base, "/openai") && !ends_with(base, "/openai/v1"))
		buf_puts(url, "/openai");
	if (undated && !ends_with(base, "/openai/v1"))
		buf_puts(url, "/v1");
	return undated ? undated_version(version) : version;
}

static void add_escaped(struct buf *url, const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, 0);

	if (escaped == NULL)
		fatalx("out of memory");
	buf_puts(url, escaped);
	curl_free(escaped);
}

static void add_query(struct buf *url, const char *version, const char *query)
{
	if (version != NULL) {
		buf_puts(url, "?api-version=");
		add_escaped(url, version);
	}
	if (query[0] != '\0') {
		buf_putc(url, version != NULL ? '&' : '?');
		buf_puts(url, query);
	}
}

static bool holds(struct span text, const char *part)
{
	return memmem(text.p, text.len, part, strlen(part)) != NULL;
}

/* As azure_paths(); a dated version's paths name the model, as base may do already. */
static const char *azure_chat_paths(
    struct buf *url, struct span base, const struct deployment *deployment, const char *model)
{
	const char *version = deployment_api_version(deployment, model);
	enum dialect api;
	char *name;

	if (holds(base, "/openai/deployments/") || dialect_of_url(base, &api))
		return is_undated(version) || holds(base, "/openai/v1/") ? undated_version(version)
									 : version;
	if (is_undated(version) || ends_with(base, "/openai/v1"))
		return azure_paths(url, base, version);
	version = azure_paths(url, base, version);
	name = model_upstream_name(deployment, model);
	buf_puts(url, "/deployments/");
	add_escaped(url, name);
	free(name);
	return version;
}

/* The version that Azure AI's own paths are asked for where none is configured. */
static const char azure_ai_version[] = "2024-05-01-preview";

/* Appends what Azure AI has between base and path. Returns the version to ask for, or NULL. */
static const char *azure_ai_paths(struct buf *url, struct span base, const char *version)
{
	bool models = provider_is_at_host(base, "services.ai.azure.com");

	if (models && !has_path(base))
		buf_puts(url, "/models");
	else if (!ends_with(base, "/models") && !ends_with(base, "/models/chat/completions"))
		models = false;
	return version == NULL && models ? azure_ai_version : version;
}

static enum provider_paths paths_of(const struct provider *provider)
{
	return provider != NULL ? provider->paths : PATHS_OPENAI;
}

static void add_default_path(struct buf *url, struct span base, const struct provider *provider)
{
	if (provider != NULL && provider->default_path != NULL && !has_path(base))
		buf_puts(url, provider->default_path);
}

/* Each of these appends the URL to url, which is empty, and returns the version to ask for. */

static const char *responses_url(struct buf *url, struct span base,
    const struct deployment *deployment, const char *model, struct span path)
{
	const struct provider *provider = deployment_table_line(deployment, model);
	const char *version = NULL;

	buf_append_span(url, base);
	if (paths_of(provider) == PATHS_AZURE)
		version = azure_paths(url, base, deployment_api_version(deployment, model));
	else
		add_default_path(url, base, provider);
	buf_putc(url, '/');
	buf_append_span(url, path);
	return version;
}

/* Where an API is asked, which a base may have at its end, off that. */
static struct span without_chat_path(struct span base)
{
	enum dialect api;

	if (dialect_of_url(base, &api) && api == DIALECT_CHAT)
		base.len -= strlen("/chat/completions");
	return base;
}

/* path is "chat/completions", or what lies beside it. */
static const char *chat_url(struct buf *url, struct span base, const struct deployment *deployment,
    const char *model, struct span path)
{
	const struct provider *provider = deployment_table_line(deployment, model);
	const char *version = NULL;
	enum dialect api;
	bool whole;

	if (!api_path_is_chat(path))
		base = without_chat_path(base);
	whole = dialect_of_url(base, &api) && api == DIALECT_CHAT;
	buf_append_span(url, base);
	if (paths_of(provider) == PATHS_AZURE_AI)
		version = azure_ai_paths(url, base, deployment_api_version(deployment, model));
	else if (paths_of(provider) == PATHS_AZURE)
		version = azure_chat_paths(url, base, deployment, model);
	else
		add_default_path(url, base, provider);
	if (whole)
		return version;
	buf_putc(url, '/');
	buf_append_span(url, path);
	return version;
}

static const char *messages_url(struct buf *url, struct span base)
{
	enum dialect api;

	buf_append_span(url, base);
	if (dialect_of_url(base, &api) && api == DIALECT_MESSAGES)
		return NULL;
	buf_puts(url, ends_with(base, "/v1") ? "/messages" : "/v1/messages");
	return NULL;
}

void transfer_url(struct buf *url, const struct deployment *deployment, const char *model,
    struct span path, const char *query)
{
	const enum dialect dialect = deployment_dialect(deployment, model);
	const struct span base = base_of(deployment, model);
	const char *version;

	if (api_path_is_beside_chat(path))
		version = chat_url(url, base, deployment, model, path);
	else if (dialect == DIALECT_RESPONSES || !span_is(path, "responses"))
		version = responses_url(url, base, deployment, model, path);
	else if (dialect == DIALECT_CHAT)
		version = chat_url(url, base, deployment, model, SPAN("chat/completions"));
	else
		version = messages_url(url, base);
	add_query(url, version, query);
}
