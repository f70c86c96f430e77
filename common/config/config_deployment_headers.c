#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/buf.h"
#include "config_deployment_internal.h"
#include "config_section.h"

/* RFC 9110 section 5.6.2 */
static bool is_token(const char *text)
{
	static const char token_characters[] = "!#$%&'*+-.^_`|~0123456789"
					       "abcdefghijklmnopqrstuvwxyz"
					       "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return text[0] != '\0' && text[strspn(text, token_characters)] == '\0';
}

/* Whether the name is of a header that says where the request goes, and how it is framed. */
static bool is_own_header(const char *name)
{
	static const char *const own[] = {"Accept-Encoding", "Connection", "Content-Encoding",
	    "Content-Length", "Content-Type", "Expect", "Host", "Keep-Alive", "Proxy-Connection",
	    "TE", "Trailer", "Transfer-Encoding", "Upgrade"};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (strcasecmp(name, own[i]) == 0)
			return true;
	}
	return false;
}

static void read_header(const struct config_value *value, struct deployment *deployment)
{
	struct buf line = {0};
	char *text;

	if (!is_token(value->key)) {
		config_warn(value, "not a name of a header: not sent");
		return;
	}
	if (is_own_header(value->key)) {
		config_warn(value, "a header that respool sets itself: not sent");
		return;
	}
	if (!config_string(value, CONFIG_FOR_PROVIDERS, "the header's value", &text))
		return;
	buf_printf(&line, "%s: %s", value->key, text);
	buf_cstr(&line);
	config_append_string(
	    &deployment->extra_headers, &deployment->extra_header_count, line.data);
	free(text);
}

static const char headers_expected[] = "a mapping of headers' names to their values";

void deployment_read_extra_headers(const struct config_value *value, void *dest)
{
	struct config_value *headers;
	size_t count;

	if (!config_members(value, headers_expected, &headers, &count))
		return;
	for (size_t i = 0; i < count; i++)
		read_header(&headers[i], dest);
	free(headers);
}

void deployment_note_unset_in_headers(
    const struct config_value *params, struct deployment *deployment)
{
	struct config_value value, *headers;
	size_t count;

	if (!config_member(params, "extra_headers", &value) ||
	    !config_members(&value, headers_expected, &headers, &count))
		return;
	for (size_t i = 0; i < count; i++)
		deployment_note_missing(deployment, config_unset_variable(&headers[i]));
	free(headers);
}
