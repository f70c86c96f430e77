/*
 * The members of a stored Response object as nodes of a document, laid out as response.h says; the
 * output's items are output.h's affair.
 */
#ifndef RESPOOL_RESPONSE_NODES_H
#define RESPOOL_RESPONSE_NODES_H

#include <stdbool.h>
#include <time.h>

#include "common/base/buf.h"
#include "document.h"
#include "response.h"

/* Keeps a pointer to the document, and the document pointers to its nodes: it cannot be moved. */
struct response_nodes {
	struct document *doc;
	struct node fields[RESPONSE_FIELD_COUNT];
	struct node extras; /* ,"name":value for each member that is no known field */
	struct node usage;
	size_t output; /* where the empty array of the output begins, before anything changes */
	struct buf scratch;
};

/*
 * Opens a document for a response that is about to run, from its stored object: its fields are
 * kept, but error, incomplete_details, output and usage are as at the beginning and its status is
 * in_progress. Returns false if it is no stored Response object; nothing is to be closed then.
 * response_nodes_close() does not free the document.
 */
bool response_nodes_open(struct response_nodes *nodes, struct document *doc, struct span object);
void response_nodes_close(struct response_nodes *nodes);

/* Puts a value, raw JSON that has been checked, in the place of a field's. */
void response_nodes_set_field(
    struct response_nodes *nodes, enum response_field field, struct span value);

/* Unknown members that are kept. */
enum { RESPONSE_EXTRAS_MAX = 100 };

/* What was left out of a provider's Response object. */
struct told_fault {
	const char *name;  /* of the first known member of a type that it must not have, or NULL */
	struct span value; /* its value */
	bool too_many;     /* unknown members */
};

/* What else was read of it. */
struct told_response {
	struct span error, output, status; /* as they are there: empty if they are not */
	struct told_fault fault;
};

/*
 * Takes over what a Response object of the provider's says, a JSON object that has been checked.
 * What is null there stays as it is, and so do the members that are respool's own (id, object,
 * created_at, completed_at, status, background and output) and error. Of a name that comes twice,
 * the last counts. A known member of a wrong type is left out. Unknown members are kept.
 * Credentials (credentials.h) that the provider repeats are left out of tools and tool_choice, and
 * of the unknown members.
 */
struct told_response response_nodes_merge(struct response_nodes *nodes, struct span response);

/* Writes the status slot, and for completed the time. */
void response_nodes_set_status(
    struct response_nodes *nodes, enum response_status status, time_t now);

#endif
