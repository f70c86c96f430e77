#include "members.h"

#include <string.h>

#include "common/base/json.h"

static size_t find_name(struct span name, const struct span *names, size_t count)
{
	size_t i = 0;

	while (i < count && (names[i].len != name.len || memcmp(names[i].p, name.p, name.len) != 0))
		i++;
	return i;
}

bool members_read(struct span object, const struct span *names, size_t count, struct span *values)
{
	struct json_scan scan = json_open(object, JSON_ACCEPT_BAD_UTF8);
	struct buf scratch = {0};
	struct span name, value;

	memset(values, 0, count * sizeof(values[0]));
	while (json_member(&scan, &name, &value)) {
		size_t i = find_name(json_name(&scratch, name), names, count);

		if (i < count)
			values[i] = value;
	}
	buf_free(&scratch);
	return scan.error == NULL;
}
