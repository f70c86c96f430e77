#include "operate.h"

enum store_result store_snapshot(
    struct store *store, bool with_counters, struct store_snapshot *out)
{
	(void)store;
	(void)with_counters;
	*out = (struct store_snapshot){0};
	return STORE_UNAVAILABLE;
}

void store_snapshot_free(struct store_snapshot *snapshot)
{
	(void)snapshot;
}

enum store_result store_list(
    struct store *store, const struct store_query *query, struct store_page *out)
{
	(void)store;
	(void)query;
	*out = (struct store_page){0};
	return STORE_UNAVAILABLE;
}

void store_page_free(struct store_page *page)
{
	(void)page;
}

enum store_result store_show(struct store *store, const char *id, struct store_detail *out)
{
	(void)store;
	(void)id;
	*out = (struct store_detail){0};
	return STORE_UNAVAILABLE;
}

void store_detail_free(struct store_detail *detail)
{
	(void)detail;
}

enum store_result store_tenant(struct store *store, const char *id, char **tenant)
{
	(void)store;
	(void)id;
	*tenant = NULL;
	return STORE_UNAVAILABLE;
}

enum store_result store_pause(struct store *store, const char *model, bool *paused)
{
	(void)store;
	(void)model;
	*paused = false;
	return STORE_UNAVAILABLE;
}

enum store_result store_resume(struct store *store, const char *model, bool *resumed)
{
	(void)store;
	(void)model;
	*resumed = false;
	return STORE_UNAVAILABLE;
}

enum store_result store_drain(struct store *store, const char *worker, bool drain)
{
	(void)store;
	(void)worker;
	(void)drain;
	return STORE_UNAVAILABLE;
}

enum store_result store_retry(struct store *store, const struct config *config, const char *id,
    char new_id[RESPONSE_ID_SIZE], struct buf *object, enum store_retried *retried)
{
	(void)store;
	(void)config;
	(void)id;
	(void)object;
	new_id[0] = '\0';
	*retried = RETRY_FOREIGN;
	return STORE_UNAVAILABLE;
}

enum store_result store_advise(struct store *store, redis_finding_fn *fn, void *ctx)
{
	(void)store;
	(void)fn;
	(void)ctx;
	return STORE_UNAVAILABLE;
}
