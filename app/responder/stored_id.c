#include "stored_id.h"

#include <string.h>

#include "answers.h"
#include "passthrough.h"

bool stored_id_take(struct handlers *handlers, char out[RESPONSE_ID_MAX + 1])
{
	struct span id = handlers->request.route.id;

	if (handlers->store != NULL && id.len <= RESPONSE_ID_MAX) {
		memcpy(out, id.p, id.len);
		out[id.len] = '\0';
		if (response_id_valid(out))
			return true;
	}
	if (handlers->passthrough != NULL)
		passthrough_by_id(handlers);
	else
		answer_not_found(handlers);
	return false;
}
