/*
 * What the readers of the dialects have in common: they take what a provider sends, event by event
 * or as one object, and tell a builder of it. What they are given is JSON that has been checked
 * with JSON_ACCEPT_BAD_UTF8; what makes no sense in it is passed over.
 */
#ifndef RESPOOL_READER_H
#define RESPOOL_READER_H

#include <stdbool.h>

#include "common/response/builder.h"
#include "tool_names.h"

/* Set by the caller, and outliving the reader. */
struct reader_setting {
	struct builder *builder;
	const struct tool_names *tools; /* of the request */
	const char *origin;             /* the deployment's id, for sealed_write() */
	bool think_tags;                /* QUIRK_THINK_TAGS */
};

/* How a provider's answer has ended. */
enum reader_end {
	READER_WHOLE,     /* builder_end() has been called */
	READER_FAILED,    /* builder_fail() has been called */
	READER_TRUNCATED, /* the stream broke off before its end */
};

#endif
