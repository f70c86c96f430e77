#include <string.h>

#include "common/base/log.h"
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

/* Appends what azure has between base and path. Returns the version that it is to be asked for. */
static const char *azure_paths(struct buf *url, struct span base, const char *version)
{
	bool undated = is_undated(version) || ends_with(base, "/openai/v1");

	if (!ends_with(base, "/openai") && !ends_with(base, "/openai/v1"))
		buf_puts(url, "/openai");
	if (undated && !ends_with(base, "/openai/v1"))
		buf_puts(url, "/v1");
	if (undated && (version == NULL || strcmp(version, "preview") != 0))
		return NULL;
	return version;
}

static void add_query(struct buf *url, const char *version, const char *query)
{
	char *escaped;

	if (version != NULL) {
		escaped = curl_easy_escape(NULL, version, 0);
		if (escaped == NULL)
			fatalx("out of memory");
		buf_printf(url, "?api-version=%s", escaped);
		curl_free(escaped);
	}
	if (query[0] != '\0') {
		buf_putc(url, version != NULL ? '&' : '?');
		buf_puts(url, query);
	}
}

void transfer_url(struct buf *url, const struct deployment *deployment, const char *model,
    struct span path, const char *query)
{
	const struct provider *provider = deployment_table_line(deployment, model);
	enum provider_paths paths = provider != NULL ? provider->paths : PATHS_OPENAI;
	struct span base = base_of(deployment, model);
	const char *version = NULL;

	buf_append_span(url, base);
	if (paths == PATHS_AZURE)
		version = azure_paths(url, base, deployment_api_version(deployment, model));
	else if (paths == PATHS_V1 && !has_path(base))
		buf_puts(url, "/v1");
	buf_putc(url, '/');
	buf_append_span(url, path);
	add_query(url, version, query);
}
