/*
 * The body of POST /v1/responses, taken apart without changing what is in it.
 * All spans point into the body, which must outlive the struct, or are the struct's own.
 */
#ifndef RESPOOL_CREATE_REQUEST_H
#define RESPOOL_CREATE_REQUEST_H

#include <stdbool.h>

#include "api_error.h"
#include "common/base/buf.h"
#include "gateway_members.h"
#include "litellm_mark.h"
#include "response.h"

struct create_request {
	struct span body; /* without marks of a LiteLLM proxy's */
	/* decoded, NUL-terminated; NULL if not given, until create_request_use_model(); owned */
	char *model;
	bool background;
	bool stream;
	struct span stream_options; /* raw JSON value; empty when the request has none */
	struct span input;          /* likewise */
	char *previous_id;          /* previous_response_id, decoded; NULL if not given; owned */
	/*
	 * previous_id is a background response of ours. No provider knows it: what it stands for,
	 * the context, goes before the input.
	 */
	bool continues;
	/*
	 * Where that goes back to a response which a provider keeps: its id. The context is what
	 * came after it. NULL if there is none; owned.
	 */
	char *follows;
	/*
	 * Whose the marks are that a LiteLLM proxy has put in; all NULL if there were none. Owned,
	 * as is the body without them.
	 */
	struct litellm_mark maker;
	struct buf unmarked;
	bool stays; /* only the deployment that it begins with can read all of it */
	/*
	 * Raw values that the Response object repeats, by enum response_field; empty when absent.
	 */
	struct span fields[RESPONSE_FIELD_COUNT];
	/*
	 * Every member except model, stream, background and input, and the gateway's own, as the
	 * client spelled them, joined by commas and without braces: what the provider gets beside
	 * those. If continues, previous_response_id is only there as the one that the request
	 * follows. Owned.
	 */
	struct buf rest;
	struct buf named; /* body with the model that it was given; owned */
	/* What is asked of the gateway. */
	bool has_gateway_members;
	struct gateway_members gateway;
};

/*
 * Checks the body (JSON, UTF-8, depth, an object, no member twice, the types of the members that
 * respool acts on or repeats) and fills in *request. On failure returns false, fills in *error
 * (status 400) and leaves nothing to free.
 */
bool create_request_parse(
    struct create_request *request, struct span body, struct api_error *error);
void create_request_free(struct create_request *request);

/* Has a request that names no model ask for this one, as if it had stood first in its body. */
void create_request_use_model(struct create_request *request, const char *model);

/*
 * Checks the options of a stream that is sent from here: an object or null, and include_obfuscation
 * in it a boolean. On failure returns false and fills in *error (status 400).
 */
bool create_request_check_stream_options(
    const struct create_request *request, struct api_error *error);

/* Notes, once, that the request follows a response of that id, one that a provider keeps. */
void create_request_follow(struct create_request *request, struct span id);
/* The id of the provider's response that the request follows, directly or not; NULL if none. */
const char *create_request_followed(const struct create_request *request);

/*
 * Appends the items that an input stands for, joined by commas, to the array that out ends in, or
 * to such a list without its brackets. A string stands for one message of the user.
 */
void create_request_add_items(struct buf *out, struct span input);

/*
 * Appends an input with the items of context, joined by commas, in front: an array. Without context
 * it is the input as it stands.
 */
void create_request_write_input(struct buf *out, struct span context, struct span input);

/*
 * Whether the body can go to a provider as the client sent it, or create_request_write() has to
 * make another.
 */
bool create_request_is_verbatim(const struct create_request *request, struct span context);

/*
 * Appends the body with the client's members in their order and spelling, without those that no
 * provider is to see, and with the context before the input if the request continues another.
 */
void create_request_write(
    struct buf *out, const struct create_request *request, struct span context);

#endif
