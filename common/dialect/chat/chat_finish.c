#include "chat_finish.h"

#include "common/base/json.h"

static const struct {
	const char *word;
	enum chat_finish means;
} reasons[] = {
    {"", CHAT_GOES_ON},
    {"stop", CHAT_COMPLETED},
    {"tool_calls", CHAT_COMPLETED},
    {"function_call", CHAT_COMPLETED},
    {"eos", CHAT_COMPLETED},
    {"length", CHAT_FULL},
    {"max_tokens", CHAT_FULL},
    {"model_length", CHAT_FULL},
    {"content_filter", CHAT_FILTERED},
    {"error", CHAT_BROKEN},
    {"abort", CHAT_BROKEN},
    {"insufficient_system_resource", CHAT_BROKEN},
};

enum chat_finish chat_finish_of(struct span finish_reason)
{
	if (json_type(finish_reason) != JSON_STRING)
		return CHAT_GOES_ON;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (json_string_is(finish_reason, reasons[i].word))
			return reasons[i].means;
	}
	return CHAT_UNKNOWN;
}
