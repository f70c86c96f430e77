/* What a finish_reason of the Chat Completions API means for the answer. */
#ifndef RESPOOL_CHAT_FINISH_H
#define RESPOOL_CHAT_FINISH_H

#include "common/base/buf.h"

enum chat_finish {
	CHAT_GOES_ON, /* none has been given */
	CHAT_COMPLETED,
	CHAT_FULL,     /* no more tokens were allowed */
	CHAT_FILTERED, /* by a content filter */
	CHAT_BROKEN,   /* the provider could not go on */
	CHAT_UNKNOWN,  /* a word that is not known; counts as CHAT_COMPLETED */
};

/* By a checked value of any type. */
enum chat_finish chat_finish_of(struct span finish_reason);

#endif
