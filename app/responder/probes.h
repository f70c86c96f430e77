/* /health/liveliness and /health/readiness: whether a process answers, and whether Redis does. */
#ifndef RESPOOL_PROBES_H
#define RESPOOL_PROBES_H

#include "handlers.h"

void probe_liveness(struct handlers *handlers);
void probe_readiness(struct handlers *handlers);

#endif
