/*
 * Which calls of tools in a request's input have outputs, and which outputs calls. Both are items
 * with a call_id, each call_id of one call and one output; where several have the same one, the
 * first output belongs to the first call, and so on.
 */
#ifndef RESPOOL_REQUEST_CALLS_H
#define RESPOOL_REQUEST_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#include "call_id.h"
#include "request.h"

struct request_call {
	struct span item;  /* raw */
	struct span id;    /* decoded */
	struct span other; /* the item of its output, or of its call; empty if there is none */
	size_t number;     /* of calls, or outputs, with the same id that come before */
	bool is_output;
};

struct request_calls {
	struct request_call *list; /* in the order of the input */
	size_t count;
	struct buf ids;
};

/* input is a request's, in any form; it has to outlive calls. */
void request_calls_open(struct request_calls *calls, struct span input);
void request_calls_close(struct request_calls *calls);

/* What is known of an element of the input; NULL if it is neither a call nor an output. */
const struct request_call *request_calls_of_item(
    const struct request_calls *calls, struct span item);

/* Appends its id in that form, decoded, and one that no other call of the request has. */
void request_call_write_id(
    struct buf *out, enum call_id_form form, const struct request_call *call);

/*
 * Appends what a call's tool is sent as, decoded, whether the request has such a tool or not. item
 * is that of the call. False after writer->error has been set: it cannot be called so.
 */
bool request_call_write_name(struct buf *out, struct request_writer *writer, struct span item);

/* Appends the arguments of a custom tool: {"input": text}, "" in the place of what is no string. */
void request_call_write_text(struct buf *out, struct span text);

/* Calls of tools that OpenAI's models know by themselves. */
struct request_built_in {
	const char *type;      /* of the item */
	const char *function;  /* what such a tool is called where a client has declared one */
	const char *arguments; /* the member that holds them */
};

/* type is a JSON string. NULL if it is another one. */
const struct request_built_in *request_built_in(struct span type);
/* Whether the function is among the tools. False after writer->error has been set. */
bool request_check_built_in(struct request_writer *writer, const struct request_built_in *built_in);

/*
 * Whether an item of that type, a JSON string, is of a tool that the provider ran itself: what it
 * did was told in the text that followed.
 */
bool request_is_of_hosted_tool(struct span type);
/* Notes that such an item is left out. */
void request_leave_out_hosted(struct request_writer *writer);

#endif
