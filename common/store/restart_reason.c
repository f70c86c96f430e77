#include "restart_reason.h"

static const char *const words[RESTART_REASONS] = {
    [RESTART_WORKER_LOST] = "worker_lost",
    [RESTART_WORKER_STOPPED] = "worker_stopped",
    [RESTART_DRAINED] = "drained",
    [RESTART_BROKEN_OFF] = "broken_off",
    [RESTART_EVENTS_LOST] = "events_lost",
    [RESTART_OVERTAKEN] = "overtaken",
};

const char *restart_reason_word(enum restart_reason reason)
{
	return words[reason];
}
