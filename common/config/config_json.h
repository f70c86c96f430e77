/* A value of the configuration that goes to providers, as JSON. */
#ifndef RESPOOL_CONFIG_JSON_H
#define RESPOOL_CONFIG_JSON_H

#include "common/base/buf.h"
#include "common/base/json.h"
#include "config_yaml.h"

/* The types that a value may have, to be joined by |. */
enum config_json_types {
	CONFIG_JSON_NUMBER = 0x1,
	CONFIG_JSON_INTEGER = 0x2,
	CONFIG_JSON_BOOLEAN = 0x4,
	CONFIG_JSON_STRING = 0x8,
	CONFIG_JSON_ARRAY = 0x10,
	CONFIG_JSON_OBJECT = 0x20,
};

enum config_json_end {
	CONFIG_JSON_READ,
	CONFIG_JSON_WRONG, /* an error has been reported */
	CONFIG_JSON_UNSET, /* it names a variable that is unset here, and is not needed here */
};

/*
 * Appends the value, which is not null. Text is what types expect, in quotes or not. In lists and
 * mappings it is what YAML takes it for: without quotes a number, true or false, null, or text.
 * "os.environ/NAME" is what the variable has, as if that stood there without quotes; *variable is
 * its name where it is UNSET, and else is left alone. What has been appended is of no use unless it
 * is READ. expected is for messages.
 */
enum config_json_end config_json(const struct config_value *value, unsigned types,
    const char *expected, struct buf *out, const char **variable);

#endif
