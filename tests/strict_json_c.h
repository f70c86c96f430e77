/*
 * How tests have json-c parse strictly, to compare with. In version 0.18 that refuses every
 * character beyond ASCII: there it is lax, and that a text is JSON is what json_check() says.
 * json-c has to be included before.
 */
#ifndef RESPOOL_STRICT_JSON_C_H
#define RESPOOL_STRICT_JSON_C_H

enum { JSON_C_STRICT = JSON_C_VERSION_NUM >> 8 == 18 ? 0 : JSON_TOKENER_STRICT };

#endif
