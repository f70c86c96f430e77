/*
 * The API that a deployment speaks, and where it differs from others that speak the same: its
 * quirks. A new quirk is a line in the table below, by which the configuration reads it, too.
 */
#ifndef RESPOOL_DIALECT_H
#define RESPOOL_DIALECT_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "config.h"

enum dialect {
	DIALECT_RESPONSES, /* OpenAI's Responses API: nothing is translated */
	DIALECT_CHAT,      /* OpenAI's Chat Completions API */
	DIALECT_MESSAGES,  /* Anthropic's Messages API */
};

/* For messages: "Responses API", "Chat Completions API", "Anthropic Messages API". */
const char *dialect_name(enum dialect dialect);
/* By its name in a configuration: responses, chat or messages. False if it is none of these. */
bool dialect_find(const char *name, enum dialect *dialect);
/*
 * By a URL that ends in where an API is asked, which is used as it is: "/chat/completions" or
 * "/v1/messages", with slashes behind it or not. False if it ends in neither.
 */
bool dialect_of_url(struct span url, enum dialect *dialect);

/*
 * NAME, "its key in litellm_params", what it means. Whether a deployment has it says the key, else
 * the provider's line in the table or, for NO_REASONING_EFFORT, NO_SAMPLING and the last five, the
 * model where it is asked by the Messages API.
 */
#define QUIRKS(X)                                                                                  \
	X(USES_MAX_COMPLETION_TOKENS, "uses_max_completion_tokens",                                \
	    "max_output_tokens is called max_completion_tokens, not max_tokens")                   \
	X(DEVELOPER_ROLE, "developer_role", "knows the role developer; else it is system")         \
	X(OPENAI_MEMBERS, "openai_members",                                                        \
	    "takes what OpenAI has in both APIs: metadata, store, text.verbosity, "                \
	    "safety_identifier, prompt_cache_key, service_tier, allowed_tools, file_id of files")  \
	X(NINE_CHARACTER_CALL_IDS, "nine_character_call_ids",                                      \
	    "ids of calls have exactly nine letters or digits")                                    \
	X(REASONING_SENT_BACK, "reasoning_sent_back",                                              \
	    "earlier reasoning goes back as reasoning_content of the assistant's message")         \
	X(REASONING_DETAILS, "reasoning_details",                                                  \
	    "earlier reasoning goes back as reasoning_details; effort goes as reasoning.effort")   \
	X(NO_REASONING_EFFORT, "no_reasoning_effort", "does not take reasoning_effort")            \
	X(THINKING_SWITCH, "thinking_switch",                                                      \
	    "effort goes as thinking: {type: enabled or disabled}")                                \
	X(THINKING_TEMPLATE, "thinking_template",                                                  \
	    "effort goes as chat_template_kwargs: {enable_thinking: true or false}")               \
	X(THOUGHT_SIGNATURES, "thought_signatures",                                                \
	    "a call's extra_content has to come back with it (Gemini)")                            \
	X(NO_STREAM_OPTIONS, "no_stream_options", "does not take stream_options")                  \
	X(NO_PARALLEL_TOOL_CALLS, "no_parallel_tool_calls", "does not take parallel_tool_calls")   \
	X(NO_STRICT_TOOLS, "no_strict_tools", "does not take strict of a function")                \
	X(NO_JSON_SCHEMA, "no_json_schema", "has no response_format of type json_schema")          \
	X(NO_SAMPLING, "no_sampling", "refuses temperature and top_p")                             \
	X(STRING_CONTENT, "string_content", "content that is text alone is a string, not a list")  \
	X(EMPTY_CONTENT, "empty_content", "content beside calls is \"\" where there is no text")   \
	X(THINK_TAGS, "think_tags", "reasoning stands in <think> at the beginning of the text")    \
	X(BEARER_KEY, "bearer_key", "the key goes as Authorization: Bearer (Messages API)")        \
	X(UNSIGNED_THINKING, "unsigned_thinking",                                                  \
	    "earlier reasoning without a signature goes back, with an empty one (Messages API)")   \
	X(ADAPTIVE_THINKING, "adaptive_thinking",                                                  \
	    "effort goes as output_config.effort with adaptive thinking, not as a budget")         \
	X(NO_XHIGH_EFFORT, "no_xhigh_effort",                                                      \
	    "does not know the effort xhigh: high goes in its place (Messages API)")               \
	X(FORMAT_AS_TOOL, "format_as_tool",                                                        \
	    "has no output_config.format: a JSON schema goes as the one tool that must be called") \
	X(NO_TOP_P_WITH_TEMPERATURE, "no_top_p_with_temperature",                                  \
	    "refuses temperature together with top_p: top_p is left out")                          \
	X(FIXED_TEMPERATURE, "fixed_temperature", "refuses a temperature other than 1")

enum quirk {
#define QUIRK_ENUM(name, key, meaning) QUIRK_##name,
	QUIRKS(QUIRK_ENUM)
#undef QUIRK_ENUM
	    QUIRK_COUNT
};

/* For sets of quirks. */
#define QUIRK_BIT(name) (1u << QUIRK_##name)

/*
 * The API by which the deployment serves the model (see model.h about the two): the one that the
 * file names; else that of the model, "openai/responses/X", as it was asked for; else what
 * model_info.mode says; else that of an api_base that ends in an API's path; else the provider's,
 * and the Responses API of one that is not in the table.
 */
enum dialect deployment_dialect(const struct deployment *deployment, const char *model);
/* The quirks that the deployment has, a bit for each, and whether it has one. */
unsigned deployment_quirks(const struct deployment *deployment, const char *model);
bool deployment_has_quirk(const struct deployment *deployment, const char *model, enum quirk quirk);
/*
 * The max_output_tokens of requests that name none: litellm_params.max_tokens, else for the
 * Messages API, which demands one, the model's maximum as far as its name says it, else 4096; 0:
 * none.
 */
long deployment_max_tokens(const struct deployment *deployment, const char *model);

#endif
