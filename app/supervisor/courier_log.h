/*
 * What the log tells of deliveries. Of an endpoint's URL no more than its site is told, and never a
 * secret.
 */
#ifndef RESPOOL_COURIER_LOG_H
#define RESPOOL_COURIER_LOG_H

#include "courier_internal.h"

/* A try has ended: "webhook_delivered", "webhook_failed" or "webhook_dead". */
void log_webhook_tried(const struct delivery *delivery, const struct webhook_result *result);
/* "webhook_dropped": its response is deleted. */
void log_webhook_dropped(const struct delivery *delivery);
/* Redis knows it: "webhook_endpoint_off" or "webhook_endpoint_rests", if that is so. */
void log_webhook_reported(const struct delivery *delivery, const struct webhook_reported *reported);

#endif
