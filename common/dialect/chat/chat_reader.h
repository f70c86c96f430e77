/* Reads answers of the Chat Completions API: chunks of a stream, or one object. */
#ifndef RESPOOL_CHAT_READER_H
#define RESPOOL_CHAT_READER_H

#include "common/dialect/reader.h"

struct chat_reader;

struct chat_reader *chat_reader_new(const struct reader_setting *setting);
void chat_reader_free(struct chat_reader *reader);

/* The data of one event, checked JSON. "[DONE]" is not given. */
void chat_reader_event(struct chat_reader *reader, struct span data);
/* An answer that is no stream: a JSON object. It is followed by chat_reader_end(reader, true). */
void chat_reader_object(struct chat_reader *reader, struct span object);
/* Whether an error has come: nothing of interest follows. */
bool chat_reader_has_failed(const struct chat_reader *reader);
/* The stream has ended; done: "[DONE]" has come. */
enum reader_end chat_reader_end(struct chat_reader *reader, bool done);

#endif
