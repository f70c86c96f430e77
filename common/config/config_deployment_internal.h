/*
 * What the parts of reading a deployment share. config_deployment.c reads the list, and makes of
 * one entry several deployments where it lists organizations. config_deployment_params.c reads
 * litellm_params; what these say of address, dialect, headers, drops, provider and of members of a
 * request is a file each. config_deployment_id.c gives ids, config_deployment_label.c labels,
 * config_deployment_litellm_id.c knows what LiteLLM calls it.
 */
#ifndef RESPOOL_CONFIG_DEPLOYMENT_INTERNAL_H
#define RESPOOL_CONFIG_DEPLOYMENT_INTERNAL_H

#include <stdbool.h>

#include "config.h"
#include "config_deployment.h"
#include "config_yaml.h"
#include "provider.h"

enum { MAX_TOKEN_COST = 1000000 };

/* A deployment on its way into the configuration. */
struct deployment_draft {
	struct deployment deployment;
	bool keyless;  /* has an api_base of its own, and at most its name says whose it is */
	bool has_mode; /* model_info.mode is one of those that name an API: */
	enum dialect mode;
};

/* Readers, as config_section.h has them, report what is wrong. */

/* config_deployment_params.c */
/* litellm_params; dest is a struct deployment_draft. */
void deployment_read_params(const struct config_value *value, void *dest);
/* One organization, that of the deployment. */
void deployment_read_organization(const struct config_value *value, struct deployment *deployment);
/* Of a list the first: each of the others gets a deployment of its own afterwards. */
struct config_value param_first_of(const struct config_value *value);
/* Whether the parameter is there, and not null. */
bool param_is_given(const struct config_value *params, const char *name);
/* Notes that the variable is missing here, unless it is NULL or another one is missing already. */
void deployment_note_missing(struct deployment *deployment, const char *variable);

/* config_deployment_address.c: dest is a struct deployment in both. */
void deployment_read_api_base(const struct config_value *value, void *dest);
/* The version in api_base wins. */
void deployment_read_api_version(const struct config_value *value, void *dest);
/*
 * What azure shows as its address, and LiteLLM takes for api_base, is the whole URL of the API:
 * makes an api_base of it, and notes the version in it.
 */
void deployment_cut_azure_url(struct deployment *deployment, char *url);
/* Takes slashes off the end. */
void deployment_cut_slashes(char *url);

/* The region of a provider that has one, as bedrock does: makes a base of it. */
void deployment_read_region(const struct config_value *value, void *dest);
/* The same of the environment's, unless one is given. */
void deployment_use_default_region(
    const struct config_value *params, struct deployment *deployment);

/* config_deployment_dialect.c: dest is a struct deployment in all but the first. */
/* model_info; dest is a struct deployment_draft. */
void deployment_read_info(const struct config_value *value, void *dest);
void deployment_read_api(const struct config_value *value, void *dest);
/* use_chat_completions_api, which stands behind api. */
void deployment_read_use_chat(const struct config_value *value, void *dest);
/* A quirk, by the name of its key. */
void deployment_read_quirk(const struct config_value *value, void *dest);
/* The API that the model names, or else model_info, where the parameters do not say it. */
void deployment_find_api(struct deployment_draft *draft);
/* Warns if something is configured that the deployment's dialect has no use for. */
void deployment_warn_of_dialect(
    const struct config_value *params, const struct deployment *deployment);

/*
 * Members of a request that litellm_params may have: KEY there, its name in Chat Completions and in
 * the Responses API, NULL where it has nothing like it; its types, as CONFIG_JSON_… are called, and
 * what is expected in words. One that wins over another one of the same meaning stands behind it.
 */
#define REQUEST_DEFAULTS(X)                                                                        \
	X("temperature", "temperature", "temperature", NUMBER, "a number")                         \
	X("top_p", "top_p", "top_p", NUMBER, "a number")                                           \
	X("presence_penalty", "presence_penalty", "presence_penalty", NUMBER, "a number")          \
	X("frequency_penalty", "frequency_penalty", "frequency_penalty", NUMBER, "a number")       \
	X("top_logprobs", "top_logprobs", "top_logprobs", INTEGER, "an integer")                   \
	X("verbosity", "verbosity", "text.verbosity", STRING, "text")                              \
	X("service_tier", "service_tier", "service_tier", STRING, "text")                          \
	X("user", "user", "user", STRING, "text")                                                  \
	X("safety_identifier", "safety_identifier", "safety_identifier", STRING, "text")           \
	X("prompt_cache_key", "prompt_cache_key", "prompt_cache_key", STRING, "text")              \
	X("prompt_cache_retention", "prompt_cache_retention", "prompt_cache_retention", STRING,    \
	    "text")                                                                                \
	X("metadata", "metadata", "metadata", OBJECT, "a mapping")                                 \
	X("store", "store", "store", BOOLEAN, "true or false")                                     \
	X("parallel_tool_calls", "parallel_tool_calls", "parallel_tool_calls", BOOLEAN,            \
	    "true or false")                                                                       \
	X("truncation", NULL, "truncation", STRING, "auto or disabled")                            \
	X("instructions", NULL, "instructions", STRING, "text")                                    \
	X("include", NULL, "include", ARRAY, "a list of texts")                                    \
	X("max_tool_calls", NULL, "max_tool_calls", INTEGER, "an integer")                         \
	X("context_management", NULL, "context_management", ARRAY, "a list of mappings")           \
	X("seed", "seed", NULL, INTEGER, "an integer")                                             \
	X("stop", "stop", NULL, TEXTS, "text or a list of texts")                                  \
	X("logit_bias", "logit_bias", NULL, OBJECT, "a mapping of tokens to numbers")              \
	X("logprobs", "logprobs", NULL, BOOLEAN, "true or false")                                  \
	X("thinking", "thinking", NULL, OBJECT, "a mapping with type")                             \
	X("top_k", "top_k", NULL, INTEGER, "an integer")

/* config_deployment_defaults.c: dest is a struct deployment in all. */
/* One of the members above, by the name of its key. */
void deployment_read_default(const struct config_value *value, void *dest);
/* Those that look otherwise in Chat Completions. */
void deployment_read_response_format(const struct config_value *value, void *dest);
void deployment_read_tools(const struct config_value *value, void *dest);
void deployment_read_tool_choice(const struct config_value *value, void *dest);
/* reasoning, text, and reasoning_effort, which may be a mapping: of each member on its own. */
void deployment_read_parts(const struct config_value *value, void *dest);
void deployment_read_answers(const struct config_value *value, void *dest);
void deployment_read_extra_body(const struct config_value *value, void *dest);
/* What is known of max_tokens becomes a default like the others. */
void deployment_note_max_tokens(struct deployment *deployment);
void deployment_clear_defaults(struct deployment *deployment);

/* config_deployment_headers.c: dest is a struct deployment. */
void deployment_read_extra_headers(const struct config_value *value, void *dest);
/* Notes a variable that a header of extra_headers names and that is not set here. */
void deployment_note_unset_in_headers(
    const struct config_value *params, struct deployment *deployment);

/* config_deployment_drops.c: dest is a struct deployment in both. */
void deployment_read_drop_params(const struct config_value *value, void *dest);
void deployment_read_dropped_names(const struct config_value *value, void *dest);
/* Adds what the provider does not take to what is dropped. */
void deployment_drop_what_is_not_taken(
    const struct provider *provider, struct deployment *deployment);

/* config_deployment_provider.c */
/*
 * Takes the provider off the front of the model, unless another one was named for it; finds it by
 * api_base or the model's name where nothing says it.
 */
void deployment_split_model(const struct config_value *params, struct deployment_draft *draft);
/* Fills in what the provider's table knows and the deployment does not say. */
void deployment_use_provider_defaults(
    const struct config_value *params, struct deployment_draft *draft);
/* Warns if its provider cannot be called, or may not be. */
void deployment_warn_of_provider(
    const struct config_value *params, const struct deployment *deployment);

/*
 * config_deployment_id.c: gives it an id that no deployment of config has. organization is as it
 * stands in the file, "" if there is none.
 */
void deployment_set_id(const struct config *config, const struct config_value *params,
    const char *organization, struct deployment *deployment);

/* config_deployment_label.c: labels of all of them, which depend on what the others are. */
void deployments_label(struct config *config);

/*
 * config_deployment_litellm_id.c: finds the id that a LiteLLM proxy has for it, unless that is
 * known: model_info.id, else the hash that LiteLLM makes of name and parameters. Stays NULL if they
 * are of a kind of which it is not sure how Python writes it. The entry has been read without
 * an error.
 */
void deployment_find_litellm_id(const struct config_value *params, struct deployment *deployment);

#endif
