/*
 * The text of a file of the configuration, as it is on disk. Nothing else of the configuration
 * opens one, so that a program can have files of its own in their place.
 */
#ifndef RESPOOL_CONFIG_SOURCE_H
#define RESPOOL_CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/base/buf.h"

struct config_source {
	struct buf text; /* ends in a NUL byte that does not count */
	dev_t device;    /* with inode: which file it is, by whatever path it is reached */
	ino_t inode;
	long long modified; /* UNIX time of its last change */
};

/*
 * Reads the file; the caller frees source->text in any case. On failure returns false and writes
 * what is wrong to problem: "cannot be opened: ...".
 */
bool config_source_read(
    const char *path, struct config_source *source, char *problem, size_t problem_size);

#endif
