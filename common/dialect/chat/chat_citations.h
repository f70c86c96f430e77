/*
 * What an answer cites: annotations of its text, or lists of sources that stand beside it and come
 * again with each chunk. Each is told once, as an annotation of the Responses API.
 */
#ifndef RESPOOL_CHAT_CITATIONS_H
#define RESPOOL_CHAT_CITATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/response/builder.h"

enum citation_list {
	CITED_ANNOTATIONS,    /* delta.annotations */
	CITED_SEARCH_RESULTS, /* [{title, url}] (Perplexity) */
	CITED_CITATIONS,      /* URLs, or objects as above */
	CITED_LISTS
};

/* A zeroed one has none. */
struct chat_citations {
	struct buf lists[CITED_LISTS]; /* the last one of each, as it was written */
	bool is_pending[CITED_LISTS];  /* it has not been told yet */
	bool any_pending;
	uint64_t *told; /* hashes, in a table that is open; 0: a free place */
	size_t told_count, told_size;
	struct buf annotation;
};

void chat_citations_free(struct chat_citations *citations);

/* Takes a list, a checked value of any type. It is told later, when there is text to cite for. */
void chat_citations_take(
    struct chat_citations *citations, enum citation_list which, struct span list);
/* Tells those that were not told yet, if the builder's text is open and has begun. */
void chat_citations_tell(struct chat_citations *citations, struct builder *builder);

#endif
