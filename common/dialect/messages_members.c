#include "messages_members.h"

#include <string.h>

#include "common/base/json.h"

static bool is_name(struct span name, struct span known)
{
	return name.len == known.len && memcmp(name.p, known.p, name.len) == 0;
}

bool members_read(struct span object, const struct span *names, size_t count, struct span *values)
{
	struct json_scan scan = json_open(object, JSON_ACCEPT_BAD_UTF8);
	struct buf scratch = {0};
	struct span name, value;

	while (json_member(&scan, &name, &value)) {
		size_t i = 0;

		name = json_name(&scratch, name);
		while (i < count && !is_name(name, names[i]))
			i++;
		if (i < count)
			values[i] = value;
	}
	buf_free(&scratch);
	return scan.error == NULL;
}

bool is_text(struct span value)
{
	return json_type(value) == JSON_STRING && value.len > 2;
}
