/* Files of which the section of Redis is looked at. */
#ifndef RESPOOL_TESTS_LOADED_REDIS_H
#define RESPOOL_TESTS_LOADED_REDIS_H

#include "loaded.h"

/* Loads a file with these members of cache_params. */
struct result load_redis(const char *params);
/* The same; it must be right. */
struct result load_right_redis(const char *params);
void load_right_redis_and_drop(const char *params);
/* It must be wrong in one thing, with just this message. */
void assert_redis_error(const char *params, const char *key, const char *problem);
/* That both are the same, or both NULL. */
void assert_text(const char *text, const char *expected);
/* One of the nodes, which has to be there. */
void assert_node(const struct redis_nodes *nodes, size_t index, const char *host, int port);

#endif
