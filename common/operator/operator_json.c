#include "operator_json.h"

void operator_status_json(
    struct buf *out, const struct config *config, const struct store_snapshot *snapshot)
{
	(void)config;
	(void)snapshot;
	buf_puts(out, "{}");
}

void operator_workers_json(struct buf *out, const struct store_snapshot *snapshot)
{
	(void)snapshot;
	buf_puts(out, "{}");
}

void operator_page_json(struct buf *out, const struct config *config, const struct store_page *page)
{
	(void)config;
	(void)page;
	buf_puts(out, "{}");
}

void operator_detail_json(
    struct buf *out, const struct config *config, const struct store_detail *detail)
{
	(void)config;
	(void)detail;
	buf_puts(out, "{}");
}

const char *operator_deployment(const struct config *config, const char *id)
{
	(void)config;
	return id != NULL ? id : "";
}
