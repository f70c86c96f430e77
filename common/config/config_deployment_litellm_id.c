#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/base/digest.h"
#include "config_deployment_internal.h"

static const char digits[] = "0123456789";

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

#define IS_ONE_OF(text, words) is_one_of(text, words, sizeof(words) / sizeof((words)[0]))

/* "7", "0.25": as Python writes it as well. */
static bool is_plain_number(const char *text)
{
	size_t whole, rest;

	text += *text == '-';
	whole = strspn(text, digits);
	if (whole == 0 || whole > 9 || (whole > 1 && text[0] == '0'))
		return false;
	if (text[whole] == '\0')
		return true;
	rest = text[whole] == '.' ? strspn(text + whole + 1, digits) : 0;
	return rest > 0 && rest <= 4 && text[whole + 1 + rest] == '\0' &&
	       (rest == 1 || text[whole + rest] != '0');
}

/* Whether YAML may take it for a number or a time that Python writes in another way. */
static bool is_doubtful(const char *text)
{
	if (strchr("0123456789+-.", text[0]) == NULL || is_plain_number(text))
		return false;
	return strpbrk(text, ".:_+") != NULL || text[strspn(text, digits)] == '\0' ||
	       (text[0] == '0' && strchr("xb", text[1]) != NULL);
}

/* What Python makes of a plain scalar, as text; NULL if that is not sure. */
static const char *plain_text(const char *text)
{
	static const char *const nulls[] = {"", "~", "null"};
	static const char *const trues[] = {"true", "yes", "on"};
	static const char *const falses[] = {"false", "no", "off"};
	static const char variable[] = "os.environ/";

	if (IS_ONE_OF(text, nulls))
		return "None";
	if (IS_ONE_OF(text, trues))
		return "True";
	if (IS_ONE_OF(text, falses))
		return "False";
	if (strncmp(text, variable, sizeof(variable) - 1) == 0)
		return getenv(text + sizeof(variable) - 1);
	return is_doubtful(text) ? NULL : text;
}

static const char *text_of(const yaml_node_t *node)
{
	const char *text;

	if (node == NULL || node->type != YAML_SCALAR_NODE)
		return NULL;
	text = (const char *)node->data.scalar.value;
	if (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ||
	    strncmp(text, "os.environ/", 11) == 0)
		return plain_text(text);
	return text;
}

/* All parameters in their order, as LiteLLM hashes them. False if that cannot be told. */
static bool write_params(struct buf *out, const struct config_value *params)
{
	yaml_document_t *document = &params->file->document;
	const yaml_node_t *node = params->node;
	const yaml_node_pair_t *pair = node->data.mapping.pairs.start;

	for (; pair < node->data.mapping.pairs.top; pair++) {
		const char *name = text_of(yaml_document_get_node(document, pair->key));
		const char *value = text_of(yaml_document_get_node(document, pair->value));

		if (name == NULL || value == NULL || strcmp(name, "<<") == 0)
			return false;
		buf_puts(out, name);
		buf_puts(out, value);
	}
	return true;
}

void deployment_find_litellm_id(const struct config_value *params, struct deployment *deployment)
{
	struct buf text = {0};
	char hash[DIGEST_SIZE];

	if (deployment->litellm_id != NULL)
		return;
	buf_puts(&text, deployment->model_name);
	if (write_params(&text, params)) {
		digest_hex(hash, buf_span(&text));
		deployment->litellm_id = xstrdup(hash);
	}
	buf_free(&text);
}
