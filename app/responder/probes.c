#include "probes.h"

#include "answers.h"

void probe_liveness(struct handlers *handlers)
{
	answer_json(handlers, SPAN("{\"status\":\"alive\"}"));
}

void probe_readiness(struct handlers *handlers)
{
	if (answer_has_store(handlers) && answer_stored(handlers, store_ping(handlers->store)))
		answer_json(handlers, SPAN("{\"status\":\"ready\"}"));
}
