#include "transfer.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/log.h"
#include "common/config/model.h"
#include "common/config/provider.h"

enum { CONNECT_TIMEOUT_MS = 10000 };

/* ---- the handle ------------------------------------------------------------------------------ */

const char *transfer_ca_file(void)
{
	static const char *const names[] = {"CURL_CA_BUNDLE", "SSL_CERT_FILE"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && value[0] != '\0')
			return value;
	}
	return NULL;
}

/*
 * Within one call, libcurl 7.88 reads frames of HTTP/2 for as long as they come: those that hold no
 * part of an answer would keep the process in there. 8.12 is known to return.
 */
static long http_version(void)
{
	if (curl_version_info(CURLVERSION_NOW)->version_num < 0x080c00)
		return CURL_HTTP_VERSION_1_1;
	return CURL_HTTP_VERSION_2TLS;
}

static int set_protocol(CURL *easy)
{
	int bad = 0;

	bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	bad |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, http_version());
	bad |= curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
	bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	/* A proxy's answer to CONNECT is not the provider's head. */
	bad |= curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "respool/" PACKAGE_VERSION);
	return bad;
}

static int set_connection(CURL *easy)
{
	int bad = 0;

	bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
	bad |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* Do not block when the handle is given up until a name is resolved. */
	bad |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	return bad;
}

static int set_trust(CURL *easy, const char *ca_file)
{
	int bad = 0;

	bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	/* With a directory besides the file libcurl parses the file anew for each connection. */
	bad |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	if (ca_file != NULL)
		bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
	return bad;
}

bool transfer_set_up(CURL *easy, const char *ca_file)
{
	return (set_protocol(easy) | set_connection(easy) | set_trust(easy, ca_file)) == 0;
}

/* ---- where ----------------------------------------------------------------------------------- */

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

/* ---- who asks -------------------------------------------------------------------------------- */

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

static const char *key_header(const struct deployment *deployment, const char *model)
{
	const struct provider *provider = deployment_table_line(deployment, model);

	if (provider != NULL && provider->auth == AUTH_API_KEY)
		return "api-key: ";
	return "Authorization: Bearer ";
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
		headers = transfer_add_value(headers, key_header(deployment, model), key);
	if (deployment->organization != NULL)
		headers =
		    transfer_add_value(headers, "OpenAI-Organization: ", deployment->organization);
	return transfer_add_header(headers, "Content-Type: application/json");
}

/* ---- the answer ------------------------------------------------------------------------------ */

static bool ends_in_chunked(const char *codings)
{
	size_t len = strlen(codings);

	return len >= 7 && strcasecmp(codings + len - 7, "chunked") == 0;
}

static bool is_chunked(CURL *easy)
{
	struct curl_header *last;
	size_t i = 0;
	bool chunked = false;

	while (
	    curl_easy_header(easy, "transfer-encoding", i++, CURLH_HEADER, -1, &last) == CURLHE_OK)
		chunked = ends_in_chunked(last->value);
	return chunked;
}

bool transfer_is_framed(CURL *easy)
{
	curl_off_t length = -1;
	long status = 0, version = 0;

	curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	return version > CURL_HTTP_VERSION_1_1 || status == 204 || status == 304 || length >= 0 ||
	       is_chunked(easy);
}

void transfer_media_type(CURL *easy, char out[TRANSFER_MEDIA_TYPE_SIZE])
{
	const char *content_type = NULL;
	size_t len = 0;

	curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &content_type);
	if (content_type != NULL)
		len = strcspn(content_type, "; \t");
	if (len >= TRANSFER_MEDIA_TYPE_SIZE)
		len = TRANSFER_MEDIA_TYPE_SIZE - 1;
	for (size_t i = 0; i < len; i++)
		out[i] = (char)tolower((unsigned char)content_type[i]);
	out[len] = '\0';
}

double transfer_retry_after(CURL *easy)
{
	struct curl_header *header;
	curl_off_t seconds = 0;

	if (curl_easy_header(easy, "retry-after", 0, CURLH_HEADER, -1, &header) != CURLHE_OK ||
	    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK)
		return -1;
	/* libcurl gives 0 for what it cannot read, too. */
	if (seconds == 0 && !isdigit((unsigned char)header->value[0]) &&
	    curl_getdate(header->value, NULL) < 0)
		return -1;
	return (double)seconds;
}
