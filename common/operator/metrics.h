/* What metric_table.h has, in Prometheus' text format, version 0.0.4. */
#ifndef RESPOOL_METRICS_H
#define RESPOOL_METRICS_H

#include "common/base/buf.h"
#include "common/config/config.h"
#include "common/store/operate.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/*
 * Appends all metrics. The snapshot has the counters. A metric without labels, and one of each
 * configured deployment, is there also while it is 0. With NULL, as there is no Redis to ask, only
 * respool_build_info is.
 */
void metrics_write(
    struct buf *out, const struct config *config, const struct store_snapshot *snapshot);

#endif
