#include "config_yaml.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/base/log.h"
#include "config_section.h"
#include "config_unimplemented.h"
#include "config_yaml_internal.h"

enum {
	MERGE_MAX_DEPTH = 8,
	MERGES_MAX = 1000, /* that make up one mapping */
};

/* Writes one line, whatever the keys and values in it hold. */
static void report_line(struct config_file *file, struct buf *line)
{
	for (size_t i = 0; i < line->len; i++) {
		unsigned char c = (unsigned char)line->data[i];

		if (c < 0x20 || c == 0x7f)
			fprintf(file->errors, "\\x%02x", c);
		else
			fputc(c, file->errors);
	}
	fputc('\n', file->errors);
	file->error_count++;
}

void config_report(struct config_file *file, const char *path, size_t line, const char *format, ...)
{
	struct buf text = {0};
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	buf_puts(&text, path);
	if (line != 0)
		buf_printf(&text, ":%zu", line);
	buf_printf(&text, ": %s", message);
	report_line(file, &text);
	buf_free(&text);
}

/* The part whose nodes this one is among. */
static const struct config_part *part_of(const struct config_file *file, const yaml_node_t *node)
{
	const int index = (int)(node - file->document.nodes.start);
	size_t i = file->part_count - 1;

	while (i > 0 && file->parts[i].first_node > index)
		i--;
	return &file->parts[i];
}

/*
 * The node of a value, also of one that is only named; of what is not there, of that which it would
 * be in. NULL if there is nothing at all.
 */
static const yaml_node_t *node_of(const struct config_value *value)
{
	struct config_value parent, member;

	if (value->node != NULL || value->parent == NULL)
		return value->node;
	parent = *value->parent;
	parent.node = node_of(value->parent);
	if (value->key != NULL && config_find(&parent, value->key, &member))
		return member.node;
	return parent.node;
}

const char *config_path_of(const struct config_value *value)
{
	const struct config_file *file = value->file;
	const yaml_node_t *node = node_of(value);

	return node != NULL ? part_of(file, node)->path : file->parts[0].path;
}

struct config_value config_file_root(struct config_file *file)
{
	const yaml_node_t *root = yaml_document_get_root_node(&file->document);

	return (struct config_value){
	    .file = file,
	    .line = root != NULL ? root->start_mark.line + 1 : 1,
	    .node = root,
	};
}

/* "model_list[0].model_name", or "model_list[].model_name" for all elements alike. */
static void add_path(struct buf *path, const struct config_value *value, bool indexes)
{
	if (value->parent == NULL)
		return;
	add_path(path, value->parent, indexes);
	if (value->key == NULL && indexes)
		buf_printf(path, "[%zu]", value->index);
	else if (value->key == NULL)
		buf_puts(path, "[]");
	else
		buf_printf(path, "%s%s", path->len != 0 ? "." : "", value->key);
}

static char *path_of(const struct config_value *value, bool indexes)
{
	struct buf path = {0};

	add_path(&path, value, indexes);
	if (path.len == 0)
		buf_puts(&path, "the file");
	buf_cstr(&path);
	return path.data;
}

void config_wrong(const struct config_value *value, const char *format, ...)
{
	char *path = path_of(value, true);
	char message[384];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	config_report(value->file, config_path_of(value), value->line, "%.100s: %s", path, message);
	free(path);
}

void config_warn(const struct config_value *value, const char *format, ...)
{
	char *path = path_of(value, true);
	char message[384];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	log_warnx("%s:%zu: %s: %s", config_path_of(value), value->line, path, message);
	free(path);
}

static bool was_ignored(const struct config_file *file, const char *path)
{
	for (size_t i = 0; i < file->ignored_count; i++) {
		if (strcmp(file->ignored[i], path) == 0)
			return true;
	}
	return false;
}

/* Nothing changes by its being ignored: it is off, or there is nothing that it could do. */
static bool is_harmless(const struct config_value *value, const char *path, const char *follows)
{
	bool given;

	if (follows == NULL)
		return false;
	if (follows[0] == '\0' || config_is_null(value) || !config_says(value))
		return true;
	return config_boolean(config_raw_text(value), &given) &&
	       config_unimplemented_is_off(path, given);
}

/* LiteLLM sends whatever else is there. */
static const char *unknown(const char *path)
{
	static const char params[] = "model_list[].litellm_params.";

	return strncmp(path, params, strlen(params)) == 0
		   ? "not implemented, not sent to the provider, expected in extra_body if it is "
		     "to be"
		   : "not implemented, ignored";
}

void config_ignore(const struct config_value *value)
{
	struct config_file *file = value->file;
	char *path = path_of(value, false);
	const char *follows = config_unimplemented(path);

	if (was_ignored(file, path) || is_harmless(value, path, follows)) {
		free(path);
		return;
	}
	if (follows != NULL)
		log_warnx("%s:%zu: %s: not implemented: %s", config_path_of(value), value->line,
		    path, follows);
	else
		log_warnx(
		    "%s:%zu: %s: %s", config_path_of(value), value->line, path, unknown(path));
	file->ignored = xrealloc(file->ignored, (file->ignored_count + 1) * sizeof(*file->ignored));
	file->ignored[file->ignored_count++] = path;
}

bool config_is_null(const struct config_value *value)
{
	static const char *const spellings[] = {"", "~", "null", "Null", "NULL"};
	const yaml_node_t *node = value->node;

	if (node == NULL)
		return true;
	if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		if (strcmp((const char *)node->data.scalar.value, spellings[i]) == 0)
			return true;
	}
	return false;
}

const char *config_type_name(const struct config_value *value)
{
	if (config_is_null(value))
		return "nothing";
	switch (value->node->type) {
	case YAML_SEQUENCE_NODE:
		return "a list";
	case YAML_MAPPING_NODE:
		return "a mapping";
	default:
		return "text";
	}
}

struct member_list {
	struct config_value *items;
	size_t count;
	bool quiet; /* what is wrong is reported elsewhere */
	int merges; /* that were followed */
};

static bool same_key(const yaml_node_t *a, const yaml_node_t *b)
{
	return a->type == YAML_SCALAR_NODE && b->type == YAML_SCALAR_NODE &&
	       a->data.scalar.length == b->data.scalar.length &&
	       memcmp(a->data.scalar.value, b->data.scalar.value, a->data.scalar.length) == 0;
}

static bool is_key_text(const yaml_node_t *key)
{
	return key->type == YAML_SCALAR_NODE &&
	       strlen((const char *)key->data.scalar.value) == key->data.scalar.length;
}

/* The same key earlier in the same mapping, or NULL. */
static const yaml_node_t *earlier_key(
    yaml_document_t *document, const yaml_node_t *mapping, const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = yaml_document_get_node(document, pair->key);

	for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < pair; p++) {
		const yaml_node_t *other = yaml_document_get_node(document, p->key);

		if (same_key(key, other))
			return other;
	}
	return NULL;
}

static bool has_member(const struct member_list *list, const char *key)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i].key, key) == 0)
			return true;
	}
	return false;
}

static void add_member(struct member_list *list, const struct config_value *member)
{
	if (has_member(list, member->key))
		return;
	list->items = xrealloc(list->items, (list->count + 1) * sizeof(*list->items));
	list->items[list->count++] = *member;
}

static void collect_merged(struct member_list *list, const struct config_value *mapping,
    const yaml_node_t *node, int depth);

static void report_key(const struct config_value *member, const yaml_node_t *earlier)
{
	if (earlier == NULL)
		config_wrong(member, "not a name, expected a key of plain text");
	else
		config_wrong(member, "given again, expected once (first in line %zu)",
		    earlier->start_mark.line + 1);
}

static void collect_own(
    struct member_list *list, const struct config_value *mapping, const yaml_node_t *node)
{
	yaml_document_t *document = &mapping->file->document;

	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(document, pair->key);
		const yaml_node_t *earlier = earlier_key(document, node, pair);
		struct config_value member = {
		    .file = mapping->file,
		    .parent = mapping,
		    .key = (const char *)key->data.scalar.value,
		    .line = key->start_mark.line + 1,
		    .node = yaml_document_get_node(document, pair->value),
		};

		if (!is_key_text(key))
			member.key = "?";
		if (is_key_text(key) && earlier == NULL) {
			if (strcmp(member.key, "<<") != 0)
				add_member(list, &member);
		} else if (!list->quiet) {
			report_key(&member, earlier);
		}
	}
}

/* node is what stands behind "<<": a mapping, or a list of them. */
static void collect_source(struct member_list *list, const struct config_value *mapping,
    const yaml_node_t *node, int depth)
{
	struct config_value source = {
	    .file = mapping->file,
	    .parent = mapping,
	    .key = "<<",
	    .line = node->start_mark.line + 1,
	    .node = node,
	};

	if (mapping->file->merges_without_end)
		return;
	if (list->merges++ == MERGES_MAX) {
		config_wrong(&source, "merges without end, expected at most %d", MERGES_MAX);
		mapping->file->merges_without_end = true;
	} else if (depth > MERGE_MAX_DEPTH) {
		config_wrong(
		    &source, "merges nested too deep, expected at most %d levels", MERGE_MAX_DEPTH);
	} else if (node->type == YAML_MAPPING_NODE) {
		collect_own(list, mapping, node);
		collect_merged(list, mapping, node, depth + 1);
	} else if (node->type == YAML_SEQUENCE_NODE) {
		for (size_t i = 0; i < config_length(&source); i++)
			collect_source(list, mapping, config_element(&source, i).node, depth + 1);
	} else {
		config_wrong(&source, "text, expected a mapping or a list of mappings");
	}
}

/* Adds what the mapping's merge key brings in. What is there already wins. */
static void collect_merged(struct member_list *list, const struct config_value *mapping,
    const yaml_node_t *node, int depth)
{
	yaml_document_t *document = &mapping->file->document;

	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(document, pair->key);

		if (is_key_text(key) && strcmp((const char *)key->data.scalar.value, "<<") == 0)
			collect_source(
			    list, mapping, yaml_document_get_node(document, pair->value), depth);
	}
}

/* What is there as null is lacking. */
static void fill_in(struct member_list *list, const struct config_value *member)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i].key, member->key) != 0)
			continue;
		if (config_is_null(&list->items[i]))
			list->items[i] = *member;
		return;
	}
	add_member(list, member);
}

static void collect_rest(struct member_list *list, const struct config_value *mapping)
{
	struct member_list rest = {.quiet = list->quiet};

	collect_own(&rest, mapping->rest, mapping->rest->node);
	collect_merged(&rest, mapping->rest, mapping->rest->node, 0);
	for (size_t i = 0; i < rest.count; i++) {
		rest.items[i].parent = mapping;
		fill_in(list, &rest.items[i]);
	}
	free(rest.items);
}

static void collect(struct member_list *list, const struct config_value *mapping)
{
	collect_own(list, mapping, mapping->node);
	collect_merged(list, mapping, mapping->node, 0);
	if (mapping->rest != NULL)
		collect_rest(list, mapping);
}

bool config_find(const struct config_value *mapping, const char *name, struct config_value *member)
{
	struct member_list list = {.quiet = true};
	bool found = false;

	if (mapping->node == NULL || mapping->node->type != YAML_MAPPING_NODE)
		return false;
	collect(&list, mapping);
	for (size_t i = 0; !found && i < list.count; i++) {
		found = strcmp(list.items[i].key, name) == 0;
		if (found)
			*member = list.items[i];
	}
	free(list.items);
	return found && !config_is_null(member);
}

bool config_members(const struct config_value *mapping, const char *expected,
    struct config_value **members, size_t *count)
{
	struct member_list list = {0};

	if (mapping->node == NULL || mapping->node->type != YAML_MAPPING_NODE) {
		config_wrong(mapping, "%s, expected %s", config_type_name(mapping), expected);
		return false;
	}
	collect(&list, mapping);
	*members = list.items;
	*count = list.count;
	return true;
}

bool config_is_list(const struct config_value *list, const char *expected)
{
	if (list->node != NULL && list->node->type == YAML_SEQUENCE_NODE)
		return true;
	config_wrong(list, "%s, expected %s", config_type_name(list), expected);
	return false;
}

size_t config_length(const struct config_value *list)
{
	return (
	    size_t)(list->node->data.sequence.items.top - list->node->data.sequence.items.start);
}

struct config_value config_element(const struct config_value *list, size_t index)
{
	yaml_node_item_t item = list->node->data.sequence.items.start[index];
	const yaml_node_t *node = yaml_document_get_node(&list->file->document, item);

	return (struct config_value){
	    .file = list->file,
	    .parent = list,
	    .index = index,
	    .line = node->start_mark.line + 1,
	    .node = node,
	};
}
