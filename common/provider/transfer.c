#include "transfer.h"

#include <stdlib.h>

enum { CONNECT_TIMEOUT_MS = 10000 };

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
