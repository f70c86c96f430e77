#include "foreign.h"

#include "common/base/json.h"
#include "common/base/json_c.h"
#include "credentials.h"

enum {
	MAX_DEPTH = 128,
	TO_STRING_FLAGS = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
};

/* What is stored, taken apart. */
struct foreign {
	struct json_object *wrapper; /* the string, or NULL */
	struct json_object *object;
	struct span text; /* of the object */
};

/*
 * json-c's own strict mode is not one thing: 0.16 takes control characters in strings, 0.18 not
 * even a letter with an accent. So it is lax here, about what has been found to be JSON.
 */
static struct json_object *parse(struct span text)
{
	struct json_tokener *tokener;
	struct json_object *tree;

	if (!json_check(text, JSON_ACCEPT_BAD_UTF8, NULL, NULL))
		return NULL;
	tokener = json_tokener_new_ex(MAX_DEPTH);
	tree = json_tokener_parse_ex(tokener, text.p, (int)text.len);
	json_tokener_free(tokener);
	return tree;
}

static void close_foreign(struct foreign *foreign)
{
	json_object_put(foreign->object);
	json_object_put(foreign->wrapper);
}

static bool open_foreign(struct foreign *foreign, struct span stored)
{
	*foreign = (struct foreign){.object = parse(stored), .text = stored};
	if (json_object_is_type(foreign->object, json_type_string)) {
		foreign->wrapper = foreign->object;
		foreign->text.p = json_object_get_string(foreign->wrapper);
		foreign->text.len = (size_t)json_object_get_string_len(foreign->wrapper);
		foreign->object = parse(foreign->text);
	}
	if (json_object_is_type(foreign->object, json_type_object))
		return true;
	close_foreign(foreign);
	return false;
}

static struct span text_of(struct json_object *value)
{
	return span_of(json_object_to_json_string_ext(value, TO_STRING_FLAGS));
}

/* Takes the credentials out of a member. Returns whether there were any. */
static bool redact_member(struct json_object *object, const char *name)
{
	struct json_object *value = json_object_object_get(object, name);
	struct buf shown = {0};
	bool removed = value != NULL && credentials_write(&shown, text_of(value));

	if (removed)
		json_object_object_add(object, name, parse(buf_span(&shown)));
	buf_free(&shown);
	return removed;
}

static bool redact(struct json_object *object)
{
	bool tools = redact_member(object, "tools");
	bool choice = redact_member(object, "tool_choice");

	return tools || choice;
}

static enum response_status find_status(struct json_object *object)
{
	struct json_object *status = json_object_object_get(object, "status");

	if (!json_object_is_type(status, json_type_string))
		return STATUS_COUNT;
	return response_status_find(span_of(json_object_get_string(status)));
}

bool foreign_read(struct buf *object, enum response_status *status, struct span stored)
{
	struct foreign foreign;

	if (!open_foreign(&foreign, stored))
		return false;
	*status = find_status(foreign.object);
	buf_clear(object);
	buf_append_span(object, redact(foreign.object) ? text_of(foreign.object) : foreign.text);
	close_foreign(&foreign);
	return true;
}

/* Writes the object as a JSON string. */
static void wrap(struct buf *out, const struct buf *object)
{
	struct json_object *string = json_object_new_string_len(object->data, (int)object->len);

	buf_puts(out, json_object_to_json_string_ext(string, TO_STRING_FLAGS));
	json_object_put(string);
}

/* What was still growing has been broken off. */
static void end_items(struct json_object *object)
{
	struct json_object *output = json_object_object_get(object, "output");
	size_t count =
	    json_object_is_type(output, json_type_array) ? json_object_array_length(output) : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(output, i);

		if (json_object_is_type(item, json_type_object) &&
		    find_status(item) == STATUS_IN_PROGRESS)
			json_object_object_add(
			    item, "status", json_object_new_string("incomplete"));
	}
}

bool foreign_cancel(struct buf *object, struct buf *stored, struct span old)
{
	struct foreign foreign;

	if (!open_foreign(&foreign, old))
		return false;
	json_object_object_add(foreign.object, "status", json_object_new_string("cancelled"));
	end_items(foreign.object);
	redact(foreign.object);
	buf_clear(object);
	buf_append_span(object, text_of(foreign.object));
	buf_clear(stored);
	if (foreign.wrapper != NULL)
		wrap(stored, object);
	else
		buf_append_span(stored, buf_span(object));
	close_foreign(&foreign);
	return true;
}
