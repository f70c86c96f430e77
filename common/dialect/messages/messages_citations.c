#include "messages_citations.h"

#include <string.h>

#include "common/base/json.h"
#include "common/dialect/members.h"

enum { CITATION_TYPE, CITATION_URL, CITATION_SOURCE, CITATION_TITLE, CITATION_MEMBERS };

static const struct span citation_names[CITATION_MEMBERS] = {
    [CITATION_TYPE] = MEMBER_NAME("type"),
    [CITATION_URL] = MEMBER_NAME("url"),
    [CITATION_SOURCE] = MEMBER_NAME("source"),
    [CITATION_TITLE] = MEMBER_NAME("title"),
};

static bool begins_with(struct span text, const char *what)
{
	size_t len = strlen(what);

	return text.len >= len && memcmp(text.p, what, len) == 0;
}

/* What the client gave for a search result's source may be the address of a page, or not. */
static bool is_address(struct span value)
{
	return begins_with(value, "\"https://") || begins_with(value, "\"http://");
}

/* Empty if it is no web page. */
static struct span address_of(const struct span *members)
{
	struct span type = members[CITATION_TYPE], none = {0};

	if (json_string_is(type, "web_search_result_location"))
		return json_is_text(members[CITATION_URL]) ? members[CITATION_URL] : none;
	if (json_string_is(type, "search_result_location") && is_address(members[CITATION_SOURCE]))
		return members[CITATION_SOURCE];
	return none;
}

bool messages_annotation_write(
    struct buf *out, struct span citation, long long start, long long end)
{
	struct span members[CITATION_MEMBERS] = {{0}}, address;

	if (!members_read(citation, citation_names, CITATION_MEMBERS, members))
		return false;
	address = address_of(members);
	if (address.len == 0)
		return false;
	buf_puts(out, "{\"type\":\"url_citation\",\"url\":");
	json_canonical(out, address);
	buf_puts(out, ",\"title\":");
	json_canonical(
	    out, json_is_text(members[CITATION_TITLE]) ? members[CITATION_TITLE] : SPAN("\"\""));
	buf_printf(out, ",\"start_index\":%lld,\"end_index\":%lld}", start, end);
	return true;
}
