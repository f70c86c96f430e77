#include "item_keep.h"

#include "common/base/json.h"

static bool is_empty(struct span value)
{
	return value.len == 2;
}

static bool is_of_form(struct span value, enum member_form form)
{
	static const enum json_type types[] = {
	    [FORM_TEXT] = JSON_STRING, [FORM_LIST] = JSON_ARRAY, [FORM_OBJECT] = JSON_OBJECT};

	return json_type(value) == types[form];
}

/* Whether a canonically spelled value, or nothing, has to give way to one that was there. */
static bool gives_way(struct span value, enum member_form form, enum keeping keeping)
{
	if (!json_is_given(value))
		return true;
	if (!is_of_form(value, form) || !is_empty(value))
		return false;
	return form == FORM_LIST || (form == FORM_TEXT && keeping == KEEP_EMPTY);
}

static struct span placed(const struct buf *text, const struct place *place)
{
	return (struct span){text->data + place->start, place->end - place->start};
}

static bool grown_may_lack(const struct document *doc, const struct grown *old,
    enum member_form form, struct span value, enum keeping keeping)
{
	if (!old->present || is_empty(document_value(doc, &old->node)))
		return false;
	return gives_way(value, form, keeping);
}

bool part_may_lack(const struct output *output, const struct part *old,
    const struct part_layout *layout, const struct buf *text, enum keeping keeping)
{
	enum part_member m;

	if (keeping == KEEP_NOTHING)
		return false;
	for (m = 0; m < PART_MEMBERS; m++)
		if (grown_may_lack(output->doc, &old->members[m], part_kinds[m].form,
			placed(text, &layout->members[m]), keeping))
			return true;
	return false;
}

static bool parts_may_lack(const struct output *output, struct item *item,
    const struct item_layout *layout, enum keeping keeping)
{
	size_t seen[ITEM_LISTS] = {0}, i;

	for (i = 0; i < layout->part_count; i++) {
		const struct part_layout *part = &layout->parts[i];
		struct part_list *list = item_parts(item, part->list);
		size_t at = seen[part->list - ITEM_FIRST_LIST]++;

		if (at < list->count &&
		    part_may_lack(output, list->parts[at], part, &layout->text, keeping))
			return true;
	}
	for (i = 0; i < ITEM_LISTS; i++)
		if (layout->counts[i] < item->lists[i].count)
			return true;
	return false;
}

bool item_may_lack(const struct output *output, struct item *item, const struct item_layout *layout,
    enum keeping keeping)
{
	enum item_member m;

	if (keeping == KEEP_NOTHING)
		return false;
	if (item->parts_left_out)
		return true;
	for (m = 0; m < ITEM_MEMBERS; m++)
		if (grown_may_lack(output->doc, &item->members[m], item_kinds[m].form,
			placed(&layout->text, &layout->members[m]), keeping))
			return true;
	return parts_may_lack(output, item, layout, keeping);
}

static bool same_type(struct span a, struct span b)
{
	return json_type(a) != JSON_STRING || json_type(b) != JSON_STRING || span_eq(a, b);
}

/* Whether there is something of that form to keep. */
static bool is_worth_keeping(struct span old, enum member_form form)
{
	return is_of_form(old, form) && !is_empty(old);
}

static void collect_part(struct buf *out, struct span part, struct span values[PART_MEMBERS])
{
	struct json_scan scan = json_open(part, JSON_ACCEPT_BAD_UTF8);
	struct span name, value;

	while (json_member(&scan, &name, &value)) {
		enum part_member m = part_kind_find(name);

		if (m != PART_MEMBERS) {
			values[m] = value;
		} else if (out != NULL) {
			json_write_name(out, name);
			buf_append_span(out, value);
		}
	}
}

static void keep_part(struct buf *out, struct span old, struct span part, enum keeping keeping)
{
	struct span before[PART_MEMBERS] = {{0}}, now[PART_MEMBERS] = {{0}};
	enum part_member m;

	if (json_type(old) != JSON_OBJECT || json_type(part) != JSON_OBJECT ||
	    !same_type(json_get(old, "type"), json_get(part, "type"))) {
		buf_append_span(out, part);
		return;
	}
	buf_putc(out, '{');
	collect_part(NULL, old, before);
	collect_part(out, part, now);
	for (m = 0; m < PART_MEMBERS; m++) {
		enum member_form form = part_kinds[m].form;

		if (is_worth_keeping(before[m], form) && gives_way(now[m], form, keeping))
			now[m] = before[m];
		if (now[m].len == 0)
			continue;
		json_write_name(out, span_of(part_kinds[m].name));
		buf_append_span(out, now[m]);
	}
	buf_putc(out, '}');
}

/* Each part with what it lacks, and the old ones that are more. */
static void keep_parts(struct buf *out, struct span old, struct span list, enum keeping keeping)
{
	struct json_scan olds = json_open(old, 0), news = json_open(list, 0);
	struct span before, now;
	bool had = json_element(&olds, &before), has = json_element(&news, &now);

	buf_putc(out, '[');
	while (has || had) {
		json_begin_element(out);
		if (has && had)
			keep_part(out, before, now, keeping);
		else
			buf_append_span(out, has ? now : before);
		had = had && json_element(&olds, &before);
		has = has && json_element(&news, &now);
	}
	buf_putc(out, ']');
}

static void collect_item(
    struct buf *out, struct span object, enum item_member within, struct span values[ITEM_MEMBERS])
{
	struct json_scan scan = json_open(object, 0);
	struct span name, value;

	while (json_member(&scan, &name, &value)) {
		enum item_member m = item_kind_find(name, within);

		if (m != ITEM_MEMBERS) {
			values[m] = value;
		} else if (out != NULL) {
			json_write_name(out, name);
			buf_append_span(out, value);
		}
	}
}

static void keep_object(struct buf *out, struct span old, struct span object,
    enum item_member within, enum keeping keeping);

static void keep_member(
    struct buf *out, enum item_member m, struct span old, struct span value, enum keeping keeping)
{
	enum member_form form = item_kinds[m].form;
	bool kept = is_worth_keeping(old, form);

	if (kept && gives_way(value, form, keeping))
		value = old;
	if (value.len == 0)
		return;
	json_write_name(out, span_of(item_kinds[m].name));
	if (!kept || !is_of_form(value, form) || form == FORM_TEXT)
		buf_append_span(out, value);
	else if (form == FORM_LIST)
		keep_parts(out, old, value, keeping);
	else
		keep_object(out, old, value, m, keeping);
}

/* An item, or an object within it. */
static void keep_object(struct buf *out, struct span old, struct span object,
    enum item_member within, enum keeping keeping)
{
	struct span before[ITEM_MEMBERS] = {{0}}, now[ITEM_MEMBERS] = {{0}};
	enum item_member m;

	buf_putc(out, '{');
	collect_item(NULL, old, within, before);
	collect_item(out, object, within, now);
	for (m = 0; m < ITEM_MEMBERS; m++)
		keep_member(out, m, before[m], now[m], keeping);
	buf_putc(out, '}');
}

/* Canonically spelled, so that an empty list or text is known by its length. */
static struct span canonical(struct buf *out, struct span value)
{
	json_canonical(out, value);
	return buf_span(out);
}

void item_keep(struct buf *out, struct span old, struct span item, enum keeping keeping)
{
	struct buf a = {0}, b = {0};

	old = canonical(&a, old);
	item = canonical(&b, item);
	if (same_type(json_get(old, "type"), json_get(item, "type")))
		keep_object(out, old, item, ITEM_MEMBERS, keeping);
	else
		buf_append_span(out, item);
	buf_free(&a);
	buf_free(&b);
}

void part_keep(struct buf *out, struct span old, struct span part, enum keeping keeping)
{
	struct buf a = {0}, b = {0};

	old = canonical(&a, old);
	part = canonical(&b, part);
	keep_part(out, old, part, keeping);
	buf_free(&a);
	buf_free(&b);
}
