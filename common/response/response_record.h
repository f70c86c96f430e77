/*
 * What the log tells of a response that has ended, or of a request that was passed through: the
 * same members, whoever writes the line. Never a key, never content.
 */
#ifndef RESPOOL_RESPONSE_RECORD_H
#define RESPOOL_RESPONSE_RECORD_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/log.h"

/* A text that is NULL, and a number that is LOG_UNKNOWN, is not known. Nothing is kept. */
struct response_record {
	const char *id;
	const char *tenant;       /* "" for anonymous */
	const char *model;        /* as the client named it */
	const char *deployment;   /* its label */
	const char *status;       /* a status' name, "deleted", or what became of a passed one */
	long long attempts;       /* how often the response was begun; calls of a passed one */
	long long queued_ms;      /* from the creation until a worker first began with it */
	long long first_event_ms; /* from when it was begun to the first event */
	long long total_ms;       /* from the creation to the end */
	long long input_tokens, output_tokens;
	const char *error_code; /* of the error object */
	const char *request_id; /* x-request-id of the answer to the client */
	long long http_status;  /* that the client got; only of a passed one */
};

#define RESPONSE_RECORD_UNKNOWN                                                                    \
	{                                                                                          \
		.attempts = LOG_UNKNOWN, .queued_ms = LOG_UNKNOWN, .first_event_ms = LOG_UNKNOWN,  \
		.total_ms = LOG_UNKNOWN, .input_tokens = LOG_UNKNOWN,                              \
		.output_tokens = LOG_UNKNOWN, .http_status = LOG_UNKNOWN                           \
	}

enum { ERROR_CODE_SIZE = 64 }; /* of the longest, with a NUL */
/*
 * Copies an error's code, a JSON value, if it is a word: a provider's could be anything. False, and
 * out stays as it is, if it may not be told.
 */
bool response_record_code(char out[ERROR_CODE_SIZE], struct span code);

/* "response_ended" */
void log_response_ended(const struct response_record *record);
/* "request_passed" */
void log_request_passed(const struct response_record *record);

/*
 * "request_retried": a request is sent again, to a deployment, by its label. why is a word or some;
 * what a provider said has no place in it. id may be NULL, of a passed one.
 */
void log_request_retried(
    const char *id, const char *deployment, const char *why, const char *request_id);

#endif
