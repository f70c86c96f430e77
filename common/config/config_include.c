/*
 * The file that was asked for, and what it includes. The nodes of all become one document, so that
 * nobody else has to know of it; parts tell whose they are.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "config_section.h"
#include "config_source.h"
#include "config_yaml_internal.h"

static const char include_key[] = "include";

/* A file that is to be included, by the nodes of the document: they move while it grows. */
struct pending {
	int entry;       /* the node that names it */
	size_t includer; /* the part in which that stands */
};

struct pending_list {
	struct pending *items;
	size_t count;
};

static int node_count(const struct config_file *file)
{
	return (int)(file->document.nodes.top - file->document.nodes.start);
}

/* first_node is where the nodes of the part will stand. */
static void add_part(struct config_file *file, const char *path, size_t includer, int first_node,
    const struct config_source *source)
{
	file->parts = xrealloc(file->parts, (file->part_count + 1) * sizeof(*file->parts));
	file->parts[file->part_count++] = (struct config_part){
	    .path = xstrdup(path),
	    .device = source->device,
	    .inode = source->inode,
	    .includer = includer,
	    .first_node = first_node,
	};
	if (source->modified > file->modified)
		file->modified = source->modified;
}

static struct config_value entry_value(
    struct config_file *file, const struct config_value *root, const struct pending *pending)
{
	const yaml_node_t *node = yaml_document_get_node(&file->document, pending->entry);

	return (struct config_value){.file = file,
	    .parent = root,
	    .key = include_key,
	    .line = node->start_mark.line + 1,
	    .node = node};
}

static void add_pending(
    struct pending_list *list, const struct config_value *entry, size_t includer)
{
	list->items = xrealloc(list->items, (list->count + 1) * sizeof(*list->items));
	list->items[list->count++] =
	    (struct pending){config_document_number(&entry->file->document, entry->node), includer};
}

/* One file, or a list of them. */
static void collect(const struct config_value *mapping, size_t part, struct pending_list *list)
{
	struct config_value include;

	if (!config_find(mapping, include_key, &include))
		return;
	if (include.node->type != YAML_SEQUENCE_NODE) {
		add_pending(list, &include, part);
		return;
	}
	for (size_t i = 0; i < config_length(&include); i++) {
		struct config_value entry = config_element(&include, i);

		add_pending(list, &entry, part);
	}
}

/* The caller frees it. */
static char *beside(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	struct buf beside = {0};

	if (slash != NULL && name[0] != '/')
		buf_append(&beside, path, (size_t)(slash - path) + 1);
	buf_puts(&beside, name);
	buf_cstr(&beside);
	return beside.data;
}

/*
 * Reads the file of that name beside the one that includes it. As in LiteLLM, where there is none
 * it may stand beside the first one. The caller frees *path.
 */
static bool read_beside(const struct config_file *file, size_t includer, const char *name,
    char **path, struct config_source *source, char *problem, size_t problem_size)
{
	struct config_source other = {0};
	char unused[128];
	char *elsewhere;

	*path = beside(file->parts[includer].path, name);
	if (config_source_read(*path, source, problem, problem_size))
		return true;
	elsewhere = beside(file->parts[0].path, name);
	if (strcmp(elsewhere, *path) == 0 ||
	    !config_source_read(elsewhere, &other, unused, sizeof(unused))) {
		free(elsewhere);
		buf_free(&other.text);
		return false;
	}
	free(*path);
	buf_free(&source->text);
	*path = elsewhere;
	*source = other;
	return true;
}

static bool is_same(const struct config_part *part, const struct config_source *source)
{
	return part->device == source->device && part->inode == source->inode;
}

/* Whether the file is one of those that lead to it. */
static bool is_loop(
    const struct config_file *file, size_t includer, const struct config_source *source)
{
	for (size_t i = includer;; i = file->parts[i].includer) {
		if (is_same(&file->parts[i], source))
			return true;
		if (i == 0)
			return false;
	}
}

static bool is_included(const struct config_file *file, const struct config_source *source)
{
	for (size_t i = 0; i < file->part_count; i++) {
		if (is_same(&file->parts[i], source))
			return true;
	}
	return false;
}

static yaml_node_pair_t *find_pair(yaml_document_t *document, const char *key)
{
	const yaml_node_t *root = yaml_document_get_root_node(document);

	for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
	     pair < root->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = yaml_document_get_node(document, pair->key);

		if (name->type == YAML_SCALAR_NODE &&
		    strcmp((const char *)name->data.scalar.value, key) == 0)
			return pair;
	}
	return NULL;
}

static void append_items(yaml_document_t *document, int list, int other)
{
	const size_t count =
	    (size_t)(yaml_document_get_node(document, other)->data.sequence.items.top -
		     yaml_document_get_node(document, other)->data.sequence.items.start);

	for (size_t i = 0; i < count; i++) {
		const yaml_node_t *from = yaml_document_get_node(document, other);

		if (!yaml_document_append_sequence_item(
			document, list, from->data.sequence.items.start[i]))
			fatalx("out of memory");
	}
}

/* A section that the file has as well, and that counts no more. */
static void warn_of_replaced(const struct config_value *member, const struct config_value *replaced)
{
	config_warn(member, "takes the place of the one in %s:%zu", config_path_of(replaced),
	    replaced->line);
}

/* Puts a section of an included file into the whole. */
static void merge(struct config_file *file, const struct config_value *member, int key)
{
	yaml_document_t *document = &file->document;
	const int value = config_document_number(document, member->node);
	yaml_node_pair_t *pair = find_pair(document, member->key);
	struct config_value before = {.file = file, .key = member->key};

	if (pair == NULL) {
		if (!yaml_document_append_mapping_pair(document, 1, key, value))
			fatalx("out of memory");
		return;
	}
	before.node = yaml_document_get_node(document, pair->value);
	before.line = yaml_document_get_node(document, pair->key)->start_mark.line + 1;
	if (before.node->type == YAML_SEQUENCE_NODE && member->node->type == YAML_SEQUENCE_NODE) {
		append_items(document, pair->value, value);
		return;
	}
	if (!config_is_null(&before))
		warn_of_replaced(member, &before);
	*pair = (yaml_node_pair_t){key, value};
}

/* A node for the key of a member; where it stands in the file is known. */
static int add_key(struct config_file *file, const char *key, size_t line)
{
	int number = yaml_document_add_scalar(
	    &file->document, NULL, (const yaml_char_t *)key, -1, YAML_PLAIN_SCALAR_STYLE);

	if (number == 0)
		fatalx("out of memory");
	yaml_document_get_node(&file->document, number)->start_mark.line = line - 1;
	return number;
}

static void merge_members(struct config_file *file, const struct config_value *root)
{
	struct config_value *members;
	size_t count;
	int *nodes;

	if (!config_members(root, "a mapping of sections", &members, &count))
		return;
	nodes = xcalloc(count + 1, sizeof(*nodes));
	for (size_t i = 0; i < count; i++)
		nodes[i] = config_document_number(&file->document, members[i].node);
	for (size_t i = 0; i < count; i++) {
		int key;

		if (strcmp(members[i].key, include_key) == 0)
			continue;
		key = add_key(file, members[i].key, members[i].line);
		members[i].node = yaml_document_get_node(&file->document, nodes[i]);
		merge(file, &members[i], key);
	}
	free(nodes);
	free(members);
}

/* Takes what an included file says into the document. */
static void take(struct config_file *file, const char *path, const struct config_source *source,
    size_t includer, struct pending_list *list)
{
	const int first_node = node_count(file);
	struct config_value root = {.file = file, .line = 1};
	yaml_document_t document;
	int offset;

	if (!config_document_parse(file, path, &source->text, &document))
		return;
	add_part(file, path, includer, first_node, source);
	offset = config_document_append(&file->document, &document);
	yaml_document_delete(&document);
	root.node = yaml_document_get_node(&file->document, offset + 1);
	root.line = root.node->start_mark.line + 1;
	if (root.node->type == YAML_MAPPING_NODE)
		collect(&root, file->part_count - 1, list);
	merge_members(file, &root);
}

static void include(struct config_file *file, struct pending pending, struct pending_list *list)
{
	struct config_value root = config_file_root(file);
	struct config_value entry = entry_value(file, &root, &pending);
	struct config_source source = {0};
	char problem[128];
	char *name, *path = NULL;

	if (!config_string(&entry, 0, "the path of a file", &name))
		return;
	if (!read_beside(file, pending.includer, name, &path, &source, problem, sizeof(problem)))
		config_wrong(&entry, "%.200s %s, expected a file that can be read", path, problem);
	else if (is_loop(file, pending.includer, &source))
		config_wrong(&entry, "%.200s leads back to itself, expected no loop", path);
	else if (!is_included(file, &source))
		take(file, path, &source, pending.includer, list);
	buf_free(&source.text);
	free(path);
	free(name);
}

/* In LiteLLM's order: what a file includes comes after all that is included beside it. */
static void include_all(struct config_file *file)
{
	struct config_value root = config_file_root(file);
	struct pending_list list = {0};

	if (root.node->type == YAML_MAPPING_NODE)
		collect(&root, 0, &list);
	for (size_t i = 0; i < list.count; i++)
		include(file, list.items[i], &list);
	free(list.items);
}

bool config_file_open(struct config_file *file, const char *path, FILE *errors)
{
	struct config_source source;
	char problem[128];
	bool ok = false;

	*file = (struct config_file){.errors = errors};
	if (!config_source_read(path, &source, problem, sizeof(problem)))
		config_report(file, path, 0, "%s", problem);
	else
		ok = config_document_parse(file, path, &source.text, &file->document);
	if (ok) {
		add_part(file, path, 0, 0, &source);
		include_all(file);
	}
	buf_free(&source.text);
	return ok;
}

void config_file_close(struct config_file *file)
{
	yaml_document_delete(&file->document);
	for (size_t i = 0; i < file->part_count; i++)
		free(file->parts[i].path);
	free(file->parts);
	for (size_t i = 0; i < file->ignored_count; i++)
		free(file->ignored[i]);
	free(file->ignored);
}
