/*
 * The configuration: a LiteLLM config.yaml plus the "respool" section. The sample in deploy shows
 * every key.
 */
#ifndef RESPOOL_CONFIG_H
#define RESPOOL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/log.h"
#include "key_limits.h"
#include "redis_config.h"
#include "webhooks_config.h"

/* A member of requests that a deployment has by default: where the client says nothing of it. */
struct request_default {
	/* In the words of Chat Completions: "reasoning_effort"; NULL: it has nothing like it. */
	char *name;
	char *chat_value; /* JSON, as Chat Completions has it; NULL: as the Responses API has it */
	/*
	 * The same in the words of the Responses API: "reasoning.effort", "temperature". NULL: it
	 * has nothing like it, and name is what a request that is translated has.
	 */
	char *member;
	char *value; /* JSON, as the Responses API has it */
};

/* One way to reach a model: an entry of model_list. */
struct deployment {
	/*
	 * What it is called before people: "openai/gpt-5"; with the beginning of its id behind
	 * '#', "openai/gpt-5#3fa9", if another one has the same provider and model.
	 */
	char *label;
	/*
	 * 16 hex digits made of what identifies the deployment (not of its key): the same in every
	 * process, and after a reload that leaves it as it is.
	 */
	char *id;
	char *model_name; /* what clients ask for; may hold one '*' */
	/* litellm_params.model, without its provider; may hold one '*' */
	char *model;
	/*
	 * custom_llm_provider, else what stands before model's first '/', else whose api_base or
	 * whose model it is by its name, else "openai": somebody's with OpenAI's API
	 */
	char *provider;
	bool any_provider; /* model begins with '*': the model asked for says the provider */
	/*
	 * What is not configured is the provider's default, or NULL; deployment_base() and the
	 * others of model.h know it also for any_provider. api_base has no '/' at its end.
	 */
	char *api_base;
	char *regional_base; /* what api_base is by default if the provider has one per region */
	char *api_key;
	/*
	 * The environment variable that api_key, api_base, organization or a header needs and that
	 * is not set here: the deployment cannot be called from this process. NULL if nothing is
	 * missing.
	 */
	char *missing;
	char *organization;   /* NULL if none */
	char *api_version;    /* azure's; NULL if none */
	char **extra_headers; /* "Name: value" */
	size_t extra_header_count;
	char **dropped; /* members of a request that are not sent there */
	size_t dropped_count;
	/* any_provider, and what the model's own one does not take is dropped: deployment_drops()
	 */
	bool drops_by_model;
	/* What is dropped counts not only by name: what its API cannot say is left out, too. */
	bool drop_params;
	/* dialect.h: which API it speaks where the file says it, and which quirks it has or not. */
	bool has_api;
	bool api_is_mode;                  /* it is what model_info.mode says, a weaker word */
	int api;                           /* enum dialect */
	unsigned quirks_given, quirks_set; /* a bit for each enum quirk */
	long max_tokens;                   /* max_output_tokens where the client names none; or 0 */
	/*
	 * What LiteLLM has in its ids: model_info.id, else what it makes of all parameters, keys
	 * included; so it is nothing to be shown or stored. NULL if it is not known.
	 */
	char *litellm_id;
	int order;     /* those of a lower one are asked first; INT_MAX if not given */
	double weight; /* 0 if not given, and so are rpm, tpm and max_parallel_requests */
	int rpm;
	int tpm;
	int max_parallel_requests;      /* of each process; what is above waits */
	double input_cost, output_cost; /* of a token, whatever the currency; 0 if not given */
	/* Whether it says itself how often to try again after a failure of its own; how often. */
	bool has_retries;
	int num_retries;
	struct request_default *defaults; /* max_tokens is one as well */
	size_t default_count;
	char
	    *extra_body; /* JSON, an object whose members go to the provider as they are; or NULL */
	double timeout;  /* s, the whole answer */
	double stream_timeout;  /* s until the first event of a stream; 0: silence_timeout counts */
	double silence_timeout; /* s without a byte of a stream, once its first event has come */
};

/* A key that lets somebody in, and the name of those who share it. */
struct access_key {
	char *name;
	char *key;      /* NULL if only its hash is known */
	char *key_hash; /* SHA-256 in hex; NULL if key is known, or if neither is needed and set */
	/* The rest is of clients' keys alone. */
	long long expires; /* UNIX time from which on it is not taken any more; 0: never */
	char **models;     /* that it may use, patterns as well; NULL: all */
	size_t model_count;
	bool priority; /* it may ask for service_tier "priority" */
	struct key_limits limits;
};

enum polling_mode { POLLING_OFF, POLLING_ALL, POLLING_PROVIDERS };

struct polling_config {
	enum polling_mode mode;
	char **providers; /* for POLLING_PROVIDERS */
	size_t provider_count;
	char **native_models; /* native_background_mode: exact names */
	size_t native_count;
	long ttl; /* s */
};

/* What has to have gone wrong. */
enum fallback_kind {
	FALLBACK_ON_ERROR,          /* anything that another model may do better */
	FALLBACK_ON_CONTEXT_WINDOW, /* the input is too long for the model */
	FALLBACK_ON_CONTENT_POLICY, /* the provider refuses the content */
	FALLBACK_KINDS
};

/* Models to ask when all deployments of another one have failed. */
struct fallback {
	enum fallback_kind kind;
	char *model; /* as the client names it; "*" for any */
	char **models;
	size_t count;
};

/* Another name for a model. */
struct model_alias {
	char *alias;
	char *model;
	bool hidden; /* it is not listed */
};

struct config {
	int holders; /* beside the first: config_hold() */
	struct deployment *deployments;
	size_t deployment_count;
	struct access_key *tenants; /* clients; the master key's is called "master" */
	size_t tenant_count;
	bool allow_anonymous;
	/* What is not said of a tenant; and what counts for who asks without a key. */
	struct access_key tenant_defaults;
	long idempotency_ttl;          /* s that an Idempotency-Key stands for a response */
	struct access_key *admin_keys; /* who may see and touch all responses: /respool/v1 */
	size_t admin_key_count;
	bool open_metrics; /* whoever asks gets /metrics */
	enum log_format log_format;
	long failed_request_ttl; /* s that the request of one that has failed is kept; 0: it is not
				  */
	struct redis_config redis;
	struct webhooks_config webhooks;
	struct polling_config polling;
	int num_retries;
	size_t max_request_bytes;
	size_t max_event_bytes;
	size_t max_response_bytes;
	long max_queue;
	size_t max_queue_bytes; /* of jobs that wait or run, and of contexts that are kept */
	int max_streams;
	int flush_interval_ms;
	int stream_interval_ms; /* the same, of a response that is streamed */
	int keepalive_seconds;  /* of silence on a stream before a comment line */
	long unstored_ttl;      /* s that one with "store": false is kept after its end */
	int lease_seconds;
	int max_attempts;
	int drain_seconds;
	int client_timeout; /* s that a client is waited for, see the manual */
	struct fallback *fallbacks;
	size_t fallback_count;
	struct model_alias *aliases;
	size_t alias_count;
	char *default_model;  /* of requests that name none, or NULL */
	long long modified;   /* UNIX time of the file's last change */
	double retry_after;   /* s, at least, before a deployment is asked again */
	int allowed_fails;    /* in a row, before a deployment rests */
	double cooldown_time; /* s that it rests */
	/* Requests that each relay passes through at once; 0: none are. */
	int max_passthrough;
	char *default_deployment; /* the model_name that gets unknown ids, or NULL */
	long native_ttl;          /* s that a provider's response id is remembered */
	bool store_input; /* keep a request's input for input_items when the response has ended */
};

/* Which program reads the file: each demands only the secrets that it uses. */
enum config_role { CONFIG_RESPONDER, CONFIG_SUPERVISOR, CONFIG_OPERATOR };

/*
 * Reads and checks the file. Returns NULL after writing what is wrong to errors, one line each:
 * "FILE:LINE: key: what is wrong, expected this". Keys that respool does not implement are named
 * once each in the log as a warning. "os.environ/NAME" is replaced from the environment; an unset
 * NAME is an error where role needs the value.
 */
struct config *config_load(const char *path, enum config_role role, FILE *errors);
/*
 * Reads the file again and puts what it says in the place of *config. If it has errors, they and
 * that *config stays are logged. Returns whether *config is new; the log has its format then.
 */
bool config_reload(struct config **config, const char *path, enum config_role role);

/* One more that uses the configuration: config_free() has to be called once more. Returns it. */
struct config *config_hold(struct config *config);
/* Lets go of the configuration; the last one to do so frees it. NULL is allowed. */
void config_free(struct config *config);

/* The file to read: option if not NULL, $RESPOOL_CONFIG, or SYSCONFDIR/respool/config.yaml. */
const char *config_path(const char *option);

#endif
