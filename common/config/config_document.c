#include <string.h>

#include "common/base/log.h"
#include "config_yaml_internal.h"

static size_t line_at(const struct buf *text, size_t offset)
{
	size_t line = 1;

	for (size_t i = 0; i < offset && i < text->len; i++)
		line += text->data[i] == '\n';
	return line;
}

static void report_syntax(
    struct config_file *file, const char *path, const yaml_parser_t *parser, const struct buf *text)
{
	const char *problem = parser->problem != NULL ? parser->problem : "unknown problem";
	size_t line = parser->problem_mark.line + 1;

	if (parser->error == YAML_MEMORY_ERROR)
		fatalx("out of memory");
	if (parser->error == YAML_READER_ERROR)
		line = line_at(text, parser->problem_offset);
	if (parser->context != NULL)
		config_report(
		    file, path, line, "%s %s, expected valid YAML", problem, parser->context);
	else
		config_report(file, path, line, "%s, expected valid YAML", problem);
}

/* Whether nothing but the first document is there. */
static bool check_end(
    struct config_file *file, const char *path, yaml_parser_t *parser, const struct buf *text)
{
	yaml_document_t next;
	yaml_node_t *root;
	bool ok = false;

	if (!yaml_parser_load(parser, &next)) {
		report_syntax(file, path, parser, text);
		return false;
	}
	root = yaml_document_get_root_node(&next);
	if (root == NULL)
		ok = true;
	else
		config_report(
		    file, path, root->start_mark.line + 1, "a second document, expected only one");
	yaml_document_delete(&next);
	return ok;
}

bool config_document_parse(
    struct config_file *file, const char *path, const struct buf *text, yaml_document_t *document)
{
	yaml_parser_t parser;
	bool ok = false;

	if (!yaml_parser_initialize(&parser))
		fatalx("out of memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text->data, text->len);
	if (!yaml_parser_load(&parser, document)) {
		report_syntax(file, path, &parser, text);
		goto out;
	}
	if (yaml_document_get_root_node(document) == NULL)
		config_report(file, path, 0, "the file is empty, expected a mapping of sections");
	else
		ok = check_end(file, path, &parser, text);
	if (!ok)
		yaml_document_delete(document);
out:
	yaml_parser_delete(&parser);
	return ok;
}

static int append_empty(yaml_document_t *document, const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_SEQUENCE_NODE:
		return yaml_document_add_sequence(document, NULL, node->data.sequence.style);
	case YAML_MAPPING_NODE:
		return yaml_document_add_mapping(document, NULL, node->data.mapping.style);
	default:
		return yaml_document_add_scalar(document, NULL, node->data.scalar.value,
		    (int)node->data.scalar.length, node->data.scalar.style);
	}
}

/* Once all nodes are there: puts the children of a list or mapping into the copy of it. */
static bool fill(yaml_document_t *document, int copy, const yaml_node_t *node, int offset)
{
	bool ok = true;

	if (node->type == YAML_SEQUENCE_NODE)
		for (const yaml_node_item_t *item = node->data.sequence.items.start;
		     ok && item < node->data.sequence.items.top; item++)
			ok = yaml_document_append_sequence_item(document, copy, *item + offset);
	else if (node->type == YAML_MAPPING_NODE)
		for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		     ok && pair < node->data.mapping.pairs.top; pair++)
			ok = yaml_document_append_mapping_pair(
			    document, copy, pair->key + offset, pair->value + offset);
	return ok;
}

int config_document_append(yaml_document_t *document, yaml_document_t *other)
{
	const int offset = (int)(document->nodes.top - document->nodes.start);

	for (const yaml_node_t *node = other->nodes.start; node < other->nodes.top; node++) {
		const int copy = append_empty(document, node);

		if (copy == 0)
			fatalx("out of memory");
		yaml_document_get_node(document, copy)->start_mark = node->start_mark;
	}
	for (const yaml_node_t *node = other->nodes.start; node < other->nodes.top; node++) {
		const int copy = (int)(node - other->nodes.start) + 1 + offset;

		if (!fill(document, copy, node, offset))
			fatalx("out of memory");
	}
	return offset;
}

int config_document_number(const yaml_document_t *document, const yaml_node_t *node)
{
	return (int)(node - document->nodes.start) + 1;
}
