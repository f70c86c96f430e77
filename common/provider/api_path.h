/* What providers can be asked for beside new responses, and by which APIs. */
#ifndef RESPOOL_API_PATH_H
#define RESPOOL_API_PATH_H

#include <stdbool.h>

#include "common/base/buf.h"

/*
 * The APIs of the deployments that can be asked for this path under their base as it is: a bit, 1
 * << dialect, for each. 0 for "responses", which is translated: any.
 */
unsigned api_path_apis(struct span path);

/* Whether it lies where Chat Completions do: "chat/completions" itself, or "embeddings". */
bool api_path_is_beside_chat(struct span path);
/* Whether the answer, if it is a stream, is one of Chat Completions. */
bool api_path_is_chat(struct span path);

#endif
