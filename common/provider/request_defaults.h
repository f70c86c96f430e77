/*
 * What a deployment has requests say by default: members of its litellm_params, put into a body
 * where the client says nothing of them. null says nothing, and an object says nothing of the
 * members that it lacks.
 */
#ifndef RESPOOL_REQUEST_DEFAULTS_H
#define RESPOOL_REQUEST_DEFAULTS_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/config/config.h"

/* Whose words a body is in. */
enum request_words {
	WORDS_RESPONSES,  /* the Responses API's, to a deployment that is asked by it */
	WORDS_TRANSLATED, /* the same, before its translation: that knows max_tokens itself */
	WORDS_CHAT,       /* Chat Completions' */
};

/* For one body. */
struct request_defaults {
	const struct deployment *deployment;
	const char *model; /* by which it was found */
	enum request_words words;
	bool *said; /* of each of deployment->defaults: nothing is to be added */
};

/* Those that the deployment drops count as said. Both arguments outlive *defaults. */
void request_defaults_open(struct request_defaults *defaults, const struct deployment *deployment,
    const char *model, enum request_words words);
void request_defaults_close(struct request_defaults *defaults);

/* Appends the value of the client's member of that name with what it lacks. */
void request_defaults_write_value(
    struct request_defaults *defaults, struct buf *out, struct span name, struct span value);

/*
 * Appends the members of which the client has said nothing, once all others have been written:
 * joined by commas, the first of them behind separator, which is "," or "".
 */
void request_defaults_write_rest(
    struct request_defaults *defaults, struct buf *out, const char *separator);

#endif
