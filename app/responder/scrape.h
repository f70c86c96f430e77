/* GET /metrics: what Prometheus collects. */
#ifndef RESPOOL_SCRAPE_H
#define RESPOOL_SCRAPE_H

#include "handlers.h"

void scrape_handle(struct handlers *handlers);

#endif
