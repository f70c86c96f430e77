#include "webhook_schedule.h"
