#include "messages_fields.h"

#include "common/base/json.h"

static const struct span names[FIELD_COUNT] = {
#define FIELD_NAME(name, key) {key, sizeof(key) - 1},
    MESSAGES_FIELDS(FIELD_NAME)
#undef FIELD_NAME
};

struct messages_fields messages_fields_of(struct span object)
{
	struct json_scan scan = json_open(object, 0);
	struct messages_fields fields = {0};
	struct span key, name, value;
	struct buf scratch = {0};

	while (json_type(object) == JSON_OBJECT && json_member(&scan, &key, &value)) {
		name = json_name(&scratch, key);
		for (int i = 0; i < FIELD_COUNT; i++) {
			if (span_eq(name, names[i]))
				fields.of[i] = json_is_given(value) ? value : (struct span){0};
		}
	}
	buf_free(&scratch);
	return fields;
}
