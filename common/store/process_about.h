/* What a worker or a relay says of itself with each beat, for those who look after all of them. */
#ifndef RESPOOL_PROCESS_ABOUT_H
#define RESPOOL_PROCESS_ABOUT_H

#include "common/base/buf.h"

/* Appends "<started_s> <pid> <version> <host>", of this process, which has started now. */
void process_about_write(struct buf *out);

#endif
