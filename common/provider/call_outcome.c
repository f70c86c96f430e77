#include "call_outcome.h"

#define CALL_OUTCOME_WORD(id, word) [CALL_##id] = word,
static const char *const words[CALL_OUTCOMES] = {CALL_OUTCOME_TABLE(CALL_OUTCOME_WORD)};
#undef CALL_OUTCOME_WORD

const char *call_outcome_word(enum call_outcome outcome)
{
	return words[outcome];
}

enum call_outcome call_outcome_of_status(long status)
{
	if (status >= 200 && status <= 299)
		return CALL_SUCCESS;
	if (status == 429)
		return CALL_HTTP_429;
	if (status >= 400 && status <= 499)
		return CALL_HTTP_4XX;
	return status >= 500 && status <= 599 ? CALL_HTTP_5XX : CALL_INVALID;
}

enum call_outcome call_outcome_of(const struct upstream_result *result)
{
	static const enum call_outcome ends[] = {
	    [UPSTREAM_COMPLETE] = CALL_SUCCESS,
	    [UPSTREAM_UNFRAMED] = CALL_SUCCESS,
	    [UPSTREAM_NOT_ASKED] = CALL_STOPPED,
	    [UPSTREAM_NOT_REACHED] = CALL_UNREACHABLE,
	    [UPSTREAM_DISCONNECTED] = CALL_DISCONNECTED,
	    [UPSTREAM_TIMEOUT] = CALL_TIMEOUT,
	    [UPSTREAM_INVALID] = CALL_INVALID,
	};
	enum call_outcome outcome =
	    result->status != 0 ? call_outcome_of_status(result->status) : CALL_SUCCESS;

	return outcome != CALL_SUCCESS ? outcome : ends[result->end];
}
