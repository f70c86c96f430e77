#include "config_deployment.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <xxhash.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "config_section.h"
#include "common/base/log.h"
#include "model.h"
#include "model_names.h"
#include "provider.h"

/* A deployment on its way into the configuration. */
struct deployment_draft {
	struct deployment deployment;
	const struct deployment_defaults *defaults;
	bool keyless; /* has an api_base of its own, and at most its name says whose it is */
};

void deployment_clear(struct deployment *deployment)
{
	free(deployment->id);
	free(deployment->model_name);
	free(deployment->model);
	free(deployment->provider);
	free(deployment->api_base);
	free(deployment->api_key);
	free(deployment->missing);
	free(deployment->organization);
	free(deployment->api_version);
	config_free_strings(deployment->extra_headers, deployment->extra_header_count);
	config_free_strings(deployment->dropped, deployment->dropped_count);
}

static bool has_one_star_at_most(const char *pattern)
{
	const char *star = strchr(pattern, '*');

	return star == NULL || strchr(star + 1, '*') == NULL;
}

/* False after an error; *out may be set then as well. */
static bool read_pattern(const struct config_value *value, const char *expected, char **out)
{
	if (!config_string(value, 0, expected, out))
		return false;
	if (has_one_star_at_most(*out))
		return true;
	config_wrong(value, "\"%.60s\" with more than one *, expected one at most", *out);
	return false;
}

static void read_model_name(const struct config_value *value, void *dest)
{
	struct deployment_draft *draft = dest;

	read_pattern(value, "the name that clients use", &draft->deployment.model_name);
}

static void read_model(const struct config_value *value, void *dest)
{
	struct deployment *deployment = dest;
	const char *slash;

	if (!read_pattern(value, "provider/model", &deployment->model))
		return;
	slash = strchr(deployment->model, '/');
	if (slash == deployment->model)
		config_wrong(value, "\"%.60s\" lacks a name before the /, expected provider/model",
		    deployment->model);
}

static void cut_slashes(char *url)
{
	for (size_t len = strlen(url); len != 0 && url[len - 1] == '/'; len--)
		url[len - 1] = '\0';
}

/* Takes a version in a query off the end of the URL. */
static void cut_version(struct deployment *deployment, char *url)
{
	static const char query[] = "?api-version=";
	char *begin = strchr(url, '?');
	const char *version;

	if (begin == NULL || strncmp(begin, query, strlen(query)) != 0)
		return;
	version = begin + strlen(query);
	if (!provider_is_version(version))
		return;
	free(deployment->api_version);
	deployment->api_version = xstrdup(version);
	*begin = '\0';
}

static void cut_path(char *url, const char *under, const char *path)
{
	size_t len = strlen(url), under_len = strlen(under), path_len = strlen(path);

	if (len >= under_len + path_len && strcmp(url + len - path_len, path) == 0 &&
	    memcmp(url + len - path_len - under_len, under, under_len) == 0)
		url[len - path_len] = '\0';
}

/* What azure shows as its address, and LiteLLM takes for api_base, is the whole URL of the API. */
static void cut_azure_url(struct deployment *deployment, char *url)
{
	cut_version(deployment, url);
	cut_slashes(url);
	cut_path(url, "/openai", "/responses");
	cut_path(url, "/openai/v1", "/responses");
}

/* Before the provider has been taken off the model. */
static bool is_azure(const struct deployment *deployment)
{
	if (deployment->provider != NULL)
		return strcmp(deployment->provider, "azure") == 0;
	return deployment->model != NULL && span_is(model_provider(deployment->model), "azure");
}

static void read_api_base(const struct config_value *value, void *dest)
{
	static const char expected[] =
	    "a URL that begins with http:// or https://, without query and fragment";
	struct deployment *deployment = dest;
	char *url;

	if (!config_string(value, CONFIG_FOR_PROVIDERS, expected, &url))
		return;
	deployment->api_base = url;
	if (is_azure(deployment))
		cut_azure_url(deployment, url);
	if (provider_is_url(url))
		cut_slashes(url);
	else
		config_wrong(value, "not a URL of that kind, expected %s", expected);
}

/* The version in api_base wins. */
static void read_api_version(const struct config_value *value, void *dest)
{
	static const char expected[] = "a version of the provider's API";
	struct deployment *deployment = dest;

	if (deployment->api_version != NULL ||
	    !config_string(value, CONFIG_FOR_PROVIDERS, expected, &deployment->api_version))
		return;
	if (!provider_is_version(deployment->api_version))
		config_wrong(
		    value, "a character that no version has, expected letters, digits, - and .");
}

static void read_one_organization(const struct config_value *value, struct deployment *deployment)
{
	config_string(
	    value, CONFIG_FOR_PROVIDERS, "the organization's id", &deployment->organization);
}

/* Of a list the first: each of the others gets a deployment of its own afterwards. */
static struct config_value first_of(const struct config_value *value)
{
	if (value->node->type == YAML_SEQUENCE_NODE && config_length(value) != 0)
		return config_element(value, 0);
	return *value;
}

static void read_organization(const struct config_value *value, void *dest)
{
	struct config_value first = first_of(value);

	read_one_organization(&first, dest);
}

/* Headers */

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

static void read_extra_headers(const struct config_value *value, void *dest)
{
	struct config_value *headers;
	size_t count;

	if (!config_members(value, headers_expected, &headers, &count))
		return;
	for (size_t i = 0; i < count; i++)
		read_header(&headers[i], dest);
	free(headers);
}

/* What is dropped from requests */

static bool is_kept_always(const char *name)
{
	static const char *const kept[] = {"background", "input", "model", "stream"};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (strcmp(name, kept[i]) == 0)
			return true;
	}
	return false;
}

static void read_dropped_name(const struct config_value *value, struct deployment *deployment)
{
	char *name;

	if (!config_string(value, 0, "the name of a request's member", &name))
		return;
	if (!is_kept_always(name) && strpbrk(name, ".[") == NULL) {
		config_append_string(&deployment->dropped, &deployment->dropped_count, name);
		return;
	}
	if (is_kept_always(name))
		config_wrong(value,
		    "\"%s\" cannot be dropped, expected any other member of a request", name);
	else
		config_warn(value, "\"%.60s\" is not at the top of a request: not dropped", name);
	free(name);
}

static void read_dropped_names(const struct config_value *value, void *dest)
{
	if (!config_is_list(value, "a list of names of a request's members"))
		return;
	for (size_t i = 0; i < config_length(value); i++) {
		struct config_value element = config_element(value, i);

		read_dropped_name(&element, dest);
	}
}

static void read_drop_params(const struct config_value *value, void *dest)
{
	struct deployment *deployment = dest;

	if (value->node->type == YAML_SEQUENCE_NODE)
		read_dropped_names(value, dest);
	else
		config_bool(value, 0, &deployment->drops_by_model);
}

/* timeout stands behind request_timeout, over which it wins. */
static const struct config_key params_keys[] = {
    {"model", CONFIG_READER, CONFIG_REQUIRED, "provider/model", .read = read_model},
    {"custom_llm_provider", CONFIG_STRING, 0, "a provider's name", IN(struct deployment, provider)},
    {"api_base", CONFIG_READER, .read = read_api_base},
    {"api_key", CONFIG_SECRET, CONFIG_FOR_PROVIDERS | CONFIG_MAY_BE_EMPTY, "the provider's key",
	IN(struct deployment, api_key)},
    {"organization", CONFIG_READER, .read = read_organization},
    {"api_version", CONFIG_READER, .read = read_api_version},
    {"extra_headers", CONFIG_READER, .read = read_extra_headers},
    {"drop_params", CONFIG_READER, .read = read_drop_params},
    {"additional_drop_params", CONFIG_READER, .read = read_dropped_names},
    {"weight", CONFIG_NUMBER, CONFIG_MAY_BE_ZERO, IN(struct deployment, weight), .max = INT_MAX},
    {"rpm", CONFIG_INT, IN(struct deployment, rpm), .min = 0, .max = INT_MAX},
    {"request_timeout", CONFIG_SECONDS, IN(struct deployment, timeout), .max = MAX_SECONDS},
    {"timeout", CONFIG_SECONDS, IN(struct deployment, timeout), .max = MAX_SECONDS},
    {"stream_timeout", CONFIG_SECONDS, IN(struct deployment, stream_timeout), .max = MAX_SECONDS},
};

/* Whose it is */

static bool is_given(const struct config_value *params, const char *name)
{
	struct config_value given;

	return config_member(params, name, &given);
}

static bool is_known(struct span provider)
{
	return provider_find(provider) != NULL || provider_lacks_responses(provider);
}

/* Google serves its models in two ways, and one of them has parameters of its own. */
static bool is_vertex(const struct config_value *params)
{
	return is_given(params, "vertex_project") || is_given(params, "vertex_location") ||
	       is_given(params, "vertex_credentials");
}

/* By api_base as it stands in the file, so that all processes see the same; or NULL. */
static const char *provider_by_base(const struct config_value *params)
{
	struct config_value base;

	return config_member(params, "api_base", &base) ? provider_of_base(config_raw_text(&base))
							: NULL;
}

static const char *provider_by_name(const struct config_value *params, const char *model)
{
	const char *name = model_name_provider(span_of(model));

	if (name != NULL && strcmp(name, "gemini") == 0 && is_vertex(params))
		return "vertex_ai";
	return name;
}

static void wrong_model(const struct config_value *params)
{
	struct config_value model;

	if (config_member(params, "model", &model))
		config_wrong(&model,
		    "\"%.60s\" cannot be resolved to a provider, expected provider/model, or "
		    "custom_llm_provider or api_base beside it",
		    config_raw_text(&model));
}

/* A key in the environment is for the API of its owner. */
static void warn_of_unused_key(
    const struct config_value *params, const struct deployment *deployment)
{
	const struct provider *provider = provider_find(span_of(deployment->provider));
	const char *variable = provider != NULL ? provider_variable(provider->key_variables) : NULL;

	if (variable != NULL && !is_given(params, "api_key"))
		config_warn(params,
		    "nothing but its name says whose the model is: the key in %s is not sent to "
		    "api_base, expected %s/model or api_key if it should be",
		    variable, deployment->provider);
}

/*
 * Finds the provider of a deployment that does not name it apart from model. Reports an error if
 * nothing says it. As in LiteLLM, a known api_base says more than the model's name.
 */
static void find_provider(const struct config_value *params, struct deployment_draft *draft)
{
	struct deployment *deployment = &draft->deployment;
	struct span prefix = model_provider(deployment->model);
	const char *owner = provider_by_base(params), *name = owner;

	if (prefix.len != 0 && (owner == NULL || is_known(prefix))) {
		deployment->provider = xmemdup(prefix.p, prefix.len);
		return;
	}
	if (name == NULL)
		name = provider_by_name(params, deployment->model);
	deployment->provider = xstrdup(name != NULL ? name : "openai");
	if (name == NULL && !is_given(params, "api_base"))
		wrong_model(params);
	draft->keyless = is_given(params, "api_base") && owner == NULL &&
			 (name == NULL || strcmp(name, "openai") != 0);
	if (draft->keyless)
		warn_of_unused_key(params, deployment);
}

static void cut_prefix(char *model, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(model, prefix, len) == 0 && model[len] == '/')
		memmove(model, model + len + 1, strlen(model + len + 1) + 1);
}

/* Takes the provider off the front of the model, unless another one was named for it. */
static void split_model(const struct config_value *params, struct deployment_draft *draft)
{
	struct deployment *deployment = &draft->deployment;

	deployment->any_provider = deployment->provider == NULL && deployment->model[0] == '*';
	if (deployment->any_provider) {
		deployment->provider = xstrdup("openai"); /* of one that is nobody's */
		return;
	}
	if (deployment->provider == NULL)
		find_provider(params, draft);
	cut_prefix(deployment->model, deployment->provider);
	model_drop_api(deployment->model);
}

/* Notes that the variable is missing here, unless another one is already. */
static void note_missing(struct deployment *deployment, const char *variable)
{
	if (variable != NULL && deployment->missing == NULL)
		deployment->missing = xstrdup(variable);
}

/* What is in a variable that the provider's table names cannot be used. */
static void wrong_default(const struct config_value *params, struct deployment *deployment,
    const char *variable, const char *problem, const char *expected)
{
	note_missing(deployment, variable);
	if (!(params->file->unneeded & CONFIG_FOR_PROVIDERS))
		config_wrong(
		    params, "%s environment variable %s, expected %s", problem, variable, expected);
}

static void use_default_key(const struct config_value *params, const struct provider *provider,
    struct deployment *deployment)
{
	const char *variable = provider_variable(provider->key_variables);

	if (variable == NULL)
		return;
	if (config_is_clean_secret(getenv(variable)))
		deployment->api_key = xstrdup(getenv(variable));
	else
		wrong_default(params, deployment, variable, "a blank or control character in",
		    "the provider's key");
}

static void use_default_base(const struct config_value *params, const struct provider *provider,
    struct deployment *deployment)
{
	const char *variable = provider_variable(provider->base_variables);
	const char *base = variable != NULL ? getenv(variable) : provider->api_base;
	char *url;

	if (base == NULL)
		return;
	url = xstrdup(base);
	if (provider->paths == PATHS_AZURE)
		cut_azure_url(deployment, url);
	if (provider_is_url(url)) {
		cut_slashes(url);
		deployment->api_base = url;
		return;
	}
	free(url);
	wrong_default(params, deployment, variable, "the value of",
	    "a URL that begins with http:// or https://, without query and fragment");
}

static void use_default_version(const struct config_value *params, const struct provider *provider,
    struct deployment *deployment)
{
	const char *variable = provider->version_variable;
	const char *version = variable != NULL ? getenv(variable) : NULL;

	if (deployment->api_version != NULL || version == NULL || version[0] == '\0')
		return;
	if (provider_is_version(version))
		deployment->api_version = xstrdup(version);
	else
		wrong_default(params, deployment, variable, "the value of",
		    "a version of the provider's API");
}

/* Adds what the provider does not take to what is dropped. */
static void drop_what_is_not_taken(const struct provider *provider, struct deployment *deployment)
{
	const char *p = provider->not_taken != NULL ? provider->not_taken : "";

	for (p += strspn(p, " "); *p != '\0'; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");

		config_append_string(
		    &deployment->dropped, &deployment->dropped_count, xmemdup(p, len));
		p += len;
	}
}

/* Fills in what the provider's table knows and the deployment does not say. */
static void use_provider_defaults(const struct config_value *params, struct deployment_draft *draft)
{
	struct deployment *deployment = &draft->deployment;
	const struct provider *provider = provider_find(span_of(deployment->provider));

	if (provider != NULL && !is_given(params, "api_base"))
		use_default_base(params, provider, deployment);
	if (provider != NULL && !draft->keyless && !is_given(params, "api_key"))
		use_default_key(params, provider, deployment);
	if (provider != NULL && !is_given(params, "api_version"))
		use_default_version(params, provider, deployment);
	if (provider != NULL && deployment->drops_by_model)
		drop_what_is_not_taken(provider, deployment);
	deployment->drops_by_model = false;
}

static void warn_of_provider(const struct config_value *params, const struct deployment *deployment)
{
	const bool has_base = is_given(params, "api_base") || deployment->api_base != NULL;

	if (provider_lacks_responses(span_of(deployment->provider)))
		config_warn(params,
		    has_base ? "provider \"%s\" is not known to serve the Responses API, which is "
			       "what will be asked of its api_base"
			     : "provider \"%s\" does not serve the Responses API in OpenAI's form: "
			       "the deployment cannot be used",
		    deployment->provider);
	else if (!has_base && deployment->missing == NULL)
		config_warn(params,
		    "no api_base, and none is known for provider \"%s\": "
		    "the deployment cannot be used",
		    deployment->provider);
}

/* "azure/", say, which LiteLLM takes for models that are called in another way. */
static void give_up_nameless(const struct config_value *params, struct deployment *deployment)
{
	config_warn(params, "model has no name after the /: the deployment cannot be used");
	free(deployment->api_base);
	deployment->api_base = NULL;
}

/* Notes the first variable that is missing here of those that the parameters name. */
static void note_unset_variables(const struct config_value *params, struct deployment *deployment)
{
	static const char *const names[] = {"api_base", "api_key", "api_version", "organization"};
	struct config_value value, *headers;
	size_t count;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!config_member(params, names[i], &value))
			continue;
		value = first_of(&value);
		note_missing(deployment, config_unset_variable(&value));
	}
	if (!config_member(params, "extra_headers", &value) ||
	    !config_members(&value, headers_expected, &headers, &count))
		return;
	for (size_t i = 0; i < count; i++)
		note_missing(deployment, config_unset_variable(&headers[i]));
	free(headers);
}

/* Clients choose where it goes. */
static void warn_of_open_key(const struct config_value *params, const struct deployment *deployment)
{
	if (deployment->api_key != NULL && !is_given(params, "api_base"))
		config_warn(params,
		    "api_key is sent to whatever provider the model that is asked for names, "
		    "expected an api_base beside it");
}

static void read_params(const struct config_value *value, void *dest)
{
	struct deployment_draft *draft = dest;
	struct deployment *deployment = &draft->deployment;

	if (!config_section(value, "a mapping with model", KEYS(params_keys), deployment))
		return;
	split_model(value, draft);
	note_unset_variables(value, deployment);
	if (deployment->any_provider) {
		warn_of_open_key(value, deployment);
		return;
	}
	use_provider_defaults(value, draft);
	warn_of_provider(value, deployment);
	if (deployment->model[0] == '\0')
		give_up_nameless(value, deployment);
}

/* Ids */

static void hash_text(XXH3_state_t *state, const char *text)
{
	XXH3_64bits_update(state, text, strlen(text) + 1);
}

/* As it stands in the file: what a variable holds may differ between processes. */
static void hash_member(XXH3_state_t *state, const struct config_value *params, const char *name)
{
	struct config_value value;

	hash_text(state, config_member(params, name, &value) ? config_raw_text(&value) : "");
}

/* Of what says which deployment it is; number tells those apart that are equal in that. */
static unsigned long long identity(const struct config_value *params, const char *organization,
    const struct deployment *deployment, unsigned number)
{
	XXH3_state_t *state = XXH3_createState();
	unsigned long long hash;
	char digits[16];

	if (state == NULL)
		fatalx("out of memory");
	XXH3_64bits_reset(state);
	hash_text(state, deployment->model_name);
	hash_text(state, deployment->model);
	hash_text(state, deployment->provider);
	hash_member(state, params, "api_base");
	hash_member(state, params, "api_version");
	hash_text(state, organization);
	snprintf(digits, sizeof(digits), "%u", number);
	hash_text(state, digits);
	hash = XXH3_64bits_digest(state);
	XXH3_freeState(state);
	return hash;
}

/* organization is as it stands in the file. */
static void set_id(const struct config *config, const struct config_value *params,
    const char *organization, struct deployment *deployment)
{
	unsigned number = 0;
	char id[17];

	do {
		snprintf(id, sizeof(id), "%016llx",
		    identity(params, organization, deployment, number++));
	} while (deployment_by_id(config, span_of(id)) != NULL);
	deployment->id = xstrdup(id);
}

static void append_deployment(struct config *config, const struct config_value *params,
    const char *organization, struct deployment deployment)
{
	set_id(config, params, organization, &deployment);
	config->deployments = xrealloc(
	    config->deployments, (config->deployment_count + 1) * sizeof(*config->deployments));
	config->deployments[config->deployment_count++] = deployment;
}

/* Organizations */

static char *copy_text(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

static void copy_strings(char ***strings, size_t count)
{
	char **from = *strings;

	*strings = NULL;
	for (size_t i = 0, copied = 0; i < count; i++)
		config_append_string(strings, &copied, xstrdup(from[i]));
}

/* One that differs in its organization, which it lacks, as it does an id. */
static struct deployment sibling_of(const struct deployment *deployment)
{
	struct deployment sibling = *deployment;

	sibling.id = sibling.organization = NULL;
	sibling.model_name = xstrdup(deployment->model_name);
	sibling.model = xstrdup(deployment->model);
	sibling.provider = xstrdup(deployment->provider);
	sibling.api_base = copy_text(deployment->api_base);
	sibling.api_key = copy_text(deployment->api_key);
	sibling.missing = copy_text(deployment->missing);
	sibling.api_version = copy_text(deployment->api_version);
	copy_strings(&sibling.extra_headers, deployment->extra_header_count);
	copy_strings(&sibling.dropped, deployment->dropped_count);
	return sibling;
}

static void append_sibling(struct config *config, const struct config_value *params,
    const struct config_value *organization, size_t first)
{
	struct deployment sibling = sibling_of(&config->deployments[first]);

	read_one_organization(organization, &sibling);
	note_missing(&sibling, config_unset_variable(organization));
	append_deployment(config, params, config_raw_text(organization), sibling);
}

/* A deployment, and one more for each further organization that it lists. */
static void append_deployments(
    struct config *config, const struct config_value *params, struct deployment deployment)
{
	size_t first = config->deployment_count;
	struct config_value list, organization;

	if (!config_member(params, "organization", &list)) {
		append_deployment(config, params, "", deployment);
		return;
	}
	organization = first_of(&list);
	append_deployment(config, params, config_raw_text(&organization), deployment);
	if (list.node->type != YAML_SEQUENCE_NODE)
		return;
	for (size_t i = 1; i < config_length(&list); i++) {
		organization = config_element(&list, i);
		append_sibling(config, params, &organization, first);
	}
}

static const struct config_key deployment_keys[] = {
    {"model_name", CONFIG_READER, CONFIG_REQUIRED, "the name that clients use",
	.read = read_model_name},
    {"litellm_params", CONFIG_READER, CONFIG_REQUIRED, "a mapping with model", .read = read_params},
};

static void read_deployment(const struct config_value *value,
    const struct deployment_defaults *defaults, struct config *config)
{
	struct deployment_draft draft = {
	    .deployment = {.timeout = defaults->timeout,
		.stream_timeout = defaults->stream_timeout,
		.drops_by_model = defaults->drop_params},
	    .defaults = defaults,
	};
	struct config_value params;

	if (config_section(value, "a mapping with model_name and litellm_params",
		KEYS(deployment_keys), &draft) &&
	    config_member(value, "litellm_params", &params))
		append_deployments(config, &params, draft.deployment);
	else
		deployment_clear(&draft.deployment);
}

void deployments_read(const struct config_value *model_list,
    const struct deployment_defaults *defaults, struct config *config)
{
	if (!config_is_list(model_list, "a list of deployments"))
		return;
	for (size_t i = 0; i < config_length(model_list); i++) {
		struct config_value element = config_element(model_list, i);

		read_deployment(&element, defaults, config);
	}
}
