/*
 * Events about the whole response: its beginning and end, and errors.
 *
 * One stream may hold more than one life of a response, one after the other, as gateways send it
 * that call a tool and ask again. The items of a later life come behind those of the lives before,
 * and its output_index counts from there.
 */
#ifndef RESPOOL_FOLD_LIFECYCLE_H
#define RESPOOL_FOLD_LIFECYCLE_H

#include "event.h"

event_fn response_created, response_told, response_ended, error_came;

/*
 * An item of the output has changed, or a part of it (else FOLD_NO_PART): what may have been the
 * end is none yet. Returns FOLD_CHANGED.
 */
enum fold_result fold_output_changed(struct fold *fold, struct item *item, size_t part);

/* Whether the events so far take more work than a stream of their size may. */
bool fold_is_costly(const struct fold *fold);

/* A new life of the response begins with the next item. */
void fold_begin_life(struct fold *fold);

/* Folds in the last state of the response, a JSON object or nothing; name is for warnings. */
enum fold_result fold_end_life(
    struct fold *fold, const char *name, struct span response, enum response_status otherwise);

#endif
