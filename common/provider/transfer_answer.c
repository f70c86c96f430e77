#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "transfer.h"

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

/* As OpenAI and Azure say it, more finely. Negative if there is none. */
static double retry_after_ms(CURL *easy)
{
	struct curl_header *header;
	char *end;
	double ms;

	if (curl_easy_header(easy, "retry-after-ms", 0, CURLH_HEADER, -1, &header) != CURLHE_OK ||
	    !isdigit((unsigned char)header->value[0]))
		return -1;
	ms = strtod(header->value, &end);
	return *end == '\0' && isfinite(ms) ? ms : -1;
}

double transfer_retry_after(CURL *easy)
{
	struct curl_header *header;
	curl_off_t seconds = 0;
	double ms = retry_after_ms(easy);

	if (ms >= 0)
		return ms / 1000;
	if (curl_easy_header(easy, "retry-after", 0, CURLH_HEADER, -1, &header) != CURLHE_OK ||
	    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK)
		return -1;
	/* libcurl gives 0 for what it cannot read, too. */
	if (seconds == 0 && !isdigit((unsigned char)header->value[0]) &&
	    curl_getdate(header->value, NULL) < 0)
		return -1;
	/* More than it can hold. */
	if (seconds == 0)
		seconds = strtoll(header->value, NULL, 10);
	return (double)seconds;
}
