#include "litellm_mark.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/base64.h"
#include "common/base/json.h"
#include "response_id.h"

/* How Base64 of "litellm:" begins, whatever follows. */
static const char encoded_word[] = "bGl0ZWxsbT";
static const char content_mark[] = "litellm_enc:";

enum { DEEPEST = 8 }; /* as a container in an annotation of an item's content is */

void litellm_mark_free(struct litellm_mark *mark)
{
	free(mark->provider);
	free(mark->model_id);
	free(mark->id);
	*mark = (struct litellm_mark){0};
}

/* Takes what stands before the first stop off the front, and that with it. */
static bool take_until(struct span *text, char stop, struct span *taken)
{
	const char *end = text->len > 0 ? memchr(text->p, stop, text->len) : NULL;

	if (end == NULL)
		return false;
	*taken = (struct span){text->p, (size_t)(end - text->p)};
	text->len -= taken->len + 1;
	text->p = end + 1;
	return true;
}

/* Python writes "None" of what it does not know. */
static char *known(struct span value)
{
	return value.len == 0 || span_is(value, "None") ? NULL : xmemdup(value.p, value.len);
}

static bool is_printable(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] < ' ' || text.p[i] > '~')
			return false;
	}
	return true;
}

/* "model_id:MODEL;SOMETHING_id:ID" */
static bool read_model_and_id(struct span text, struct span *model, struct span *id)
{
	struct span name;

	if (!span_skip(&text, "model_id:") || !take_until(&text, ';', model) ||
	    !take_until(&text, ':', &name) || text.len == 0)
		return false;
	*id = text;
	return name.len > 3 && memcmp(name.p + name.len - 3, "_id", 3) == 0;
}

static bool read_decoded(struct litellm_mark *mark, struct span text)
{
	struct span provider = {0}, model, id;

	if (!is_printable(text) || !span_skip(&text, "litellm:") ||
	    (span_skip(&text, "custom_llm_provider:") && !take_until(&text, ';', &provider)) ||
	    !read_model_and_id(text, &model, &id))
		return false;
	*mark = (struct litellm_mark){known(provider), known(model), xmemdup(id.p, id.len)};
	return true;
}

static bool read_encoded(struct litellm_mark *mark, struct span encoded,
    bool (*read)(struct litellm_mark *, struct span))
{
	struct buf text = {0};
	bool is_mark = base64_decode(&text, encoded) && read(mark, buf_span(&text));

	buf_free(&text);
	return is_mark;
}

bool litellm_mark_read(struct litellm_mark *mark, struct span id)
{
	struct span prefix;

	return take_until(&id, '_', &prefix) && id.len > sizeof(encoded_word) &&
	       memcmp(id.p, encoded_word, sizeof(encoded_word) - 1) == 0 &&
	       read_encoded(mark, id, read_decoded);
}

static bool read_model(struct litellm_mark *mark, struct span text)
{
	if (!is_printable(text) || !span_skip(&text, "model_id:"))
		return false;
	*mark = (struct litellm_mark){.model_id = known(text)};
	return true;
}

/* The same for encrypted content. */
static bool read_content(struct litellm_mark *mark, struct span content)
{
	struct span encoded;

	if (!span_skip(&content, content_mark) || !take_until(&content, ';', &encoded) ||
	    (content.len > 0 && memchr(content.p, '\0', content.len) != NULL) ||
	    !read_encoded(mark, encoded, read_model))
		return false;
	mark->id = xmemdup(content.p, content.len);
	return true;
}

/* A body while marks are taken out of it. */
struct undoing {
	struct buf *out;
	const char *copied; /* up to where the body is in out */
	struct litellm_mark *maker;
	bool found;
	bool settled; /* maker is previous_response_id's */
};

static const struct {
	const char *name;
	bool (*read)(struct litellm_mark *mark, struct span text);
} marked_members[] = {
    {"id", litellm_mark_read},
    {"encrypted_content", read_content},
    {"container_id", litellm_mark_read},
    {"container", litellm_mark_read},
    {"previous_response_id", litellm_mark_read},
};
enum { MARKED_MEMBERS = sizeof(marked_members) / sizeof(marked_members[0]) };

/*
 * Takes the mark. False if it does not count, or tells of nobody: what it says of a response of
 * ours is how that proxy has asked us for it, not who made it.
 */
static bool note_maker(struct undoing *undoing, struct litellm_mark *mark)
{
	if (undoing->settled || (mark->model_id == NULL && mark->provider == NULL) ||
	    response_id_valid(mark->id)) {
		litellm_mark_free(mark);
		return false;
	}
	free(mark->id);
	mark->id = NULL;
	litellm_mark_free(undoing->maker);
	*undoing->maker = *mark;
	return true;
}

static bool replace(struct undoing *undoing, struct span value, struct litellm_mark *mark)
{
	buf_append(undoing->out, undoing->copied, (size_t)(value.p - undoing->copied));
	json_quote(undoing->out, span_of(mark->id));
	undoing->copied = value.p + value.len;
	undoing->found = true;
	return note_maker(undoing, mark);
}

/* Whether there was a mark that tells who made it. */
static bool undo_text(struct undoing *undoing, struct span name, struct span value)
{
	struct litellm_mark mark;
	struct buf text = {0};
	bool tells = false;

	for (size_t i = 0; i < MARKED_MEMBERS; i++) {
		if (!json_raw_is(name, marked_members[i].name))
			continue;
		if (json_decode(value, &text) && marked_members[i].read(&mark, buf_span(&text)))
			tells = replace(undoing, value, &mark);
		break;
	}
	buf_free(&text);
	return tells;
}

static void undo_in(struct undoing *undoing, struct span value, int depth)
{
	struct json_scan scan = json_open(value, 0);
	struct span name, member;

	if (depth == DEEPEST)
		return;
	if (json_type(value) == JSON_ARRAY) {
		while (json_element(&scan, &member))
			undo_in(undoing, member, depth + 1);
	} else if (json_type(value) == JSON_OBJECT) {
		while (json_member(&scan, &name, &member)) {
			if (json_type(member) == JSON_STRING)
				undo_text(undoing, name, member);
			else
				undo_in(undoing, member, depth + 1);
		}
	}
}

static void undo_in_body(struct undoing *undoing, struct span body)
{
	struct json_scan scan = json_open(body, 0);
	struct span name, value;

	while (json_member(&scan, &name, &value)) {
		if (json_raw_is(name, "input") || json_raw_is(name, "tools")) {
			undo_in(undoing, value, 1);
		} else if (json_raw_is(name, "previous_response_id")) {
			undoing->settled = undo_text(undoing, name, value);
		}
	}
}

static bool may_have_marks(struct span body)
{
	return memmem(body.p, body.len, encoded_word, sizeof(encoded_word) - 1) != NULL ||
	       memmem(body.p, body.len, content_mark, sizeof(content_mark) - 1) != NULL;
}

bool litellm_marks_undo(struct buf *out, struct span body, struct litellm_mark *maker)
{
	struct undoing undoing = {.out = out, .copied = body.p, .maker = maker};

	/* Nearly no body has the words: one look at its bytes is all that it costs. */
	if (!may_have_marks(body))
		return false;
	*maker = (struct litellm_mark){0};
	undo_in_body(&undoing, body);
	if (undoing.found)
		buf_append(out, undoing.copied, (size_t)(body.p + body.len - undoing.copied));
	return undoing.found;
}
