/*
 * The members that the Messages API's writer looks at in items, and in parts of their content. They
 * are found in one walk: a part may be a picture of many megabytes.
 */
#ifndef RESPOOL_MESSAGES_FIELDS_H
#define RESPOOL_MESSAGES_FIELDS_H

#include "common/base/buf.h"

#define MESSAGES_FIELDS(X)                                                                         \
	X(TYPE, "type")                                                                            \
	X(ROLE, "role")                                                                            \
	X(CONTENT, "content")                                                                      \
	X(ID, "id")                                                                                \
	X(STATUS, "status")                                                                        \
	X(ARGUMENTS, "arguments")                                                                  \
	X(INPUT, "input")                                                                          \
	X(OUTPUT, "output")                                                                        \
	X(SUMMARY, "summary")                                                                      \
	X(ENCRYPTED, "encrypted_content")                                                          \
	X(TEXT, "text")                                                                            \
	X(REFUSAL, "refusal")                                                                      \
	X(IMAGE_URL, "image_url")                                                                  \
	X(FILE_ID, "file_id")                                                                      \
	X(FILE_DATA, "file_data")                                                                  \
	X(FILE_URL, "file_url")                                                                    \
	X(FILENAME, "filename")                                                                    \
	X(CACHE_CONTROL, "cache_control")                                                          \
	X(CACHE_BREAKPOINT, "prompt_cache_breakpoint")

enum messages_field {
#define FIELD_ENUM(name, key) FIELD_##name,
	MESSAGES_FIELDS(FIELD_ENUM)
#undef FIELD_ENUM
	    FIELD_COUNT
};

/* Raw values; those that are null are empty, too. */
struct messages_fields {
	struct span of[FIELD_COUNT];
};

/* Of what is no object all are empty. */
struct messages_fields messages_fields_of(struct span object);

#endif
