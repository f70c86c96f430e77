/* What gateway_members.c, which reads and writes values, asks of gateway_names.c. */
#ifndef RESPOOL_GATEWAY_NAMES_INTERNAL_H
#define RESPOOL_GATEWAY_NAMES_INTERNAL_H

#include "common/base/buf.h"

/* What becomes of a member. */
enum handling {
	OBEYED,
	BOOKKEEPING, /* nobody misses it */
	/* Asks for what is not done here: */
	GUARDS,
	MOCKS,
	CACHES,
	PLACES, /* another deployment or key than the configuration's */
	OTHERS,
};

struct gateway_name {
	const char *name;
	enum handling handling;
};

/* NULL if it is none of the gateway's own. */
const struct gateway_name *gateway_name_find(struct span name);

#endif
