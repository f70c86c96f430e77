#include "chat_citations.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/json.h"
#include "common/dialect/members.h"

enum { TYPE, URL_CITATION, URL, TITLE, START_INDEX, END_INDEX, CITATION_MEMBERS };

static const struct span names[CITATION_MEMBERS] = {
    [TYPE] = MEMBER_NAME("type"),
    [URL_CITATION] = MEMBER_NAME("url_citation"),
    [URL] = MEMBER_NAME("url"),
    [TITLE] = MEMBER_NAME("title"),
    [START_INDEX] = MEMBER_NAME("start_index"),
    [END_INDEX] = MEMBER_NAME("end_index"),
};

void chat_citations_free(struct chat_citations *citations)
{
	for (int i = 0; i < CITED_LISTS; i++)
		buf_free(&citations->lists[i]);
	buf_free(&citations->annotation);
	free(citations->told);
}

/* FNV-1a; never 0. */
static uint64_t hash_of(struct span text)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.p[i]) * 0x100000001b3;
	return hash != 0 ? hash : 1;
}

static uint64_t *place_of(uint64_t *table, size_t size, uint64_t hash)
{
	size_t i = (size_t)(hash ^ hash >> 32) & (size - 1);

	while (table[i] != 0 && table[i] != hash)
		i = (i + 1) & (size - 1);
	return &table[i];
}

static void make_room(struct chat_citations *citations)
{
	size_t size = citations->told_size != 0 ? 2 * citations->told_size : 16;
	uint64_t *table;

	if (2 * citations->told_count < citations->told_size)
		return;
	table = xcalloc(size, sizeof(*table));
	for (size_t i = 0; i < citations->told_size; i++) {
		if (citations->told[i] != 0)
			*place_of(table, size, citations->told[i]) = citations->told[i];
	}
	free(citations->told);
	citations->told = table;
	citations->told_size = size;
}

/* Notes that it is told now; false if it was before. */
static bool is_new(struct chat_citations *citations, struct span text)
{
	uint64_t hash = hash_of(text), *place;

	make_room(citations);
	place = place_of(citations->told, citations->told_size, hash);
	if (*place == hash)
		return false;
	*place = hash;
	citations->told_count++;
	return true;
}

static void write_citation(
    struct buf *out, const struct span *members, long long start, long long end)
{
	bool has_title = json_type(members[TITLE]) == JSON_STRING;

	buf_clear(out);
	buf_puts(out, "{\"type\":\"url_citation\",\"url\":");
	json_canonical(out, members[URL]);
	buf_puts(out, ",\"title\":");
	json_canonical(out, has_title ? members[TITLE] : SPAN("\"\""));
	buf_printf(out, ",\"start_index\":%lld,\"end_index\":%lld}", start, end);
}

/*
 * One that says which text it is of is told once for each such text; of others each URL counts
 * once, whichever list it is in.
 */
static void tell(
    struct chat_citations *citations, struct builder *builder, const struct span *members)
{
	struct buf *annotation = &citations->annotation;
	long long start, end;
	bool is_new_url, has_range;

	if (json_type(members[URL]) != JSON_STRING || members[URL].len <= 2)
		return;
	is_new_url = is_new(citations, members[URL]);
	has_range =
	    json_integer(members[START_INDEX], &start) && json_integer(members[END_INDEX], &end);
	if (!has_range && !is_new_url)
		return;
	if (!has_range)
		start = end = builder_text_length(builder);
	write_citation(annotation, members, start, end);
	if (!has_range || is_new(citations, buf_span(annotation)))
		builder_annotation(builder, buf_span(annotation));
}

static void tell_element(struct chat_citations *citations, struct builder *builder,
    enum citation_list which, struct span element)
{
	struct span members[CITATION_MEMBERS] = {{0}};
	bool is_annotation = which == CITED_ANNOTATIONS;

	if (json_type(element) == JSON_STRING && !is_annotation)
		members[URL] = element;
	else if (!members_read(element, names, CITATION_MEMBERS, members))
		return;
	if (is_annotation && !json_string_is(members[TYPE], "url_citation"))
		return;
	if (json_type(members[URL_CITATION]) == JSON_OBJECT &&
	    !members_read(members[URL_CITATION], names, CITATION_MEMBERS, members))
		return;
	tell(citations, builder, members);
}

static void tell_list(
    struct chat_citations *citations, struct builder *builder, enum citation_list which)
{
	struct json_scan scan = json_open(buf_span(&citations->lists[which]), JSON_ACCEPT_BAD_UTF8);
	struct span element;

	while (json_element(&scan, &element))
		tell_element(citations, builder, which, element);
}

void chat_citations_take(
    struct chat_citations *citations, enum citation_list which, struct span list)
{
	struct buf *last = &citations->lists[which];

	if (json_type(list) != JSON_ARRAY || span_eq(list, buf_span(last)))
		return;
	buf_clear(last);
	buf_append_span(last, list);
	citations->is_pending[which] = true;
	citations->any_pending = true;
}

void chat_citations_tell(struct chat_citations *citations, struct builder *builder)
{
	if (!citations->any_pending || builder_text_length(builder) == 0)
		return;
	citations->any_pending = false;
	for (int i = 0; i < CITED_LISTS; i++) {
		if (citations->is_pending[i])
			tell_list(citations, builder, (enum citation_list)i);
		citations->is_pending[i] = false;
	}
}
