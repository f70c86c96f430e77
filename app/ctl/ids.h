/* Ids of responses, as people give them. */
#ifndef RESPOOL_IDS_H
#define RESPOOL_IDS_H

#include <stdbool.h>

#include "common/response/response_id.h"
#include "common/store/operate.h"
#include "ctl.h"

/*
 * The id that a word is, or that a LiteLLM proxy has marked. False if no response can have it; then
 * out is "".
 */
bool id_read(char out[RESPONSE_ID_MAX + 1], const char *word);

/*
 * Reads the id, and whose its response is: *tenant, which the caller frees. STORE_NOT_FOUND also if
 * it is no id.
 */
enum store_result id_find(
    struct ctl *ctl, const char *word, char id[RESPONSE_ID_MAX + 1], char **tenant);

/* Says that there is none, or that Redis cannot be asked. Returns CTL_REFUSED. */
int id_refuse(const struct ctl *ctl, const char *word, enum store_result result);

#endif
