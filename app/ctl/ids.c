#include "ids.h"

#include "common/response/litellm_mark.h"

bool id_read(char out[RESPONSE_ID_MAX + 1], const char *word)
{
	struct litellm_mark mark;
	bool valid;

	if (!litellm_mark_read(&mark, span_of(word)))
		return response_id_copy(out, span_of(word));
	valid = response_id_copy(out, span_of(mark.id));
	litellm_mark_free(&mark);
	return valid;
}

enum store_result id_find(
    struct ctl *ctl, const char *word, char id[RESPONSE_ID_MAX + 1], char **tenant)
{
	*tenant = NULL;
	return id_read(id, word) ? store_tenant(ctl->store, id, tenant) : STORE_NOT_FOUND;
}

int id_refuse(const struct ctl *ctl, const char *word, enum store_result result)
{
	if (result == STORE_UNAVAILABLE)
		return ctl_unavailable(ctl);
	return ctl_refuse("%s: no such response, or not any more", word);
}
