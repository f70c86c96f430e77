/*
 * A Responses API request in the words of another dialect. What cannot be said in it is refused,
 * with an error that names the member and the dialect; or, where the deployment has drop_params, it
 * is left out. What is left out without harm to the answer is noted, too.
 */
#ifndef RESPOOL_REQUEST_H
#define RESPOOL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/config/dialect.h"
#include "common/response/api_error.h"
#include "tool_names.h"

struct request_writer {
	/* Set by the caller; the rest is zeroed. */
	const struct deployment *deployment;
	const char *model; /* by which it was chosen */
	enum dialect dialect;
	/*
	 * For another try where the provider has refused the signatures of earlier thinking: none
	 * of it is sent, and none is asked for (Messages API).
	 */
	bool without_thinking;

	size_t index;      /* of the input's item that is being written, for errors */
	bool knows_quirks; /* request_has_quirk() has been asked before: quirks are the deployment's
			    */
	unsigned quirks;
	struct tool_names tools; /* of the request; for reading the answer */
	struct buf left_out;     /* names of members, joined by ", ", for the log */
	struct api_error error;  /* once something has been refused */
};

void request_writer_free(struct request_writer *writer);

/*
 * Append to out the request for writer->deployment in writer->dialect: always one that asks for a
 * stream. body is a Responses API request that has been checked: JSON, no member twice, the types
 * that create_request_parse() checks. Members that deployment_drops() names are not looked at.
 * False if it is refused; writer->error (status 400, code "unsupported_parameter" or
 * "invalid_value") says why, and what is in out is of no use.
 */
bool chat_request_write(struct buf *out, struct request_writer *writer, struct span body);
bool messages_request_write(struct buf *out, struct request_writer *writer, struct span body);

/*
 * It cannot be said, and the answer would be another one without it. Returns true if it is to be
 * left out all the same (drop_params); it has been noted then. param is a constant: the member of
 * the request's; the text completes "… is not supported by the Chat Completions API: ".
 */
bool request_refuse(struct request_writer *writer, const char *param, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, but it is never left out: what remains would be another request. Returns false. */
bool request_refuse_always(struct request_writer *writer, const char *param, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
/* It is wrong in any dialect: always an error. Returns false. */
bool request_invalid(struct request_writer *writer, const char *param, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same of the input's item: the text completes "Invalid 'input[3]': ", without a full stop. */
bool request_item_invalid(struct request_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * Whether there is an input, or instructions: raw values, empty where not given. False after
 * writer->error has been set.
 */
bool request_says_something(
    struct request_writer *writer, struct span instructions, struct span input);
/* It is left out without harm; what is noted once, however often it is said. */
void request_leave_out(struct request_writer *writer, const char *what);

/* Appends what the deployment calls the model, a JSON string. */
void request_write_model(struct buf *out, const struct request_writer *writer);

bool request_has_quirk(struct request_writer *writer, enum quirk quirk);

#endif
