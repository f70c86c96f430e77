#include "admin_webhooks.h"
