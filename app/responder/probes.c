#include "probes.h"

#include "answers.h"

void probe_liveness(struct handlers *handlers)
{
	answer_json(handlers, SPAN("{\"status\":\"alive\"}"));
}

void probe_readiness(struct handlers *handlers)
{
	struct api_error error;

	if (handlers->store == NULL) {
		api_error_set(&error, 503, "server_error", NULL, "store_unavailable",
		    "No Redis is configured.");
		answer_error(handlers, &error);
	} else if (answer_stored(handlers, store_ping(handlers->store))) {
		answer_json(handlers, SPAN("{\"status\":\"ready\"}"));
	}
}
