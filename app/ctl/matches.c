#include "matches.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

static void add_page(struct matches *matches, struct store_page *page)
{
	matches->list =
	    xrealloc(matches->list, (matches->count + page->count + 1) * sizeof(*matches->list));
	for (size_t i = 0; i < page->count; i++) {
		struct match *match = &matches->list[matches->count++];

		memcpy(match->id, page->rows[i].id, sizeof(match->id));
		match->tenant = xstrdup(page->rows[i].tenant != NULL ? page->rows[i].tenant : "");
	}
}

/* One that has gone since the last page was read ends the list. */
static enum store_result find_in(struct ctl *ctl, const char *status, struct matches *matches)
{
	struct store_query query = ctl->arguments->query;
	char after[RESPONSE_ID_MAX + 1];
	struct store_page page;
	bool more = true;

	query.status = status;
	query.limit = STORE_LIST_MOST;
	while (more) {
		enum store_result result = store_list(ctl->store, &query, &page);

		if (result != STORE_OK)
			return result == STORE_NOT_FOUND ? STORE_OK : result;
		add_page(matches, &page);
		more = page.has_more && page.count > 0;
		if (more)
			memcpy(after, page.rows[page.count - 1].id, sizeof(after));
		query.after = after;
		store_page_free(&page);
	}
	return STORE_OK;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct match *)a)->id, ((const struct match *)b)->id);
}

/* One that begins while it is looked for is found twice. */
static void drop_doubles(struct matches *matches)
{
	size_t kept = 0;

	if (matches->count == 0)
		return;
	qsort(matches->list, matches->count, sizeof(*matches->list), compare);
	for (size_t i = 1; i < matches->count; i++) {
		if (compare(&matches->list[i], &matches->list[kept]) == 0)
			free(matches->list[i].tenant);
		else
			matches->list[++kept] = matches->list[i];
	}
	matches->count = kept + 1;
}

enum store_result matches_find(struct ctl *ctl, struct matches *out)
{
	const char *status = ctl->arguments->query.status;
	enum store_result result;

	*out = (struct matches){0};
	if (status != NULL)
		return find_in(ctl, status, out);
	result = find_in(ctl, response_status_name(STATUS_QUEUED), out);
	if (result == STORE_OK)
		result = find_in(ctl, response_status_name(STATUS_IN_PROGRESS), out);
	drop_doubles(out);
	return result;
}

void matches_free(struct matches *matches)
{
	for (size_t i = 0; i < matches->count; i++)
		free(matches->list[i].tenant);
	free(matches->list);
}
