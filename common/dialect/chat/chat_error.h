/* Errors as providers of Chat Completions report them inside an answer. */
#ifndef RESPOOL_CHAT_ERROR_H
#define RESPOOL_CHAT_ERROR_H

#include "common/base/buf.h"

/*
 * Appends an error, a checked value, as builder_fail() takes it. An object says it with code, type,
 * message and param; a string is the message. Where the code is no word, one is made of the number
 * or the type, and a number becomes "status", which response_error_status() goes by.
 */
void chat_error_write(struct buf *out, struct span error);

#endif
