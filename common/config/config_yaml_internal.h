/*
 * What the parts of config_yaml share: config_document.c parses a file, config_include.c reads the
 * file and what it includes, config_yaml.c finds values in that.
 */
#ifndef RESPOOL_CONFIG_YAML_INTERNAL_H
#define RESPOOL_CONFIG_YAML_INTERNAL_H

#include "common/base/buf.h"
#include "config_yaml.h"

/* Reports an error. line 0: none to name. */
void config_report(struct config_file *file, const char *path, size_t line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * Parses the text of the file at path, which has to be one YAML document. On failure returns false
 * after reporting the error, with nothing to delete.
 */
bool config_document_parse(
    struct config_file *file, const char *path, const struct buf *text, yaml_document_t *document);

/*
 * Appends copies of the nodes of other to document, which it does not have; each keeps its place in
 * the text. Returns how much higher their numbers are.
 */
int config_document_append(yaml_document_t *document, yaml_document_t *other);
/* The number of a node, as libyaml's functions take it. */
int config_document_number(const yaml_document_t *document, const yaml_node_t *node);

#endif
