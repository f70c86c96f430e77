/* What a worker or a relay says of itself with each beat, for those who look after all of them. */
#ifndef RESPOOL_PROCESS_ABOUT_H
#define RESPOOL_PROCESS_ABOUT_H

#include "common/base/buf.h"
#include "operate.h"

/* Appends "<started_s> <pid> <version> <host>", of this process, which has started now. */
void process_about_write(struct buf *out);

/*
 * Fills in what Redis has of a process: that, behind "<streams> <beat_ms> ". What it does not say,
 * as of another version's, is 0 or empty.
 */
void process_about_read(struct store_process *process, struct span record);

#endif
