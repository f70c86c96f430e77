/* GET /respool/: the page for administrators, built into the program. */
#ifndef RESPOOL_PAGE_H
#define RESPOOL_PAGE_H

#include "handlers.h"

/*
 * Whoever asks gets it: there is nothing in it but what talks to the admin routes, with a key that
 * is typed in. Only the scripts and styles run that have this answer's nonce.
 */
void page_handle(struct handlers *handlers);

/* GET /respool: the page is a slash further. */
void page_moved_handle(struct handlers *handlers);

#endif
