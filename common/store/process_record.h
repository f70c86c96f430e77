/*
 * What a worker or a relay says of itself with each beat, as it stands in Redis: "<streams>
 * <beat_ms> <started_s> <pid> <version> <host>".
 */
#ifndef RESPOOL_PROCESS_RECORD_H
#define RESPOOL_PROCESS_RECORD_H

#include "common/base/buf.h"
#include "operate.h"

/* Fills in what the record says; what it does not say, as of another version's, is 0 or empty. */
void process_record_read(struct store_process *process, struct span record);

#endif
