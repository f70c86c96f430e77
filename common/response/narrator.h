/*
 * The narrator tells what happens to a response that is streamed in the background: the events that
 * its readers get. It looks at what each of the provider's events has changed in the fold, and says
 * that in its own words. So the stream is one that OpenAI's SDKs accept, and adds up to the object,
 * whatever the provider has sent: output indexes and sequence numbers follow each other, an item
 * and a part are announced before they grow, texts only grow, and what has begun ends.
 *
 * It goes on over the attempts of a job. What an earlier attempt has begun is ended as incomplete,
 * and the items of the next one come behind, under other ids if they have the same.
 *
 * It tells neither response.created, which is there before the job begins, nor the terminal event:
 * who reads the stream makes that of the stored object.
 */
#ifndef RESPOOL_NARRATOR_H
#define RESPOOL_NARRATOR_H

#include "common/base/buf.h"
#include "event_log.h"
#include "fold.h"

struct narrator;

/*
 * The events go to log, which outlives the narrator; so does nothing that it follows: a fold is to
 * be closed before.
 */
struct narrator *narrator_new(struct event_log *log);
void narrator_free(struct narrator *narrator);

/*
 * Recalls what earlier attempts have told: their events from the first one on, as stored, and the
 * response as it was created or is stored now. Ends what they have left open. log must have been
 * opened behind these events. To be called before narrator_follow(), if at all.
 */
void narrator_recall(
    struct narrator *narrator, struct span response, const struct span *events, size_t count);

/*
 * From now on what is folded into fold is told, until it is closed: fold_close() ends that. fold
 * has just been opened. Tells response.in_progress if that has not been told. May be called again
 * for another attempt: if the one before has told of any item, narrator_end() comes first.
 */
void narrator_follow(struct narrator *narrator, struct fold *fold);

/*
 * The fold has ended (fold_end, fold_fail): tells what of the output has not been told, and ends
 * every item. Comes before fold_close(); may be left out if nothing more is to be told.
 */
void narrator_end(struct narrator *narrator);

#endif
