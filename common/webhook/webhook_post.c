#include "webhook_post.h"
