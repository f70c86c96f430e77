/*
 * Credentials that a request carries for others than respool: those of an MCP server, secrets of a
 * container. They go to the provider with the request, and into nothing that is kept or shown.
 *
 * A credential is known by its member's name, as "authorization", "headers", "api_key" or
 * "domain_secrets", however it is spelled. What is under "parameters" or a schema describes a
 * function and is none. Of a "server_url" remain the scheme, the host and those parts of the path
 * that are too short to be a secret.
 */
#ifndef RESPOOL_CREDENTIALS_H
#define RESPOOL_CREDENTIALS_H

#include <stdbool.h>

#include "common/base/buf.h"

/* Whether a member, its name and value raw, is a credential. */
bool credentials_are_in(struct span name, struct span value);

/*
 * Appends tools, one tool or a choice among them, canonically spelled and without credentials.
 * Returns whether there were any. value must have been checked.
 */
bool credentials_write(struct buf *out, struct span value);

/* Appends a tool's member to the object that out ends in, unless it is a credential. */
void credentials_write_member(struct buf *out, struct span name, struct span value);

/*
 * Appends a request's input, a checked JSON value, without the credentials of the tools in its
 * items; all else is as it was spelled. False, and nothing is appended, if there are none.
 */
bool credentials_write_input(struct buf *out, struct span input);

#endif
