#include <string.h>
#include <strings.h>

#include "common/base/base64.h"
#include "common/base/json.h"
#include "data_url.h"
#include "messages_internal.h"

static const char param[] = "input";

/* Where a part goes to. */
struct target {
	struct messages_request *request;
	struct buf *blocks;
	enum messages_place place;
	const struct messages_fields *part;
};

typedef bool part_fn(struct target *target);

void messages_begin_block(struct buf *blocks)
{
	if (blocks->len > 0 && blocks->data[blocks->len - 1] != '[')
		buf_putc(blocks, ',');
}

static void end_block(struct target *target)
{
	messages_write_mark(target->blocks, target->part);
	buf_putc(target->blocks, '}');
}

void messages_add_text(struct buf *blocks, struct span text, const struct messages_fields *fields)
{
	if (json_type(text) != JSON_STRING || messages_is_blank(text))
		return;
	messages_begin_block(blocks);
	buf_puts(blocks, "{\"type\":\"text\",\"text\":");
	buf_append_span(blocks, text);
	messages_write_mark(blocks, fields);
	buf_putc(blocks, '}');
}

static bool add_text(struct target *target)
{
	messages_add_text(target->blocks, target->part->of[FIELD_TEXT], target->part);
	return true;
}

static bool add_refusal(struct target *target)
{
	messages_add_text(target->blocks, target->part->of[FIELD_REFUSAL], target->part);
	return true;
}

static bool add_audio(struct target *target)
{
	return request_refuse(target->request->writer, param, "it takes no audio");
}

/* The content of a string, in scratch if it is spelled with escapes. */
static struct span plain_text(struct span string, struct buf *scratch)
{
	struct span inside = json_inside(string);

	if (inside.len == 0 || memchr(inside.p, '\\', inside.len) == NULL)
		return inside;
	buf_clear(scratch);
	json_decode(string, scratch);
	return buf_span(scratch);
}

static bool has_scheme(struct span url, const char *scheme)
{
	size_t len = strlen(scheme);

	return url.len > len && memcmp(url.p, scheme, len) == 0;
}

static bool is_web_url(struct span url)
{
	return has_scheme(url, "https://") || has_scheme(url, "http://");
}

static void begin_document(struct target *target)
{
	struct span title = target->part->of[FIELD_FILENAME];

	messages_begin_block(target->blocks);
	buf_puts(target->blocks, "{\"type\":\"document\"");
	if (json_type(title) == JSON_STRING && !messages_is_blank(title)) {
		buf_puts(target->blocks, ",\"title\":");
		buf_append_span(target->blocks, title);
	}
	buf_puts(target->blocks, ",\"source\":");
}

/* kind is "image" or "document"; name that of the source's only member. */
static void add_source(
    struct target *target, bool is_image, const char *kind, const char *name, struct span value)
{
	struct buf *blocks = target->blocks;

	if (is_image) {
		messages_begin_block(blocks);
		buf_puts(blocks, "{\"type\":\"image\",\"source\":");
	} else {
		begin_document(target);
	}
	buf_printf(blocks, "{\"type\":\"%s\",\"%s\":", kind, name);
	buf_append_span(blocks, value);
	buf_putc(blocks, '}');
	end_block(target);
}

static bool add_base64(struct target *target, const char *media_type, struct span payload)
{
	struct buf *blocks = target->blocks;

	if (strncmp(media_type, "image/", strlen("image/")) == 0) {
		messages_begin_block(blocks);
		buf_puts(blocks, "{\"type\":\"image\",\"source\":");
	} else {
		begin_document(target);
	}
	buf_printf(blocks, "{\"type\":\"base64\",\"media_type\":\"%s\",\"data\":\"", media_type);
	if (!base64_clean(blocks, payload))
		return request_item_invalid(
		    target->request->writer, "the data of a file is not base64");
	buf_puts(blocks, "\"}");
	end_block(target);
	return true;
}

/* What json_quote() would have to change is not text. */
static bool is_text(struct span bytes, struct span quoted)
{
	struct buf again = {0};
	bool same;

	json_decode(quoted, &again);
	same = span_eq(buf_span(&again), bytes) &&
	       (bytes.len == 0 || memchr(bytes.p, '\0', bytes.len) == NULL);
	buf_free(&again);
	return same;
}

static bool add_document_text(struct target *target, struct span bytes)
{
	struct buf quoted = {0};
	bool done = true;

	json_quote(&quoted, bytes);
	if (!is_text(bytes, buf_span(&quoted))) {
		done = request_refuse(target->request->writer, param,
		    "it takes files that are PDF, text, PNG, JPEG, GIF or WebP");
	} else if (!messages_is_blank(buf_span(&quoted))) {
		begin_document(target);
		buf_puts(
		    target->blocks, "{\"type\":\"text\",\"media_type\":\"text/plain\",\"data\":");
		buf_append_span(target->blocks, buf_span(&quoted));
		buf_putc(target->blocks, '}');
		end_block(target);
	}
	buf_free(&quoted);
	return done;
}

/* What the bytes are counts, before what they are said to be; NULL if they may be text. */
static const char *media_type_of(const struct data_url *data)
{
	static const char *const taken[] = {
	    "image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"};
	const char *found = data->is_base64 ? base64_sniff(data->payload) : NULL;
	struct span said = data->media_type;

	for (size_t i = 0; data->is_base64 && i < sizeof(taken) / sizeof(taken[0]); i++) {
		if (found == NULL && said.len == strlen(taken[i]) &&
		    strncasecmp(said.p, taken[i], said.len) == 0)
			found = taken[i];
	}
	return found;
}

static bool add_data(struct target *target, const struct data_url *data)
{
	const char *media_type = media_type_of(data);
	struct buf bytes = {0};
	bool done;

	if (media_type != NULL)
		return add_base64(target, media_type, data->payload);
	if (!data->is_base64)
		data_url_decode(&bytes, data->payload);
	else if (!base64_decode(&bytes, data->payload)) {
		buf_free(&bytes);
		return request_item_invalid(
		    target->request->writer, "the data of a file is not base64");
	}
	done = add_document_text(target, buf_span(&bytes));
	buf_free(&bytes);
	return done;
}

static bool add_image_url(struct target *target, struct span value)
{
	struct request_writer *writer = target->request->writer;
	struct buf scratch = {0};
	struct span url = plain_text(value, &scratch);
	struct data_url data;
	bool done = true;

	if (is_web_url(url))
		add_source(target, true, "url", "url", value);
	else if (!data_url_read(&data, url))
		done = request_item_invalid(writer,
		    "the URL of an image has to begin with 'https://', 'http://' "
		    "or 'data:'");
	else if (media_type_of(&data) == NULL)
		done = request_refuse(
		    writer, param, "it takes images that are PNG, JPEG, GIF or WebP");
	else
		done = add_data(target, &data);
	buf_free(&scratch);
	return done;
}

/* Whether a picture or a document can stand there; if not, it may have been refused. */
static bool is_out_of_place(const struct target *target)
{
	return target->place == PLACE_ASSISTANT || target->place == PLACE_SYSTEM;
}

static bool refuse_place(struct target *target)
{
	return request_refuse(target->request->writer, param,
	    "it takes no images and files in messages of the system or the assistant");
}

static bool add_image(struct target *target)
{
	struct span url = target->part->of[FIELD_IMAGE_URL];

	if (json_type(url) == JSON_OBJECT)
		url = json_get(url, "url");
	if (is_out_of_place(target))
		return refuse_place(target);
	if (json_type(url) == JSON_STRING)
		return add_image_url(target, url);
	if (target->part->of[FIELD_FILE_ID].len > 0)
		return request_refuse_always(target->request->writer, param,
		    "it knows no images by the file_id of another API");
	return request_item_invalid(target->request->writer, "an image has no 'image_url'");
}

static bool add_file_data(struct target *target, struct span value)
{
	struct buf scratch = {0};
	struct span text = plain_text(value, &scratch);
	struct data_url data = {.payload = text, .is_base64 = true};
	bool done;

	if (data_url_is(text) && !data_url_read(&data, text))
		done = request_item_invalid(
		    target->request->writer, "the data of a file is a URL without data");
	else
		done = add_data(target, &data);
	buf_free(&scratch);
	return done;
}

static bool add_file_url(struct target *target, struct span value)
{
	struct buf scratch = {0};
	struct span url = plain_text(value, &scratch);
	bool is_web = is_web_url(url);

	buf_free(&scratch);
	if (!is_web)
		return request_item_invalid(target->request->writer,
		    "a 'file_url' has to begin with 'https://' or 'http://'");
	add_source(target, false, "url", "url", value);
	return true;
}

static bool add_file(struct target *target)
{
	const struct span *of = target->part->of;

	if (is_out_of_place(target))
		return refuse_place(target);
	if (json_type(of[FIELD_FILE_DATA]) == JSON_STRING)
		return add_file_data(target, of[FIELD_FILE_DATA]);
	if (json_type(of[FIELD_FILE_URL]) == JSON_STRING)
		return add_file_url(target, of[FIELD_FILE_URL]);
	if (json_type(of[FIELD_FILE_ID]) != JSON_STRING)
		return request_item_invalid(target->request->writer,
		    "a file has none of 'file_data', 'file_url' and 'file_id'");
	add_source(target, false, "file", "file_id", of[FIELD_FILE_ID]);
	return true;
}

static const struct {
	const char *type;
	part_fn *add;
} kinds[] = {
    {"input_text", add_text},
    {"output_text", add_text},
    {"text", add_text},
    {"summary_text", add_text},
    {"reasoning_text", add_text},
    {"refusal", add_refusal},
    {"input_image", add_image},
    {"input_file", add_file},
    {"input_audio", add_audio},
};

bool messages_part_is_text(const struct messages_fields *part, struct span *text)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!json_string_is(part->of[FIELD_TYPE], kinds[i].type))
			continue;
		*text = part->of[kinds[i].add == add_refusal ? FIELD_REFUSAL : FIELD_TEXT];
		return kinds[i].add == add_text || kinds[i].add == add_refusal;
	}
	return false;
}

static bool add_part(struct target *target)
{
	struct buf name = {0};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (json_string_is(target->part->of[FIELD_TYPE], kinds[i].type))
			return kinds[i].add(target);
	}
	json_decode(target->part->of[FIELD_TYPE], &name);
	request_item_invalid(
	    target->request->writer, "there is no part of type '%.64s'", buf_cstr(&name));
	buf_free(&name);
	return false;
}

bool messages_add_part(struct messages_request *request, struct buf *blocks, struct span part,
    enum messages_place place)
{
	struct messages_fields fields = messages_fields_of(part);
	struct target target = {
	    .request = request, .blocks = blocks, .place = place, .part = &fields};

	return add_part(&target);
}

static bool add_parts(struct messages_request *request, struct buf *blocks, struct span parts,
    enum messages_place place)
{
	struct json_scan scan = json_open(parts, 0);
	struct span part;

	while (json_element(&scan, &part)) {
		if (!messages_add_part(request, blocks, part, place))
			return false;
	}
	return true;
}

bool messages_add_content(struct messages_request *request, struct buf *blocks, struct span content,
    enum messages_place place)
{
	struct messages_fields none = {0};

	if (json_type(content) == JSON_STRING)
		messages_add_text(blocks, content, &none);
	else if (json_type(content) == JSON_ARRAY)
		return add_parts(request, blocks, content, place);
	else if (content.len > 0)
		return request_item_invalid(
		    request->writer, "a content has to be a string or an array of parts");
	return true;
}
