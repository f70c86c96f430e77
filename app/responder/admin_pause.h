/*
 * POST /respool/v1/pause and /resume: of the model that the body names, {"model": …}, or of all.
 * The answer is what is paused then: {"paused": [MODEL…, or "*" for all]}.
 */
#ifndef RESPOOL_ADMIN_PAUSE_H
#define RESPOOL_ADMIN_PAUSE_H

#include "handlers.h"

void admin_pause_handle(struct handlers *handlers);
void admin_resume_handle(struct handlers *handlers);

#endif
