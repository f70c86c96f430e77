/* The responses that wait or run and fit what the command line says. */
#ifndef RESPOOL_MATCHES_H
#define RESPOOL_MATCHES_H

#include "common/response/response_id.h"
#include "common/store/operate.h"
#include "ctl.h"

struct match {
	char id[RESPONSE_ID_MAX + 1];
	char *tenant;
};

struct matches {
	struct match *list; /* each once */
	size_t count;
};

/* As store_list(), page by page. The caller frees what is there in any case. */
enum store_result matches_find(struct ctl *ctl, struct matches *out);
void matches_free(struct matches *matches);

#endif
