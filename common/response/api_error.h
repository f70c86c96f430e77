/* An error as OpenAI's API reports it: an HTTP status and the members of its envelope. */
#ifndef RESPOOL_API_ERROR_H
#define RESPOOL_API_ERROR_H

#include "common/base/buf.h"

struct api_error {
	int status;         /* HTTP */
	const char *type;   /* static: "invalid_request_error", "authentication_error", … */
	const char *param;  /* static, or NULL */
	char member[260];   /* of param, that it is about: "metadata.<member>"; or "" */
	const char *code;   /* static, or NULL */
	char message[1024]; /* UTF-8 or not: api_error_json() makes it valid */
};

/*
 * Fills in all members, member with ""; param and code may be NULL. Returns false, for
 * "return api_error_set(…)".
 */
bool api_error_set(struct api_error *error, int status, const char *type, const char *param,
    const char *code, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Says of which member of param the error is; its name may be cut. Returns false. */
bool api_error_of_member(struct api_error *error, struct span member);

/* Appends {"error":{"message","type","param","code"}}. */
void api_error_json(struct buf *out, const struct api_error *error);
/* With another message than the error's, which may be of any length. */
void api_error_json_as(struct buf *out, const struct api_error *error, const char *message);

#endif
