#include "named_webhook.h"
