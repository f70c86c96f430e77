#include "config_webhooks.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/base/digest.h"
#include "config_section.h"
#include "config_webhooks_internal.h"

enum { MOST_PARALLEL = 64, URL_DIGITS = 8 };

static const char expected_events[] = "a list of response.completed, response.failed, "
				      "response.incomplete and response.cancelled";
static const char expected_name[] =
    "1 to 64 letters, digits, '.', '_' and '-', and no '-' at the beginning";
static const char name_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				 "0123456789._-";

static const struct {
	unsigned event;
	const char *state; /* that the response has ended in */
} events[] = {
    {WEBHOOK_COMPLETED, "completed"},
    {WEBHOOK_FAILED, "failed"},
    {WEBHOOK_INCOMPLETE, "incomplete"},
    {WEBHOOK_CANCELLED, "cancelled"},
};

enum { EVENT_COUNT = sizeof(events) / sizeof(events[0]) };

bool webhook_name_valid(const char *name)
{
	const size_t len = strlen(name);

	return len > 0 && len <= WEBHOOK_NAME_MAX && strspn(name, name_chars) == len &&
	       name[0] != '-';
}

const struct webhook_endpoint *webhook_find(
    const struct webhooks_config *webhooks, const char *name)
{
	for (size_t i = 0; i < webhooks->count; i++) {
		if (strcmp(webhooks->endpoints[i].name, name) == 0)
			return &webhooks->endpoints[i];
	}
	return NULL;
}

/* The event of that type, "response.completed"; 0 if there is none such. */
static unsigned event_of(const char *type)
{
	struct span state = span_of(type);

	if (!span_skip(&state, "response."))
		return 0;
	for (size_t i = 0; i < EVENT_COUNT; i++) {
		if (span_is(state, events[i].state))
			return events[i].event;
	}
	return 0;
}

static void read_event(const struct config_value *value, unsigned *told)
{
	unsigned event;
	char *type;

	if (!config_string(value, 0, expected_events, &type))
		return;
	event = event_of(type);
	if (event == 0)
		config_wrong(value, "another event, expected %s", expected_events);
	*told |= event;
	free(type);
}

static void read_events(const struct config_value *value, void *dest)
{
	struct webhook_draft *draft = dest;

	if (!config_is_list(value, expected_events))
		return;
	if (config_length(value) == 0)
		config_wrong(value, "an empty list, expected %s", expected_events);
	draft->endpoint.events = 0;
	for (size_t i = 0; i < config_length(value); i++) {
		struct config_value element = config_element(value, i);

		read_event(&element, &draft->endpoint.events);
	}
}

static void read_tenants(const struct config_value *value, void *dest)
{
	struct webhook_draft *draft = dest;
	struct webhook_endpoint *endpoint = &draft->endpoint;

	if (!config_is_list(value, "a list of tenants"))
		return;
	endpoint->all_tenants = false;
	config_strings(value, "a tenant's name", &endpoint->tenants, &endpoint->tenant_count);
}

static void read_name(const struct config_value *value, void *dest)
{
	struct webhook_draft *draft = dest;
	char **name = &draft->endpoint.name;

	if (config_string(value, 0, expected_name, name) && !webhook_name_valid(*name))
		config_wrong(value, "something else, expected %s", expected_name);
}

/* What the URL is checked for depends on internal, so that stands before it. */
static const struct config_key members[] = {
    {"name", CONFIG_READER, .read = read_name},
    {"internal", CONFIG_BOOL, IN(struct webhook_draft, endpoint.internal)},
    {"url", CONFIG_READER, CONFIG_REQUIRED, "the URL to send to", .read = webhook_read_url},
    {"secret", CONFIG_READER, CONFIG_REQUIRED, "a secret, or a list of them",
	.read = webhook_read_secrets},
    {"events", CONFIG_READER, .read = read_events},
    {"tenants", CONFIG_READER, .read = read_tenants},
    {"max_parallel", CONFIG_INT, IN(struct webhook_draft, endpoint.max_parallel), .min = 1,
	.max = MOST_PARALLEL},
};

static const struct webhook_draft defaults = {
    .endpoint = {.events = WEBHOOK_ALL_EVENTS, .all_tenants = true, .max_parallel = 8},
};

/* What begins with '-' would be an option of respoolctl. */
static void add_name_char(struct buf *name, char c)
{
	const char shown = strchr(name_chars, c) != NULL ? c : '-';

	if (shown != '-' || name->len > 0)
		buf_putc(name, shown);
}

/* Of the host, and of the whole URL, which tells endpoints of one host apart. */
static char *default_name(const struct webhook_draft *draft)
{
	const char *host = draft->host + (draft->host[0] == '[');
	struct buf name = {0};
	char digest[DIGEST_SIZE];

	for (size_t i = 0; host[i] != '\0' && host[i] != ']'; i++)
		add_name_char(&name, host[i]);
	if (name.len > WEBHOOK_NAME_MAX - URL_DIGITS - 1)
		name.len = WEBHOOK_NAME_MAX - URL_DIGITS - 1;
	add_name_char(&name, '-');
	digest_hex(digest, span_of(draft->endpoint.url));
	buf_printf(&name, "%.*s", URL_DIGITS, digest);
	buf_cstr(&name);
	return name.data;
}

static void append_text(struct buf *whole, const void *bytes, size_t len)
{
	/* The length tells where it ends, whatever is in it. */
	buf_printf(whole, "%zu:", len);
	buf_append(whole, bytes, len);
}

static void make_digest(struct webhook_endpoint *endpoint)
{
	struct buf whole = {0};
	char digest[DIGEST_SIZE];

	append_text(&whole, endpoint->name, strlen(endpoint->name));
	append_text(&whole, endpoint->url, strlen(endpoint->url));
	buf_printf(&whole, "%u,%d,%d,%d,%zu,", endpoint->events, endpoint->all_tenants,
	    endpoint->internal, endpoint->max_parallel, endpoint->tenant_count);
	for (size_t i = 0; i < endpoint->tenant_count; i++)
		append_text(&whole, endpoint->tenants[i], strlen(endpoint->tenants[i]));
	for (size_t i = 0; i < endpoint->secret_count; i++)
		append_text(&whole, endpoint->secrets[i].key, endpoint->secrets[i].len);
	digest_hex(digest, buf_span(&whole));
	memcpy(endpoint->digest, digest, WEBHOOK_DIGEST_SIZE - 1);
	buf_free(&whole);
}

static bool is_new(const struct config_value *value, const struct webhooks_config *webhooks,
    const struct webhook_endpoint *endpoint)
{
	const struct config_value name = config_place(value, "name");

	if (webhook_find(webhooks, endpoint->name) == NULL)
		return true;
	config_wrong(&name, "that of an endpoint before it, expected a name for each endpoint");
	return false;
}

static void clear(struct webhook_endpoint *endpoint)
{
	free(endpoint->name);
	free(endpoint->url);
	free(endpoint->site);
	free(endpoint->secrets);
	config_free_strings(endpoint->tenants, endpoint->tenant_count);
}

static void append(struct webhooks_config *webhooks, struct webhook_endpoint endpoint)
{
	webhooks->endpoints =
	    xrealloc(webhooks->endpoints, (webhooks->count + 1) * sizeof(endpoint));
	webhooks->endpoints[webhooks->count++] = endpoint;
}

static void read_endpoint(const struct config_value *value, struct webhooks_config *webhooks)
{
	struct webhook_draft draft = defaults;
	struct webhook_endpoint *endpoint = &draft.endpoint;
	bool ok = config_section(value, "a mapping with url and secret", KEYS(members), &draft);

	if (ok && endpoint->name == NULL)
		endpoint->name = default_name(&draft);
	if (ok && is_new(value, webhooks, endpoint)) {
		make_digest(endpoint);
		append(webhooks, *endpoint);
	} else {
		clear(endpoint);
	}
	free(draft.host);
}

void webhooks_read(const struct config_value *list, struct webhooks_config *webhooks)
{
	if (!config_is_list(list, "a list of mappings with url and secret"))
		return;
	for (size_t i = 0; i < config_length(list); i++) {
		struct config_value element = config_element(list, i);

		read_endpoint(&element, webhooks);
	}
}

/*
 * Whether the file has a tenant of that name, be its key set here or not. known becomes a list of
 * all, as they stand in the file: what is in a variable is not shown.
 */
static bool is_tenant(const struct config_value *section, const char *tenant, struct buf *known)
{
	bool found = strcmp(tenant, "master") == 0;
	struct config_value keys, name;

	buf_puts(known, "master");
	if (!config_find(section, "api_keys", &keys))
		return found;
	for (size_t i = 0; i < config_length(&keys); i++) {
		const struct config_value element = config_element(&keys, i);

		if (!config_find(&element, "name", &name))
			continue;
		found |= strcmp(config_any_text(&name, "the tenant's name"), tenant) == 0;
		buf_printf(known, ", %.60s", config_raw_text(&name));
	}
	return found;
}

static void check_tenant(
    const struct config_value *section, const struct config_value *value, const char *tenant)
{
	struct buf known = {0};

	if (!is_tenant(section, tenant, &known))
		config_wrong(value, "\"%.60s\", expected one of the tenants: %s",
		    config_raw_text(value), buf_cstr(&known));
	buf_free(&known);
}

/* The list's elements are the endpoints, as there was no error. */
static void check_tenants(const struct config_value *section, const struct config_value *list,
    const struct webhooks_config *webhooks)
{
	for (size_t i = 0; i < webhooks->count; i++) {
		const struct webhook_endpoint *endpoint = &webhooks->endpoints[i];
		const struct config_value element = config_element(list, i);
		const struct config_value tenants = config_place(&element, "tenants");

		for (size_t j = 0; j < endpoint->tenant_count; j++) {
			const struct config_value value = config_element(&tenants, j);

			check_tenant(section, &value, endpoint->tenants[j]);
		}
	}
}

static void add_line(struct buf *lines, const struct webhook_endpoint *endpoint)
{
	buf_printf(lines, "%s ,", endpoint->name);
	for (size_t i = 0; i < EVENT_COUNT; i++) {
		if (endpoint->events & events[i].event)
			buf_printf(lines, "%s,", events[i].state);
	}
	buf_puts(lines, endpoint->all_tenants ? " *" : " \37");
	for (size_t i = 0; i < endpoint->tenant_count; i++)
		buf_printf(lines, "%s\37", endpoint->tenants[i]);
	buf_putc(lines, '\n');
}

static void make_lines(struct webhooks_config *webhooks)
{
	struct buf lines = {0};

	for (size_t i = 0; i < webhooks->count; i++)
		add_line(&lines, &webhooks->endpoints[i]);
	if (lines.len > 0)
		buf_cstr(&lines);
	webhooks->lines = lines.data;
}

void webhooks_finish(const struct config_value *section, struct webhooks_config *webhooks)
{
	struct config_value list;

	if (section->file->error_count == 0 && config_find(section, "webhooks", &list))
		check_tenants(section, &list, webhooks);
	make_lines(webhooks);
}

void webhooks_clear(struct webhooks_config *webhooks)
{
	for (size_t i = 0; i < webhooks->count; i++)
		clear(&webhooks->endpoints[i]);
	free(webhooks->endpoints);
	free(webhooks->lines);
}
