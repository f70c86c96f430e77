/* Reads answers of Anthropic's Messages API: events of a stream, or one object. */
#ifndef RESPOOL_MESSAGES_READER_H
#define RESPOOL_MESSAGES_READER_H

#include "common/dialect/reader.h"

struct messages_reader;

struct messages_reader *messages_reader_new(const struct reader_setting *setting);
void messages_reader_free(struct messages_reader *reader);

/* The data of one event. What is no JSON object is passed over: it need not be checked before. */
void messages_reader_event(struct messages_reader *reader, struct span data);
/* An answer that is no stream, likewise. It is followed by messages_reader_end(). */
void messages_reader_object(struct messages_reader *reader, struct span object);
/* Whether message_stop, or an error, has come: nothing of interest follows. */
bool messages_reader_is_over(const struct messages_reader *reader);
/* The stream has ended. */
enum reader_end messages_reader_end(struct messages_reader *reader);

#endif
