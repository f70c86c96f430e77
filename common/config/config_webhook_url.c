#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "common/base/address_scope.h"
#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/base/log.h"
#include "config_section.h"
#include "config_webhooks_internal.h"

static const char expected_url[] = "https://HOST, with a port and a path if need be";

static bool has_scheme(const char *url, const char *scheme)
{
	return strncasecmp(url, scheme, strlen(scheme)) == 0;
}

/*
 * What is between the slashes; an empty span if there is nothing. libcurl would take more or fewer
 * slashes as well.
 */
static struct span authority_of(const char *url)
{
	const char *begin = strstr(url, "://");

	if (begin == NULL)
		return (struct span){"", 0};
	begin += strlen("://");
	return (struct span){begin, strcspn(begin, "/?#")};
}

/* What can be seen before it is parsed; NULL if nothing is wrong. */
static const char *wrong_form(const char *url)
{
	const struct span authority = authority_of(url);

	if (!has_scheme(url, "https://") && !has_scheme(url, "http://"))
		return "another scheme than https and http";
	if (authority.len == 0)
		return "no host";
	if (memchr(authority.p, '@', authority.len) != NULL)
		return "a user or a password in it";
	return strchr(url, '#') != NULL ? "a fragment in it" : NULL;
}

/* A part of the URL, owned, or NULL if it has none such. */
static char *part_of(const CURLU *parsed, CURLUPart part)
{
	char *text, *copy = NULL;

	if (curl_url_get((CURLU *)parsed, part, &text, 0) == CURLUE_OK) {
		copy = xstrdup(text);
		curl_free(text);
	}
	return copy;
}

static char *site_of(const char *url, const char *host, const CURLU *parsed)
{
	char *port = part_of(parsed, CURLUPART_PORT);
	struct buf site = {0};

	buf_printf(&site, "%s://%s", has_scheme(url, "https:") ? "https" : "http", host);
	if (port != NULL)
		buf_printf(&site, ":%s", port);
	buf_cstr(&site);
	free(port);
	return site.data;
}

static void check_reach(
    const struct config_value *value, struct webhook_endpoint *endpoint, enum address_scope scope)
{
	endpoint->is_loopback = scope == ADDRESS_LOOPBACK;
	if (endpoint->internal || endpoint->is_loopback)
		return;
	if (scope == ADDRESS_PRIVATE)
		config_wrong(value, "a private address, expected a public one, or internal: true");
	else if (!has_scheme(endpoint->url, "https:"))
		config_wrong(value, "plain http to another machine, expected https, or "
				    "internal: true");
}

static void read_parsed(
    const struct config_value *value, const CURLU *parsed, struct webhook_draft *draft)
{
	struct webhook_endpoint *endpoint = &draft->endpoint;

	draft->host = part_of(parsed, CURLUPART_HOST);
	if (draft->host == NULL) {
		config_wrong(value, "no host, expected %s", expected_url);
		return;
	}
	endpoint->site = site_of(endpoint->url, draft->host, parsed);
	check_reach(value, endpoint, address_scope_of_host(draft->host));
}

/* By libcurl, which is to connect: to what it takes for the host. */
static void parse(const struct config_value *value, struct webhook_draft *draft)
{
	CURLU *parsed = curl_url();

	if (parsed == NULL)
		fatalx("out of memory");
	if (curl_url_set(parsed, CURLUPART_URL, draft->endpoint.url, 0) == CURLUE_OK)
		read_parsed(value, parsed, draft);
	else
		config_wrong(value, "not a URL, expected %s", expected_url);
	curl_url_cleanup(parsed);
}

/* It is not shown: what is behind the host may let its reader in. */
void webhook_read_url(const struct config_value *value, void *dest)
{
	struct webhook_draft *draft = dest;
	const char *wrong;

	if (!config_string(value, 0, expected_url, &draft->endpoint.url))
		return;
	wrong = wrong_form(draft->endpoint.url);
	if (wrong != NULL)
		config_wrong(value, "%s, expected %s", wrong, expected_url);
	else
		parse(value, draft);
}
