#include "webhook_message.h"
