/* OpenAI's older APIs, for clients that ask for them at the same address: nothing is translated. */
#ifndef RESPOOL_UNTRANSLATED_H
#define RESPOOL_UNTRANSLATED_H

#include "handlers.h"

void chat_handle(struct handlers *handlers);
void embeddings_handle(struct handlers *handlers);

#endif
