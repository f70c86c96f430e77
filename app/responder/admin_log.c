#include "admin_log.h"

#include "common/base/log.h"

void admin_log(const struct handlers *handlers, const char *event, const char *name,
    const char *value, const char *new_id)
{
	const struct log_field fields[] = {
	    LOG_TEXT(name, value),
	    LOG_TEXT("admin", handlers->admin),
	    LOG_TEXT("request_id", handlers->reply.head.request_id),
	    LOG_TEXT("new_id", new_id),
	};
	const size_t count = sizeof(fields) / sizeof(fields[0]);

	log_event(event, fields, new_id != NULL ? count : count - 1);
}
