/*
 * Allocation that never returns NULL. A process that is out of memory logs it and exits: its parent
 * starts it again, and a worker's jobs are taken up by another worker when its lease ends.
 */
#ifndef RESPOOL_ALLOC_H
#define RESPOOL_ALLOC_H

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *ptr, size_t size);
char *xstrdup(const char *s);
/* Copies len bytes and adds a terminating NUL. */
char *xmemdup(const void *data, size_t len);

#endif
