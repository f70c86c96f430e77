/* json-c for those who also use json.h: both have a type named json_type. */
#ifndef RESPOOL_JSON_C_H
#define RESPOOL_JSON_C_H

#define json_type json_c_type
#include <json-c/json.h>
#undef json_type

#endif
