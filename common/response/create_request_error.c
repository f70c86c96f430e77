#include <string.h>

#include "common/base/json.h"
#include "create_request_internal.h"

const char *create_request_type_name(struct span value)
{
	if (json_type(value) != JSON_NUMBER)
		return json_type_name(json_type(value));
	for (size_t i = 0; i < value.len; i++) {
		if (strchr(".eE", value.p[i]) != NULL)
			return "a decimal number";
	}
	return "an integer";
}

bool create_request_invalid_type(
    struct api_error *error, const char *name, const char *expected, struct span value)
{
	return api_error_set(error, 400, "invalid_request_error", name, "invalid_type",
	    "Invalid type for '%s': expected %s, but got %s instead.", name, expected,
	    create_request_type_name(value));
}

bool create_request_invalid_value(struct api_error *error, const char *name, const char *message)
{
	return api_error_set(error, 400, "invalid_request_error", name, "invalid_value",
	    "Invalid value for '%s': %s.", name, message);
}
